#include "engine/app/publish_report.h"

#include <fmt/format.h>

namespace relance::app {

using nlohmann::ordered_json;

namespace {

std::string leads_text(const ordered_json& leads) {
  return fmt::format("; leads: {} pinned, {} migrated ({} lose their open step), {} ended, {} as they are",
                     leads.value("pinned", 0), leads.value("migrated", 0), leads.value("lose_open_step", 0),
                     leads.value("ended", 0), leads.value("current", 0));
}

std::string joined(const ordered_json& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
  return text;
}

}  // namespace

bool print_report(std::ostream& out, const ordered_json& report) {
  if (!report.is_object() || !report.contains("playbooks") || !report["playbooks"].is_array()) return false;
  bool differs = false;
  for (const auto& row : report["playbooks"]) {
    const std::string change = row.value("change", "");
    differs = differs || change != "same";
    out << fmt::format("{:<8} {}", change, row.value("playbook", ""));
    if (row.contains("keys")) out << " (" << joined(row["keys"]) << ")";
    if (row.contains("in_flight")) out << ", in_flight: " << row["in_flight"].get<std::string>();
    if (row.contains("leads")) out << leads_text(row["leads"]);
    out << "\n";
  }
  if (report.contains("house") && !report["house"].empty()) {
    differs = true;
    out << "changed  house.yaml (" << joined(report["house"]) << ")\n";
  }
  if (!differs) out << "no playbook differs\n";
  return true;
}

std::string problem_text(const std::string& body) {
  const auto problem = ordered_json::parse(body, nullptr, false);
  if (!problem.is_object()) return body;
  std::string text;
  if (problem.contains("findings") && problem["findings"].is_array()) {
    for (const auto& finding : problem["findings"]) {
      if (finding.is_string()) text += finding.get<std::string>() + "\n";
    }
  }
  return text + problem.value("detail", body);
}

}  // namespace relance::app
