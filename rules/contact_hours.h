#pragma once
// Contact hours: when a touch may happen. Pure functions over values; instants are UTC, windows are read in `zone`.
// Source: playbook language, "Contact hours". Threads: immutable after construction.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/zone.h"

namespace relance::rules {

/// Open from `from` inclusive to `to` exclusive, on the local time line of one day.
struct OpenWindow {
  LocalTime from;
  LocalTime to;
  friend bool operator==(const OpenWindow&, const OpenWindow&) = default;
};

struct ContactHours {
  std::array<bool, 7> days{true, true, true, true, true, false, false};  // Monday first
  std::vector<OpenWindow> windows;                                       // in order and apart, at least one
  std::vector<LocalDate> holidays;                                       // sorted, unique; closed all day
  std::optional<Zone> fixed_zone;                                        // absent: `zone: lead`
  std::optional<Zone> fallback_zone;                                     // the lead's zone when the lead names none
  /// The same hours for leads of these countries (ISO 3166-1 alpha-2), closed on their holidays as well.
  std::map<std::string, std::shared_ptr<const ContactHours>, std::less<>> of_countries{};

  /// The hours of a lead of that country; letter case does not matter.
  const ContactHours& of(std::string_view country) const;
};

/// Is `instant` inside an open window, days, holidays and times read in `zone`? A window boundary that falls in a gap
/// or an overlap is the instant Zone::resolve names; a window that a gap swallows whole is closed.
bool is_open(const ContactHours& hours, const Zone& zone, Instant instant);

/// The first open instant at or after `instant`. nullopt when nothing opens within 400 days (all days are holidays).
std::optional<Instant> first_open(const ContactHours& hours, const Zone& zone, Instant instant);

/// The first instant by which `budget` of open time has passed since `start` (budget > 0): the end of the budget inside
/// a window, so with hours 09:00-17:00 a 2 h budget from Friday 16:00 ends on Monday 10:00, and one of exactly 1 h from
/// Friday 16:00 ends on Friday 17:00. nullopt when it does not pass within 4000 days.
std::optional<Instant> open_time_deadline(const ContactHours& hours, const Zone& zone, Instant start, Duration budget);

/// The same local time `days` business days (open days, from midnight to midnight) after `start`; what begins on a
/// closed day counts from the midnight that begins the next open one, so later starts never end earlier. never() when
/// there are not that many within about 40 years.
Instant business_days_after(const ContactHours& hours, const Zone& zone, Instant start, int days);
/// At most this long, wherever they begin.
Duration longest(const ContactHours& hours, int business_days);

}  // namespace relance::rules
