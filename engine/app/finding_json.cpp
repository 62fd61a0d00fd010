#include "engine/app/finding_json.h"

#include <iostream>

namespace relance::app {

using nlohmann::ordered_json;

ordered_json to_json(const rules::Finding& finding) {
  ordered_json json;
  json["file"] = finding.position.file;
  json["line"] = finding.position.line;
  json["column"] = finding.position.column;
  json["severity"] = finding.severity == rules::Finding::Severity::error ? "error" : "warning";
  json["path"] = finding.path;
  json["text"] = finding.text;
  if (!finding.suggestion.empty()) json["suggestion"] = finding.suggestion;
  json["rule"] = finding.rule;
  return json;
}

ordered_json to_json(const std::vector<rules::Finding>& findings) {
  auto json = ordered_json::array();
  for (const rules::Finding& finding : findings) json.push_back(to_json(finding));
  return json;
}

void print_json(const ordered_json& json) {
  std::cout << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

}  // namespace relance::app
