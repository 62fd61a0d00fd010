#pragma once
// Copies what the store has committed - ledger lines, dead letters - to Kafka. The caller keeps a cursor in the store
// and moves it only to what was acknowledged, so a crash repeats lines but never skips one.
// Threads: one caller at a time; calls block until every record of the call has completed (about
// settings.delivery_timeout at most) or the deadline has passed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_output.h"
#include "connectors/kafka/kafka_records.h"

namespace relance::connectors {

class KafkaPublisher {
 public:
  /// `output` outlives the publisher.
  KafkaPublisher(KafkaOutput& output, KafkaTopics topics) : output_(output), topics_(std::move(topics)) {}

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
  Published publish(std::size_t count, const std::function<OutputRecord(std::size_t)>& record_at,
                    std::chrono::steady_clock::time_point deadline);

  KafkaOutput& output_;
  const KafkaTopics topics_;
};

}  // namespace relance::connectors
