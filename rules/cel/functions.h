#pragma once
// The functions and operators there are: their names, how they are called, which kinds they take and give. The checker
// reads this table; the evaluator chooses by the values themselves.
// Source: CEL language definition, "Standard Environment".

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/cel/static_type.h"

namespace relance::rules::cel {

enum class Function : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  logical_not,
  size,
  contains,
  starts_with,
  ends_with,
  matches,
  to_bool,
  to_bytes,
  to_double,
  to_duration,
  to_dyn,
  to_int,
  to_string,
  to_timestamp,
  to_type,
  to_uint,
  get_date,
  get_day_of_month,
  get_day_of_week,
  get_day_of_year,
  get_full_year,
  get_hours,
  get_milliseconds,
  get_minutes,
  get_month,
  get_seconds
};

enum class CallStyle : std::uint8_t { operation, function, method };

struct Overload {
  std::string_view name;
  CallStyle style = CallStyle::function;
  Function function = Function::size;
  Kind result = Kind::dyn;
  std::uint8_t arity = 0;
  std::array<Kind, 2> arguments = {Kind::dyn, Kind::dyn};  // dyn takes anything; a method's target is the first
};

const std::vector<Overload>& overloads();
/// For messages: "size", "getHours", ...
std::string_view name_of(Function function);

}  // namespace relance::rules::cel
