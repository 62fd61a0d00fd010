#pragma once
// Timestamps and durations: their text forms, range and arithmetic. Pure.
// Source: CEL language definition, "Overflow" and "Types and Conversions"; RFC 3339; durations as in Go's notation.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/cel/result.h"
#include "rules/cel/value.h"

namespace relance::rules::cel {

/// A broken-down date and time in the proleptic Gregorian calendar.
struct CivilTime {
  std::int64_t year = 1970;
  unsigned month = 1;  // 1 to 12
  unsigned day = 1;
  unsigned weekday = 4;      // 0 is Sunday
  unsigned day_of_year = 0;  // from 0
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};
/// Of seconds since the epoch, on the clock they are meant on.
CivilTime civil_time(std::int64_t seconds);

Result parse_timestamp(std::string_view text);
Result parse_duration(std::string_view text);
/// Fails outside of years 0001 to 9999.
Result make_timestamp(std::int64_t seconds, std::int32_t nanos);

/// RFC 3339 in UTC, with as many fraction digits as needed.
std::string to_text(Timestamp timestamp);
/// Seconds with as many fraction digits as needed, and an `s`.
std::string to_text(TimeSpan duration);

Result add(Timestamp timestamp, TimeSpan duration);
Result subtract(Timestamp timestamp, TimeSpan duration);
Result subtract(Timestamp a, Timestamp b);
Result add(TimeSpan a, TimeSpan b);
Result subtract(TimeSpan a, TimeSpan b);

}  // namespace relance::rules::cel
