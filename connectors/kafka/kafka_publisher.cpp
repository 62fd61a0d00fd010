#include "connectors/kafka/kafka_publisher.h"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace relance::connectors {

namespace {

using Clock = std::chrono::steady_clock;

/// The completions of one call. Shared with them: after its deadline the call returns before they do.
struct Round {
  explicit Round(std::size_t count) : acked(count, false) {}

  std::mutex mutex;
  std::condition_variable completed;
  std::vector<bool> acked;
  std::size_t open = 0;
  std::string problem;  // the first one
};

Completion completion_of(const std::shared_ptr<Round>& round, std::size_t index) {
  return [round, index](const Delivery& delivery) {
    {
      const std::lock_guard lock(round->mutex);
      round->acked[index] = delivery.kind == Delivery::Kind::acked;
      if (!round->acked[index] && round->problem.empty()) round->problem = delivery.reason;
      --round->open;
    }
    round->completed.notify_all();
  };
}

}  // namespace

KafkaPublisher::Published KafkaPublisher::publish(std::size_t count,
                                                  const std::function<OutputRecord(std::size_t)>& record_at,
                                                  Clock::time_point deadline) {
  const auto round = std::make_shared<Round>(count);
  for (std::size_t index = 0; index < count;) {
    {
      const std::lock_guard lock(round->mutex);
      if (!round->problem.empty()) break;  // nothing behind a gap can count
      ++round->open;
    }
    const auto taken = output_.publish(record_at(index), completion_of(round, index));
    if (taken) {
      ++index;
      continue;
    }
    const bool again = taken.error().kind == Refusal::Kind::full && output_.wait_for_room(deadline);
    const std::lock_guard lock(round->mutex);
    --round->open;
    if (!again && round->problem.empty()) round->problem = taken.error().reason;
  }

  std::unique_lock lock(round->mutex);
  round->completed.wait_until(lock, deadline, [&] { return round->open == 0; });
  Published out;
  while (out.count < count && round->acked[out.count]) ++out.count;
  if (out.count < count) out.problem = round->problem.empty() ? "no acknowledgement in time" : round->problem;
  return out;
}

KafkaPublisher::Published KafkaPublisher::publish_lines(const std::vector<LedgerLine>& lines,
                                                        Clock::time_point deadline) {
  Published out = publish(
      lines.size(), [&](std::size_t index) { return ledger_record(topics_.ledger, lines[index]); }, deadline);
  if (out.count > 0) out.seq = lines[out.count - 1].seq;
  return out;
}

KafkaPublisher::Published KafkaPublisher::publish_dead_letters(const std::vector<engine::DeadLetter>& letters,
                                                               Clock::time_point deadline) {
  return publish(
      letters.size(), [&](std::size_t index) { return dead_letter_record(topics_.dead_letters, letters[index]); },
      deadline);
}

}  // namespace relance::connectors
