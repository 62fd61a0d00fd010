#pragma once
// Instants, durations and their text forms. Values only: nothing in rules/ can read a clock; `now` is an argument.
// Units: milliseconds everywhere. Threads: all functions are pure and may be called from any thread.

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace relance::rules {

/// A span of time in milliseconds. `d` in the playbook language is 24 hours.
struct Duration {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
struct Instant {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  static constexpr Instant never() { return {std::numeric_limits<std::int64_t>::max()}; }
  static constexpr Instant earliest() { return {std::numeric_limits<std::int64_t>::min()}; }
};

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::int64_t kMsPerMinute = 60 * kMsPerSecond;
constexpr std::int64_t kMsPerHour = 60 * kMsPerMinute;
constexpr std::int64_t kMsPerDay = 24 * kMsPerHour;
constexpr Duration kDay{kMsPerDay};

constexpr Instant operator+(Instant i, Duration d) { return {i.ms + d.ms}; }
constexpr Instant operator-(Instant i, Duration d) { return {i.ms - d.ms}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.ms - b.ms}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ms - b.ms}; }
constexpr Duration operator*(Duration d, std::int64_t n) { return {d.ms * n}; }

/// A duration as the language writes it: time, or business days, whose length depends on when and where they begin
/// (business_days_after() in rules/contact_hours.h). Never both.
struct Span {
  Duration time;
  int business_days = 0;

  constexpr Span(Duration duration = Duration{0}) : time(duration) {}  // NOLINT: a duration is one
  static constexpr Span in_business_days(int days) {
    Span span;
    span.business_days = days;
    return span;
  }
  constexpr bool is_zero() const { return time.ms == 0 && business_days == 0; }
  friend constexpr bool operator==(const Span&, const Span&) = default;
};

/// RFC 3339 in UTC with milliseconds: 2026-03-02T08:10:00.000Z. Years 0000 to 9999; others print as plain milliseconds.
std::string to_string(Instant instant);
void append_to(std::string& out, Instant instant);

/// RFC 3339 date-time with any offset ("Z", "+01:00"), any number of fraction digits (truncated to ms). Leap second 60
/// reads as the following second. Nothing else is accepted (no missing offset, no blanks). Fast path without
/// allocation.
std::optional<Instant> parse_rfc3339(std::string_view text);

/// The language's durations: `30s 15m 2h 10d 1w`, one unit, digits without sign; at most 36500 days. `0s` is valid
/// here.
std::optional<Duration> parse_duration(std::string_view text);
/// The same and business days (`2bd`), at most 3650 of them.
std::optional<Span> parse_span(std::string_view text);
/// The shortest exact form in the language's units (`90m`, `2h`, `10d`); milliseconds that fit no unit print as
/// `1500ms`.
std::string to_string(Duration duration);

}  // namespace relance::rules
