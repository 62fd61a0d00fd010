#pragma once
// Runs one connector's blocking calls on threads of its own and hands each result back. Owns its threads: the
// destructor waits for the calls under way. Threads: start() from the processor's thread; results arrive on the pool's
// threads.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/ports/connector.h"

namespace relance::engine {

struct Delivery {
  Action action;
  int attempt = 1;
};

struct DeliveryResult {
  rules::ActionId action;
  int attempt = 1;
  AttemptResult result;
};

class ConnectorPool {
 public:
  using Results = std::function<void(DeliveryResult)>;
  ConnectorPool(std::unique_ptr<Connector> connector, Results results);
  ~ConnectorPool();
  ConnectorPool(const ConnectorPool&) = delete;
  ConnectorPool& operator=(const ConnectorPool&) = delete;

  std::string_view name() const { return connector_->name(); }
  bool idempotent() const { return connector_->idempotent(); }
  std::size_t capacity() const { return threads_.size(); }
  /// Starts the call; the caller keeps at most capacity() under way, so nothing ever waits between gate and call.
  void start(Delivery delivery);

 private:
  void work();

  const std::unique_ptr<Connector> connector_;
  const Results results_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Delivery> deliveries_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace relance::engine
