#include "rules/contact_hours.h"

#include <algorithm>
#include <cstddef>

namespace relance::rules {
namespace {

constexpr std::int32_t kFirstOpenHorizonDays = 400;
constexpr std::int32_t kDeadlineHorizonDays = 4000;

/// The date whose windows may hold `instant`. A clock set back over midnight repeats the end of the day before; windows
/// are spans between instants, so from the first midnight on the windows of the new date count.
LocalDate date_of_windows(const Zone& zone, Instant instant) {
  const LocalDate date = zone.local_date(instant);
  return zone.midnight(date + 1) <= instant ? date + 1 : date;
}

bool is_open_day(const ContactHours& hours, LocalDate date) {
  return hours.days[static_cast<std::size_t>(weekday_from_monday(date))] &&
         !std::binary_search(hours.holidays.begin(), hours.holidays.end(), date);
}

/// Calls `visit(from, to)` for the open windows that end after `start`, cut to begin at it, in order, for `days` days;
/// stops when it answers true.
template <typename Visit>
void for_each_open_span(const ContactHours& hours, const Zone& zone, Instant start, std::int32_t days, Visit visit) {
  const LocalDate first = date_of_windows(zone, start);
  for (std::int32_t day = 0; day <= days; ++day) {
    const LocalDate date = first + day;
    if (!is_open_day(hours, date)) continue;
    for (const OpenWindow& window : hours.windows) {
      const Instant from = std::max(zone.resolve({date, window.from}), start);
      const Instant to = zone.resolve({date, window.to});
      // Also false for a window that a gap swallows: both of its ends are the instant after the gap.
      if (from < to && visit(from, to)) return;
    }
  }
}

}  // namespace

const ContactHours& ContactHours::of(std::string_view country) const {
  if (of_countries.empty()) return *this;
  std::string code(country);
  for (char& c : code) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const auto found = of_countries.find(code);
  return found == of_countries.end() ? *this : *found->second;
}

bool is_open(const ContactHours& hours, const Zone& zone, Instant instant) {
  bool open = false;
  for_each_open_span(hours, zone, instant, 0, [&](Instant from, Instant) {
    open = from == instant;
    return true;
  });
  return open;
}

std::optional<Instant> first_open(const ContactHours& hours, const Zone& zone, Instant instant) {
  std::optional<Instant> found;
  for_each_open_span(hours, zone, instant, kFirstOpenHorizonDays, [&](Instant from, Instant) {
    found = from;
    return true;
  });
  return found;
}

std::optional<Instant> open_time_deadline(const ContactHours& hours, const Zone& zone, Instant start, Duration budget) {
  std::optional<Instant> deadline;
  Duration left = budget;
  for_each_open_span(hours, zone, start, kDeadlineHorizonDays, [&](Instant from, Instant to) {
    const Duration open = to - from;
    if (left > open) {
      left = left - open;
      return false;
    }
    deadline = from + left;
    return true;
  });
  return deadline;
}

Instant business_days_after(const ContactHours& hours, const Zone& zone, Instant start, int days) {
  constexpr std::int32_t kHorizonDays = 15'000;
  LocalDateTime at = zone.local(start);
  const LocalDate last = at.date + kHorizonDays;
  const auto go_to_open_day = [&] {
    while (at.date < last && !is_open_day(hours, at.date)) at.date = at.date + 1;
  };
  if (!is_open_day(hours, at.date)) at.time = LocalTime{};
  go_to_open_day();
  for (int day = 0; day < days && at.date < last; ++day) {
    at.date = at.date + 1;
    go_to_open_day();
  }
  return at.date < last ? std::max(zone.resolve(at), start) : Instant::never();
}

Duration longest(const ContactHours& hours, int business_days) {
  // A week holds an open day, unless a holiday takes it.
  const auto weeks = business_days + static_cast<std::int64_t>(hours.holidays.size()) + 2;
  return kDay * 7 * weeks;
}

}  // namespace relance::rules
