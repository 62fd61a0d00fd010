#pragma once
// What the HTTP API may ask about playbooks: which are in force, what publishing others would do, and to publish the
// folder of the configuration. The publisher implements it; tests have a fake.
// Threads: all calls from any thread; they block until the engine answered.

#include <optional>
#include <string>
#include <vector>

namespace relance::engine {

struct PublishRequest {
  std::string by;  // who asks, for the ledger
  /// The folder must hold exactly these revisions, in any order; nullopt: whatever it holds.
  std::optional<std::vector<std::string>> revisions;
};

struct PublishAnswer {
  enum class Kind {
    done,      // `report` says what it did, or would do
    refused,   // `findings` say why; nothing has changed
    differs,   // the folder holds other revisions than the ones that were asked for; nothing has changed
    stopping,  // the engine ends; what it began goes on at its next start
  };
  Kind kind = Kind::stopping;
  std::string report;  // JSON, engine/publish/folder_difference.h
  std::vector<std::string> findings;
};

class PlaybookService {
 public:
  virtual ~PlaybookService() = default;
  /// Publishes the configured folder and waits until every lead has followed.
  virtual PublishAnswer publish(const PublishRequest& request) = 0;
  /// What publishing playbooks of these canonical forms would do. Changes nothing.
  virtual PublishAnswer preview(const std::vector<std::string>& canonical) = 0;
  /// The playbooks in force and how many leads are enrolled in each, as JSON; nullopt while the engine ends.
  virtual std::optional<std::string> playbooks_json() = 0;
};

}  // namespace relance::engine
