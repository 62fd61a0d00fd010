#include "rules/loader_values.h"

#include <date/tz.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "rules/ascii.h"
#include "rules/nearest_name.h"
#include "rules/scalar_position.h"

namespace relance::rules {

namespace {

constexpr std::string_view kFillIn = "write a value, or remove the key";
constexpr std::string_view kDurationHelp = "a duration such as `30s`, `15m`, `2h`, `10d`, `1w` or `2bd`";

bool is_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// The text of a value that must be one. Every scalar is read as its declared type from its text, quoted or not.
const std::string* scalar_text(LoadContext& context, const Field& field, std::string_view expected) {
  if (field.node->is_scalar()) return &field.node->text;
  if (field.node->kind == YamlNode::Kind::null) {
    report(context, field, "empty-value", fmt::format("expected {}, got {}", expected, describe(*field.node)),
           std::string(kFillIn));
  } else {
    report(context, field, "wrong-type", fmt::format("expected {}, got {}", expected, describe(*field.node)));
  }
  return nullptr;
}

void report_wrong(LoadContext& context, const Field& field, std::string_view expected, std::string suggestion = {}) {
  report(context, field, "wrong-type", fmt::format("expected {}, got {}", expected, describe(*field.node)),
         std::move(suggestion));
}

/// The nearest name of the zone database; empty when none is near, or the machine has no database.
std::string suggest_zone(std::string_view name) {
  try {
    std::vector<std::string_view> names;
    for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
    const auto nearest = nearest_name(name, names);
    return nearest ? fmt::format("did you mean `{}`?", *nearest) : "";
  } catch (const std::exception&) {
    return {};
  }
}

std::optional<std::string> read_id(LoadContext& context, const Field& field, std::string_view extra,
                                   std::string_view expected) {
  const std::string* text = scalar_text(context, field, expected);
  if (!text) return std::nullopt;
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || extra.find(c) != std::string_view::npos;
  };
  if (text->empty() || text->size() > kLongestId || !std::all_of(text->begin(), text->end(), allowed)) {
    report(context, field, "bad-id", fmt::format("expected {}, got {}", expected, describe(*field.node)));
    return std::nullopt;
  }
  return *text;
}

}  // namespace

std::string describe(const YamlNode& node) {
  constexpr std::size_t kLongest = 60;
  switch (node.kind) {
    case YamlNode::Kind::null:
      return node.text.empty() ? "nothing" : fmt::format("`{}`", node.text);
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
    case YamlNode::Kind::scalar:
      break;
  }
  std::string shown;
  for (const char c : node.text) {
    if (shown.size() >= kLongest && !is_continuation(c)) {
      shown += "...";
      break;
    }
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return node.style == YamlNode::Style::plain ? fmt::format("`{}`", shown) : fmt::format("the text \"{}\"", shown);
}

void report(LoadContext& context, const Field& field, std::string rule, std::string text, std::string suggestion) {
  context.report.add({field.node->position, field.path, std::move(rule), std::move(text), std::move(suggestion)});
}

std::string suggest(std::string_view name, std::span<const std::string_view> known) {
  if (const auto nearest = nearest_name(name, known)) return fmt::format("did you mean `{}`?", *nearest);
  return fmt::format("known: {}", fmt::join(known, ", "));
}

Block::Block(LoadContext& context, const Field& field, const BlockSpec& spec)
    : node_(field.node), path_(field.path), spec_(spec) {
  if (node_->is_map()) {
    check_keys(context);
    return;
  }
  const bool null = node_->kind == YamlNode::Kind::null;
  report(context, field, null ? "empty-value" : "wrong-type",
         fmt::format("expected a map of keys, got {}", describe(*node_)), null ? std::string(kFillIn) : "");
}

bool Block::has(std::string_view key) const { return node_->find(key) != nullptr; }

std::string Block::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::optional<Field> Block::get(std::string_view key) const {
  assert(spec_.find(key) != nullptr);
  const YamlNode* value = node_->find(key);
  if (!value) return std::nullopt;
  return Field{value, path_of(key)};
}

const TextPosition& Block::position_of(std::string_view key) const {
  for (const YamlEntry& entry : node_->entries) {
    if (entry.key == key) return entry.position;
  }
  return node_->position;
}

void Block::check_keys(LoadContext& context) const {
  for (const YamlEntry& entry : node_->entries) {
    if (context.report.full()) return;
    const KeySpec* known = spec_.find(entry.key);
    if (!known) {
      std::vector<std::string_view> names;
      for (const KeySpec& key : spec_.keys) names.push_back(key.name);
      std::string suggestion = suggest(entry.key, names);
      if (!nearest_name(entry.key, names)) {
        std::vector<std::string> others;
        for (const BlockSpec* other : all_blocks()) {
          if (other != &spec_ && other->find(entry.key)) others.push_back(fmt::format("`{}`", other->name));
        }
        if (!others.empty()) suggestion = fmt::format("`{}` is a key of {}", entry.key, fmt::join(others, ", "));
      }
      YamlNode shown;
      shown.kind = YamlNode::Kind::scalar;
      shown.text = entry.key;
      context.report.add({entry.position, path_of(entry.key), "unknown-key",
                          fmt::format("unknown key {} in `{}`", describe(shown), spec_.name), std::move(suggestion)});
    }
  }
  for (const KeySpec& key : spec_.keys) {
    if (key.presence != KeySpec::Presence::required || has(key.name)) continue;
    context.report.add({node_->position,
                        path_,
                        "missing-key",
                        fmt::format("the key `{}` is missing in `{}`", key.name, spec_.name),
                        {}});
  }
}

std::optional<std::vector<Field>> read_list(LoadContext& context, const Field& field, std::string_view expected,
                                            int most) {
  if (!field.node->is_list()) {
    const bool null = field.node->kind == YamlNode::Kind::null;
    report(context, field, null ? "empty-value" : "wrong-type",
           fmt::format("expected {}, got {}", expected, describe(*field.node)), null ? std::string(kFillIn) : "");
    return std::nullopt;
  }
  const std::vector<YamlNode>& items = field.node->items;
  if (items.empty()) {
    report(context, field, "stops-everything",
           "expected at least one item; an empty list would silently stop everything",
           "write at least one item, or remove the key");
    return std::nullopt;
  }
  if (items.size() > static_cast<std::size_t>(most)) {
    report(context, field, "out-of-range", fmt::format("expected at most {} items, got {}", most, items.size()));
    return std::nullopt;
  }
  std::vector<Field> fields;
  fields.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) fields.push_back({&items[i], fmt::format("{}[{}]", field.path, i)});
  return fields;
}

std::optional<std::vector<Field>> read_list_or_empty(LoadContext& context, const Field& field,
                                                     std::string_view expected, int most) {
  if (field.node->is_list() && field.node->items.empty()) return std::vector<Field>{};
  return read_list(context, field, expected, most);
}

std::optional<std::vector<Field>> read_one_or_list(LoadContext& context, const Field& field, std::string_view expected,
                                                   int most) {
  if (field.node->is_scalar()) return std::vector<Field>{field};
  return read_list(context, field, expected, most);
}

std::vector<Entry> read_entries(LoadContext& context, const Field& field, std::string_view expected, int most) {
  std::vector<Entry> entries;
  const std::vector<YamlEntry>& all = field.node->entries;
  if (field.node->kind == YamlNode::Kind::null || (field.node->is_map() && all.empty())) {
    report(context, field, "empty-value",
           fmt::format("expected a map of {}, got {}", expected,
                       field.node->is_map() ? "an empty one" : describe(*field.node)),
           std::string(kFillIn));
    return entries;
  }
  if (!field.node->is_map()) {
    report_wrong(context, field, fmt::format("a map of {}", expected));
    return entries;
  }
  if (all.size() > static_cast<std::size_t>(most)) {
    report(context, field, "out-of-range", fmt::format("expected at most {} {}, got {}", most, expected, all.size()));
    return entries;
  }
  for (const YamlEntry& entry : all) {
    entries.push_back({{&entry.value, fmt::format("{}.{}", field.path, entry.key)}, entry.key, entry.position});
  }
  return entries;
}

std::optional<int> read_integer(LoadContext& context, const Field& field, const IntegerBounds& bounds) {
  const std::string expected = fmt::format("a whole number from {} to {}", bounds.least, bounds.most);
  const std::string* text = scalar_text(context, field, expected);
  if (!text) return std::nullopt;
  const bool negative = text->size() > 1 && text->front() == '-' && is_digits(std::string_view(*text).substr(1));
  if (!negative && !is_digits(*text)) {
    report_wrong(context, field, expected);
    return std::nullopt;
  }
  // Decimal whatever the zeros in front: `010` is ten.
  const std::string_view digits = std::string_view(*text).substr(negative ? 1 : 0);
  const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  constexpr std::size_t kDigits = 9;
  constexpr int kTooMany = std::numeric_limits<int>::max();
  const int size = digits.size() - first > kDigits ? kTooMany : std::stoi(std::string(digits.substr(first)));
  const int value = negative ? -size : size;
  if (value == 0 && bounds.zero_stops) {
    report(context, field, "stops-everything", fmt::format("`0` would silently stop everything; expected {}", expected),
           "write more than that, or leave it out");
    return std::nullopt;
  }
  if (value < bounds.least || value > bounds.most) {
    report(context, field, "out-of-range", fmt::format("expected {}, got {}", expected, describe(*field.node)));
    return std::nullopt;
  }
  return value;
}

std::optional<Span> read_span(LoadContext& context, const Field& field) {
  const std::string* text = scalar_text(context, field, kDurationHelp);
  if (!text) return std::nullopt;
  if (const auto span = parse_span(*text)) {
    if (span->business_days > 0) context.business_days.push_back(field);
    return span;
  }
  const std::string_view number =
      std::string_view(*text).substr(0, std::min(text->find_first_of("smhdwb"), text->size()));
  const std::string_view unit = std::string_view(*text).substr(number.size());
  if (is_digits(number) && unit == "bd") {
    report(context, field, "out-of-range", fmt::format("expected at most `3650bd`, got {}", describe(*field.node)));
  } else if (is_digits(number) && unit.size() == 1 && unit != "b") {
    report(context, field, "out-of-range", fmt::format("expected at most `36500d`, got {}", describe(*field.node)));
  } else {
    report_wrong(context, field, kDurationHelp, is_digits(*text) ? "add the unit" : "");
  }
  return std::nullopt;
}

std::optional<Span> read_positive_span(LoadContext& context, const Field& field) {
  const auto span = read_span(context, field);
  if (!span || !span->is_zero()) return span;
  report(context, field, "stops-everything",
         fmt::format("{} would silently stop everything; expected more than no time", describe(*field.node)),
         "write more than that, or leave it out");
  return std::nullopt;
}

std::optional<std::int32_t> read_rate(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a rate between 0% and 100% such as `75%` or `0.2%`";
  const std::string* text = scalar_text(context, field, kExpected);
  if (!text) return std::nullopt;
  std::string_view number = *text;
  if (number.ends_with('%')) number.remove_suffix(1);
  const std::size_t dot = std::min(number.find('.'), number.size());
  const std::string_view whole = number.substr(0, dot);
  const std::string_view fraction = dot < number.size() ? number.substr(dot + 1) : std::string_view();
  constexpr std::size_t kFractionDigits = 4;  // parts per million
  const bool fits = is_digits(whole) && whole.size() <= 3 && fraction.size() <= kFractionDigits;
  if (!text->ends_with('%') || !fits || (dot < number.size() && !is_digits(fraction))) {
    report_wrong(context, field, kExpected);
    return std::nullopt;
  }
  const std::string digits =
      std::string(whole) + std::string(fraction) + std::string(kFractionDigits - fraction.size(), '0');
  const int ppm = std::stoi(digits);
  if (ppm <= 0 || ppm >= 1'000'000) {
    report(context, field, "out-of-range", fmt::format("expected {}, got {}", kExpected, describe(*field.node)));
    return std::nullopt;
  }
  return ppm;
}

std::optional<LocalTime> read_time_of_day(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a time of day such as \"09:00\"";
  const std::string* text = scalar_text(context, field, kExpected);
  if (!text) return std::nullopt;
  const auto time = parse_time_of_day(*text);
  if (!time) report_wrong(context, field, kExpected);
  return time;
}

std::optional<LocalDate> read_date(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "an existing date such as \"2026-05-01\"";
  const std::string* text = scalar_text(context, field, kExpected);
  if (!text) return std::nullopt;
  const auto date = parse_date(*text);
  if (!date) report_wrong(context, field, kExpected);
  return date;
}

std::optional<Zone> read_zone(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a time zone of the IANA database such as `Europe/Paris`";
  const std::string* text = scalar_text(context, field, kExpected);
  if (!text) return std::nullopt;
  auto zone = Zone::find(*text);
  if (!zone) {
    report(context, field, "unknown-zone", fmt::format("expected {}, got {}", kExpected, describe(*field.node)),
           suggest_zone(*text));
  }
  return zone;
}

std::optional<Channel> read_channel(LoadContext& context, const Field& field) {
  const auto index = read_word(context, field, channel_names());
  if (!index) return std::nullopt;
  return kChannels[*index];
}

std::optional<std::string> read_playbook_id(LoadContext& context, const Field& field) {
  return read_id(context, field, "", fmt::format("an id of 1 to {} small letters, digits and `-`", kLongestId));
}

std::optional<std::string> read_step_id(LoadContext& context, const Field& field) {
  // The page fixes the ids of playbooks only; those of steps also stand in template languages and JSON paths.
  return read_id(context, field, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                 fmt::format("an id of 1 to {} letters, digits, `-` and `_`", kLongestId));
}

std::optional<std::string> read_text(LoadContext& context, const Field& field, std::string_view expected) {
  const std::string* text = scalar_text(context, field, expected);
  if (!text) return std::nullopt;
  return *text;
}

std::optional<std::string> read_line(LoadContext& context, const Field& field) {
  const std::string expected = fmt::format("one line of 1 to {} bytes", kLongestText);
  const std::string* text = scalar_text(context, field, expected);
  if (!text) return std::nullopt;
  // Titles end up in headers and terminals: no line breaks, no control characters.
  const bool control =
      std::any_of(text->begin(), text->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (text->empty() || text->size() > kLongestText || control) {
    report_wrong(context, field, expected);
    return std::nullopt;
  }
  return *text;
}

std::optional<std::string> read_template_name(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a template's path below templates/ such as `smb-inbound/context`";
  auto text = read_line(context, field);
  if (!text) return std::nullopt;
  bool good = text->find('\\') == std::string::npos;
  for (std::size_t begin = 0; begin <= text->size();) {
    const std::size_t end = std::min(text->find('/', begin), text->size());
    const std::string_view part = std::string_view(*text).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") good = false;
    begin = end + 1;
  }
  if (good) return text;
  report(context, field, "template-name", fmt::format("expected {}, got {}", kExpected, describe(*field.node)),
         "write it without a leading `/`, without `..` and `.`");
  return std::nullopt;
}

std::optional<std::size_t> read_word(LoadContext& context, const Field& field,
                                     std::span<const std::string_view> words) {
  const std::string expected =
      words.size() == 1 ? fmt::format("`{}`", words[0]) : fmt::format("one of {}", fmt::join(words, ", "));
  const std::string* text = scalar_text(context, field, expected);
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const auto nearest = nearest_name(*text, words);
  report(context, field, "unknown-value", fmt::format("expected {}, got {}", expected, describe(*field.node)),
         nearest ? fmt::format("did you mean `{}`?", *nearest) : "");
  return std::nullopt;
}

std::optional<std::vector<EventType>> read_event_types(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "an event type such as `lead.created`, or a list of them";
  const auto items = read_one_or_list(context, field, kExpected, kMostEventTypes);
  if (!items) return std::nullopt;
  std::vector<EventType> types;
  for (const Field& item : *items) {
    const auto text = read_text(context, item, "an event type such as `lead.created`");
    if (!text) continue;
    if (const auto type = parse_event_type(*text); !type) {
      report(context, item, "unknown-event-type", fmt::format("expected an event type, got {}", describe(*item.node)),
             *text == kScheduleTrigger ? "`schedule` stands in `enroll.on`, and alone"
                                       : suggest(*text, event_type_names()));
    } else if (std::find(types.begin(), types.end(), *type) != types.end()) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", *text), "remove one of the two");
    } else {
      types.push_back(*type);
    }
  }
  // Their order means nothing.
  std::sort(types.begin(), types.end());
  return types;
}

std::optional<Condition> read_condition(LoadContext& context, const Field& field) {
  const auto text = read_text(context, field, "a condition such as `lead.size == \"smb\"`");
  if (!text) return std::nullopt;
  // Block scalars end with a line break; it is no part of the condition.
  const std::string_view source = trimmed(*text);
  if (source.empty()) {
    report(context, field, "empty-value", "expected a condition, got an empty text");
    return std::nullopt;
  }
  auto compiled = cel::Expression::compile(source, condition_variables());
  if (!compiled) {
    for (const cel::CompileError& error : compiled.error()) {
      const auto begin = static_cast<std::size_t>(source.data() - text->data());
      const TextPosition at =
          position_in_scalar(context.report.source(), *field.node, {begin, error.line, error.column});
      context.report.add({at, field.path, "condition", error.message, {}});
    }
    return std::nullopt;
  }
  if (!compiled->may_be_bool()) {
    report(context, field, "condition-type", "expected a condition that is true or false, this one never is",
           "compare it with something, as in `lead.score >= 80`");
    return std::nullopt;
  }
  return Condition{std::move(*compiled), context.report.position(field.node->position)};
}

}  // namespace relance::rules
