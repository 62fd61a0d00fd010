// Conditions, comparisons and macros.

#include <algorithm>

#include "rules/cel/evaluation.h"
#include "rules/cel/operators.h"

namespace relance::rules::cel {
namespace {

/// Calls `visit` with each element of a list or key of a map until it returns false; false when it is neither.
template <class Visit>
bool for_each(const Value& range, Visit visit) {
  if (const List* list = range.list()) {
    for (const Value& element : *list) {
      if (!visit(element)) break;
    }
    return true;
  }
  if (const Map* map = range.map()) {
    for (const auto& entry : *map) {
      if (!visit(entry.first)) break;
    }
    return true;
  }
  return false;
}

}  // namespace

/// The truth of an instruction; nullopt with `error_` set when it has none.
std::optional<bool> Evaluation::condition(std::uint32_t index) {
  Value own;
  const Value* value = evaluate(index, own);
  if (value == nullptr) return std::nullopt;
  if (const bool* known = value->get<bool>()) return *known;
  fail("no matching overload: a condition is bool, not {}", name_of(kind_of(*value)));
  return std::nullopt;
}

Evaluation::Pointer Evaluation::finish(Absorbed& absorbed, bool otherwise) {
  if (!absorbed.any()) return truth(otherwise);
  error_ = absorbed.take();
  return nullptr;
}

/// && is decided by false, || by true; errors elsewhere then do not matter. Running out of steps always does.
Evaluation::Pointer Evaluation::logical(const Instruction& instruction, bool decisive) {
  Absorbed absorbed;
  for (std::size_t i = 0; i < instruction.children; ++i) {
    const auto operand = condition(program_.child(instruction, i));
    if (operand && *operand == decisive) return truth(decisive);
    if (operand) continue;
    if (budget_.exhausted()) return nullptr;
    absorbed.add(error_);
  }
  return finish(absorbed, !decisive);
}

Evaluation::Pointer Evaluation::conditional(const Instruction& instruction, Value& scratch) {
  const auto chosen = condition(program_.child(instruction, 0));
  if (!chosen) return nullptr;
  return evaluate(program_.child(instruction, *chosen ? 1 : 2), scratch);
}

Evaluation::Pointer Evaluation::compare(const Instruction& instruction) {
  Value own_a;
  Value own_b;
  const Value* a = evaluate(program_.child(instruction, 0), own_a);
  if (a == nullptr) return nullptr;
  const Value* b = evaluate(program_.child(instruction, 1), own_b);
  if (b == nullptr) return nullptr;
  if (instruction.operation == Operation::contained) return contained(*a, *b);
  if (instruction.operation == Operation::equal || instruction.operation == Operation::not_equal) {
    const bool are_equal = equal_within(*a, *b, budget_);
    if (budget_.exhausted()) return exhausted();
    return truth(are_equal == (instruction.operation == Operation::equal));
  }
  const auto ordering = order(*a, *b);
  if (!ordering) {
    return fail("no matching overload: order of {} and {}", name_of(kind_of(*a)), name_of(kind_of(*b)));
  }
  switch (instruction.operation) {
    case Operation::less:
      return truth(*ordering < 0);
    case Operation::less_or_equal:
      return truth(*ordering <= 0);
    case Operation::greater:
      return truth(*ordering > 0);
    default:
      return truth(*ordering >= 0);
  }
}

Evaluation::Pointer Evaluation::contained(const Value& value, const Value& container) {
  if (const List* list = container.list()) {
    const bool found = std::any_of(list->begin(), list->end(),
                                   [&](const Value& element) { return equal_within(element, value, budget_); });
    return budget_.exhausted() ? exhausted() : truth(found);
  }
  if (const Map* map = container.map()) {
    if (!spend_entries(map->size())) return exhausted();
    return truth(find_key(*map, value) != nullptr);
  }
  return fail("no matching overload: in {}", name_of(kind_of(container)));
}

Evaluation::Pointer Evaluation::no_range(const Value& range) {
  return fail("no matching overload: a macro runs over a list or a map, not {}", name_of(kind_of(range)));
}

/// all() is && over the elements, exists() is ||.
Evaluation::Pointer Evaluation::quantifier(const Instruction& instruction) {
  const bool decisive = instruction.operation == Operation::exists;
  Value own;
  const Value* range = evaluate(program_.child(instruction, 0), own);
  if (range == nullptr) return nullptr;
  Absorbed absorbed;
  bool is_decided = false;
  const bool is_range = for_each(*range, [&](const Value& element) {
    locals_[instruction.index] = &element;
    const auto holds = condition(program_.child(instruction, 1));
    is_decided = holds && *holds == decisive;
    if (!holds && !budget_.exhausted()) absorbed.add(error_);
    return !is_decided && !budget_.exhausted();
  });
  if (!is_range) return no_range(*range);
  if (budget_.exhausted()) return exhausted();
  return is_decided ? truth(decisive) : finish(absorbed, !decisive);
}

Evaluation::Pointer Evaluation::exists_one(const Instruction& instruction) {
  Value own;
  const Value* range = evaluate(program_.child(instruction, 0), own);
  if (range == nullptr) return nullptr;
  std::size_t found = 0;
  bool failed = false;
  const bool is_range = for_each(*range, [&](const Value& element) {
    locals_[instruction.index] = &element;
    const auto holds = condition(program_.child(instruction, 1));
    failed = !holds;
    found += holds && *holds ? 1 : 0;
    return !failed;
  });
  if (!is_range) return no_range(*range);
  return failed ? nullptr : truth(found == 1);
}

/// filter(x, condition), map(x, result) and map(x, condition, result).
Evaluation::Pointer Evaluation::collect(const Instruction& instruction, Value& scratch) {
  const bool is_filter = instruction.operation == Operation::filter;
  const bool has_condition = is_filter || instruction.children == 3;
  Value own;
  const Value* range = evaluate(program_.child(instruction, 0), own);
  if (range == nullptr) return nullptr;
  List collected;
  bool failed = false;
  const bool is_range = for_each(*range, [&](const Value& element) {
    locals_[instruction.index] = &element;
    const auto holds = has_condition ? condition(program_.child(instruction, 1)) : std::optional<bool>(true);
    failed = !holds;
    if (failed || !*holds) return !failed;
    if (is_filter) {
      collected.push_back(element);
      return true;
    }
    Value result;
    const Value* value = evaluate(program_.child(instruction, instruction.children - 1), result);
    failed = value == nullptr;
    if (!failed) collected.push_back(take(value, result));
    return !failed;
  });
  if (!is_range) return no_range(*range);
  if (failed) return nullptr;
  scratch = Value(std::move(collected));
  return &scratch;
}

}  // namespace relance::rules::cel
