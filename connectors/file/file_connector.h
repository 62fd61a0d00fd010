#pragma once
// Hands actions over by appending them to a JSON Lines file (engine/ports/connector.h: to_cloud_event). For trying out,
// for tests, and for whoever reads actions from a file. Several connectors may share one file.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "connectors/file/action_file.h"
#include "engine/ports/connector.h"

namespace relance::connectors {

struct FileSettings {
  std::string name = "file";
  std::filesystem::path path;
  /// True: being in the file completes the touch, with the simulator's outcomes (email `sent`, call `no_answer`, other
  /// channels `completed`). False: a later event tells how the touch ended.
  bool complete = true;
  std::string outcome;  // with `complete`: this one instead
  int concurrency = 1;  // calls at once: they share a commit of the engine, and append one after the other
};

class FileConnector final : public engine::Connector {
 public:
  /// The error says what is wrong with the file.
  [[nodiscard]] static tl::expected<std::unique_ptr<FileConnector>, std::string> open(const FileSettings& settings);

  std::string_view name() const override { return settings_.name; }
  /// accepted, also when the action was in the file already (nothing is appended then); or retry.
  engine::AttemptResult deliver(const engine::Action& action, int attempt) override;
  bool idempotent() const override { return true; }
  int concurrency() const override { return settings_.concurrency; }

  const ActionFile& file() const { return *file_; }

 private:
  FileConnector(FileSettings settings, std::shared_ptr<ActionFile> file);
  const FileSettings settings_;
  const std::shared_ptr<ActionFile> file_;
};

}  // namespace relance::connectors
