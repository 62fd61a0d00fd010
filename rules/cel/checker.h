#pragma once
// From a syntax tree to a program: resolves names, expands macros, checks types, folds constant lists and times.
// Source: CEL language definition, "Name Resolution", "Gradual Type Checking", "Macros".
// Looser than the reference checkers in three places where a value is defined anyway: int, uint and double compare with
// each other, lists and maps compare whatever they hold, and both branches of ?: may differ in type.

#include <vector>

#include <tl/expected.hpp>

#include "rules/cel/expression.h"
#include "rules/cel/lexer.h"
#include "rules/cel/program.h"
#include "rules/cel/syntax.h"

namespace relance::rules::cel {

/// All problems, in the order of the text.
tl::expected<Program, std::vector<Problem>> check(const SyntaxTree& tree, const std::vector<Variable>& variables);

}  // namespace relance::rules::cel
