#include "engine/dispatch/connector_pool.h"

#include <algorithm>

namespace relance::engine {

ConnectorPool::ConnectorPool(std::unique_ptr<Connector> connector, Results results)
    : connector_(std::move(connector)), results_(std::move(results)) {
  const int count = std::clamp(connector_->concurrency(), 1, 256);
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

ConnectorPool::~ConnectorPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    deliveries_.clear();  // their attempt is recorded as started: a restart finds an unknown outcome
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ConnectorPool::start(Delivery delivery) {
  {
    const std::lock_guard lock(mutex_);
    deliveries_.push_back(std::move(delivery));
  }
  arrived_.notify_one();
}

void ConnectorPool::work() {
  while (true) {
    Delivery delivery;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || !deliveries_.empty(); });
      if (stopping_) return;
      delivery = std::move(deliveries_.front());
      deliveries_.pop_front();
    }
    results_({delivery.action.id, delivery.attempt, connector_->deliver(delivery.action, delivery.attempt)});
  }
}

}  // namespace relance::engine
