#pragma once
// What feeds a running engine besides HTTP: files read at start, and Kafka. Each has a thread of its own.

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "connectors/kafka/kafka_input.h"
#include "connectors/kafka/kafka_output.h"
#include "connectors/kafka/kafka_publisher.h"
#include "engine/runtime/engine.h"

namespace relance::app {

/// Reads JSON Lines files one after the other, from where the store says, waiting while the engine is at its bound. A
/// file that cannot be read to its end is fatal: what it would have said may be an opt-out.
class FileInput {
 public:
  FileInput(engine::Engine& engine, std::vector<std::filesystem::path> files,
            std::function<void(const std::string&)> on_fatal);
  ~FileInput();
  bool done() const { return done_; }  // every file is read to its end

 private:
  void read_all();
  bool read(const std::filesystem::path& file);

  engine::Engine& engine_;
  const std::vector<std::filesystem::path> files_;
  const std::function<void(const std::string&)> on_fatal_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

/// Consumes relance.events into the engine.
class KafkaFeed final : private connectors::ArrivalSink {
 public:
  KafkaFeed(engine::Engine& engine, std::function<void(const std::string&)> on_fatal)
      : engine_(engine), on_fatal_(std::move(on_fatal)) {}
  [[nodiscard]] tl::expected<void, std::string> open(const connectors::KafkaSettings& settings);
  void close();
  /// Partitions are assigned and nothing that was in them is left to read. After open(); from one thread.
  bool caught_up();

 private:
  bool offer(std::vector<connectors::KafkaMessage>&& batch) override;

  engine::Engine& engine_;
  std::function<void(const std::string&)> on_fatal_;
  std::mutex opening_;  // the input offers from its own thread before open() has it
  std::unique_ptr<connectors::KafkaInput> input_;
  std::optional<std::chrono::steady_clock::time_point> assigned_;
};

/// Copies committed ledger lines and dead letters to Kafka; a cursor in the store moves with the acknowledgements.
class KafkaCopier {
 public:
  KafkaCopier(engine::Engine& engine, engine::DurableStore& store, connectors::KafkaOutput& output,
              const connectors::KafkaTopics& topics);
  ~KafkaCopier();
  /// Copies what is committed now, for at most `limit`, and ends. Before the engine's loop ends.
  void finish();

 private:
  void work();
  bool copy_ledger();
  bool copy_dead_letters();

  engine::Engine& engine_;
  engine::DurableStore& store_;
  connectors::KafkaPublisher publisher_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace relance::app
