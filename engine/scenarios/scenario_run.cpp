#include "engine/scenarios/scenario_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace relance::engine {

using rules::Record;

namespace {

/// The field as text; empty when the record has none.
std::string field_of(const Record& record, std::string_view name) {
  if (name == "step") return std::string(record.step ? record.step->value.view() : "");
  if (name == "channel") {
    if (record.channel) return std::string(to_string(*record.channel));
    return record.scope ? std::string(to_string(*record.scope)) : "";
  }
  if (name == "rule") return std::string(record.rule);
  if (name == "reason") return std::string(record.reason);
  if (name == "playbook") return std::string(record.playbook ? record.playbook->value.view() : "");
  if (name == "variant") return std::string(record.variant);
  if (name == "arm") return std::string(record.arm);
  if (name == "outcome") return std::string(record.outcome);
  if (name == "intake") return std::string(record.intake);
  if (name == "until") return record.until ? rules::to_string(*record.until) : "";
  if (name == "steps_left") {
    std::vector<std::string_view> left;
    if (record.steps_left) left.assign(record.steps_left->size(), {});
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = (*record.steps_left)[i].value;
    return fmt::format("{}", fmt::join(left, ","));
  }
  if (name == "score" && record.score) {
    std::string text;
    rules::append_score(text, *record.score);
    return text;
  }
  return {};
}

bool has_name(const Record& record, std::string_view value) {
  constexpr std::string_view kNames[] = {"step",    "channel", "rule",    "reason", "playbook",
                                         "variant", "arm",     "outcome", "intake"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return field_of(record, name) == value; });
}

bool is_in_group(const Record& record, std::string_view group) {
  const std::string_view type = to_string(record.type);
  return type == group || (type.starts_with(group) && type.substr(group.size()).starts_with('.'));
}

/// Records that the expectation speaks of, at whatever time.
bool concerns(const Expectation& expectation, const TimelineEntry& entry) {
  if (expectation.lead && *expectation.lead != entry.lead) return false;
  if (expectation.playbook && entry.record.playbook != expectation.playbook) return false;
  return matches(expectation.pattern, entry.record);
}

bool is_in_time(const Expectation& expectation, rules::Instant at) {
  if (expectation.at && at != *expectation.at) return false;
  if (expectation.by && at > *expectation.by) return false;
  return !expectation.after || at > *expectation.after;
}

std::string instants(const std::vector<rules::Instant>& all, const rules::Zone& zone) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i) {
    text += (i == 0 ? "" : " and ") + local_text(all[i], zone);
  }
  if (all.size() > kMost) text += fmt::format(" and {} more times", all.size() - kMost);
  return text;
}

std::string difference(const Scenario& scenario, const Expectation& expectation,
                       const std::vector<TimelineEntry>& timeline) {
  std::vector<rules::Instant> in_time;
  std::vector<rules::Instant> whenever;
  for (const TimelineEntry& entry : timeline) {
    if (!concerns(expectation, entry)) continue;
    whenever.push_back(entry.record.at);
    if (is_in_time(expectation, entry.record.at)) in_time.push_back(entry.record.at);
  }
  switch (expectation.kind) {
    case Expectation::Kind::happens:
      if (!in_time.empty()) return {};
      if (whenever.empty()) return "it never happened";
      return "it happened at " + instants(whenever, scenario.zone);
    case Expectation::Kind::never:
      return in_time.empty() ? "" : "it happened at " + instants(in_time, scenario.zone);
    case Expectation::Kind::count:
      if (in_time.size() == static_cast<std::size_t>(expectation.count)) return {};
      if (in_time.empty()) return "it never happened";
      return fmt::format("it happened {} times, at {}", in_time.size(), instants(in_time, scenario.zone));
  }
  return {};
}

}  // namespace

bool matches(const RecordPattern& pattern, const Record& record) {
  if (pattern.type && record.type != *pattern.type) return false;
  if (!pattern.name.empty() && !is_in_group(record, pattern.name) && !has_name(record, pattern.name)) return false;
  if (!pattern.value.empty() && !has_name(record, pattern.value)) return false;
  return std::all_of(pattern.fields.begin(), pattern.fields.end(),
                     [&](const auto& field) { return field_of(record, field.first) == field.second; });
}

ScenarioResult run_scenario(const rules::Rulebook& rulebook, const Scenario& scenario) {
  ScenarioResult result;
  Simulation simulation(
      rulebook,
      [&](std::uint64_t, const LedgerContext& context, const std::vector<Record>& records) {
        for (const Record& record : records) {
          result.timeline.push_back({context.lead ? context.lead->id : rules::LeadId(), record});
        }
      },
      scenario.outcomes);
  for (const rules::Event& event : scenario.events) simulation.handle(event);
  if (scenario.until) {
    simulation.run_until(*scenario.until);
  } else {
    simulation.finish(simulation.clock());
  }
  for (const Expectation& expectation : scenario.expectations) {
    std::string got = difference(scenario, expectation, result.timeline);
    if (!got.empty()) result.failures.push_back({&expectation, std::move(got)});
  }
  return result;
}

}  // namespace relance::engine
