#pragma once
// Arithmetic, concatenation and order of values. Pure. Every overflow is an error.
// Source: CEL language definition, "Arithmetic Operators", "Ordering", "Overflow".

#include <compare>
#include <optional>

#include "rules/cel/equality.h"
#include "rules/cel/functions.h"
#include "rules/cel/result.h"

namespace relance::rules::cel {

/// + - * / % with two operands. Concatenation spends from the budget what it copies.
Result apply(Function function, const Value& a, const Value& b, Budget& budget);
/// Unary minus.
Result negate(const Value& value);

/// nullopt when values of these kinds have no order; unordered when a NaN is among them.
std::optional<std::partial_ordering> order(const Value& a, const Value& b);

}  // namespace relance::rules::cel
