#include "rules/cel/time_functions.h"

#include <date/tz.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "rules/cel/time_values.h"

namespace relance::rules::cel {
namespace {

constexpr std::int32_t kNanosPerMillisecond = 1'000'000;

auto no_method(Function function, const Value& value) {
  return failure("no matching overload: {}.{}()", name_of(kind_of(value)), name_of(function));
}

/// "+05:30", "-02:00" or "02:00", in seconds; nullopt when the text is no such offset.
std::optional<std::int64_t> fixed_offset(std::string_view text) {
  const bool is_negative = !text.empty() && text[0] == '-';
  if (is_negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 100; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hours = digit(0) * 10 + digit(1);
  const int minutes = digit(3) * 10 + digit(4);
  if (hours > 23 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = std::int64_t{hours} * 3600 + minutes * 60;
  return is_negative ? -seconds : seconds;
}

/// Seconds east of UTC at that instant; nullopt when the database knows no such zone.
std::optional<std::int64_t> offset_at(std::int64_t seconds, const std::string& zone) {
  if (zone == "UTC") return 0;  // known without a database
  if (const auto offset = fixed_offset(zone)) return offset;
  try {
    const auto info = date::locate_zone(zone)->get_info(date::sys_seconds(std::chrono::seconds(seconds)));
    return info.offset.count();
  } catch (const std::runtime_error&) {  // the library's way to say that there is none
    return std::nullopt;
  }
}

Result of_duration(Function function, TimeSpan duration) {
  switch (function) {
    case Function::get_hours:
      return Value(duration.seconds / 3600);
    case Function::get_minutes:
      return Value(duration.seconds / 60);
    case Function::get_seconds:
      return Value(duration.seconds);
    // Only the part under a second, unlike the others: so the language has it.
    case Function::get_milliseconds:
      return Value(std::int64_t{duration.nanos / kNanosPerMillisecond});
    default:
      return no_method(function, Value(duration));
  }
}

Result of_civil_time(Function function, const CivilTime& civil) {
  const auto number = [](unsigned value) { return Value(std::int64_t{value}); };
  switch (function) {
    case Function::get_date:
      return number(civil.day);
    case Function::get_day_of_month:
      return number(civil.day - 1);
    case Function::get_day_of_week:
      return number(civil.weekday);
    case Function::get_day_of_year:
      return number(civil.day_of_year);
    case Function::get_full_year:
      return Value(civil.year);
    case Function::get_hours:
      return number(civil.hour);
    case Function::get_minutes:
      return number(civil.minute);
    case Function::get_month:
      return number(civil.month - 1);
    case Function::get_seconds:
      return number(civil.second);
    default:
      return failure("no matching overload: {}", name_of(function));
  }
}

}  // namespace

Result access_time(Function function, const Value& value, const Value* zone) {
  const auto* duration = value.get<TimeSpan>();
  if (duration != nullptr && zone == nullptr) return of_duration(function, *duration);
  const auto* timestamp = value.get<Timestamp>();
  if (timestamp == nullptr) return no_method(function, value);
  std::int64_t seconds = timestamp->seconds;
  if (zone != nullptr) {
    const std::string* name = zone->string();
    if (name == nullptr) return no_method(function, *zone);
    const auto offset = offset_at(seconds, *name);
    if (!offset) {
      return failure("{}(): unknown time zone; write a name such as Europe/Paris or an offset such as +01:00",
                     name_of(function));
    }
    seconds += *offset;
  }
  if (function == Function::get_milliseconds) return Value(std::int64_t{timestamp->nanos / kNanosPerMillisecond});
  return of_civil_time(function, civil_time(seconds));
}

}  // namespace relance::rules::cel
