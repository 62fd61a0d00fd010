#include "simulation_support.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "engine/intake/event_reader.h"
#include "rules/loader.h"
#include "rules/loader_playbook.h"

namespace relance::tests {

using rules::Instant;
using rules::Record;
using rules::RecordType;

Instant instant(std::string_view text) {
  std::string full(text);
  if (full.find('T') == std::string::npos) {
    full[5] = 'T';
    full = "2026-" + full + (full.size() < 12 ? ":00Z" : "Z");
  }
  const auto parsed = rules::parse_rfc3339(full);
  REQUIRE_MESSAGE(parsed.has_value(), "no instant: ", full);
  return *parsed;
}

std::string short_text(Instant at) {
  if (at == Instant::never()) return "never";
  std::string text = rules::to_string(at);  // 2026-03-02T09:10:00.000Z
  text.pop_back();
  text[10] = ' ';
  for (const std::string_view zero : {".000", ":00"}) {
    if (!text.ends_with(zero)) break;
    text.resize(text.size() - zero.size());
  }
  return text.starts_with("2026-") ? text.substr(5) : text;
}

std::string json_of(const Given& given, std::size_t position) {
  std::string data = given.data;
  std::replace(data.begin(), data.end(), '\'', '"');
  const std::string id = given.id.empty() ? fmt::format("e-{}", position) : given.id;
  const std::string account = given.account.empty() ? "" : fmt::format(R"("partitionkey":"{}",)", given.account);
  return fmt::format(
      R"({{"specversion":"1.0","source":"test","id":"{}","type":"{}","subject":"{}","time":"{}",{}"data":{{{}}}}})", id,
      given.type, given.lead, rules::to_string(instant(given.at)), account, data);
}

rules::Event event_of(const Given& given, std::size_t position) {
  const std::string json = json_of(given, position);
  static engine::EventReader reader;
  auto event = reader.read(json, std::nullopt);
  REQUIRE_MESSAGE(event.has_value(), json);
  return std::move(*event);
}

Given score(const std::string& at, const std::string& value) { return {at, "L", "lead.updated", "'score':" + value}; }

std::string cadence(std::string_view body) { return "playbook: p\nenroll: { on: lead.created }\n" + std::string(body); }

rules::Rulebook rulebook_of(const std::vector<std::string>& playbooks, const rules::House& house) {
  std::vector<rules::Playbook> loaded;
  for (const std::string& text : playbooks) {
    auto playbook = rules::load_playbook(text, "test.yaml", house);
    if (!playbook) {
      for (const auto& finding : playbook.error()) MESSAGE(rules::to_string(finding));
    }
    REQUIRE(playbook.has_value());
    loaded.push_back(std::move(*playbook));
  }
  return {house, std::move(loaded)};
}

rules::House house_of(std::string_view text) {
  const auto none = [](const std::string&) -> tl::expected<std::string, std::string> {
    return tl::unexpected(std::string("a text has no neighbours"));
  };
  auto reading = rules::read_house({"house.yaml", text}, none);
  for (const auto& finding : reading.findings) MESSAGE(rules::to_string(finding));
  REQUIRE(reading.findings.empty());
  return std::move(reading.house);
}

Run::Run(rules::Rulebook rulebook, engine::Outcomes outcomes)
    : rulebook_(std::move(rulebook)),
      simulation_(
          rulebook_,
          [this](std::uint64_t, const engine::LedgerContext& context, const std::vector<Record>& records) {
            for (const Record& record : records) ledger_.push_back({context.lead->id, context.cause, record});
          },
          std::move(outcomes)) {}

rules::LeadState& Run::lead(const std::string& id) {
  rules::LeadState* lead = simulation_.store().find_lead(rules::LeadId(id));
  REQUIRE(lead != nullptr);
  return *lead;
}

namespace {

/// Where two playbooks run at once, as with a workflow, the story says whose timer or pause it is.
bool names_playbook(const Record& record) {
  switch (record.type) {
    case RecordType::lead_enrolled:
    case RecordType::lead_not_enrolled:
    case RecordType::lead_exited:
    case RecordType::touches_shortfall:
      return true;
    case RecordType::lead_paused:
    case RecordType::lead_resumed:
    case RecordType::lead_escalated:
    case RecordType::sla_met:
    case RecordType::sla_at_risk:
    case RecordType::sla_breached:
      return record.playbook->value != "p";
    default:
      return false;
  }
}

std::string line_of(const Record& record) {
  std::string line = short_text(record.at) + ' ' + std::string(to_string(record.type));
  const auto add = [&](std::string_view text) {
    if (!text.empty()) line.append(" ").append(text);
  };
  if (record.playbook && names_playbook(record)) add(record.playbook->value);
  if (record.step) add(record.step->value);
  if (record.scope) add(to_string(*record.scope));
  add(record.rule);
  if (record.rule.view().starts_with("policy:")) add(record.reason);
  if (record.type == RecordType::lead_exited || record.type == RecordType::lead_paused) add(record.reason);
  if (!record.variant.empty()) add("variant " + record.variant);
  if (!record.arm.empty()) add("arm " + record.arm);
  if (record.score) {
    add("score");
    rules::append_score(line += ' ', *record.score);
  }
  if (record.until) add("until " + short_text(*record.until));
  if (record.steps_left) {
    std::string left;
    for (const auto& step : *record.steps_left) left += (left.empty() ? "" : ",") + step.value;
    add("[" + left + "]");
  }
  return line + "\n";
}

}  // namespace

std::string Run::story(std::string_view lead) const { return story(lead, ""); }

std::string Run::story(std::string_view lead, std::string_view type) const {
  std::string story;
  for (const Line& line : ledger_) {
    if (line.lead.value != lead || line.record.type == RecordType::touch_completed) continue;
    if (to_string(line.record.type).starts_with(type)) story += line_of(line.record);
  }
  return story;
}

std::string story_of(const Scenario& scenario, std::string_view lead) { return story_of(scenario, lead, ""); }

std::string story_of(const Scenario& scenario, std::string_view lead, std::string_view type) {
  Run run(rulebook_of(scenario.playbooks, scenario.house));
  for (const Given& given : scenario.events) run.handle(given);
  if (scenario.until.empty()) {
    run.to_the_end();
  } else {
    run.until(scenario.until);
  }
  return run.story(lead, type);
}

std::string cadence_story(const std::string& body, const std::vector<Given>& events, const std::string& until) {
  return story_of({{cadence(body)}, events, until});
}

std::string after_arrival(const std::string& body, std::vector<Given> events, const std::string& until,
                          const Given& arrival) {
  events.insert(events.begin(), arrival);
  const std::string all = cadence_story(body, events, until);
  return all.substr(all.find('\n') + 1);
}

std::string touches(const std::string& body, const std::vector<Given>& events) {
  return story_of({{cadence(body)}, events}, "L", "touch");
}

std::string lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find_first_not_of(' ');
    if (first == std::string_view::npos) continue;
    line = line.substr(first, line.find_last_not_of(' ') - first + 1);
    out.append(line).append("\n");
  }
  return out;
}

}  // namespace relance::tests
