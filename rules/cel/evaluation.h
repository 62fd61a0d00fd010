#pragma once
// One evaluation of a program: its position, its budget and its error. Private to the evaluator, which is spread over
// evaluator.cpp (lookup and literals), evaluator_logic.cpp (conditions, comparisons and macros) and
// evaluator_calls.cpp (functions).
//
// Every evaluating function returns a pointer to the value, which is either `scratch` or lives as long as the
// evaluation (a constant, a variable, an element of a macro's range), or nullptr when there is none; then `error_` says
// why. Nothing is copied that is only looked at.

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "rules/cel/equality.h"
#include "rules/cel/program.h"
#include "rules/cel/result.h"

namespace relance::rules::cel {

class Evaluation {
 public:
  Evaluation(const Program& program, const Bindings& bindings) : program_(program), bindings_(bindings) {}

  Result run(std::uint32_t root);

 private:
  using Pointer = const Value*;

  /// Remembers the first of the errors that a decisive operand may still absorb.
  class Absorbed {
   public:
    void add(std::string& error) {
      if (!first_) first_ = std::move(error);
    }
    bool any() const { return first_.has_value(); }
    std::string take() { return std::move(*first_); }

   private:
    std::optional<std::string> first_;
  };

  Pointer evaluate(std::uint32_t index, Value& scratch);

  // Errors and results
  template <class... Arguments>
  Pointer fail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    error_ = fmt::format(text, std::forward<Arguments>(arguments)...);
    return nullptr;
  }
  Pointer exhausted();
  Pointer no_such_key(const std::string& name);
  Pointer no_field(const Value& value, const std::string& name);
  Pointer store(Result result, Value& scratch);
  static Pointer keep(Pointer part, bool is_temporary, Value& scratch);
  static Pointer truth(bool value);

  // Lookup and literals
  Pointer variable(std::uint32_t index);
  Pointer field(const Instruction& instruction);
  Pointer has_field(const Instruction& instruction);
  Pointer select(const Instruction& instruction, Value& scratch);
  Pointer has(const Instruction& instruction);
  Pointer field_of(const Value& value, const std::string& name);
  Pointer has_field_of(const Value& value, const std::string& name);
  Pointer element(const Instruction& instruction, Value& scratch);
  Pointer element_of(const List& list, const Value& index);
  Pointer list(const Instruction& instruction, Value& scratch);
  Pointer map(const Instruction& instruction, Value& scratch);

  // Logic, comparison and macros
  std::optional<bool> condition(std::uint32_t index);
  Pointer finish(Absorbed& absorbed, bool otherwise);
  Pointer logical(const Instruction& instruction, bool decisive);
  Pointer conditional(const Instruction& instruction, Value& scratch);
  Pointer compare(const Instruction& instruction);
  Pointer contained(const Value& value, const Value& container);
  Pointer no_range(const Value& range);
  Pointer quantifier(const Instruction& instruction);
  Pointer exists_one(const Instruction& instruction);
  Pointer collect(const Instruction& instruction, Value& scratch);

  // Functions
  Pointer call(const Instruction& instruction, Value& scratch);
  Pointer call_one(Function function, const Value& value, Value& scratch);
  Pointer call_two(Function function, const Value& a, const Value& b, Value& scratch);
  Pointer logical_not(const Value& value);
  Pointer size(const Value& value, Value& scratch);
  Pointer search(Function function, const Value& a, const Value& b);
  Pointer matches_pattern(const std::string& text, const std::string& pattern);
  Pointer matches_regex(const Instruction& instruction);
  Pointer conversion(Function function, const Value& value, Value& scratch);

  /// What reading that much costs, beside the step of the instruction.
  bool spend_entries(std::size_t entries) { return budget_.spend(entries / 64); }
  bool spend_octets(std::size_t octets) { return budget_.spend(octets / 16); }

  const Program& program_;
  const Bindings& bindings_;
  Budget budget_{Expression::kMaxSteps};
  std::string error_;
  std::array<Pointer, kMaxMacroDepth> locals_{};
};

/// The value itself, without a copy when it is the scratch.
inline Value take(const Value* value, Value& scratch) {
  if (value == &scratch) return std::move(scratch);
  return *value;
}

}  // namespace relance::rules::cel
