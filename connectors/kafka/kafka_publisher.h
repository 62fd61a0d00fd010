#pragma once
// Copies what the store has committed - ledger lines, dead letters - to Kafka. The caller keeps a cursor in the store
// and moves it only to what was acknowledged, so a crash repeats lines but never skips one.
// A call may end before its records are acknowledged (broker away). They stay under way, and the next call, which has
// to begin with the first record that was not acknowledged, waits for them instead of sending them twice. Threads: one
// caller at a time; calls block until everything is acknowledged, something failed, or the deadline.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_output.h"
#include "connectors/kafka/kafka_records.h"

namespace relance::connectors {

class KafkaPublisher {
 public:
  /// `output` outlives the publisher.
  KafkaPublisher(KafkaOutput& output, KafkaTopics topics);
  ~KafkaPublisher();
  KafkaPublisher(const KafkaPublisher&) = delete;
  KafkaPublisher& operator=(const KafkaPublisher&) = delete;

  struct Published {
    std::size_t count = 0;             // records from the front of the call that are all acknowledged
    std::optional<std::uint64_t> seq;  // publish_lines: of the last of them; nullopt when there is none
    std::string problem;               // why the next one is not; empty when all are
  };

  /// In the order of the lines, which is the order of `seq`. The cursor moves to `seq`.
  Published publish_lines(const std::vector<LedgerLine>& lines, std::chrono::steady_clock::time_point deadline);
  Published publish_dead_letters(const std::vector<engine::DeadLetter>& letters,
                                 std::chrono::steady_clock::time_point deadline);

 private:
  class Stream;

  const KafkaTopics topics_;
  std::unique_ptr<Stream> ledger_;
  std::unique_ptr<Stream> dead_letters_;
};

}  // namespace relance::connectors
