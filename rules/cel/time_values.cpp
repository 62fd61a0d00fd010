#include "rules/cel/time_values.h"

#include <date/date.h>

#include <array>
#include <limits>

namespace relance::rules::cel {
namespace {

constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

auto timestamp_out_of_range() { return failure("timestamp out of range: years 0001 to 9999"); }
auto duration_out_of_range() { return failure("duration out of range: about 292 years"); }

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

TimeSpan span_of(std::int64_t nanos) {
  return {nanos / kNanosPerSecond, static_cast<std::int32_t>(nanos % kNanosPerSecond)};
}

/// All nanoseconds of it; nullopt when they do not fit 64 bits, which is CEL's range of a duration.
std::optional<std::int64_t> total_nanos(std::int64_t seconds, std::int64_t nanos) {
  // Near the limits the seconds alone may overflow although both together fit: borrow one second.
  const std::int64_t borrowed = seconds < 0 && nanos > 0 ? 1 : seconds > 0 && nanos < 0 ? -1 : 0;
  std::int64_t total = 0;
  if (__builtin_mul_overflow(seconds + borrowed, kNanosPerSecond, &total)) return std::nullopt;
  if (__builtin_add_overflow(total, nanos - borrowed * kNanosPerSecond, &total)) return std::nullopt;
  return total;
}
std::optional<std::int64_t> total_nanos(TimeSpan span) { return total_nanos(span.seconds, span.nanos); }

/// Reads digits from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view rest) : rest_(rest) {}

  bool done() const { return rest_.empty(); }
  bool accept(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool accept_text(std::string_view text) {
    if (rest_.substr(0, text.size()) != text) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  char sign() const { return rest_.empty() ? '\0' : rest_[0]; }
  std::string_view digits() {
    std::size_t count = 0;
    while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') ++count;
    const std::string_view result = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return result;
  }
  /// Exactly that many digits, not over the limit.
  std::optional<unsigned> number(std::size_t count, unsigned limit) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    if (value > limit) return std::nullopt;
    return value;
  }

 private:
  std::string_view rest_;
};

/// Digits behind a decimal point as nanoseconds; further ones are cut off.
std::int32_t fraction_nanos(std::string_view digits) {
  std::int32_t nanos = 0;
  for (std::size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return nanos;
}

/// "Z" or "+hh:mm", in seconds.
std::optional<std::int64_t> read_offset(Scanner& scanner) {
  if (scanner.accept("Zz")) return 0;
  const bool is_negative = scanner.sign() == '-';
  if (!scanner.accept("+-")) return std::nullopt;
  const auto hours = scanner.number(2, 23);
  const bool has_colon = hours && scanner.accept(":");
  const auto minutes = has_colon ? scanner.number(2, 59) : std::nullopt;
  if (!minutes) return std::nullopt;
  const std::int64_t seconds = std::int64_t{*hours} * 3600 + std::int64_t{*minutes} * 60;
  return is_negative ? -seconds : seconds;
}

std::optional<Timestamp> read_timestamp(std::string_view text) {
  Scanner scanner(text);
  const auto year = scanner.number(4, 9999);
  const auto month = year && scanner.accept("-") ? scanner.number(2, 12) : std::nullopt;
  const auto day = month && scanner.accept("-") ? scanner.number(2, 31) : std::nullopt;
  const auto hour = day && scanner.accept("Tt") ? scanner.number(2, 23) : std::nullopt;
  const auto minute = hour && scanner.accept(":") ? scanner.number(2, 59) : std::nullopt;
  // A leap second is the second after it, as everywhere in Relance.
  const auto second = minute && scanner.accept(":") ? scanner.number(2, 60) : std::nullopt;
  if (!second) return std::nullopt;
  std::int32_t nanos = 0;
  if (scanner.accept(".")) {
    const std::string_view digits = scanner.digits();
    if (digits.empty()) return std::nullopt;
    nanos = fraction_nanos(digits);
  }
  const auto offset = read_offset(scanner);
  const date::year_month_day date(date::year(static_cast<int>(*year)), date::month(*month), date::day(*day));
  if (!offset || !scanner.done() || !date.ok()) return std::nullopt;
  const std::int64_t days = date::sys_days(date).time_since_epoch().count();
  const std::int64_t time = std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60 + std::int64_t{*second};
  return Timestamp{days * kSecondsPerDay + time - *offset, nanos};
}

/// Nanoseconds of a unit at the front of the text, 0 when there is none.
std::uint64_t read_unit(Scanner& scanner) {
  if (scanner.accept_text("ns")) return 1;
  if (scanner.accept_text("us") || scanner.accept_text("\u00B5s")) return 1'000;
  if (scanner.accept_text("ms")) return 1'000'000;
  if (scanner.accept_text("s")) return kNanosPerSecond;
  if (scanner.accept_text("m")) return 60 * kNanosPerSecond;
  if (scanner.accept_text("h")) return 3600 * kNanosPerSecond;
  return 0;
}

enum class ReadError { form, range };

/// "1.5h": one number and its unit, in nanoseconds.
tl::expected<std::uint64_t, ReadError> read_duration_part(Scanner& scanner) {
  const std::string_view whole = scanner.digits();
  const std::string_view fraction = scanner.accept(".") ? scanner.digits() : std::string_view();
  const std::uint64_t unit = read_unit(scanner);
  if ((whole.empty() && fraction.empty()) || unit == 0) return tl::make_unexpected(ReadError::form);
  std::uint64_t nanos = 0;
  for (const char digit : whole) {
    if (__builtin_mul_overflow(nanos, std::uint64_t{10}, &nanos) ||
        __builtin_add_overflow(nanos, static_cast<std::uint64_t>(digit - '0'), &nanos)) {
      return tl::make_unexpected(ReadError::range);
    }
  }
  if (__builtin_mul_overflow(nanos, unit, &nanos)) return tl::make_unexpected(ReadError::range);
  // Long division: the unit is at most 3.6e12, so nothing here overflows; what is under a nanosecond is cut off.
  std::uint64_t scaled = 0;
  for (auto digit = fraction.rbegin(); digit != fraction.rend(); ++digit) {
    scaled = (scaled + static_cast<std::uint64_t>(*digit - '0') * unit) / 10;
  }
  if (__builtin_add_overflow(nanos, scaled, &nanos)) return tl::make_unexpected(ReadError::range);
  return nanos;
}

void append_fraction(std::string& out, std::int64_t nanos) {
  if (nanos == 0) return;
  std::string digits = fmt::format("{:09}", nanos);
  digits.erase(digits.find_last_not_of('0') + 1);
  out += '.';
  out += digits;
}

}  // namespace

CivilTime civil_time(std::int64_t seconds) {
  const std::int64_t days = floor_divide(seconds, kSecondsPerDay);
  const auto of_day = static_cast<unsigned>(seconds - days * kSecondsPerDay);
  const date::sys_days day{date::days(static_cast<int>(days))};
  const date::year_month_day date(day);
  const date::sys_days new_year(date.year() / date::January / 1);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          date::weekday(day).c_encoding(),
          static_cast<unsigned>((day - new_year).count()),
          of_day / 3600,
          of_day / 60 % 60,
          of_day % 60};
}

Result make_timestamp(std::int64_t seconds, std::int32_t nanos) {
  if (seconds < kFirstSecond || seconds > kLastSecond) return timestamp_out_of_range();
  return Value(Timestamp{seconds, nanos});
}

Result parse_timestamp(std::string_view text) {
  const auto timestamp = read_timestamp(text);
  if (!timestamp) return failure("timestamp(): the text is no RFC 3339 date and time such as 2026-03-02T09:00:00Z");
  return make_timestamp(timestamp->seconds, timestamp->nanos);
}

Result parse_duration(std::string_view text) {
  constexpr const char* kForm = "duration(): the text is no duration such as 1h30m, 1.5s or -10ms";
  Scanner scanner(text);
  const bool is_negative = scanner.sign() == '-';
  if (is_negative || scanner.sign() == '+') scanner.accept("+-");
  if (text == "0" || text == "-0" || text == "+0") return Value(TimeSpan{});
  if (scanner.done()) return failure("{}", kForm);
  std::uint64_t magnitude = 0;
  while (!scanner.done()) {
    const auto part = read_duration_part(scanner);
    if (!part && part.error() == ReadError::form) return failure("{}", kForm);
    if (!part || __builtin_add_overflow(magnitude, *part, &magnitude)) return duration_out_of_range();
  }
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (magnitude > kLargest + (is_negative ? 1 : 0)) return duration_out_of_range();
  return Value(span_of(static_cast<std::int64_t>(is_negative ? 0 - magnitude : magnitude)));
}

std::string to_text(Timestamp timestamp) {
  const CivilTime civil = civil_time(timestamp.seconds);
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year, civil.month, civil.day, civil.hour,
                                civil.minute, civil.second);
  append_fraction(out, timestamp.nanos);
  out += 'Z';
  return out;
}

std::string to_text(TimeSpan duration) {
  const bool is_negative = duration.seconds < 0 || duration.nanos < 0;
  const auto magnitude = [](std::int64_t value) {
    return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  };
  std::string out = fmt::format("{}{}", is_negative ? "-" : "", magnitude(duration.seconds));
  append_fraction(out, static_cast<std::int64_t>(magnitude(duration.nanos)));
  out += 's';
  return out;
}

Result add(Timestamp timestamp, TimeSpan duration) {
  std::int64_t nanos = std::int64_t{timestamp.nanos} + duration.nanos;
  std::int64_t seconds = 0;
  const std::int64_t carry = floor_divide(nanos, kNanosPerSecond);
  nanos -= carry * kNanosPerSecond;
  if (__builtin_add_overflow(timestamp.seconds, duration.seconds, &seconds) ||
      __builtin_add_overflow(seconds, carry, &seconds)) {
    return timestamp_out_of_range();
  }
  return make_timestamp(seconds, static_cast<std::int32_t>(nanos));
}

Result subtract(Timestamp timestamp, TimeSpan duration) {
  if (duration.seconds == std::numeric_limits<std::int64_t>::min()) return timestamp_out_of_range();
  return add(timestamp, TimeSpan{-duration.seconds, -duration.nanos});
}

Result subtract(Timestamp a, Timestamp b) {
  std::int64_t seconds = 0;
  if (__builtin_sub_overflow(a.seconds, b.seconds, &seconds)) return duration_out_of_range();
  const auto nanos = total_nanos(seconds, std::int64_t{a.nanos} - b.nanos);
  if (!nanos) return duration_out_of_range();
  return Value(span_of(*nanos));
}

Result add(TimeSpan a, TimeSpan b) {
  const auto x = total_nanos(a);
  const auto y = total_nanos(b);
  std::int64_t sum = 0;
  if (!x || !y || __builtin_add_overflow(*x, *y, &sum)) return duration_out_of_range();
  return Value(span_of(sum));
}

Result subtract(TimeSpan a, TimeSpan b) {
  const auto x = total_nanos(a);
  const auto y = total_nanos(b);
  std::int64_t difference = 0;
  if (!x || !y || __builtin_sub_overflow(*x, *y, &difference)) return duration_out_of_range();
  return Value(span_of(difference));
}

}  // namespace relance::rules::cel
