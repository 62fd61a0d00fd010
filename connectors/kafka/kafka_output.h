#pragma once
// Writes records to Kafka through one idempotent producer: within one session a record that was taken is written once
// and in order per partition, whatever the brokers do meanwhile. Across sessions (a crash between the acknowledgement
// and our own commit) a record may be written again: consumers recognise it by its identity - an action by its
// CloudEvents id, a ledger line by its seq, a dead letter by its key.
//
// Threads: publish(), flush() and the questions from any thread. Completions run on the output's own thread (or on one
// that is in flush() or close()): they must be short and must not call flush() or close().
// Memory: at most OutputLimits of records wait; beyond that publish() answers `full`.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "connectors/kafka/kafka_settings.h"

namespace relance::connectors {

struct OutputRecord {
  std::string topic;
  std::string key;
  std::string payload;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// What became of a record that was taken.
struct Delivery {
  enum class Kind {
    acked,     // written, on all in-sync replicas
    not_sent,  // certainly not written (no broker within the time, no such topic, no right to it); may be sent again
    rejected,  // certainly not written and never will be: a fault of the record (too large)
    unknown,   // sent, and no answer came within the time: it may have been written
  };
  Kind kind = Kind::unknown;
  int partition = -1;        // acked
  std::int64_t offset = -1;  // acked
  std::string reason;        // the others: librdkafka's name of the error and its text; no payload
};
using Completion = std::function<void(const Delivery&)>;

/// Why a record was not taken.
struct Refusal {
  enum class Kind {
    full,      // wait_for_room(), then again
    closed,    // close() was called, or the producer failed for good
    failed,    // not now: the topic is known to be missing
    rejected,  // never will be: larger than message.max.bytes
  };
  Kind kind = Kind::full;
  std::string reason;
};

struct OutputLimits {
  std::size_t queued_messages = 50'000;
  std::size_t queued_bytes = 64 * 1024 * 1024;
  /// How long close() waits for acknowledgements before it gives up on them.
  std::chrono::milliseconds close{10'000};
};

struct KafkaOutputCounters {
  std::uint64_t taken = 0;
  std::uint64_t acked = 0;
  std::uint64_t failed = 0;    // not_sent, rejected, unknown
  std::uint64_t refusals = 0;  // publish() that was not taken
};

class KafkaOutput {
 public:
  /// The error says which setting is wrong; that a broker is away is no error here. `on_fatal`: see KafkaInput.
  [[nodiscard]] static tl::expected<std::unique_ptr<KafkaOutput>, std::string> open(
      const KafkaSettings& settings, std::function<void(const std::string& reason)> on_fatal, OutputLimits limits = {});
  ~KafkaOutput();  // close()
  KafkaOutput(const KafkaOutput&) = delete;
  KafkaOutput& operator=(const KafkaOutput&) = delete;

  /// Takes the record, or says why not. `completion` is called exactly once if it was taken, at the latest about
  /// settings.delivery_timeout later; never if it was not. Ledger lines and dead letters have no time-out: the producer
  /// repeats them, without writing one twice, until the broker answers or close() gives up.
  [[nodiscard]] tl::expected<void, Refusal> publish(const OutputRecord& record, Completion completion);
  /// Until the queue is no longer full; false at the deadline, or when the output is closed.
  bool wait_for_room(std::chrono::steady_clock::time_point deadline);
  /// Sends what waits and blocks until everything taken so far has completed; false at the deadline.
  bool flush(std::chrono::steady_clock::time_point deadline);
  /// flush() within limits.close; what is left completes as `not_sent` or `unknown`. Takes nothing any more.
  void close();

  bool connected() const;
  std::string problem() const;
  std::size_t queued() const;  // taken, not completed
  KafkaOutputCounters counters() const;

 private:
  class Producer;
  explicit KafkaOutput(std::unique_ptr<Producer> producer);
  std::unique_ptr<Producer> producer_;
};

}  // namespace relance::connectors
