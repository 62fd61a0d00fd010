#include "rules/cel/conversions.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "rules/cel/numbers.h"
#include "rules/cel/time_values.h"
#include "rules/cel/utf8.h"

namespace relance::rules::cel {
namespace {

auto no_overload(Function function, const Value& value) {
  return failure("no matching overload: {}({})", name_of(function), name_of(kind_of(value)));
}
auto out_of_range(Function function) { return failure("{}(): the number is out of range", name_of(function)); }
auto not_a_number(Function function) { return failure("{}(): the text is no such number", name_of(function)); }

template <class Integer>
Result parse_integer(Function function, std::string_view text) {
  // A sign is part of an int only. from_chars reads '-' but not '+'.
  if (std::is_signed_v<Integer> && text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return out_of_range(function);
  if (error != std::errc() || end != text.data() + text.size()) return not_a_number(function);
  return Value(value);
}

Result to_bool(const Value& value) {
  if (const bool* known = value.get<bool>()) return Value(*known);
  const std::string* text = value.string();
  if (text == nullptr) return no_overload(Function::to_bool, value);
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (*text == yes) return Value(true);
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (*text == no) return Value(false);
  }
  return failure("bool(): the text is neither true nor false");
}

Result to_bytes(const Value& value) {
  if (value.get<Bytes>() != nullptr) return value;
  if (const std::string* text = value.string()) return Value(Bytes{*text});
  return no_overload(Function::to_bytes, value);
}

/// Decimal notation as in literals, a sign, and infinities and NaN by name.
std::optional<double> parse_double(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_complete = end == text.data() + text.size();
  // "nan(...)" is C's, not CEL's.
  if (!is_complete || text.find('(') != std::string_view::npos) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  if (error != std::errc()) return std::nullopt;
  return number;
}

Result to_double(const Value& value) {
  if (value.get<double>() != nullptr) return value;
  if (const auto* number = value.get<std::int64_t>()) return Value(static_cast<double>(*number));
  if (const auto* number = value.get<std::uint64_t>()) return Value(static_cast<double>(*number));
  const std::string* text = value.string();
  if (text == nullptr) return no_overload(Function::to_double, value);
  const auto number = parse_double(*text);
  if (!number) return not_a_number(Function::to_double);
  const bool names_infinity = text->find_first_of("iI") != std::string::npos;
  if (std::isinf(*number) && !names_infinity) return out_of_range(Function::to_double);
  return Value(*number);
}

Result to_int(const Value& value) {
  if (value.get<std::int64_t>() != nullptr) return value;
  if (const auto* number = value.get<std::uint64_t>()) {
    if (compare_numbers(*number, std::numeric_limits<std::int64_t>::max()) > 0) return out_of_range(Function::to_int);
    return Value(static_cast<std::int64_t>(*number));
  }
  if (const auto* number = value.get<double>()) {
    // Both limits are excluded: near them a double does not tell which integer was meant.
    if (!(*number > -0x1p63 && *number < 0x1p63)) return out_of_range(Function::to_int);
    return Value(static_cast<std::int64_t>(*number));
  }
  if (const std::string* text = value.string()) return parse_integer<std::int64_t>(Function::to_int, *text);
  if (const auto* timestamp = value.get<Timestamp>()) return Value(timestamp->seconds);
  return no_overload(Function::to_int, value);
}

Result to_uint(const Value& value) {
  if (value.get<std::uint64_t>() != nullptr) return value;
  if (const auto* number = value.get<std::int64_t>()) {
    if (*number < 0) return out_of_range(Function::to_uint);
    return Value(static_cast<std::uint64_t>(*number));
  }
  if (const auto* number = value.get<double>()) {
    if (!(*number >= 0 && *number < 0x1p64)) return out_of_range(Function::to_uint);
    return Value(static_cast<std::uint64_t>(*number));
  }
  if (const std::string* text = value.string()) return parse_integer<std::uint64_t>(Function::to_uint, *text);
  return no_overload(Function::to_uint, value);
}

Result to_string(const Value& value) {
  if (value.string() != nullptr) return value;
  if (const bool* known = value.get<bool>()) return Value(*known ? "true" : "false");
  if (const auto* number = value.get<std::int64_t>()) return Value(std::to_string(*number));
  if (const auto* number = value.get<std::uint64_t>()) return Value(std::to_string(*number));
  if (const auto* number = value.get<double>()) return Value(to_text(*number));
  if (const auto* timestamp = value.get<Timestamp>()) return Value(to_text(*timestamp));
  if (const auto* duration = value.get<TimeSpan>()) return Value(to_text(*duration));
  const auto* bytes = value.get<Bytes>();
  if (bytes == nullptr) return no_overload(Function::to_string, value);
  if (find_invalid_utf8(bytes->octets) != std::string_view::npos) {
    return failure("string(): the bytes are not valid UTF-8");
  }
  return Value(bytes->octets);
}

Result to_timestamp(const Value& value) {
  if (value.get<Timestamp>() != nullptr) return value;
  if (const auto* seconds = value.get<std::int64_t>()) return make_timestamp(*seconds, 0);
  if (const std::string* text = value.string()) return parse_timestamp(*text);
  return no_overload(Function::to_timestamp, value);
}

Result to_duration(const Value& value) {
  if (value.get<TimeSpan>() != nullptr) return value;
  if (const std::string* text = value.string()) return parse_duration(*text);
  return no_overload(Function::to_duration, value);
}

}  // namespace

Result convert(Function function, const Value& value) {
  switch (function) {
    case Function::to_bool:
      return to_bool(value);
    case Function::to_bytes:
      return to_bytes(value);
    case Function::to_double:
      return to_double(value);
    case Function::to_duration:
      return to_duration(value);
    case Function::to_dyn:
      return value;
    case Function::to_int:
      return to_int(value);
    case Function::to_string:
      return to_string(value);
    case Function::to_timestamp:
      return to_timestamp(value);
    case Function::to_type:
      return Value(Type{name_of(kind_of(value))});
    case Function::to_uint:
      return to_uint(value);
    default:
      return no_overload(function, value);
  }
}

std::string to_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  // Plain digits where people would write them so, an exponent for the very large and the very small.
  const double magnitude = std::fabs(value);
  const bool is_plain = value == 0 || (magnitude >= 1e-6 && magnitude < 1e21);
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  return {buffer.data(), result.ptr};
}

}  // namespace relance::rules::cel
