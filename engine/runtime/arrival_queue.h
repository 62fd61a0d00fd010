#pragma once
// The door of the processor: bounded, many producers, one consumer. At the bound push() says no and the producer
// answers with back-pressure (HTTP 429, a paused Kafka partition, a file that waits). Threads: any for push, one for
// take.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/ports/engine_service.h"

namespace relance::engine {

/// Arrivals that are committed together where possible.
struct ArrivalGroup {
  std::vector<Arrival> arrivals;
  /// Where the input goes on after each of them: empty, or one per arrival. What is committed of a group is committed
  /// with its position, so nothing comes twice after a restart, however far the clock has moved.
  std::vector<InputPosition> positions;
  std::function<void(bool durable)> done;  // on the consumer's thread, exactly once; must not block
};

class ArrivalQueue {
 public:
  enum class Push { taken, full, closed };

  /// `bound`: arrivals that may wait. `wake` is called after a push, on the producer's thread.
  ArrivalQueue(std::size_t bound, std::function<void()> wake) : bound_(bound), wake_(std::move(wake)) {}

  /// Moves from `group` only when it was taken. A group over the bound is taken when nothing else waits.
  Push push(ArrivalGroup& group);
  /// Waits for room instead of saying full; false when closed.
  bool push_waiting(ArrivalGroup& group);
  std::optional<ArrivalGroup> take();
  /// No more pushes; what waits can still be taken.
  void close();

  std::size_t size() const;

 private:
  bool has_room(std::size_t count) const { return waiting_ == 0 || waiting_ + count <= bound_; }
  void put(ArrivalGroup& group);

  const std::size_t bound_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<ArrivalGroup> groups_;
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace relance::engine
