#pragma once
// What the connectors that use libcurl share: its global start, words for its failures, and a place for handles that
// wait with their open connections. Threads: any.

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <curl/curl.h>

namespace relance::connectors {

/// Starts libcurl once for the whole process; false when that failed.
bool curl_is_ready();

/// A short cause without addresses or server text; "connection lost" for what has no better word.
std::string_view curl_failure(CURLcode code);

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
