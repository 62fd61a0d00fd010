#pragma once
// What the connectors that use libcurl share: its global start, and a place for handles that wait with their open
// connections. Threads: any.

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace relance::connectors {

/// Starts libcurl once for the whole process; false when that failed.
bool curl_is_ready();

/// Idle objects, reused by whichever thread comes next. It holds as many as were ever in use at once.
template <class T>
class IdlePool {
 public:
  std::unique_ptr<T> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<T>();
    std::unique_ptr<T> taken = std::move(idle_.back());
    idle_.pop_back();
    return taken;
  }
  void give_back(std::unique_ptr<T> object) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(object));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace relance::connectors
