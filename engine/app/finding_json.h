#pragma once
// Findings as JSON, for `relance check --json` and `relance test --json`.

#include <vector>

#include <nlohmann/json.hpp>

#include "rules/loader.h"

namespace relance::app {

nlohmann::ordered_json to_json(const rules::Finding& finding);
nlohmann::ordered_json to_json(const std::vector<rules::Finding>& findings);

/// Indented, on stdout; what is no UTF-8 (in a file with a finding about it) becomes U+FFFD.
void print_json(const nlohmann::ordered_json& json);

}  // namespace relance::app
