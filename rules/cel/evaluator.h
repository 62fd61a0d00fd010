#pragma once
// Walks a program. Source: CEL language definition, "Evaluation", "Logical Operators", "Macros".

#include <cstdint>

#include "rules/cel/program.h"
#include "rules/cel/result.h"

namespace relance::rules::cel {

/// The value of one instruction of the program, usually its root.
Result evaluate(const Program& program, std::uint32_t instruction, const Bindings& bindings);

}  // namespace relance::rules::cel
