#include "engine/check/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "engine/check/elements.h"
#include "engine/check/promises.h"
#include "engine/check/templates.h"

namespace relance::engine {

using Severity = rules::Finding::Severity;
using rules::EventType;
using rules::Playbook;

namespace {

void check_arms(const Playbook& playbook, SourceMap& sources, CheckReport& report) {
  if (!playbook.experiment) return;
  const std::vector<rules::Arm>& arms = playbook.experiment->arms;
  const rules::Arm* control = control_arm(*playbook.experiment);
  const auto place = [&](const rules::Arm& arm) { return static_cast<std::uint32_t>(&arm - arms.data()); };
  for (const rules::Arm& arm : arms) {
    if (&arm == control || arm.is_holdout()) continue;
    const rules::Form& base = control ? playbook.form(std::nullopt, place(*control)) : playbook.form_at(0);
    const std::vector<std::string> elements = differing_elements(base, playbook.form(std::nullopt, place(arm)));
    if (elements.size() == 1) continue;
    Found found{Severity::warning, "arm-differs", {}, {}};
    if (elements.empty()) {
      found.text = fmt::format("the arm `{}` does the same as {}", arm.id, control ? control->id : "the playbook");
      found.suggestion = "an experiment compares two things: replace one element";
    } else {
      found.text = fmt::format("the arm `{}` differs from {} in {} elements: {}", arm.id,
                               control ? control->id : "the playbook", elements.size(), fmt::join(elements, ", "));
      found.suggestion = "change one element at a time, or nobody knows which of them worked";
    }
    report.findings.push_back(
        {sources.at({&playbook}, {"experiment", "arms", arm.id}, std::move(found)), std::nullopt});
  }
}

/// Why the event can never start the workflow; empty when it can.
std::string why_never(const Playbook& playbook, const rules::Workflow& workflow) {
  const auto contains = [&](const std::vector<EventType>& types) {
    return std::find(types.begin(), types.end(), workflow.on) != types.end();
  };
  const std::string name(to_string(workflow.on));
  if (workflow.start == playbook.id) return "a lead that is in this playbook is not enrolled in it again";
  if (contains(playbook.goal)) return fmt::format("{} is the goal, which ends the enrollment first", name);
  if (contains(playbook.exit_types)) return fmt::format("{} is an exit, which ends the enrollment first", name);
  if (workflow.on == EventType::optout_received || workflow.on == EventType::complaint_received ||
      workflow.on == EventType::erasure_requested || workflow.on == EventType::lead_merged) {
    return fmt::format("{} always ends the enrollment first", name);
  }
  return {};
}

void check_workflows(const Playbook& playbook, SourceMap& sources, CheckReport& report) {
  for (const rules::Workflow& workflow : playbook.workflows) {
    const std::string why = why_never(playbook, workflow);
    if (why.empty()) continue;
    Found found{Severity::error, "unreachable-workflow",
                fmt::format("`{}` can never be started here: {}", workflow.start.value, why),
                "enroll the leads by the other playbook's `enroll.on`"};
    report.findings.push_back(
        {sources.at({&playbook}, {"on", std::string(to_string(workflow.on)), "start"}, std::move(found)),
         std::nullopt});
  }
}

void sort(std::vector<CheckFinding>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const CheckFinding& a, const CheckFinding& b) {
    const auto key = [](const rules::Finding& f) {
      return std::tie(f.position.file, f.position.line, f.position.column, f.rule, f.text);
    };
    return key(a.finding) < key(b.finding);
  });
}

}  // namespace

bool CheckReport::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const CheckFinding& found) { return found.finding.severity == Severity::error; });
}

CheckReport check_playbooks(const rules::Rulebook& rulebook, const std::filesystem::path& folder) {
  CheckReport report;
  SourceMap sources;
  for (const auto& playbook : rulebook.current()) {
    PromiseCheck(rulebook, *playbook, sources, report).run();
    check_arms(*playbook, sources, report);
    check_workflows(*playbook, sources, report);
  }
  check_templates(rulebook, folder, sources, report);
  sort(report.findings);
  return report;
}

std::string to_string(const CheckFinding& found) {
  std::string text = rules::to_string(found.finding);
  if (!found.example) return text;
  const CounterExample& example = *found.example;
  text += fmt::format("    for example a lead that arrives at {} ({}){}{}\n", local_text(example.arrival, example.zone),
                      example.zone.name(), example.lead.empty() ? "" : ": ", example.lead);
  for (const std::string& line : example.timeline) text += "      " + line + "\n";
  return text;
}

}  // namespace relance::engine
