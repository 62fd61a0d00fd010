#include "rules/owners.h"

#include <algorithm>

#include "rules/sha256.h"

namespace relance::rules {

std::vector<DayRange> joined_ranges(std::vector<DayRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const DayRange& a, const DayRange& b) { return a.first < b.first; });
  std::vector<DayRange> apart;
  for (const DayRange& range : ranges) {
    if (!apart.empty() && range.first <= apart.back().last + 1) {
      apart.back().last = std::max(apart.back().last, range.last);
    } else {
      apart.push_back(range);
    }
  }
  return apart;
}

std::optional<Instant> absent_until(const OwnerCalendar& calendar, Instant instant) {
  // Spans between instants, as contact hours are: a clock that is set back over midnight opens no gap in an absence.
  const auto end_of = [&](const DayRange& range) { return calendar.zone.midnight(range.last + 1); };
  const auto range = std::partition_point(calendar.absences.begin(), calendar.absences.end(),
                                          [&](const DayRange& days) { return end_of(days) <= instant; });
  if (range == calendar.absences.end() || instant < calendar.zone.midnight(range->first)) return std::nullopt;
  return end_of(*range);
}

std::string rule_id(const Throttle& throttle) {
  return "throttle:" + std::string(throttle.channel ? to_string(*throttle.channel) : "any");
}

AccountId counted_under(std::string_view owner) {
  // Ids of accounts come from JSON, which is UTF-8: this octet is in none.
  return AccountId(
      "\xFF"
      "owner " +
      to_hex(sha256(owner)));
}

}  // namespace relance::rules
