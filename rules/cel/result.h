#pragma once
// What an operation gives: a value, or why there is none. Messages name kinds and keys of the expression, never values,
// which may be personal data.

#include <fmt/format.h>

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "rules/cel/expression.h"

namespace relance::rules::cel {

using Result = tl::expected<Value, EvaluationError>;

template <class... Arguments>
tl::unexpected<EvaluationError> failure(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return tl::unexpected<EvaluationError>(EvaluationError{fmt::format(text, std::forward<Arguments>(arguments)...)});
}

}  // namespace relance::rules::cel
