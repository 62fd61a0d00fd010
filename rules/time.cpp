#include "rules/time.h"

#include <array>
#include <charconv>
#include <chrono>

#include "rules/ascii.h"

namespace relance::rules {
namespace {

constexpr std::int64_t kMsPerWeek = 7 * kMsPerDay;
constexpr std::int64_t kMaxDurationMs = 36500 * kMsPerDay;

constexpr std::int64_t kYear0Ms = -62'167'219'200'000;      // 0000-01-01T00:00:00.000Z
constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;  // 10000-01-01T00:00:00.000Z

/// Reads exactly `count` digits at `pos`; -1 when one of them is none. The caller has checked the length.
constexpr int digits_at(std::string_view text, std::size_t pos, std::size_t count) {
  int value = 0;
  for (std::size_t i = pos; i < pos + count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

template <std::size_t kWidth>
char* put_digits(char* at, unsigned value) {
  for (std::size_t i = kWidth; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + kWidth;
}

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

/// "Z", "z" or "+hh:mm" at the end of a date-time, in milliseconds east of UTC.
std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = digits_at(text, 1, 2);
  const int minutes = digits_at(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t offset = hours * kMsPerHour + minutes * kMsPerMinute;
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

void append_to(std::string& out, Instant instant) {
  if (instant.ms < kYear0Ms || instant.ms >= kYear10000Ms) return append_number(out, instant.ms);

  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{instant.ms}};
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const auto of_day = static_cast<unsigned>((time - midnight).count());

  std::array<char, 24> buffer;
  char* at = put_digits<4>(buffer.data(), static_cast<unsigned>(static_cast<int>(date.year())));
  *at++ = '-';
  at = put_digits<2>(at, static_cast<unsigned>(date.month()));
  *at++ = '-';
  at = put_digits<2>(at, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  at = put_digits<2>(at, of_day / kMsPerHour);
  *at++ = ':';
  at = put_digits<2>(at, of_day / 60'000 % 60);
  *at++ = ':';
  at = put_digits<2>(at, of_day / 1000 % 60);
  *at++ = '.';
  at = put_digits<3>(at, of_day % 1000);
  *at++ = 'Z';
  out.append(buffer.data(), at);
}

std::string to_string(Instant instant) {
  std::string out;
  append_to(out, instant);
  return out;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  // 2026-03-02T08:10:00Z is the shortest form.
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const int year = digits_at(text, 0, 4);
  const int month = digits_at(text, 5, 2);
  const int day = digits_at(text, 8, 2);
  const int hour = digits_at(text, 11, 2);
  const int minute = digits_at(text, 14, 2);
  const int second = digits_at(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;

  std::size_t pos = 19;
  std::int64_t fraction_ms = 0;
  if (text[pos] == '.') {
    std::int64_t weight = 100;
    const std::size_t first = ++pos;
    for (; pos < text.size() && is_digit(text[pos]); ++pos, weight /= 10) fraction_ms += (text[pos] - '0') * weight;
    if (pos == first) return std::nullopt;
  }
  const auto offset = parse_offset(text.substr(pos));
  if (!offset) return std::nullopt;

  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return Instant{days * kMsPerDay + hour * kMsPerHour + minute * kMsPerMinute + second * kMsPerSecond + fraction_ms -
                 *offset};
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = kMsPerSecond;
      break;
    case 'm':
      unit = kMsPerMinute;
      break;
    case 'h':
      unit = kMsPerHour;
      break;
    case 'd':
      unit = kMsPerDay;
      break;
    case 'w':
      unit = kMsPerWeek;
      break;
    default:
      return std::nullopt;
  }
  const std::int64_t most = kMaxDurationMs / unit;
  std::int64_t count = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (!is_digit(c)) return std::nullopt;
    count = count * 10 + (c - '0');
    if (count > most) return std::nullopt;
  }
  return Duration{count * unit};
}

std::optional<Span> parse_span(std::string_view text) {
  constexpr int kMostBusinessDays = 3650;
  if (!text.ends_with("bd") || text.size() < 3) {
    const auto duration = parse_duration(text);
    return duration ? std::optional<Span>(*duration) : std::nullopt;
  }
  int days = 0;
  for (const char c : text.substr(0, text.size() - 2)) {
    if (!is_digit(c)) return std::nullopt;
    days = days * 10 + (c - '0');
    if (days > kMostBusinessDays) return std::nullopt;
  }
  return Span::in_business_days(days);
}

std::string to_string(Duration duration) {
  struct Unit {
    std::int64_t ms;
    const char* suffix;
  };
  // Weeks stand before days so that a tie in length ("1w", "7d") goes to days, as people write it in playbooks.
  static constexpr std::array<Unit, 5> kUnits{
      {{kMsPerSecond, "s"}, {kMsPerMinute, "m"}, {kMsPerHour, "h"}, {kMsPerWeek, "w"}, {kMsPerDay, "d"}}};
  std::string shortest;
  for (const Unit& unit : kUnits) {
    if (duration.ms % unit.ms != 0) continue;
    std::string text;
    append_number(text, duration.ms / unit.ms);
    text += unit.suffix;
    if (shortest.empty() || text.size() < shortest.size() || (unit.ms == kMsPerDay && text.size() == shortest.size())) {
      shortest = std::move(text);
    }
    if (duration.ms == 0) break;  // "0s"
  }
  if (!shortest.empty()) return shortest;
  append_number(shortest, duration.ms);
  return shortest + "ms";
}

}  // namespace relance::rules
