#pragma once
// Reads playbook files into the model, or says everything that is wrong with them: file, line, column, what was
// expected, what was got, what to do. The only way into rules/playbook.h.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "rules/playbook.h"

namespace relance::rules {

/// One thing that is wrong. Printed as `file:line:column: error: text [rule]`.
struct Finding {
  enum class Severity { error, warning };
  Position position;
  Severity severity = Severity::error;
  std::string path;         // "steps[2].expires"
  std::string text;         // one sentence: what was expected and what was got
  std::string suggestion;   // what to do, e.g. `did you mean "skip_if"?`; may be empty
  std::string rule;         // stable code: "unknown-key", "duplicate-key", "wrong-type", ...
  std::string source_line;  // the line of the file, for the caret; of a long line the part around it
  int caret = 0;            // the column of `source_line` under which the caret stands; 0: no line to show
};

/// `file:line:column: error: text [rule]`, then the line, a caret and the suggestion.
std::string to_string(const Finding& finding);

struct LoadOptions {
  /// Legal packs besides those that house.yaml names: from the configuration or `--policies`. They can only add.
  std::vector<std::string> policies{};
};

/// Loads every playbook of a folder (playbook-language.md, first section), and of the packs in its `policies/` those
/// that are named. All findings of all files on failure. Reads files below `folder`, nothing else; symbolic links that
/// leave it are refused.
tl::expected<Rulebook, std::vector<Finding>> load_folder(const std::filesystem::path& folder,
                                                         const LoadOptions& options = {});

/// One playbook from text, as `file` in messages. Findings are complete; never empty on failure.
tl::expected<Playbook, std::vector<Finding>> load_playbook(std::string_view yaml, const std::string& file,
                                                           const House& house);

/// A playbook back from its canonical form, with the same revision. The error is one sentence (a damaged store).
tl::expected<Playbook, std::string> load_canonical(std::string_view canonical);

}  // namespace relance::rules
