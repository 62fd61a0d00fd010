#include "rules/schema/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "rules/event.h"
#include "rules/loader_keys.h"

namespace relance::rules {

namespace {

constexpr std::string_view kDurationPattern = R"("type": "string", "pattern": "^[0-9]+([smhdw]|bd)$")";
constexpr std::string_view kPositiveDurationPattern = R"("type": "string", "pattern": "^0*[1-9][0-9]*([smhdw]|bd)$")";
constexpr std::string_view kZonePattern = R"("type": "string", "minLength": 1, "examples": ["Europe/Paris", "UTC"])";
constexpr std::string_view kOneWindow = "([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)";

std::string quoted(std::span<const std::string_view> names) {
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

std::string word(std::span<const std::string_view> names) { return fmt::format(R"("enum": [{}])", quoted(names)); }

/// Also as a text: quotes do not change what a scalar is.
std::string integer(int least, int most) {
  return fmt::format(R"("type": ["integer", "string"], "minimum": {}, "maximum": {}, "pattern": "^{}[0-9]+$")", least,
                     most, least < 0 ? "-?" : "");
}

std::string reference(std::string_view name) { return fmt::format(R"("$ref": "#/$defs/{}")", name); }

std::string list(std::string_view item, int least, int most) {
  return fmt::format(R"("type": "array", "minItems": {}, "maxItems": {}, "items": {{ {} }})", least, most, item);
}

/// One, or a list of them.
std::string one_or_more(std::string_view item, int most) {
  return fmt::format(R"("oneOf": [{{ {} }}, {{ {}, "uniqueItems": true }}])", item, list(item, 1, most));
}

/// A map of 1 to `most` whose keys the author chooses.
std::string entries(std::string_view key, std::string_view value, int most) {
  return fmt::format(R"("type": "object", "minProperties": 1, "maxProperties": {}, "propertyNames": {{ {} }}, )"
                     R"("additionalProperties": {{ {} }})",
                     most, key, value);
}

std::string line() { return fmt::format(R"("type": "string", "minLength": 1, "maxLength": {})", kLongestText); }

std::string event_types() { return one_or_more(word(event_type_names()), kMostEventTypes); }

std::string exit_reasons() {
  std::vector<std::string_view> names(exit_reason_names().begin(), exit_reason_names().end());
  names.insert(names.end(), event_type_names().begin(), event_type_names().end());
  std::string mandatory;
  for (const std::string_view name : {"opt_out", "hard_bounce", "complaint"}) {
    mandatory += fmt::format(R"({}{{ "contains": {{ "const": "{}" }} }})", mandatory.empty() ? "" : ", ", name);
  }
  return fmt::format(R"({}, "uniqueItems": true, "allOf": [{}])", list(word(names), 1, kMostEventTypes), mandatory);
}

std::string cap_period() {
  return fmt::format(R"("anyOf": [{{ {} }}, {{ {} }}])", word(calendar_period_names()), kPositiveDurationPattern);
}

std::string channel_or_any() {
  std::vector<std::string_view> names(channel_names().begin(), channel_names().end());
  names.push_back("any");
  return word(names);
}

constexpr std::string_view kCalendarFile = R"("type": "string", "pattern": "^[^./\\\\][^/\\\\]*\\.ics$")";

std::string holiday_dates(std::string_view or_else = {}) {
  return fmt::format(R"("oneOf": [{{ {} }}, {{ {} }}{}])",
                     list(R"("type": "string", "format": "date")", 0, kMostHolidays), kCalendarFile,
                     or_else.empty() ? "" : fmt::format(", {{ {} }}", or_else));
}

std::string absences() {
  constexpr std::string_view kDays =
      R"("type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(/[0-9]{4}-[0-9]{2}-[0-9]{2})?$")";
  return fmt::format(R"("oneOf": [{{ {} }}, {{ {} }}])", kDays, list(kDays, 0, kMostAbsences));
}

/// What a value of the type looks like, without the braces. Blocks are definitions of their own.
std::string schema_of(ValueType type) {
  switch (type) {
    case ValueType::playbook_id:
      return fmt::format(R"("type": "string", "pattern": "^[a-z0-9-]{{1,{}}}$")", kLongestId);
    case ValueType::step_id:
      return fmt::format(R"("type": "string", "pattern": "^[A-Za-z0-9_-]{{1,{}}}$")", kLongestId);
    case ValueType::title:
    case ValueType::recipient:
      return line();
    case ValueType::template_name:
      return fmt::format(R"({}, "pattern": "^[^/\\\\]+(/[^/\\\\]+)*$")", line());
    case ValueType::priority:
      return integer(0, kHighestPriority);
    case ValueType::enroll:
      return reference(kEnrollBlock.name);
    case ValueType::event_types:
      return event_types();
    case ValueType::triggers:
      return fmt::format(R"("anyOf": [{{ "const": "{0}" }}, {{ "const": ["{0}"] }}, {{ {1} }}])", kScheduleTrigger,
                         event_types());
    case ValueType::schedule:
      return reference(kScheduleBlock.name);
    case ValueType::recurrence:
      return fmt::format(
          R"({}, "pattern": "^[A-Za-z]+=[^;]+(;[A-Za-z]+=[^;]+)*$", "examples": ["FREQ=MONTHLY;INTERVAL=4"])", line());
    case ValueType::schedule_start:
      return R"("anyOf": [{ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }, )"
             R"({ "type": "string", "pattern": "^lead\\.[A-Za-z_][A-Za-z0-9_]*$" }])";
    case ValueType::condition:
      return R"("type": ["string", "boolean"], "minLength": 1)";
    case ValueType::again:
      return reference(kAgainBlock.name);
    case ValueType::duration:
      return std::string(kDurationPattern);
    case ValueType::positive_duration:
      return std::string(kPositiveDurationPattern);
    case ValueType::count:
      return integer(0, kHighestCount);
    case ValueType::positive_count:
      return integer(1, kHighestCount);
    case ValueType::in_flight:
      return word(in_flight_names());
    case ValueType::exit_reasons:
      return exit_reasons();
    case ValueType::sla:
      return reference(kSlaBlock.name);
    case ValueType::first_touch:
      return reference(kFirstTouchBlock.name);
    case ValueType::clock:
      return word(clock_names());
    case ValueType::warn_at:
    case ValueType::rate:
      return R"("type": "string", "pattern": "^[0-9]{1,2}(\\.[0-9]{1,4})?%$")";
    case ValueType::on_breach:
      return word(on_breach_names());
    case ValueType::channel:
      return word(channel_names());
    case ValueType::channel_or_any:
      return channel_or_any();
    case ValueType::channels:
      return list(word(channel_names()), 1, static_cast<int>(channel_names().size())) + R"(, "uniqueItems": true)";
    case ValueType::touches:
      return reference(kTouchesBlock.name);
    case ValueType::contact_hours:
      return reference(kContactHoursBlock.name);
    case ValueType::days:
      return list(word(weekday_names()), 1, 7) + R"(, "uniqueItems": true)";
    case ValueType::time_of_day:
      return R"("type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")";
    case ValueType::hours:
      return list(fmt::format(R"("type": "string", "pattern": "^{}$")", kOneWindow), 1, kMostWindows);
    case ValueType::zone:
      return std::string(kZonePattern);
    case ValueType::zone_or_lead:
      return R"("type": "string", "minLength": 1, "examples": ["lead", "Europe/Paris"])";
    case ValueType::holidays:
      return holiday_dates(reference(kHolidaysBlock.name));
    case ValueType::holiday_country:
      return word(holiday_country_names());
    case ValueType::holiday_dates:
      return holiday_dates();
    case ValueType::holidays_by_country:
      return entries(R"("type": "string", "pattern": "^[A-Z]{2}$")", holiday_dates(), kMostCountries);
    case ValueType::caps:
      return list(reference(kCapBlock.name), 0, kMostCaps);
    case ValueType::cap_scope:
      return word(cap_scope_names());
    case ValueType::cap_period:
      return cap_period();
    case ValueType::cool_down:
      return reference(kCoolDownBlock.name);
    case ValueType::steps:
      return list(reference(kStepBlock.name), 1, kMostSteps);
    case ValueType::day:
      return integer(0, kLastDay);
    case ValueType::on_cap:
      return word(on_cap_names());
    case ValueType::on_unknown:
      return word(on_unknown_names());
    case ValueType::exceptions:
      return list(reference(kExceptionBlock.name), 0, kMostExceptions);
    case ValueType::exception_action:
      return word(exception_action_names());
    case ValueType::variants:
      return list(reference(kVariantBlock.name), 0, kMostVariants);
    case ValueType::variant_id:
      return schema_of(ValueType::step_id);
    case ValueType::replacement:
      return reference(kReplacementBlock.name);
    case ValueType::steps_or_changes:
      return fmt::format(R"("oneOf": [{{ {} }}, {{ {} }}])", schema_of(ValueType::steps),
                         entries(schema_of(ValueType::step_id), reference(kStepChangeBlock.name), kMostSteps));
    case ValueType::workflows:
      return entries(word(event_type_names()), reference(kWorkflowBlock.name), kMostEventTypes);
    case ValueType::existing_playbook:
      return schema_of(ValueType::playbook_id);
    case ValueType::experiment:
      return reference(kExperimentBlock.name);
    case ValueType::experiment_unit:
      return word(experiment_unit_names());
    case ValueType::arms:
      return entries(schema_of(ValueType::step_id), integer(1, kHighestCount), kMostArms);
    case ValueType::arm_replacements:
      return entries(schema_of(ValueType::step_id) + R"(, "not": { "const": "holdout" })",
                     reference(kReplacementBlock.name), kMostArms);
    case ValueType::success:
      return reference(kSuccessBlock.name);
    case ValueType::success_goal:
      return fmt::format(R"("anyOf": [{{ "const": "any" }}, {{ {} }}])", event_types());
    case ValueType::score:
      return list(reference(kScoreBlock.name), 0, kMostScoreRules);
    case ValueType::points:
      return integer(-kMostPoints, kMostPoints) + R"(, "not": { "const": 0 })";
    case ValueType::handoff:
      return reference(kHandoffBlock.name);
    case ValueType::handoff_then:
      return word(handoff_then_names());
    case ValueType::guardrails:
      return list(reference(kGuardrailBlock.name), 0, kMostGuardrails);
    case ValueType::guardrail_metric:
      return word(guardrail_metric_names());
    case ValueType::guardrail_action:
      return word(guardrail_action_names());
    case ValueType::policy_names:
      return list(schema_of(ValueType::policy_id), 0, kMostPolicies) + R"(, "uniqueItems": true)";
    case ValueType::policy_id:
      return schema_of(ValueType::playbook_id) + R"(, "not": { "const": "unknown" })";
    case ValueType::revision_number:
      return integer(1, kHighestCount);
    case ValueType::date:
      return R"("type": "string", "format": "date")";
    case ValueType::sources:
      return list(line(), 1, kMostSources);
    case ValueType::honour_max:
      return std::string(kPositiveDurationPattern);
    case ValueType::policy_scope:
      return reference(kPolicyScopeBlock.name);
    case ValueType::country:
      return R"("type": "string", "pattern": "^[A-Z]{2}$")";
    case ValueType::policy_rules:
      return list(reference(kPolicyRuleBlock.name), 1, kMostPolicies);
    case ValueType::policy_match:
      return reference(kPolicyMatchBlock.name);
    case ValueType::regions:
      return one_or_more(R"("type": "string", "pattern": "^[A-Z0-9]{1,3}$")", kMostRegions);
    case ValueType::one_or_more_channels:
      return one_or_more(word(channel_names()), static_cast<int>(channel_names().size()));
    case ValueType::subject_kind:
      return word(subject_kind_names());
    case ValueType::consent:
      return reference(kConsentBlock.name);
    case ValueType::consent_mode:
      return word(consent_mode_names());
    case ValueType::plain_duration:
      return R"("type": "string", "pattern": "^0*[1-9][0-9]*[smhdw]$")";
    case ValueType::consent_exceptions:
      return list(reference(kConsentExceptionBlock.name), 0, static_cast<int>(consent_basis_names().size()));
    case ValueType::consent_basis:
      return word(consent_basis_names());
    case ValueType::policy_window:
      return reference(kPolicyWindowBlock.name);
    case ValueType::window_zone:
      return R"("type": "string", "minLength": 1, "examples": ["recipient", "Europe/Paris"])";
    case ValueType::zones:
      return list(kZonePattern, 1, kMostZones);
    case ValueType::policy_holidays:
      return schema_of(ValueType::holidays);
    case ValueType::attempts:
      return reference(kAttemptsBlock.name);
    case ValueType::yes_or_no:
      return R"("type": "boolean")";
    case ValueType::refusal:
      return reference(kRefusalBlock.name);
    case ValueType::refusal_scope:
      return word(refusal_scope_names());
    case ValueType::registers:
      return list(reference(kRegisterBlock.name), 1, kMostRegisters);
    case ValueType::register_name:
      return schema_of(ValueType::step_id);
    case ValueType::content:
      return list(word(policy_content_names()), 1, static_cast<int>(policy_content_names().size())) +
             R"(, "uniqueItems": true)";
    case ValueType::qualification:
      return reference(kQualificationBlock.name);
    case ValueType::disqualifications:
      return list(reference(kDisqualificationBlock.name), 0, kMostDisqualifications);
    case ValueType::attribute_names:
      return list(schema_of(ValueType::step_id), 1, kMostFields) + R"(, "uniqueItems": true)";
    case ValueType::release:
      return reference(kReleaseBlock.name);
    case ValueType::owners:
      return entries(line(), reference(kOwnerBlock.name), kMostOwners);
    case ValueType::absences:
      return absences();
    case ValueType::calendar_file:
      return std::string(kCalendarFile);
    case ValueType::throttle:
      return list(reference(kThrottleBlock.name), 0, kMostThrottles);
    case ValueType::anything:
      return "";
  }
  return "";
}

/// What holds between the keys of one block.
std::string_view relations_of(const BlockSpec& block) {
  if (&block == &kEnrollBlock) {
    return R"("dependentRequired": { "when": ["on"] }, )"
           R"("if": { "properties": { "on": { "enum": ["schedule", ["schedule"]] } }, "required": ["on"] }, )"
           R"("then": { "required": ["schedule"] }, "else": { "properties": { "schedule": false } })";
  }
  if (&block == &kStepBlock) {
    return R"("oneOf": [{ "required": ["day"] }, { "required": ["wait"] }], "dependentRequired": { "at": ["day"] })";
  }
  if (&block == &kReplacementBlock || &block == &kStepChangeBlock || &block == &kHolidaysBlock ||
      &block == &kQualificationBlock || &block == &kOwnerBlock)
    return R"("minProperties": 1)";
  if (&block == &kGuardrailBlock) return R"("anyOf": [{ "required": ["do"] }, { "required": ["flag"] }])";
  if (&block == &kPolicyRuleBlock) {
    return R"("anyOf": [{ "required": ["consent"] }, { "required": ["window"] }, { "required": ["attempts"] }, )"
           R"({ "required": ["refusal"] }, { "required": ["registers"] }, { "required": ["content"] }])";
  }
  if (&block == &kContactHoursBlock) {
    return R"("oneOf": [{ "required": ["hours"] }, { "anyOf": [{ "required": ["from"] }, { "required": ["to"] }] }], )"
           R"("dependentRequired": { "from": ["to"], "to": ["from"] })";
  }
  return {};
}

std::string definition_of(const BlockSpec& block) {
  std::vector<std::string> required;
  std::vector<std::string> properties;
  for (const KeySpec& key : block.keys) {
    if (key.presence == KeySpec::Presence::required) required.push_back(fmt::format("\"{}\"", key.name));
    properties.push_back(fmt::format("        \"{}\": {{ \"description\": \"{}\", {} }}", key.name, key.description,
                                     schema_of(key.type)));
  }
  std::string text = fmt::format("    \"{}\": {{\n      \"description\": \"{}\",\n", block.name, block.description);
  text += "      \"type\": \"object\",\n      \"additionalProperties\": false,\n";
  if (!required.empty()) text += fmt::format("      \"required\": [{}],\n", fmt::join(required, ", "));
  if (!relations_of(block).empty()) text += fmt::format("      {},\n", relations_of(block));
  return text + fmt::format("      \"properties\": {{\n{}\n      }}\n    }}", fmt::join(properties, ",\n"));
}

/// The block and those that its keys lead to, each once.
void collect(const BlockSpec& block, std::vector<const BlockSpec*>& found) {
  if (std::find(found.begin(), found.end(), &block) != found.end()) return;
  found.push_back(&block);
  for (const KeySpec& key : block.keys) {
    const std::string schema = schema_of(key.type);
    for (const BlockSpec* other : all_blocks()) {
      if (schema.find(reference(other->name)) != std::string::npos) collect(*other, found);
    }
  }
}

std::string document(const BlockSpec& root, std::string_view title) {
  std::vector<const BlockSpec*> blocks;
  collect(root, blocks);
  std::vector<std::string> definitions;
  definitions.reserve(blocks.size());
  for (const BlockSpec* block : blocks) definitions.push_back(definition_of(*block));
  return fmt::format(
      "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"$id\": \"urn:relance:{}:1\",\n"
      "  \"title\": \"{}\",\n  {},\n  \"$defs\": {{\n{}\n  }}\n}}\n",
      root.name, title, reference(root.name), fmt::join(definitions, ",\n"));
}

}  // namespace

std::string playbook_schema() { return document(kPlaybookBlock, "Relance playbook"); }
std::string house_schema() { return document(kHouseBlock, "Relance house.yaml"); }
std::string policy_schema() { return document(kPolicyBlock, "Relance policy pack"); }

}  // namespace relance::rules
