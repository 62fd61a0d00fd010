#include "tests/integration/kafka/engine_stand_in.h"

#include <doctest/doctest.h>

namespace relance::tests {

namespace {

using connectors::KafkaMessage;

constexpr std::size_t kQueuedBatches = 4;

}  // namespace

void Store::commit(const std::vector<KafkaMessage>& batch) {
  {
    const std::lock_guard lock(mutex_);
    for (const KafkaMessage& message : batch) {
      const auto* event = std::get_if<rules::Event>(&message.arrival);
      const std::string id =
          event != nullptr ? event->id : "dead: " + std::get<engine::DeadLetter>(message.arrival).input;
      content_[message.position.input].push_back({message.position.next - 1, id});
      positions_[message.position.input] = message.position.next;
    }
    count_ += batch.size();
  }
  grown_.notify_all();
}

std::optional<std::int64_t> Store::position(const std::string& topic, int partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = positions_.find(connectors::input_name(topic, partition));
  return found == positions_.end() ? std::nullopt : std::optional(found->second);
}

std::size_t Store::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool Store::wait_for(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return grown_.wait_for(lock, std::chrono::minutes(2), [&] { return count_ >= count; });
}

std::map<std::string, std::vector<Stored>> Store::content() const {
  const std::lock_guard lock(mutex_);
  return content_;
}

std::map<std::string, std::int64_t> Store::positions() const {
  const std::lock_guard lock(mutex_);
  return positions_;
}

Life::Life(const connectors::KafkaSettings& settings, Store& store, unsigned seed, std::chrono::milliseconds close)
    : store_(store), random_(seed) {
  connectors::KafkaInputPorts ports;
  ports.sink = this;
  ports.position = [this](const std::string& topic, int partition) { return store_.position(topic, partition); };
  ports.clock = [] { return rules::Instant{1'772'440'000'000}; };
  ports.on_fatal = [this](const std::string& reason) {
    const std::lock_guard lock(mutex_);
    fatal_ = reason;
  };
  connectors::KafkaInputLimits limits;
  limits.batch_messages = 150;
  limits.patience = std::chrono::milliseconds(5);  // so that pausing happens, and not only asking again
  limits.commit_interval = std::chrono::milliseconds(200);
  limits.close = close;
  auto input = connectors::KafkaInput::open(settings, std::move(ports), limits);
  REQUIRE(input);
  input_ = *std::move(input);
  processor_ = std::thread([this] { process(); });
}

Life::~Life() {
  input_->close();
  end_processor();
}

bool Life::crash() {
  std::unique_lock lock(mutex_);
  frozen_ = true;
  const bool loses = filled_.wait_for(lock, std::chrono::minutes(1), [this] { return !queue_.empty(); });
  lock.unlock();
  end_processor();
  input_->close();  // waits in vain, within its bound, for what was in the queue
  return loses;
}

void Life::end_processor() {
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
  }
  filled_.notify_all();
  if (processor_.joinable()) processor_.join();
}

bool Life::offer(std::vector<KafkaMessage>&& batch) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kQueuedBatches || random_() % 3 == 0) return false;
    queue_.push_back(std::exchange(batch, {}));
  }
  filled_.notify_all();
  return true;
}

void Life::process() {
  while (true) {
    std::vector<KafkaMessage> batch;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return dead_ || (!frozen_ && !queue_.empty()); });
      if (dead_) return;
      batch = std::move(queue_.front());
      queue_.erase(queue_.begin());
    }
    store_.commit(batch);
    std::map<std::string, std::int64_t> newest;
    for (const KafkaMessage& message : batch) newest[message.position.input] = message.position.next;
    for (const auto& [input, next] : newest) input_->mark_durable({input, next});
  }
}

std::string Life::fatal() const {
  const std::lock_guard lock(mutex_);
  return fatal_;
}

}  // namespace relance::tests
