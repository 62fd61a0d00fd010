#include "engine/runtime/arrival_queue.h"

namespace relance::engine {

void ArrivalQueue::put(ArrivalGroup& group) {
  waiting_ += group.arrivals.size();
  groups_.push_back(std::move(group));
}

ArrivalQueue::Push ArrivalQueue::push(ArrivalGroup& group) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Push::closed;
    if (!has_room(group.arrivals.size())) return Push::full;
    put(group);
  }
  wake_();
  return Push::taken;
}

bool ArrivalQueue::push_waiting(ArrivalGroup& group) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || has_room(group.arrivals.size()); });
    if (closed_) return false;
    put(group);
  }
  wake_();
  return true;
}

std::optional<ArrivalGroup> ArrivalQueue::take() {
  std::optional<ArrivalGroup> group;
  {
    const std::lock_guard lock(mutex_);
    if (groups_.empty()) return std::nullopt;
    group = std::move(groups_.front());
    groups_.pop_front();
    waiting_ -= group->arrivals.size();
  }
  room_.notify_all();
  return group;
}

void ArrivalQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  room_.notify_all();
}

std::size_t ArrivalQueue::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace relance::engine
