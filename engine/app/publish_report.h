#pragma once
// What `relance diff` and `relance publish` print: the report of engine/publish/folder_difference.h for people.

#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace relance::app {

/// One line a playbook that differs or has leads in flight. False when the report is none of ours.
bool print_report(std::ostream& out, const nlohmann::ordered_json& report);

/// A problem document's findings, or its detail, for stderr.
std::string problem_text(const std::string& body);

}  // namespace relance::app
