#pragma once
// Reads the folder of playbooks again when it is asked to, or when the folder has changed, and has the engine publish
// it: all of it, or nothing when it has findings.
//
// Threads: one of its own, which watches the folder; publish() and the questions run on the caller's. One publication
// at a time. Owner: the daemon; it ends before the engine. Failure: the playbooks in force stay in force, and log,
// metric and ledger say why.

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/ports/playbook_service.h"
#include "engine/publish/folder_watch.h"
#include "engine/publish/playbook_folder.h"
#include "engine/runtime/engine.h"

namespace relance::engine {

class Publisher final : public PlaybookService {
 public:
  struct Settings {
    std::filesystem::path folder;
    std::string default_language;
    std::vector<std::string> policies;  // of the configuration
    std::chrono::milliseconds poll{0};  // between two looks at the folder; 0: nobody looks
  };
  /// `taken`: the folder before it was read at the start.
  Publisher(Engine& engine, Settings settings, FolderMark taken);
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Begins to watch. The engine's loop runs, or is about to: nobody else answers.
  void start();
  /// From a signal: its own thread publishes, and nobody waits.
  void request_publish();

  // PlaybookService
  PublishAnswer publish(const PublishRequest& request) override;
  PublishAnswer preview(const std::vector<std::string>& canonical) override;
  std::optional<std::string> playbooks_json() override;

 private:
  void watch();
  void publish_unasked(const PublishCause& cause);
  PublishAnswer publish(const PublishCause& cause, const PublishRequest& request);
  PublishAnswer refuse(FolderRefusal refusal, const PublishCause& cause);

  Engine& engine_;
  const Settings settings_;

  std::mutex one_at_a_time_;  // publications
  FolderWatch watch_;         // under one_at_a_time_

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool requested_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace relance::engine
