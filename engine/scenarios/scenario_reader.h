#pragma once
// Reads `*.test.yaml` files: scenarios, or everything that is wrong with them, with file, line and column like the
// findings of playbooks. Source: playbook-language.md, "Scenarios"; engine/scenarios/README.md. One thread.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/scenarios/scenario.h"
#include "rules/loader.h"

namespace relance::engine {

/// The scenario files of a folder, sorted; sub-folders included, except hidden ones, `policies` and `templates`.
std::vector<std::filesystem::path> find_scenario_files(const std::filesystem::path& folder);

/// The scenarios in `yaml`; `file` is its name in messages. Names that stand in no playbook of the rulebook (steps,
/// rules, reasons, ...) are findings: a misspelt one would never be found to happen.
tl::expected<std::vector<Scenario>, std::vector<rules::Finding>> read_scenarios(std::string_view yaml,
                                                                                const std::string& file,
                                                                                const rules::Rulebook& rulebook);

/// All scenarios of a folder, by file and place; all findings of all files on failure.
tl::expected<std::vector<Scenario>, std::vector<rules::Finding>> load_scenarios(const std::filesystem::path& folder,
                                                                                const rules::Rulebook& rulebook);

}  // namespace relance::engine
