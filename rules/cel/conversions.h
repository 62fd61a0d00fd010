#pragma once
// The conversion functions: bool() bytes() double() duration() int() string() timestamp() type() uint(). Pure.
// Source: CEL language definition, "Types and Conversions".

#include <string>

#include "rules/cel/functions.h"
#include "rules/cel/result.h"

namespace relance::rules::cel {

/// `function` is one of Function::to_...
Result convert(Function function, const Value& value);

/// The shortest decimal that reads back as the same double: 1.5, -0.0045, 1e+21; without a fraction when it has none.
/// NaN, Infinity and -Infinity by these names.
std::string to_text(double value);

}  // namespace relance::rules::cel
