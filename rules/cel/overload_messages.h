#pragma once
// What the checker says when no function or operator fits: what was got, what there is, what to do about it.

#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/functions.h"

namespace relance::rules::cel {

struct CallShape {
  std::string_view name;
  CallStyle style = CallStyle::function;
  std::vector<std::string> arguments;  // their types; a method's target is the first
};

/// One sentence for a call or operation that no overload takes.
std::string no_overload_message(const CallShape& call, Kind first, Kind second);

/// What to do when values of two kinds are to meet in an operation, with "; " before it; empty when nothing helps.
std::string_view conversion_hint(Kind a, Kind b);

}  // namespace relance::rules::cel
