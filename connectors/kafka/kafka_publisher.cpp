#include "connectors/kafka/kafka_publisher.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace relance::connectors {

namespace {

using Clock = std::chrono::steady_clock;

/// One record under way. Shared with its completion, which may come long after the call that published it.
struct Flight {
  enum class State { open, acked, failed };
  State state = State::open;
  std::string problem;  // failed
};

/// What completions and calls of one stream share.
struct Tower {
  std::mutex mutex;  // also guards the flights
  std::condition_variable all_landed;
  std::size_t open = 0;
  std::size_t failed = 0;
};

}  // namespace

/// The records of one topic in the order of the caller's cursor.
class KafkaPublisher::Stream {
 public:
  explicit Stream(KafkaOutput& output) : output_(output), tower_(std::make_shared<Tower>()) {}

  /// `record_at(0)` is the first record that no call has answered as acknowledged.
  Published publish(std::size_t count, const std::function<OutputRecord(std::size_t)>& record_at,
                    Clock::time_point deadline) {
    std::string refusal;
    while (flights_.size() < count && refusal.empty() && start_unless_failed()) {
      const auto flight = std::make_shared<Flight>();
      const auto taken = output_.publish(record_at(flights_.size()), landing(flight));
      if (taken) {
        flights_.push_back(flight);
        continue;
      }
      take_back();
      if (taken.error().kind != Refusal::Kind::full || !output_.wait_for_room(deadline)) {
        refusal = taken.error().reason;
      }
    }
    return settle(count, std::move(refusal), deadline);
  }

 private:
  /// False when nothing more makes sense: a record behind a gap cannot count.
  bool start_unless_failed() {
    const std::lock_guard lock(tower_->mutex);
    if (tower_->failed > 0) return false;
    ++tower_->open;
    return true;
  }

  void take_back() {
    const std::lock_guard lock(tower_->mutex);
    --tower_->open;
  }

  Completion landing(const std::shared_ptr<Flight>& flight) const {
    return [flight, tower = tower_](const Delivery& delivery) {
      const std::lock_guard lock(tower->mutex);
      const bool acked = delivery.kind == Delivery::Kind::acked;
      flight->state = acked ? Flight::State::acked : Flight::State::failed;
      flight->problem = delivery.reason;
      if (!acked) ++tower->failed;
      if (--tower->open == 0) tower->all_landed.notify_all();
    };
  }

  Published settle(std::size_t count, std::string refusal, Clock::time_point deadline) {
    std::unique_lock lock(tower_->mutex);
    tower_->all_landed.wait_until(lock, deadline, [&] { return tower_->open == 0; });
    Published out;
    while (out.count < count && !flights_.empty() && flights_.front()->state == Flight::State::acked) {
      flights_.pop_front();
      ++out.count;
    }
    if (out.count == count) return out;
    out.problem = refusal.empty() ? "no acknowledgement in time" : refusal;
    if (tower_->failed == 0) return out;
    const auto failed = std::find_if(flights_.begin(), flights_.end(),
                                     [](const auto& flight) { return flight->state == Flight::State::failed; });
    out.problem = (*failed)->problem;
    if (tower_->open == 0) {
      // What flew behind the gap is sent again behind the mended gap: the order counts more than a repeated line.
      flights_.clear();
      tower_->failed = 0;
    }
    return out;
  }

  KafkaOutput& output_;
  const std::shared_ptr<Tower> tower_;
  std::deque<std::shared_ptr<Flight>> flights_;
};

KafkaPublisher::KafkaPublisher(KafkaOutput& output, KafkaTopics topics)
    : topics_(std::move(topics)),
      ledger_(std::make_unique<Stream>(output)),
      dead_letters_(std::make_unique<Stream>(output)) {}
KafkaPublisher::~KafkaPublisher() = default;

KafkaPublisher::Published KafkaPublisher::publish_lines(const std::vector<LedgerLine>& lines,
                                                        Clock::time_point deadline) {
  Published out = ledger_->publish(
      lines.size(), [&](std::size_t index) { return ledger_record(topics_.ledger, lines[index]); }, deadline);
  if (out.count > 0) out.seq = lines[out.count - 1].seq;
  return out;
}

KafkaPublisher::Published KafkaPublisher::publish_dead_letters(const std::vector<engine::DeadLetter>& letters,
                                                               Clock::time_point deadline) {
  return dead_letters_->publish(
      letters.size(), [&](std::size_t index) { return dead_letter_record(topics_.dead_letters, letters[index]); },
      deadline);
}

}  // namespace relance::connectors
