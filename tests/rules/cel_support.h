#pragma once
// What the tests of conditions share: evaluating a text, and its outcome in one line.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/cel/expression.h"

namespace cel_test {

namespace cel = relance::rules::cel;

/// Variables by name, all of type dyn unless said otherwise.
class Variables : public cel::Bindings {
 public:
  Variables() = default;
  Variables(std::initializer_list<std::pair<std::string, cel::Value>> values) {
    for (const auto& [name, value] : values) add(name, value);
  }
  Variables& add(std::string name, cel::Value value, cel::VariableType type = cel::VariableType::dyn) {
    declared.push_back({std::move(name), type});
    values_.push_back(std::move(value));
    return *this;
  }
  const cel::Value* variable(std::size_t index) const override {
    return index < values_.size() ? &values_[index] : nullptr;
  }

  std::vector<cel::Variable> declared;

 private:
  std::vector<cel::Value> values_;
};

/// "2:7: message" of every compile error, one a line; empty when the text compiles.
inline std::string compile_errors(std::string_view text, const Variables& variables = {}) {
  const auto expression = cel::Expression::compile(text, variables.declared);
  std::string out;
  if (expression) return out;
  for (const cel::CompileError& error : expression.error()) {
    if (!out.empty()) out += '\n';
    out += std::to_string(error.line) + ":" + std::to_string(error.column) + ": " + error.message;
  }
  return out;
}

/// The value as JSON, "error: message" when the evaluation has none, "refused: ..." when the text does not compile.
inline std::string outcome(std::string_view text, const Variables& variables = {}) {
  const auto expression = cel::Expression::compile(text, variables.declared);
  if (!expression) return "refused: " + compile_errors(text, variables);
  const auto value = expression->evaluate(variables);
  return value ? cel::to_json(*value) : "error: " + value.error().message;
}

}  // namespace cel_test
