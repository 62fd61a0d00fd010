#pragma once
// What consumer and producer share: owning handles of librdkafka, the common configuration, and a watch over the
// connection that logs changes of state once. Only connectors/kafka includes this header; the ports do not show
// librdkafka.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>
#include <tl/expected.hpp>

#include "connectors/kafka/kafka_settings.h"

namespace relance::connectors {

struct HandleDeleter {
  // Consumers are closed before, with a deadline; closing again here could block without one.
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
};
struct ConfigurationDeleter {
  void operator()(rd_kafka_conf_t* configuration) const { rd_kafka_conf_destroy(configuration); }
};
// A list that leaks makes rd_kafka_destroy hang, so no list is ever held by a bare pointer.
struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct TopicDeleter {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct ErrorDeleter {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using HandlePtr = std::unique_ptr<rd_kafka_t, HandleDeleter>;
using ConfigurationPtr = std::unique_ptr<rd_kafka_conf_t, ConfigurationDeleter>;
using PartitionListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListDeleter>;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, ErrorDeleter>;

/// Called at most once, when nothing can be done any more (fenced, out of sequence, ...): the process must end.
using FatalHandler = std::function<void(const std::string& reason)>;

/// State of one client's connection, fed by librdkafka's callbacks. Base of the class that owns the client: the
/// configuration's opaque pointer is a ClientWatch. Threads: feeding on the thread that polls, questions from any.
class ClientWatch {
 public:
  ClientWatch(std::string name, FatalHandler on_fatal) : name_(std::move(name)), on_fatal_(std::move(on_fatal)) {}
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;

  const std::string& name() const { return name_; }  // "kafka-input"
  bool connected() const { return connected_.load(std::memory_order_relaxed); }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  std::int64_t lag() const { return lag_.load(std::memory_order_relaxed); }
  /// What is wrong at the moment, for a person; empty when nothing is.
  std::string problem() const;

  /// An error of the client or of a topic. Logged when it is another one than before.
  void on_error(rd_kafka_t* client, rd_kafka_resp_err_t error, std::string_view reason);
  void on_statistics(std::string_view json);
  /// A record or an acknowledgement came: the brokers answer.
  void on_contact();

 protected:
  ~ClientWatch() = default;
  /// Asked when the client has failed for good: true when the owner will replace it by a new one, so that the failure
  /// is the client's and not the process's.
  virtual bool replaces_client(rd_kafka_resp_err_t) { return false; }
  /// All brokers are gone for the moment.
  virtual void on_disconnect() {}
  void fail(const std::string& reason);

 private:
  void on_unreachable();
  void on_fatal(rd_kafka_t* client);
  bool set_problem(std::string_view reason);  // false: it is the one already known
  void report(std::string_view reason);

  const std::string name_;
  const FatalHandler on_fatal_;
  std::atomic<bool> connected_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> has_problem_{false};
  std::atomic<std::int64_t> lag_{0};
  int samples_without_broker_ = 0;
  mutable std::mutex mutex_;
  std::string problem_;
};

/// The settings as a librdkafka configuration; `watch` receives errors, statistics and is the opaque of all callbacks.
/// The error names every finding.
tl::expected<ConfigurationPtr, std::string> common_configuration(const KafkaSettings& settings, ClientWatch& watch);

/// Sets properties that are ours; a refusal would be our own mistake, except where the library is too old.
[[nodiscard]] tl::expected<void, std::string> set_properties(
    rd_kafka_conf_t* configuration, std::initializer_list<std::pair<const char*, const char*>> properties);

/// Consumes the configuration.
tl::expected<HandlePtr, std::string> make_client(rd_kafka_type_t type, ConfigurationPtr configuration);

}  // namespace relance::connectors
