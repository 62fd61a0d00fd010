#pragma once
// From the text of an expression to its syntax tree. Source: CEL language definition, "Syntax" (grammar). Stops at the
// first problem. Message construction and optional syntax are refused by name.

#include <string_view>

#include <tl/expected.hpp>

#include "rules/cel/lexer.h"
#include "rules/cel/syntax.h"

namespace relance::rules::cel {

/// Longer expressions are refused.
constexpr std::size_t kMaxLength = 65'536;

tl::expected<SyntaxTree, Problem> parse(std::string_view source);

}  // namespace relance::rules::cel
