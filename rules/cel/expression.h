#pragma once
// Conditions: a subset of CEL (Common Expression Language), parsed and type-checked at load, evaluated within a bound.
// Source: github.com/google/cel-spec, doc/langdef.md. What is left out, and why: rules/README.md.
// Threads: a compiled Expression is immutable and may be evaluated from several threads at once.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "rules/cel/value.h"

namespace relance::rules::cel {

/// Where and why a text is no expression. Line and column are 1-based, the column counts Unicode code points.
struct CompileError {
  int line = 1;
  int column = 1;
  std::string message;  // one sentence: what was expected, what was got, what to do
};

/// An evaluation that has no value: "no such key: size", "division by zero", "no matching overload", ...
struct EvaluationError {
  std::string message;
};

/// Static types a variable may have. `dyn` is checked when evaluated.
enum class VariableType { dyn, boolean, integer, string, timestamp, map_string_dyn };

struct Variable {
  std::string name;
  VariableType type = VariableType::dyn;
};

/// What an expression may look up. Implementations are owned by the caller and outlive the evaluation.
class Bindings {
 public:
  virtual ~Bindings() = default;
  /// Value of the variable (index into the vector given to compile), or nullptr when it is unknown. The pointer stays
  /// valid during the evaluation.
  virtual const Value* variable(std::size_t index) const = 0;
  /// One field of a map-like variable, `lead.size`. Called instead of variable() when an expression selects (or tests
  /// with has()) a field directly on the variable, so that large maps need not be built. Returns false when this
  /// binding offers no shortcut for that variable (the default); otherwise sets `field` (nullptr: no such key).
  virtual bool field(std::size_t index, std::string_view name, const Value*& field) const {
    (void)index, (void)name, (void)field;
    return false;
  }
};

class Expression {
 public:
  /// Parses and type-checks. All findings, not only the first where the parser can go on; never empty on failure.
  static tl::expected<Expression, std::vector<CompileError>> compile(std::string_view text,
                                                                     const std::vector<Variable>& variables);

  /// True when the checker proves the result is a bool, or cannot exclude it (dyn).
  bool may_be_bool() const;
  /// The value, or the error that remains after CEL's error absorption in && and ||. At most `kMaxSteps` AST steps
  /// (comprehension iterations included), then the error "evaluation exceeds N steps".
  tl::expected<Value, EvaluationError> evaluate(const Bindings& bindings) const;
  static constexpr std::size_t kMaxSteps = 100'000;

  const std::string& text() const;
  /// Top-level fields selected on the variable, e.g. {"size", "flags"} for `lead`: for the checker and for templates.
  std::vector<std::string> fields_of(std::string_view variable) const;

  struct Compiled;  // the AST, private to the implementation

 private:
  explicit Expression(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

/// The result of an expression as JSON, as `relance eval` prints it: bytes as {"bytes": base64}, timestamps and
/// durations as CEL's strings, uint as a number, a double always with a fraction or exponent (`1.0`), NaN and
/// infinities as strings, types by name, maps with their keys as strings.
std::string to_json(const Value& value);

}  // namespace relance::rules::cel
