#pragma once
// Where a rule stands in the author's files, for explanations: "smb-inbound.yaml:46". Only for revisions that the
// folder holds as it was read last: a line of a file that says something else by now would be worse than none. Threads:
// any. Reads the folder when it is asked about a revision that it does not know and the files have changed.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/check/source_map.h"
#include "engine/publish/folder_watch.h"
#include "rules/why.h"

namespace relance::engine {

class PlaybookPlaces {
 public:
  explicit PlaybookPlaces(std::filesystem::path folder);

  struct Form {
    rules::Revision revision;
    std::optional<std::uint32_t> variant;
    std::optional<std::uint32_t> arm;
  };
  /// File (below the folder) and line, or the file alone where it does not have the key; nullopt when not known.
  std::optional<std::string> find(const Form& form, const rules::RulePlace& place);

 private:
  void read();

  const std::filesystem::path folder_;
  std::mutex mutex_;  // everything below
  FolderMark mark_;
  rules::Rulebook rulebook_;
  std::map<rules::Revision, std::shared_ptr<const rules::Playbook>> by_revision_;
  std::unique_ptr<SourceMap> sources_;
};

}  // namespace relance::engine
