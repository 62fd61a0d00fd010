#pragma once
// What the checker makes of a syntax tree and the evaluator walks: names are resolved, literals and constant lists are
// values, constant regular expressions are compiled. Immutable once made.

#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rules/cel/functions.h"
#include "rules/cel/static_type.h"
#include "rules/cel/value.h"

namespace relance::rules::cel {

enum class Operation : std::uint8_t {
  constant,     // index: constants
  variable,     // index: the variable
  local,        // index: the slot of a macro's variable
  field,        // index: the variable, name: its field
  has_field,    // likewise
  select,       // name; child: operand
  has,          // name; child: operand
  element,      // children: operand, index or key
  list,         // children: elements
  map,          // children: key, value, ...
  all_true,     // &&, two or more children
  any_true,     // ||
  conditional,  // children: condition, then, otherwise
  equal,        // two children, as all that follow
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  contained,      // in
  call,           // function; children: arguments
  matches_regex,  // index: regexes; child: text
  all,            // macros; index: slot; children: range, body
  exists,
  exists_one,
  filter,
  transform  // map(): children: range, body or range, condition, body
};

struct Instruction {
  Instruction() = default;
  explicit Instruction(Operation what, Function which = Function::size) : operation(what), function(which) {}

  Operation operation = Operation::constant;
  Function function = Function::size;
  std::uint32_t children = 0;     // how many ...
  std::uint32_t first_child = 0;  // ... from here in Program::children
  std::uint32_t index = 0;
  std::uint32_t name = 0;
};

struct Program {
  std::vector<Instruction> instructions;
  std::vector<std::uint32_t> children;
  std::vector<Value> constants;
  std::vector<std::string> names;
  std::vector<std::string> variables;  // for messages, in the order of the caller's
  std::vector<std::unique_ptr<const re2::RE2>> regexes;
  std::uint32_t root = 0;
  Kind result = Kind::dyn;

  std::uint32_t child(const Instruction& instruction, std::size_t position) const {
    return children[instruction.first_child + position];
  }
};

/// Macros nest no deeper.
constexpr std::size_t kMaxMacroDepth = 32;

}  // namespace relance::rules::cel
