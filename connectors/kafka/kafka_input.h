#pragma once
// Reads events from a Kafka topic as a member of a consumer group and hands them over in batches, in order per
// partition. What was consumed is decided by the positions in the store, not by Kafka: a partition goes on where the
// store says; the offsets committed to the group follow what is durable and serve lag monitoring, and as the starting
// point of a partition that the store has never seen.
//
// Threads: one thread of its own polls, converts and hands over; sink, position and on_fatal are called on it.
// mark_durable(), connected() and the like may be called from any thread, close() from any but the input's own.
// Failures: a broker that is away is no error, librdkafka comes back by itself; what can never work again (fenced by
// another process with the same instance id, ...) is reported once through on_fatal, and the process must end. A member
// that is fenced soon after a broker was away has met its own shadow, and joins anew (see KafkaInput::Loop).
// Memory: bounded by KafkaInputLimits and librdkafka's prefetch (16 MiB, `queued.max.messages.kbytes`).

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "connectors/kafka/kafka_message.h"
#include "connectors/kafka/kafka_settings.h"

namespace relance::connectors {

/// Takes what was read. The processor's queue implements it.
class ArrivalSink {
 public:
  virtual ~ArrivalSink() = default;
  /// Takes the whole batch and returns true, or leaves it untouched and returns false when it is full. Never blocks
  /// long. What was taken becomes durable, in order, and is then reported through KafkaInput::mark_durable(); when it
  /// cannot become durable, the process ends.
  virtual bool offer(std::vector<KafkaMessage>&& batch) = 0;
};

struct KafkaInputPorts {
  ArrivalSink* sink = nullptr;  // outlives the input
  /// The next offset of the partition as the store has it, nullopt when it never saw the partition. Asked when the
  /// partition is assigned; may block until the processor answers.
  std::function<std::optional<std::int64_t>(const std::string& topic, int partition)> position;
  std::function<std::optional<rules::Instant>()> clock;  // the engine's; nullopt when events move it
  std::function<void(const std::string& reason)> on_fatal;
};

struct KafkaInputLimits {
  std::size_t batch_messages = 500;
  std::size_t batch_bytes = 4 * 1024 * 1024;
  /// How long a full sink is asked again before the partitions are paused. Pausing throws the prefetched records away,
  /// so it is for a sink that is stuck, not for one that is merely slower than Kafka.
  std::chrono::milliseconds patience{1000};
  std::chrono::milliseconds commit_interval{1000};
  /// How long a revoked partition waits until what was handed over is durable.
  std::chrono::milliseconds revoke{30'000};
  /// How long close() may take altogether.
  std::chrono::milliseconds close{10'000};
};

struct KafkaInputCounters {
  std::uint64_t messages = 0;      // handed over, dead letters included
  std::uint64_t dead_letters = 0;  // of these
  std::uint64_t bytes = 0;         // values of all messages
  std::uint64_t refusals = 0;      // offers that found the sink full
  std::uint64_t pauses = 0;
  std::uint64_t assignments = 0;  // rebalances that gave partitions
  std::uint64_t rejoins = 0;      // new members in place of one that was fenced by its own past
  std::uint64_t rewinds = 0;      // the topic went on before the position (made anew, or truncated)
  std::uint64_t expired = 0;      // records that the broker had deleted before they were read
  std::uint64_t commits = 0;      // offsets written to the group
  std::uint64_t failed_commits = 0;
  std::int64_t lag = 0;  // records not consumed yet, as of the last second
};

class KafkaInput {
 public:
  /// Starts the thread and subscribes to settings.topics.events. The error says which setting is wrong; that a broker
  /// is away is no error here.
  [[nodiscard]] static tl::expected<std::unique_ptr<KafkaInput>, std::string> open(const KafkaSettings& settings,
                                                                                   KafkaInputPorts ports,
                                                                                   KafkaInputLimits limits = {});
  ~KafkaInput();  // close()
  KafkaInput(const KafkaInput&) = delete;
  KafkaInput& operator=(const KafkaInput&) = delete;

  /// Everything before `position.next` is durable. To be called after every commit with the newest position of each
  /// input in it; positions of other inputs are ignored.
  void mark_durable(const engine::InputPosition& position);

  /// Stops reading, waits until what was handed over is durable (the processor must still run), commits, leaves.
  /// Bounded by limits.close; what was not durable by then is read again after the next start.
  void close();

  bool connected() const;
  /// What is wrong at the moment, for a person (readiness, status); empty when nothing is.
  std::string problem() const;
  KafkaInputCounters counters() const;

 private:
  class Loop;
  explicit KafkaInput(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace relance::connectors
