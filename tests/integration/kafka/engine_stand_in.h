#pragma once
// What stands behind the input in these tests: a bounded queue that now and then says it is full, a processor that
// commits in batches, and a store whose records and positions change together. It survives the inputs that read for it,
// as the real store survives a process.

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/kafka_input.h"

namespace relance::tests {

struct Stored {
  std::int64_t offset = 0;
  std::string id;  // of the event; "dead: <input>" for a dead letter
};

class Store {
 public:
  void commit(const std::vector<connectors::KafkaMessage>& batch);
  std::optional<std::int64_t> position(const std::string& topic, int partition) const;
  std::size_t count() const;
  /// Waits until that many are committed; false after two minutes.
  bool wait_for(std::size_t count) const;
  std::map<std::string, std::vector<Stored>> content() const;
  std::map<std::string, std::int64_t> positions() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  std::map<std::string, std::vector<Stored>> content_;
  std::map<std::string, std::int64_t> positions_;
  std::size_t count_ = 0;
};

/// One life of the daemon: an input with its queue and processor.
class Life final : public connectors::ArrivalSink {
 public:
  /// `close`: the bound of close(), and how long a crash() waits in vain.
  Life(const connectors::KafkaSettings& settings, Store& store, unsigned seed,
       std::chrono::milliseconds close = std::chrono::seconds(30));
  ~Life() override;

  bool offer(std::vector<connectors::KafkaMessage>&& batch) override;
  /// An orderly end: everything that was taken is committed.
  void close() { input_->close(); }
  /// Ends as a crash does, with records taken and not committed, which are forgotten. False when none came in time.
  bool crash();
  connectors::KafkaInput& input() { return *input_; }
  std::string fatal() const;

 private:
  void process();
  void end_processor();

  Store& store_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::mt19937 random_;
  std::vector<std::vector<connectors::KafkaMessage>> queue_;
  std::string fatal_;
  bool frozen_ = false;
  bool dead_ = false;
  std::unique_ptr<connectors::KafkaInput> input_;
  std::thread processor_;
};

}  // namespace relance::tests
