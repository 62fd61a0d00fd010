#pragma once
// Time zones of the system's database (IANA) through Howard Hinnant's date library, and the local-time rules of the
// playbook language: a local time that a clock change skips is the first instant after the gap; one that happens twice
// is the first of the two.
// Threads: a `Zone` is an immutable handle, copied freely; lookups are thread-safe. I/O: `Zone::find` reads the zone
// files once per zone; nothing else here does. The system's files hold clock changes up to 2037; after the last one a
// zone keeps its offset.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/time.h"

namespace date {
class time_zone;
}

namespace relance::rules {

/// A calendar date: days since 1970-01-01 in the proleptic Gregorian calendar.
struct LocalDate {
  std::int32_t days = 0;
  friend constexpr auto operator<=>(const LocalDate&, const LocalDate&) = default;
};
constexpr LocalDate operator+(LocalDate date, std::int32_t days) { return {date.days + days}; }

/// Monday is 0 (the language's week starts on Monday).
constexpr int weekday_from_monday(LocalDate date) { return static_cast<int>(((date.days % 7) + 7 + 3) % 7); }
std::optional<LocalDate> parse_date(std::string_view iso);  // "2026-05-01", existing dates only
std::string to_string(LocalDate date);

/// A time of day, milliseconds since local midnight, 0 to 24 h inclusive ("24:00" ends the day).
struct LocalTime {
  std::int32_t ms = 0;
  friend constexpr auto operator<=>(const LocalTime&, const LocalTime&) = default;
};
/// Exactly "HH:MM", 00:00 to 24:00.
std::optional<LocalTime> parse_time_of_day(std::string_view text);
std::string to_string(LocalTime time);  // "HH:MM" (seconds are dropped)

struct LocalDateTime {
  LocalDate date;
  LocalTime time;
  friend constexpr auto operator<=>(const LocalDateTime&, const LocalDateTime&) = default;
};

class Zone {
 public:
  /// UTC.
  Zone();
  /// An IANA name ("Europe/Paris", "UTC"; links such as "Asia/Calcutta" too); nullopt when the database has none.
  /// Never throws. Names with ".." or a leading "/", or longer than 64 characters, are refused. Zones are cached, and
  /// up to 1000 unknown names.
  static std::optional<Zone> find(std::string_view name);

  const std::string& name() const;
  LocalDateTime local(Instant instant) const;
  LocalDate local_date(Instant instant) const { return local(instant).date; }
  /// First instant of that local time; after a gap, the first instant after it. Time 24:00 is the next day's midnight.
  Instant resolve(LocalDateTime local) const;
  /// The first instant of that local day.
  Instant midnight(LocalDate date) const { return resolve({date, LocalTime{0}}); }
  /// Offset from UTC at `instant`, milliseconds.
  Duration offset(Instant instant) const;

  friend bool operator==(const Zone& a, const Zone& b) { return a.rules_ == b.rules_; }

 private:
  struct Rules;
  explicit Zone(const Rules* rules) : rules_(rules) {}
  const Rules* rules_;  // interned, lives as long as the process
};

}  // namespace relance::rules
