#pragma once
// A folder of playbooks as a daemon uses it: playbooks, house and templates together, or everything that is wrong with
// them. Reads files; any thread.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "engine/render/template_set.h"
#include "rules/playbook.h"

namespace relance::engine {

struct PlaybookFolder {
  rules::Rulebook rulebook;
  TemplateSet templates;
};

/// Why a folder is refused, whole.
struct FolderRefusal {
  std::vector<std::string> findings;  // every one, with its place; never empty
  std::string reason;                 // the first in short, for the ledger: "unknown-key smb-inbound.yaml:12"
};

/// `policies`: legal packs besides those that house.yaml names.
[[nodiscard]] tl::expected<PlaybookFolder, FolderRefusal> read_playbook_folder(
    const std::filesystem::path& folder, const std::string& default_language,
    const std::vector<std::string>& policies = {});

/// What loads and is refused all the same: promises that cannot be kept (engine/check). Takes as long as `relance
/// check`.
[[nodiscard]] std::optional<FolderRefusal> find_broken_promises(const rules::Rulebook& rulebook,
                                                                const std::filesystem::path& folder);

}  // namespace relance::engine
