#include "connectors/kafka/kafka_output.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <spdlog/spdlog.h>

#include "connectors/kafka/kafka_client.h"

namespace relance::connectors {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPollReports{100};
constexpr milliseconds kPurge{2000};  // for librdkafka to report what it throws away

int remaining_ms(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// Faults of the record itself. A missing topic or a missing right is not one of them: an operator can mend that, and
/// the record is then written.
bool is_final(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

std::string describe(rd_kafka_resp_err_t error) {
  return std::string(rd_kafka_err2name(error)) + ": " + rd_kafka_err2str(error);
}

Delivery delivery_of(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {Delivery::Kind::acked, message.partition, message.offset, {}};
  }
  Delivery out;
  out.reason = describe(message.err);
  const bool may_be_written = rd_kafka_message_status(&message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
  // A broker's refusal is an answer: the record is not there, whatever the status says about earlier tries.
  if (is_final(message.err)) {
    out.kind = Delivery::Kind::rejected;
  } else {
    out.kind = may_be_written ? Delivery::Kind::unknown : Delivery::Kind::not_sent;
  }
  return out;
}

}  // namespace

class KafkaOutput::Producer final : public ClientWatch {
 public:
  Producer(std::function<void(const std::string&)> on_fatal, OutputLimits limits)
      : ClientWatch("kafka-output", std::move(on_fatal)), limits_(limits) {}
  ~Producer() { close(); }

  tl::expected<void, std::string> start(const KafkaSettings& settings);
  tl::expected<void, Refusal> publish(const OutputRecord& record, Completion completion);
  bool wait_for_room(Clock::time_point deadline);
  bool flush(Clock::time_point deadline);
  void close();
  std::size_t queued() const { return queued_messages_; }
  KafkaOutputCounters counters() const;

 private:
  /// Travels through librdkafka as the message's opaque pointer, from publish() to on_delivery().
  struct Ticket {
    Completion completion;
    std::size_t bytes;
  };
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
  bool reserve(std::size_t bytes);
  void release(std::size_t bytes);
  bool full() const { return queued_messages_ >= limits_.queued_messages || queued_bytes_ >= limits_.queued_bytes; }
  tl::expected<void, std::string> wait_forever_on(const std::string& topic);
  rd_kafka_resp_err_t produce(const OutputRecord& record, Ticket* ticket);
  rd_kafka_t* client() const { return client_.get(); }

  const OutputLimits limits_;
  HandlePtr client_;
  std::vector<TopicPtr> patient_topics_;  // kept, so that their configuration is
  std::thread thread_;
  std::atomic<bool> stop_polling_{false};
  std::once_flag closing_;

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::atomic<bool> closed_{false};
  std::atomic<std::size_t> queued_messages_{0};
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> acked_{0};
  std::atomic<std::uint64_t> failed_deliveries_{0};
  std::atomic<std::uint64_t> refusals_{0};
};

tl::expected<void, std::string> KafkaOutput::Producer::start(const KafkaSettings& settings) {
  auto configuration = common_configuration(settings, *this);
  if (!configuration) return tl::unexpected(configuration.error());
  rd_kafka_conf_t* raw = configuration->get();
  const std::string timeout = std::to_string(settings.delivery_timeout.ms);
  // Our own bound comes first; librdkafka's is only the net below.
  const std::string messages = std::to_string(limits_.queued_messages + 1000);
  const std::string kilobytes = std::to_string(limits_.queued_bytes / 1024 + 4096);
  auto done = set_properties(raw, {{"enable.idempotence", "true"},
                                   {"acks", "all"},
                                   {"message.timeout.ms", timeout.c_str()},
                                   {"queue.buffering.max.messages", messages.c_str()},
                                   {"queue.buffering.max.kbytes", kilobytes.c_str()},
                                   // as Java clients do, so that one key meets in one partition across producers
                                   {"partitioner", "murmur2_random"}});
  const auto unless_chosen = [&](const char* name, const char* value) {
    if (done && !settings.properties.contains(name)) done = set_properties(raw, {{name, value}});
  };
  unless_chosen("linger.ms", "5");
  unless_chosen("compression.type", "lz4");
  if (!done) return tl::unexpected(done.error());
  rd_kafka_conf_set_dr_msg_cb(raw, &Producer::on_delivery);

  auto client = make_client(RD_KAFKA_PRODUCER, *std::move(configuration));
  if (!client) return tl::unexpected(client.error());
  client_ = *std::move(client);
  for (const std::string* topic : {&settings.topics.ledger, &settings.topics.dead_letters}) {
    if (auto configured = wait_forever_on(*topic); !configured) return configured;
  }
  thread_ = std::thread([this] {
    while (!stop_polling_) rd_kafka_poll(this->client(), static_cast<int>(kPollReports.count()));
  });
  return {};
}

/// Copies of what the store has committed must arrive in any case. A time-out of theirs would only turn a sent line
/// into one that may be there or not, and repeating that one could write it twice.
tl::expected<void, std::string> KafkaOutput::Producer::wait_forever_on(const std::string& topic) {
  rd_kafka_topic_conf_t* configuration = rd_kafka_default_topic_conf_dup(client());
  rd_kafka_topic_conf_set(configuration, "message.timeout.ms", "0", nullptr, 0);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client(), topic.c_str(), configuration);  // takes the configuration
  if (handle == nullptr) {
    return tl::unexpected("kafka: cannot write to " + topic + ": " + rd_kafka_err2str(rd_kafka_last_error()));
  }
  patient_topics_.emplace_back(handle);
  return {};
}

bool KafkaOutput::Producer::reserve(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (full()) return false;
  ++queued_messages_;
  queued_bytes_ += bytes;
  return true;
}

void KafkaOutput::Producer::release(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    --queued_messages_;
    queued_bytes_ -= bytes;
  }
  room_.notify_all();
}

tl::expected<void, Refusal> KafkaOutput::Producer::publish(const OutputRecord& record, Completion completion) {
  const auto refuse = [this](Refusal::Kind kind, std::string reason) {
    ++refusals_;
    return tl::unexpected<Refusal>(Refusal{kind, std::move(reason)});
  };
  if (closed_) return refuse(Refusal::Kind::closed, "the output is closed");
  if (failed()) return refuse(Refusal::Kind::closed, problem());
  const std::size_t bytes = record.key.size() + record.payload.size();
  if (!reserve(bytes)) return refuse(Refusal::Kind::full, "too many records wait for their acknowledgement");

  auto ticket = std::make_unique<Ticket>(Ticket{std::move(completion), bytes});
  const rd_kafka_resp_err_t error = produce(record, ticket.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    static_cast<void>(ticket.release());  // on_delivery() takes it
    ++taken_;
    return {};
  }
  release(bytes);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return refuse(Refusal::Kind::full, describe(error));
  if (error == RD_KAFKA_RESP_ERR__FATAL) return refuse(Refusal::Kind::closed, describe(error));
  return refuse(is_final(error) ? Refusal::Kind::rejected : Refusal::Kind::failed, describe(error));
}

rd_kafka_resp_err_t KafkaOutput::Producer::produce(const OutputRecord& record, Ticket* ticket) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  // librdkafka copies the payload; it never writes to it, the missing const is its interface.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-statement-expression"  // inside the library's macros
#endif
  const rd_kafka_resp_err_t error =
      rd_kafka_producev(client(), RD_KAFKA_V_TOPIC(record.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
                        RD_KAFKA_V_VALUE(const_cast<char*>(record.payload.data()), record.payload.size()),
                        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(ticket), RD_KAFKA_V_END);
#ifdef __clang__
#pragma clang diagnostic pop
#endif
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

void KafkaOutput::Producer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& producer = static_cast<Producer&>(*static_cast<ClientWatch*>(opaque));
  const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message->_private));
  const Delivery delivery = delivery_of(*message);
  if (delivery.kind == Delivery::Kind::acked) {
    ++producer.acked_;
    producer.on_contact();
  } else {
    ++producer.failed_deliveries_;
    spdlog::debug("event=kafka_delivery_failed topic={} reason=\"{}\"", rd_kafka_topic_name(message->rkt),
                  delivery.reason);
  }
  if (ticket->completion) ticket->completion(delivery);
  producer.release(ticket->bytes);
}

bool KafkaOutput::Producer::wait_for_room(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  room_.wait_until(lock, deadline, [this] { return !full() || closed_ || failed(); });
  return !full() && !closed_ && !failed();
}

bool KafkaOutput::Producer::flush(Clock::time_point deadline) {
  // rd_kafka_flush sends at once what lingers; the completions, which may run on the other thread, are what counts.
  rd_kafka_flush(client(), remaining_ms(deadline));
  std::unique_lock lock(mutex_);
  return room_.wait_until(lock, deadline, [this] { return queued_messages_ == 0; });
}

void KafkaOutput::Producer::close() {
  std::call_once(closing_, [this] {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    if (!client_) return;
    if (!flush(Clock::now() + limits_.close)) {
      spdlog::warn("event=kafka_output_unflushed client={} records={}", name(), queued());
      rd_kafka_purge(client(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      flush(Clock::now() + kPurge);
    }
    stop_polling_ = true;
    if (thread_.joinable()) thread_.join();
  });
}

KafkaOutputCounters KafkaOutput::Producer::counters() const { return {taken_, acked_, failed_deliveries_, refusals_}; }

KafkaOutput::KafkaOutput(std::unique_ptr<Producer> producer) : producer_(std::move(producer)) {}
KafkaOutput::~KafkaOutput() = default;

tl::expected<std::unique_ptr<KafkaOutput>, std::string> KafkaOutput::open(
    const KafkaSettings& settings, std::function<void(const std::string&)> on_fatal, OutputLimits limits) {
  auto producer = std::make_unique<Producer>(std::move(on_fatal), limits);
  if (auto started = producer->start(settings); !started) return tl::unexpected(started.error());
  return std::unique_ptr<KafkaOutput>(new KafkaOutput(std::move(producer)));
}

tl::expected<void, Refusal> KafkaOutput::publish(const OutputRecord& record, Completion completion) {
  return producer_->publish(record, std::move(completion));
}
bool KafkaOutput::wait_for_room(Clock::time_point deadline) { return producer_->wait_for_room(deadline); }
bool KafkaOutput::flush(Clock::time_point deadline) { return producer_->flush(deadline); }
void KafkaOutput::close() { producer_->close(); }
bool KafkaOutput::connected() const { return producer_->connected(); }
std::string KafkaOutput::problem() const { return producer_->problem(); }
std::size_t KafkaOutput::queued() const { return producer_->queued(); }
KafkaOutputCounters KafkaOutput::counters() const { return producer_->counters(); }

}  // namespace relance::connectors
