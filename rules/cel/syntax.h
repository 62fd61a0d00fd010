#pragma once
// The syntax tree of an expression as written: names are not resolved, macros are ordinary calls. Flat, so that no tree
// is ever deep enough to blow the stack when it goes away.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/cel/value.h"

namespace relance::rules::cel {

using NodeIndex = std::uint32_t;

/// Neither source nor tree nest deeper: every recursion of the compiler and the evaluator is bounded by it.
constexpr int kMaxDepth = 250;

enum class SyntaxKind {
  literal,     // value
  identifier,  // text; is_rooted for `.name`
  select,      // text; is_quoted; children: operand
  call,        // text; is_rooted; children: arguments
  method,      // text; children: target, arguments
  operation,   // text: the sign, "?:", "[]" or "-" with one child; children: operands; && and || take two or more
  list,        // children: elements
  map          // children: key, value, key, value, ...
};

struct SyntaxNode {
  SyntaxKind kind = SyntaxKind::literal;
  std::size_t offset = 0;  // of the octet that a message points at
  std::string text;
  Value value;
  std::vector<NodeIndex> children;
  bool is_rooted = false;
  bool is_quoted = false;  // a field name in backticks is never part of a variable's name
  int depth = 1;
};

struct SyntaxTree {
  std::vector<SyntaxNode> nodes;
  NodeIndex root = 0;

  const SyntaxNode& operator[](NodeIndex index) const { return nodes[index]; }
};

}  // namespace relance::rules::cel
