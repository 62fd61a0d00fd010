#include "rules/loader_playbook.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "rules/canonical.h"
#include "rules/forms.h"
#include "rules/loader_blocks.h"
#include "rules/yaml_reader.h"

namespace relance::rules {

std::optional<YamlNode> read_document(Report& report) {
  auto document = read_yaml(report.source());
  if (document) return std::move(*document);
  for (YamlProblem& problem : document.error()) {
    report.add({problem.position, "", std::move(problem.rule), std::move(problem.text), std::move(problem.suggestion)});
  }
  return std::nullopt;
}

namespace {

/// What the lead's day is while nothing else names a zone: the same in contact hours and for everything else.
void settle_zone(Playbook& playbook, const House& house) {
  playbook.fallback_zone = house.zone;
  if (!playbook.contact_hours) return;
  if (playbook.contact_hours->fallback_zone) playbook.fallback_zone = *playbook.contact_hours->fallback_zone;
  playbook.contact_hours->fallback_zone = playbook.fallback_zone;
}

void read_names(LoadContext& context, const Block& block, Playbook& playbook) {
  if (const auto id = block.get("playbook")) {
    playbook.id = PlaybookId(read_playbook_id(context, *id).value_or(""));
    playbook.position = context.report.position(id->node->position);
  }
  playbook.title = playbook.id.value;
  if (const auto title = block.get("title")) playbook.title = read_line(context, *title).value_or("");
  if (const auto priority = block.get("priority")) {
    playbook.priority = read_integer(context, *priority, {.least = 0, .most = kHighestPriority}).value_or(0);
  }
}

void read_life(LoadContext& context, const Block& block, Playbook& playbook) {
  if (const auto enroll = block.get("enroll")) playbook.enroll = read_enroll(context, *enroll).value_or(Enroll{});
  if (const auto in_flight = block.get("in_flight")) {
    playbook.in_flight = read_in_flight(context, *in_flight).value_or(InFlight::pin);
  }
  playbook.goal = {EventType::lead_converted};
  if (const auto goal = block.get("goal")) {
    playbook.goal = read_event_types(context, *goal).value_or(std::vector<EventType>{});
  }
  ExitReasons exit{{EventType::lead_lost}, true};
  if (const auto reasons = block.get("exit")) exit = read_exit(context, *reasons).value_or(exit);
  playbook.exit_types = exit.types;
  playbook.exit_on_reply = exit.on_reply;
}

void read_rules(LoadContext& context, const Block& block, Playbook& playbook) {
  if (const auto sla = block.get("sla")) playbook.sla = read_sla(context, *sla);
  if (const auto touches = block.get("touches")) playbook.touches = read_touches(context, *touches).value_or(Touches{});
  if (const auto hours = block.get("contact_hours")) playbook.contact_hours = read_contact_hours(context, *hours);
  playbook.caps = context.house.caps;
  if (const auto caps = block.get("caps")) {
    const auto own = read_caps(context, *caps).value_or(std::vector<Cap>{});
    playbook.caps.insert(playbook.caps.end(), own.begin(), own.end());
    if (playbook.caps.size() > static_cast<std::size_t>(kMostCaps)) {
      report(
          context, *caps, "out-of-range",
          fmt::format("expected at most {} caps together with the house's, got {}", kMostCaps, playbook.caps.size()));
    }
  }
  if (const auto cool_down = block.get("cool_down")) playbook.cool_down = read_cool_down(context, *cool_down);
  if (const auto steps = block.get("steps")) playbook.steps = read_steps(context, *steps).value_or(std::vector<Step>{});
  if (const auto exceptions = block.get("exceptions")) {
    playbook.exceptions = read_exceptions(context, *exceptions).value_or(std::vector<Exception>{});
  }
}

std::vector<NamedPolicy> read_policy_names(LoadContext& context, const Field& field) {
  std::vector<NamedPolicy> names;
  const auto items = read_list_or_empty(context, field, "a list of packs such as [fr, us]", kMostPolicies);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    auto id = read_playbook_id(context, item);
    if (!id) continue;
    const auto same = [&](const NamedPolicy& known) { return known.id == *id; };
    if (std::any_of(names.begin(), names.end(), same)) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", *id), "remove one of the two");
      continue;
    }
    Finding place = context.report.make({item.node->position, item.path, "unknown-policy", "", ""});
    names.push_back({std::move(*id), std::move(place)});
  }
  return names;
}

/// `owners` and `throttle`.
std::shared_ptr<const Owners> read_people(LoadContext& context, const Block& block, const Zone& zone) {
  const auto owners = block.get("owners");
  const auto throttle = block.get("throttle");
  if (!owners && !throttle) return nullptr;
  Owners people{{}, {}, zone};
  if (owners) people.calendars = read_owners(context, *owners, zone);
  if (throttle) people.throttles = read_throttles(context, *throttle);
  return std::make_shared<const Owners>(std::move(people));
}

void refuse_business_days(LoadContext& context, const std::string& suggestion) {
  for (const Field& field : context.business_days) {
    report(context, field, "business-days", "business days are days of `contact_hours`, and there are none here",
           suggestion);
  }
}

}  // namespace

Playbook read_model(LoadContext& context, const YamlNode& document) {
  Playbook playbook;
  const Block block(context, {&document, ""}, kPlaybookBlock);
  if (!block.is_map()) return playbook;
  read_names(context, block, playbook);
  read_life(context, block, playbook);
  read_rules(context, block, playbook);
  if (const auto variants = block.get("variants")) playbook.variants = read_variants(context, *variants);
  if (const auto on = block.get("on")) playbook.workflows = read_workflows(context, *on);
  if (const auto experiment = block.get("experiment")) playbook.experiment = read_experiment(context, *experiment);
  if (const auto guardrails = block.get("guardrails")) playbook.guardrails = read_guardrails(context, *guardrails);
  if (const auto qualification = block.get("qualification")) {
    playbook.qualification = read_qualification(context, *qualification);
  }
  if (const auto release = block.get("release")) playbook.release = read_release(context, *release);
  settle_zone(playbook, context.house);
  check_forms(context, playbook);
  if (!playbook.contact_hours) refuse_business_days(context, "add `contact_hours`, or write days (`d`)");
  if (context.report.empty()) make_forms(playbook);
  return playbook;
}

PlaybookReading read_playbook(const SourceText& source, const House& house, const ReadBeside& read_beside) {
  Report report(source.name, source.text);
  LoadContext context{report, house, read_beside};
  PlaybookReading reading;
  if (const auto document = read_document(report)) {
    reading.playbook = read_model(context, *document);
    const YamlNode* id = document->find("playbook");
    reading.id_place = report.make({id ? id->position : TextPosition{}, "playbook", "duplicate-id", "", ""});
    for (const Workflow& workflow : reading.playbook.workflows) {
      const TextPosition at = position_at(source.text, workflow.position.line, workflow.position.column);
      reading.workflow_places.push_back(
          report.make({at, fmt::format("on.{}.start", to_string(workflow.on)), "unknown-playbook", "", ""}));
    }
  }
  reading.recycled = std::move(context.recycled);
  if (report.empty()) seal(reading.playbook);
  reading.findings = sorted_findings(report);
  return reading;
}

HouseReading read_house(const SourceText& source, const ReadBeside& read_beside) {
  Report report(source.name, source.text);
  const House none;
  LoadContext context{report, none, read_beside};
  HouseReading reading;
  House& house = reading.house;
  if (const auto document = read_document(report)) {
    const Block block(context, {&*document, ""}, kHouseBlock);
    if (block.is_map()) {
      if (const auto zone = block.get("zone")) house.zone = read_zone(context, *zone).value_or(Zone());
      if (const auto caps = block.get("caps")) house.caps = read_caps(context, *caps).value_or(std::vector<Cap>{});
      if (const auto score = block.get("score")) house.score = read_score(context, *score);
      house.owners = read_people(context, block, house.zone);
      refuse_business_days(context, "write days (`d`): a house has no contact hours");
      if (const auto handoff = block.get("handoff")) house.handoff = read_handoff(context, *handoff);
      if (const auto policies = block.get("policies")) reading.policies = read_policy_names(context, *policies);
    }
  }
  reading.findings = sorted_findings(report);
  return reading;
}

}  // namespace relance::rules
