#include <fmt/format.h>

#include <utility>

#include "rules/loader_blocks.h"

namespace relance::rules {

namespace {

/// "2026-09-01", or "2026-08-03/2026-08-14": from the first to the last day, both included.
std::optional<DayRange> read_day_range(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a date such as `2026-09-01`, or a range such as `2026-08-03/2026-08-14`";
  const auto text = read_text(context, field, kExpected);
  if (!text) return std::nullopt;
  const std::size_t slash = text->find('/');
  const auto first = parse_date(std::string_view(*text).substr(0, slash));
  const auto last = slash == std::string::npos ? first : parse_date(std::string_view(*text).substr(slash + 1));
  if (!first || !last) {
    report(context, field, "wrong-type", fmt::format("expected {}, got {}", kExpected, describe(*field.node)));
    return std::nullopt;
  }
  if (*last < *first) {
    report(context, field, "absence",
           fmt::format("an absence must not end before it begins, got {}", describe(*field.node)),
           fmt::format("write `{}/{}`", to_string(*last), to_string(*first)));
    return std::nullopt;
  }
  if (last->days - first->days >= kLongestAbsence) {
    report(context, field, "out-of-range",
           fmt::format("expected an absence of at most {} days, got {}", kLongestAbsence, describe(*field.node)),
           "give the leads of who never comes back to somebody else");
    return std::nullopt;
  }
  return DayRange{*first, *last};
}

OwnerCalendar read_owner(LoadContext& context, const Field& field, const Zone& zone) {
  OwnerCalendar owner{zone, {}};
  const Block block(context, field, kOwnerBlock);
  if (!block.is_map()) return owner;
  if (field.node->entries.empty()) report(context, field, "empty-value", "expected at least one key, got none");
  if (const auto own_zone = block.get("zone")) owner.zone = read_zone(context, *own_zone).value_or(zone);
  if (const auto absent = block.get("absent")) {
    const auto items = absent->node->is_scalar()
                           ? std::vector<Field>{*absent}
                           : read_list_or_empty(context, *absent, "a list of dates and ranges", kMostAbsences)
                                 .value_or(std::vector<Field>{});
    for (const Field& item : items) {
      if (const auto range = read_day_range(context, item)) owner.absences.push_back(*range);
    }
  }
  if (const auto calendar = block.get("calendar")) {
    const CalendarUse use{"calendar", "the name of an .ics file beside house.yaml"};
    for (const LocalDate date : read_calendar(context, *calendar, use)) owner.absences.push_back({date, date});
  }
  owner.absences = joined_ranges(std::move(owner.absences));
  return owner;
}

}  // namespace

std::map<std::string, OwnerCalendar, std::less<>> read_owners(LoadContext& context, const Field& field,
                                                              const Zone& zone) {
  std::map<std::string, OwnerCalendar, std::less<>> calendars;
  for (const Entry& entry : read_entries(context, field, "owners", kMostOwners)) {
    // The attribute of leads: any text that fits a line.
    YamlNode name;
    name.kind = YamlNode::Kind::scalar;
    name.position = entry.key_position;
    name.text = entry.key;
    if (!read_line(context, {&name, entry.path})) continue;
    calendars.emplace(entry.key, read_owner(context, entry, zone));
  }
  return calendars;
}

}  // namespace relance::rules
