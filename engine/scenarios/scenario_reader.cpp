#include "engine/scenarios/scenario_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include "engine/intake/event_reader.h"
#include "engine/scenarios/vocabulary.h"
#include "rules/contains.h"
#include "rules/loader_values.h"
#include "rules/nearest_name.h"
#include "rules/yaml_reader.h"

namespace relance::engine {

using nlohmann::ordered_json;
using rules::Block;
using rules::EventType;
using rules::Field;
using rules::Finding;
using rules::Instant;
using rules::LoadContext;
using rules::YamlEntry;
using rules::YamlNode;

namespace fs = std::filesystem;

namespace {

constexpr int kMostScenarios = 10'000;
constexpr int kMostEvents = 10'000;
constexpr int kMostExpectations = 1'000;
constexpr int kDeepestFolder = 16;

using rules::KeySpec;
using rules::ValueType;
constexpr KeySpec kScenarioKeys[] = {
    {"scenario", ValueType::title, KeySpec::Presence::required, "What must be true, as a sentence"},
    {"zone", ValueType::zone, KeySpec::Presence::optional,
     "The zone of leads that name none, and of times without one"},
    {"until", ValueType::anything, KeySpec::Presence::optional, "The end; schedules go on up to it"},
    {"given", ValueType::anything, KeySpec::Presence::required, "The events, in the order in which they arrive"},
    {"outcomes", ValueType::anything, KeySpec::Presence::optional, "What touches come to"},
    {"expect", ValueType::anything, KeySpec::Presence::required, "What must happen, and what must not"},
};
const rules::BlockSpec kScenarioBlock{"scenario", kScenarioKeys, "One scenario"};

constexpr std::string_view kGivenKeys[] = {"at", "event", "lead", "id", "data"};
constexpr std::string_view kOutcomeKeys[] = {"step", "lead", "after", "event", "data"};
constexpr std::string_view kExpectKeys[] = {"at", "by", "after", "never", "count", "lead", "playbook"};
constexpr std::string_view kFieldNames[] = {"step", "channel", "rule",   "reason", "playbook", "variant",
                                            "arm",  "outcome", "intake", "until",  "score",    "steps_left"};

/// A free attribute: a number, true, false and null as JSON writes them; everything else, and whatever is quoted, is
/// text. `+33612345678`, `010` and `no` are texts.
ordered_json to_json(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return nullptr;
    case YamlNode::Kind::list: {
      auto list = ordered_json::array();
      for (const YamlNode& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case YamlNode::Kind::map: {
      auto map = ordered_json::object();
      for (const YamlEntry& entry : node.entries) map[entry.key] = to_json(entry.value);
      return map;
    }
    case YamlNode::Kind::scalar:
      break;
  }
  if (node.style == YamlNode::Style::plain) {
    auto parsed = ordered_json::parse(node.text, nullptr, false);
    if (!parsed.is_discarded() && (parsed.is_number() || parsed.is_boolean())) return parsed;
  }
  return node.text;
}

/// "2026-03-02T09:10:00+01:00", or local in the scenario's zone: "2026-03-02T09:10", "2026-03-02 09:10:30".
std::optional<Instant> parse_instant(std::string_view text, const rules::Zone& zone) {
  if (const auto instant = rules::parse_rfc3339(text)) return instant;
  constexpr std::size_t kDate = 10;    // 2026-03-02
  constexpr std::size_t kMinutes = 5;  // 09:10
  if (text.size() < kDate + 1 + kMinutes || (text[kDate] != 'T' && text[kDate] != ' ')) return std::nullopt;
  const auto date = rules::parse_date(text.substr(0, kDate));
  auto time = rules::parse_time_of_day(text.substr(kDate + 1, kMinutes));
  const std::string_view seconds = text.substr(kDate + 1 + kMinutes);
  if (!date || !time) return std::nullopt;
  if (!seconds.empty()) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (seconds.size() != 3 || seconds[0] != ':' || seconds[1] > '5' || !is_digit(seconds[1]) || !is_digit(seconds[2]))
      return std::nullopt;
    time->ms += ((seconds[1] - '0') * 10 + (seconds[2] - '0')) * 1000;
  }
  return zone.resolve({*date, *time});
}

std::optional<Instant> read_instant(LoadContext& context, const Field& field, const rules::Zone& zone) {
  constexpr std::string_view kExpected =
      "an instant such as \"2026-03-02T09:10:00+01:00\", or \"2026-03-02T09:10\" in "
      "the scenario's zone";
  const auto text = rules::read_text(context, field, kExpected);
  if (!text) return std::nullopt;
  const auto instant = parse_instant(*text, zone);
  if (!instant) {
    report(context, field, "wrong-type", fmt::format("expected {}, got {}", kExpected, describe(*field.node)));
  }
  return instant;
}

/// Reads one scenario; findings go to the context.
class ScenarioReader {
 public:
  ScenarioReader(LoadContext& context, const Vocabulary& vocabulary) : context_(context), vocabulary_(vocabulary) {}

  Scenario read(const Field& field) {
    const Block block(context_, field, kScenarioBlock);
    if (!block.is_map()) return {};
    scenario_.zone = context_.house.zone;
    scenario_.position = context_.report.position(block.position_of("scenario"));
    if (const auto name = block.get("scenario")) scenario_.name = rules::read_line(context_, *name).value_or("");
    if (const auto zone = block.get("zone")) {
      scenario_.zone = rules::read_zone(context_, *zone).value_or(scenario_.zone);
    }
    if (const auto until = block.get("until")) scenario_.until = read_instant(context_, *until, scenario_.zone);
    if (const auto given = block.get("given")) {
      for (const Field& item : items(*given, "a list of events", kMostEvents)) read_event(item);
    }
    if (const auto outcomes = block.get("outcomes")) {
      for (const Field& item : items(*outcomes, "a list of outcomes", kMostEvents)) read_outcome(item);
    }
    if (const auto expect = block.get("expect")) {
      for (const Field& item : items(*expect, "a list of expectations", kMostExpectations)) read_expectation(item);
    }
    return std::move(scenario_);
  }

 private:
  std::vector<Field> items(const Field& field, std::string_view expected, int most) {
    return rules::read_list(context_, field, expected, most).value_or(std::vector<Field>{});
  }

  /// False, and a finding, when it is no map.
  bool check_map(const Field& field, std::string_view expected) {
    if (field.node->is_map()) return true;
    report(context_, field, "wrong-type", fmt::format("expected {}, got {}", expected, describe(*field.node)));
    return false;
  }

  /// The value under a key of a map; a finding when it is missing. A misspelt key stands there instead, perhaps.
  std::optional<Field> require(const Field& field, std::string_view key, std::span<const std::string_view> known) {
    if (const YamlNode* value = field.node->find(key)) return Field{value, fmt::format("{}.{}", field.path, key)};
    const YamlEntry* meant = nullptr;
    for (const YamlEntry& entry : field.node->entries) {
      if (!rules::contains(known, entry.key) && rules::nearest_name(entry.key, std::span(&key, 1))) meant = &entry;
    }
    context_.report.add({meant ? meant->position : field.node->position, field.path, "missing-key",
                         fmt::format("the key `{}` is missing", key),
                         meant ? fmt::format("`{}` stands there: did you mean `{}`?", meant->key, key) : ""});
    return std::nullopt;
  }

  std::optional<Field> find(const Field& field, std::string_view key) const {
    const YamlNode* value = field.node->find(key);
    if (!value) return std::nullopt;
    return Field{value, fmt::format("{}.{}", field.path, key)};
  }

  std::optional<EventType> read_type(const Field& field) {
    const auto name = rules::read_text(context_, field, "an event type");
    if (!name) return std::nullopt;
    const auto type = rules::parse_event_type(*name);
    if (!type) {
      report(context_, field, "unknown-event", fmt::format("expected an event type, got {}", describe(*field.node)),
             rules::suggest(*name, rules::event_type_names()));
    }
    return type;
  }

  /// Keys of an item that are none of its own are the event's data; so are those under `data`.
  ordered_json read_data(const Field& field, EventType type, std::span<const std::string_view> own_keys) {
    auto data = ordered_json::object();
    const std::vector<std::string_view> known = data_keys(type);
    for (const YamlEntry& entry : field.node->entries) {
      if (rules::contains(own_keys, entry.key)) continue;
      const auto nearest = rules::contains(known, entry.key) ? std::nullopt : rules::nearest_name(entry.key, known);
      if (nearest && !field.node->find(*nearest)) {
        context_.report.add({entry.position, fmt::format("{}.{}", field.path, entry.key), "unknown-key",
                             fmt::format("`{}` is nothing that the data of {} usually has", entry.key, to_string(type)),
                             fmt::format("did you mean `{}`? Write it under `data` if it is meant", *nearest)});
      }
      data[entry.key] = to_json(entry.value);
    }
    if (const auto more = find(field, "data"); more && check_map(*more, "a map of the event's data")) {
      for (const YamlEntry& entry : more->node->entries) data[entry.key] = to_json(entry.value);
    }
    return data;
  }

  void read_event(const Field& field) {
    if (!check_map(field, "an event: a map with `at`, `event` and `lead`")) return;
    const auto at_field = require(field, "at", kGivenKeys);
    const auto type_field = require(field, "event", kGivenKeys);
    const auto lead_field = require(field, "lead", kGivenKeys);
    if (!at_field || !type_field || !lead_field) return;
    const auto at = read_instant(context_, *at_field, scenario_.zone);
    const auto type = read_type(*type_field);
    if (!at || !type) return;
    ordered_json data = read_data(field, *type, kGivenKeys);
    const auto lead = read_lead(*lead_field, *type, data);
    if (!lead) return;
    const bool carries_attributes = *type == EventType::lead_created || *type == EventType::lead_updated;
    const bool is_new = std::find(leads_.begin(), leads_.end(), *lead) == leads_.end();
    if (is_new) leads_.push_back(*lead);
    if (is_new && carries_attributes && !data.contains("timezone")) data["timezone"] = scenario_.zone.name();

    std::string id = fmt::format("given-{}", scenario_.events.size() + 1);
    if (const auto id_field = find(field, "id")) id = rules::read_line(context_, *id_field).value_or(id);
    ordered_json event{{"specversion", "1.0"},     {"id", id},         {"source", "scenario"},
                       {"type", to_string(*type)}, {"subject", *lead}, {"time", rules::to_string(*at)},
                       {"data", std::move(data)}};
    if (auto read = reader_.read(event.dump(), std::nullopt)) {
      scenario_.events.push_back(std::move(*read));
    } else {
      report(context_, field, "bad-event", read.error().message);
    }
  }

  /// The lead's id; its attributes go to `data`.
  std::optional<std::string> read_lead(const Field& field, EventType type, ordered_json& data) {
    if (!field.node->is_map()) return rules::read_line(context_, field);
    const auto id_field = require(field, "id", {});
    if (!id_field) return std::nullopt;
    const bool carries_attributes = type == EventType::lead_created || type == EventType::lead_updated;
    for (const YamlEntry& entry : field.node->entries) {
      if (entry.key == "id") continue;
      if (!carries_attributes) {
        context_.report.add({entry.position, fmt::format("{}.{}", field.path, entry.key), "bad-event",
                             fmt::format("{} does not change the attributes of a lead", to_string(type)),
                             "give them with lead.created or lead.updated, and write `lead: ID` here"});
        return std::nullopt;
      }
      data[entry.key] = to_json(entry.value);
    }
    return rules::read_line(context_, *id_field);
  }

  void read_outcome(const Field& field) {
    if (!check_map(field, "an outcome: a map with `step` and what it comes to")) return;
    const auto step_field = require(field, "step", kOutcomeKeys);
    if (!step_field) return;
    const auto step = rules::read_text(context_, *step_field, "the id of a step");
    if (!step || !check_step(*step_field, *step)) return;
    PlannedOutcome outcome;
    if (const auto after = find(field, "after")) {
      const auto span = rules::read_span(context_, *after);
      if (!span) return;
      if (span->business_days != 0) {
        return report(context_, *after, "wrong-type", "an outcome comes after a time: business days are none",
                      "write `d` or `h`");
      }
      outcome.after = span->time;
    }
    if (const auto type_field = find(field, "event")) {
      const auto type = read_type(*type_field);
      if (!type) return;
      outcome.type = *type;
    }
    const ordered_json data = read_data(field, outcome.type, kOutcomeKeys);
    // Through the door of all events, so that what cannot be an outcome is a finding; the action comes with the touch.
    const ordered_json event{{"specversion", "1.0"}, {"id", "outcome"},
                             {"source", "scenario"}, {"type", to_string(outcome.type)},
                             {"subject", "L"},       {"time", "2026-03-02T00:00:00Z"},
                             {"data", data}};
    auto read = reader_.read(event.dump(), std::nullopt);
    if (!read) return report(context_, field, "bad-event", read.error().message);
    outcome.data = read->data;
    std::vector<std::string> concerned = leads_;
    if (const auto lead_field = find(field, "lead")) {
      const auto lead = read_known_lead(*lead_field);
      if (!lead) return;
      concerned = {*lead};
    }
    for (const std::string& lead : concerned) {
      scenario_.outcomes[{rules::LeadId(lead), rules::StepId(*step)}].push_back(outcome);
    }
  }

  std::optional<std::string> read_known_lead(const Field& field) {
    const auto lead = rules::read_line(context_, field);
    if (!lead || std::find(leads_.begin(), leads_.end(), *lead) != leads_.end()) return lead;
    const std::vector<std::string_view> known(leads_.begin(), leads_.end());
    report(context_, field, "unknown-lead", fmt::format("no event of `given` names the lead {}", describe(*field.node)),
           known.empty() ? "" : rules::suggest(*lead, known));
    return std::nullopt;
  }

  bool check_step(const Field& field, const std::string& step) {
    if (vocabulary_.knows_step(step)) return true;
    report(context_, field, "unknown-name", fmt::format("no playbook has a step {}", describe(*field.node)),
           nearest(step, vocabulary_.steps()));
    return false;
  }

  /// A list of everything would help nobody: only what is near.
  static std::string nearest(std::string_view name, const std::vector<std::string_view>& known) {
    const auto found = rules::nearest_name(name, known);
    return found ? fmt::format("did you mean `{}`?", *found) : "";
  }

  void read_expectation(const Field& field) {
    if (!check_map(field, "an expectation: a map such as { by: ..., touch.emitted: STEP }")) return;
    Expectation expectation;
    expectation.position = context_.report.position(field.node->position);
    if (const auto at = find(field, "at")) expectation.at = read_instant(context_, *at, scenario_.zone);
    if (const auto by = find(field, "by")) expectation.by = read_instant(context_, *by, scenario_.zone);
    if (const auto after = find(field, "after")) expectation.after = read_instant(context_, *after, scenario_.zone);
    if (expectation.at && (expectation.by || expectation.after)) {
      report(context_, field, "conflict", "`at` is one instant: it goes with neither `by` nor `after`");
    }
    if (const auto lead = find(field, "lead")) {
      if (const auto id = read_known_lead(*lead)) expectation.lead = rules::LeadId(*id);
    }
    if (const auto playbook = find(field, "playbook")) read_playbook(*playbook, expectation);
    if (const auto count = find(field, "count")) {
      expectation.kind = Expectation::Kind::count;
      expectation.count = rules::read_integer(context_, *count, {}).value_or(0);
    }
    const auto pattern = find(field, "never") ? read_never(field, expectation) : read_pattern(field, expectation, true);
    if (!pattern) return;
    expectation.pattern = *pattern;
    expectation.text = text_of(field);
    scenario_.expectations.push_back(std::move(expectation));
  }

  void read_playbook(const Field& field, Expectation& expectation) {
    const auto id = rules::read_text(context_, field, "the id of a playbook");
    if (!id) return;
    if (!vocabulary_.knows_playbook(*id)) {
      report(context_, field, "unknown-name", fmt::format("there is no playbook {}", describe(*field.node)),
             nearest(*id, vocabulary_.playbooks()));
    }
    expectation.playbook = rules::PlaybookId(*id);
  }

  /// `never: opt_out`, `never: touch.emitted`, `never: { touch.emitted: second-call }`.
  std::optional<RecordPattern> read_never(const Field& field, Expectation& expectation) {
    const Field never = *find(field, "never");
    if (expectation.kind == Expectation::Kind::count) {
      report(context_, never, "conflict", "`never` and `count` exclude each other");
    }
    expectation.kind = Expectation::Kind::never;
    for (const YamlEntry& entry : field.node->entries) {
      if (!rules::contains(kExpectKeys, entry.key)) {
        report_unknown(field, entry, kExpectKeys);
        return std::nullopt;
      }
    }
    if (never.node->is_map()) return read_pattern(never, expectation, false);
    const auto name = rules::read_text(context_, never, "a record type, a rule, a reason or a step");
    if (!name) return std::nullopt;
    RecordPattern pattern;
    pattern.type = parse_record_type(*name);
    if (pattern.type) return pattern;
    if (!rules::contains(record_groups(), *name) && !vocabulary_.knows_name(*name)) {
      std::vector<std::string_view> known = vocabulary_.names();
      known.insert(known.end(), record_type_names().begin(), record_type_names().end());
      report(context_, never, "unknown-name",
             fmt::format("expected a record type, a rule, a reason or a step, got {}", describe(*never.node)),
             nearest(*name, known));
      return std::nullopt;
    }
    pattern.name = *name;
    return pattern;
  }

  void report_unknown(const Field& field, const YamlEntry& entry, std::span<const std::string_view> known) {
    if (parse_record_type(entry.key)) {  // beside `never`
      context_.report.add({entry.position, fmt::format("{}.{}", field.path, entry.key), "conflict",
                           fmt::format("`never` says what must not happen; `{}` stands beside it", entry.key),
                           fmt::format("write `never: {{ {}: ... }}`, or a second expectation", entry.key)});
      return;
    }
    std::vector<std::string_view> names(known.begin(), known.end());
    names.insert(names.end(), record_type_names().begin(), record_type_names().end());
    const auto near = rules::nearest_name(entry.key, names);
    context_.report.add(
        {entry.position, fmt::format("{}.{}", field.path, entry.key), "unknown-key",
         fmt::format("unknown key `{}` in an expectation", entry.key),
         near ? fmt::format("did you mean `{}`?", *near)
              : fmt::format("known: {}, and the types of records such as `touch.emitted`", fmt::join(known, ", "))});
  }

  /// The one key of the map that is a record type, and its value.
  std::optional<RecordPattern> read_pattern(const Field& field, Expectation& expectation, bool beside_other_keys) {
    std::optional<RecordPattern> pattern;
    std::size_t types = 0;
    for (const YamlEntry& entry : field.node->entries) {
      if (beside_other_keys && rules::contains(kExpectKeys, entry.key)) continue;
      const auto type = parse_record_type(entry.key);
      if (!type) {
        report_unknown(field, entry, beside_other_keys ? std::span(kExpectKeys) : std::span<const std::string_view>());
        return std::nullopt;
      }
      ++types;
      pattern = read_value({&entry.value, fmt::format("{}.{}", field.path, entry.key)}, *type, expectation);
      if (!pattern) return std::nullopt;
    }
    if (types == 1) return pattern;
    report(
        context_, field, types == 0 ? "missing-key" : "conflict",
        fmt::format("expected one record type such as `touch.emitted: STEP`, got {}", types == 0 ? "none" : "several"),
        types == 0 ? "" : "write one expectation for each");
    return std::nullopt;
  }

  std::optional<RecordPattern> read_value(const Field& field, rules::RecordType type, Expectation& expectation) {
    RecordPattern pattern;
    pattern.type = type;
    if (field.node->is_map()) {
      return read_fields(field, pattern) ? std::optional(pattern) : std::nullopt;
    }
    const auto value = rules::read_text(context_, field, "a name, `any`, or a map of the record's fields");
    if (!value) return std::nullopt;
    const bool plain = field.node->style == YamlNode::Style::plain;
    if (plain && (*value == "any" || *value == "true")) return pattern;
    if (plain && *value == "false") {
      if (expectation.kind == Expectation::Kind::happens) expectation.kind = Expectation::Kind::never;
      return pattern;
    }
    if (!vocabulary_.knows_name(*value)) {
      report(context_, field, "unknown-name",
             fmt::format("expected `any`, a step, a channel, a rule or a reason, got {}", describe(*field.node)),
             nearest(*value, vocabulary_.names()));
      return std::nullopt;
    }
    pattern.value = *value;
    return pattern;
  }

  bool read_fields(const Field& field, RecordPattern& pattern) {
    bool good = !field.node->entries.empty();
    if (!good) report(context_, field, "stops-everything", "expected at least one field of the record");
    for (const YamlEntry& entry : field.node->entries) {
      const Field value{&entry.value, fmt::format("{}.{}", field.path, entry.key)};
      if (!rules::contains(kFieldNames, entry.key)) {
        context_.report.add({entry.position, value.path, "unknown-key",
                             fmt::format("a record has no field `{}`", entry.key),
                             rules::suggest(entry.key, kFieldNames)});
        good = false;
        continue;
      }
      if (entry.key == "until") {
        const auto until = read_instant(context_, value, scenario_.zone);
        good &= until.has_value();
        if (until) pattern.fields.emplace_back(entry.key, rules::to_string(*until));
        continue;
      }
      const auto text = read_field_text(value, entry.key);
      good &= text.has_value();
      if (text) pattern.fields.emplace_back(entry.key, *text);
    }
    return good;
  }

  std::optional<std::string> read_field_text(const Field& field, std::string_view name) {
    if (name == "steps_left" && field.node->is_list()) {
      std::vector<std::string_view> steps;
      for (const YamlNode& item : field.node->items) {
        if (!check_step({&item, field.path}, item.text)) return std::nullopt;
        steps.push_back(item.text);
      }
      return fmt::format("{}", fmt::join(steps, ","));
    }
    auto text = rules::read_text(context_, field, "the field's text");
    if (!text) return text;
    if (name == "step" && !check_step(field, *text)) return std::nullopt;
    const bool closed = name == "channel" || name == "rule" || name == "playbook" || name == "variant" || name == "arm";
    if (closed && !vocabulary_.knows_name(*text)) {
      report(context_, field, "unknown-name", fmt::format("no {} is called {}", name, describe(*field.node)),
             nearest(*text, vocabulary_.names()));
      return std::nullopt;
    }
    return text;
  }

  /// As the author wrote it, on one line.
  static std::string text_of(const Field& field) {
    std::vector<std::string> parts;
    parts.reserve(field.node->entries.size());
    for (const YamlEntry& entry : field.node->entries) parts.push_back(entry.key + ": " + text_of(entry.value));
    return fmt::format("{}", fmt::join(parts, ", "));
  }
  static std::string text_of(const YamlNode& node) {
    std::vector<std::string> parts;
    switch (node.kind) {
      case YamlNode::Kind::null:
        return "null";
      case YamlNode::Kind::scalar:
        return node.text;
      case YamlNode::Kind::list:
        for (const YamlNode& item : node.items) parts.push_back(text_of(item));
        return fmt::format("[{}]", fmt::join(parts, ", "));
      case YamlNode::Kind::map:
        for (const YamlEntry& entry : node.entries) parts.push_back(entry.key + ": " + text_of(entry.value));
        return fmt::format("{{ {} }}", fmt::join(parts, ", "));
    }
    return {};
  }

  LoadContext& context_;
  const Vocabulary& vocabulary_;
  EventReader reader_;
  Scenario scenario_;
  std::vector<std::string> leads_;  // that events name, in order
};

Finding about_file(const fs::path& file, std::string rule, std::string text) {
  Finding finding;
  finding.position.file = file.generic_string();
  finding.rule = std::move(rule);
  finding.text = std::move(text);
  return finding;
}

void find_files(const fs::path& folder, int depth, std::vector<fs::path>& files) {
  std::error_code error;
  if (depth > kDeepestFolder) return;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    if (entry->is_directory(error)) {
      if (name != "policies" && name != "templates" && !entry->is_symlink(error)) {
        find_files(entry->path(), depth + 1, files);
      }
    } else if (name.ends_with(".test.yaml")) {
      files.push_back(entry->path());
    }
  }
}

}  // namespace

std::vector<fs::path> find_scenario_files(const fs::path& folder) {
  std::vector<fs::path> files;
  find_files(folder, 0, files);
  std::sort(files.begin(), files.end());
  return files;
}

tl::expected<std::vector<Scenario>, std::vector<Finding>> read_scenarios(std::string_view yaml, const std::string& file,
                                                                         const rules::Rulebook& rulebook) {
  const std::string_view text = rules::without_byte_order_mark(yaml);
  rules::Report report(file, text);
  const auto document = rules::read_yaml(text);
  if (!document) {
    for (const rules::YamlProblem& problem : document.error()) {
      report.add({problem.position, "", problem.rule, problem.text, problem.suggestion});
    }
    return tl::unexpected(report.take());
  }
  LoadContext context{report, rulebook.house(), {}};
  const Vocabulary vocabulary(rulebook);
  std::vector<Scenario> scenarios;
  const Field top{&*document, "scenarios"};
  for (const Field& item :
       rules::read_list(context, top, "a list of scenarios", kMostScenarios).value_or(std::vector<Field>{})) {
    scenarios.push_back(ScenarioReader(context, vocabulary).read(item));
  }
  if (!report.empty()) return tl::unexpected(report.take());
  return scenarios;
}

tl::expected<std::vector<Scenario>, std::vector<Finding>> load_scenarios(const fs::path& folder,
                                                                         const rules::Rulebook& rulebook) {
  std::vector<Scenario> all;
  std::vector<Finding> findings;
  for (const fs::path& file : find_scenario_files(folder)) {
    std::ifstream stream(file, std::ios::binary);
    std::string text(rules::YamlLimits{}.max_bytes + 1, '\0');  // one byte more says that it is too large
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (!stream.eof() && !stream) {
      findings.push_back(about_file(file, "cannot-read", "it cannot be read"));
      continue;
    }
    auto scenarios = read_scenarios(text, file.generic_string(), rulebook);
    if (scenarios) {
      std::move(scenarios->begin(), scenarios->end(), std::back_inserter(all));
    } else {
      std::move(scenarios.error().begin(), scenarios.error().end(), std::back_inserter(findings));
    }
  }
  if (!findings.empty()) return tl::unexpected(std::move(findings));
  return all;
}

}  // namespace relance::engine
