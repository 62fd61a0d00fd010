#include "rules/cel/evaluator.h"

#include <algorithm>

#include "rules/cel/evaluation.h"
#include "rules/cel/numbers.h"

namespace relance::rules::cel {
namespace {

/// Whether the value has no more parts than the budget.
bool count(const Value& value, Budget& nodes) {
  if (!nodes.spend(1)) return false;
  if (const List* list = value.list()) {
    return std::all_of(list->begin(), list->end(), [&](const Value& element) { return count(element, nodes); });
  }
  if (const Map* map = value.map()) {
    return std::all_of(map->begin(), map->end(), [&](const auto& entry) { return count(entry.second, nodes); });
  }
  return true;
}

}  // namespace

Result Evaluation::run(std::uint32_t root) {
  Value scratch;
  const Value* value = evaluate(root, scratch);
  if (value == nullptr) return tl::make_unexpected(EvaluationError{std::move(error_)});
  Value result = take(value, scratch);
  // Parts are shared, so what is small in memory may print exponentially large.
  Budget nodes(Expression::kMaxSteps);
  if (!count(result, nodes)) return failure("the result has more than {} parts", Expression::kMaxSteps);
  return result;
}

Evaluation::Pointer Evaluation::evaluate(std::uint32_t index, Value& scratch) {
  if (!budget_.spend(1)) return exhausted();
  const Instruction& instruction = program_.instructions[index];
  switch (instruction.operation) {
    case Operation::constant:
      return &program_.constants[instruction.index];
    case Operation::variable:
      return variable(instruction.index);
    case Operation::local:
      return locals_[instruction.index];
    case Operation::field:
      return field(instruction);
    case Operation::has_field:
      return has_field(instruction);
    case Operation::select:
      return select(instruction, scratch);
    case Operation::has:
      return has(instruction);
    case Operation::element:
      return element(instruction, scratch);
    case Operation::list:
      return list(instruction, scratch);
    case Operation::map:
      return map(instruction, scratch);
    case Operation::all_true:
      return logical(instruction, false);
    case Operation::any_true:
      return logical(instruction, true);
    case Operation::conditional:
      return conditional(instruction, scratch);
    case Operation::equal:
    case Operation::not_equal:
    case Operation::less:
    case Operation::less_or_equal:
    case Operation::greater:
    case Operation::greater_or_equal:
    case Operation::contained:
      return compare(instruction);
    case Operation::call:
      return call(instruction, scratch);
    case Operation::matches_regex:
      return matches_regex(instruction);
    case Operation::all:
    case Operation::exists:
      return quantifier(instruction);
    case Operation::exists_one:
      return exists_one(instruction);
    case Operation::filter:
    case Operation::transform:
      return collect(instruction, scratch);
  }
  return fail("unknown operation");
}

Evaluation::Pointer Evaluation::exhausted() { return fail("evaluation exceeds {} steps", Expression::kMaxSteps); }

Evaluation::Pointer Evaluation::no_such_key(const std::string& name) { return fail("no such key: {}", name); }

Evaluation::Pointer Evaluation::no_field(const Value& value, const std::string& name) {
  return fail("no matching overload: {} has no field {}", name_of(kind_of(value)), name);
}

Evaluation::Pointer Evaluation::truth(bool value) {
  static const Value kTrue(true);
  static const Value kFalse(false);
  return value ? &kTrue : &kFalse;
}

Evaluation::Pointer Evaluation::store(Result result, Value& scratch) {
  if (!result) return budget_.exhausted() ? exhausted() : fail("{}", result.error().message);
  scratch = std::move(*result);
  return &scratch;
}

Evaluation::Pointer Evaluation::variable(std::uint32_t index) {
  const Value* value = bindings_.variable(index);
  return value != nullptr ? value : fail("no value for the variable '{}'", program_.variables[index]);
}

Evaluation::Pointer Evaluation::field(const Instruction& instruction) {
  const std::string& name = program_.names[instruction.name];
  const Value* found = nullptr;
  if (!bindings_.field(instruction.index, name, found)) {
    const Value* value = variable(instruction.index);
    if (value == nullptr) return nullptr;
    return field_of(*value, name);
  }
  return found != nullptr ? found : no_such_key(name);
}

Evaluation::Pointer Evaluation::has_field(const Instruction& instruction) {
  const std::string& name = program_.names[instruction.name];
  const Value* found = nullptr;
  if (bindings_.field(instruction.index, name, found)) return truth(found != nullptr);
  const Value* value = variable(instruction.index);
  return value == nullptr ? nullptr : has_field_of(*value, name);
}

Evaluation::Pointer Evaluation::select(const Instruction& instruction, Value& scratch) {
  Value own;
  const Value* operand = evaluate(program_.child(instruction, 0), own);
  if (operand == nullptr) return nullptr;
  return keep(field_of(*operand, program_.names[instruction.name]), operand == &own, scratch);
}

Evaluation::Pointer Evaluation::has(const Instruction& instruction) {
  Value own;
  const Value* operand = evaluate(program_.child(instruction, 0), own);
  return operand == nullptr ? nullptr : has_field_of(*operand, program_.names[instruction.name]);
}

/// A part of a value that is about to go away is copied out of it.
Evaluation::Pointer Evaluation::keep(Pointer part, bool is_temporary, Value& scratch) {
  if (part == nullptr || !is_temporary) return part;
  scratch = *part;
  return &scratch;
}

Evaluation::Pointer Evaluation::field_of(const Value& value, const std::string& name) {
  const Map* map = value.map();
  if (map == nullptr) return no_field(value, name);
  if (!spend_entries(map->size())) return exhausted();
  const Value* found = value.find(name);
  return found != nullptr ? found : no_such_key(name);
}

Evaluation::Pointer Evaluation::has_field_of(const Value& value, const std::string& name) {
  const Map* map = value.map();
  if (map == nullptr) return no_field(value, name);
  if (!spend_entries(map->size())) return exhausted();
  return truth(value.find(name) != nullptr);
}

Evaluation::Pointer Evaluation::element(const Instruction& instruction, Value& scratch) {
  Value own;
  Value own_index;
  const Value* container = evaluate(program_.child(instruction, 0), own);
  if (container == nullptr) return nullptr;
  const Value* index = evaluate(program_.child(instruction, 1), own_index);
  if (index == nullptr) return nullptr;
  if (const List* list = container->list()) return keep(element_of(*list, *index), container == &own, scratch);
  if (const Map* map = container->map()) {
    if (!spend_entries(map->size())) return exhausted();
    const Value* found = find_key(*map, *index);
    if (found == nullptr) return fail("no such key, of type {}", name_of(kind_of(*index)));
    return keep(found, container == &own, scratch);
  }
  return fail("no matching overload: {}[{}]", name_of(kind_of(*container)), name_of(kind_of(*index)));
}

Evaluation::Pointer Evaluation::element_of(const List& list, const Value& index) {
  std::uint64_t position = 0;
  bool is_position = false;
  if (const auto* number = index.get<std::int64_t>()) {
    is_position = *number >= 0;
    position = static_cast<std::uint64_t>(*number);
  } else if (const auto* natural = index.get<std::uint64_t>()) {
    is_position = true;
    position = *natural;
  } else if (const auto* real = index.get<double>()) {
    is_position = to_integer(*real, position);
  } else {
    return fail("no matching overload: list[{}]", name_of(kind_of(index)));
  }
  if (is_position && position < list.size()) return &list[position];
  return fail("index out of range: the list has {} elements", list.size());
}

Evaluation::Pointer Evaluation::list(const Instruction& instruction, Value& scratch) {
  List elements;
  elements.reserve(instruction.children);
  for (std::size_t i = 0; i < instruction.children; ++i) {
    Value own;
    const Value* element = evaluate(program_.child(instruction, i), own);
    if (element == nullptr) return nullptr;
    elements.push_back(take(element, own));
  }
  scratch = Value(std::move(elements));
  return &scratch;
}

Evaluation::Pointer Evaluation::map(const Instruction& instruction, Value& scratch) {
  Map entries;
  entries.reserve(instruction.children / 2);
  for (std::size_t i = 0; i + 1 < instruction.children; i += 2) {
    Value own_key;
    Value own;
    const Value* key = evaluate(program_.child(instruction, i), own_key);
    if (key == nullptr) return nullptr;
    const Value* value = evaluate(program_.child(instruction, i + 1), own);
    if (value == nullptr) return nullptr;
    const Kind kind = kind_of(*key);
    if (kind != Kind::boolean && kind != Kind::integer && kind != Kind::uinteger && kind != Kind::string) {
      return fail("a map key is bool, int, uint or string, not {}", name_of(kind));
    }
    if (!spend_entries(entries.size())) return exhausted();
    if (find_key(entries, *key) != nullptr) return fail("the map repeats a key");
    entries.emplace_back(take(key, own_key), take(value, own));
  }
  scratch = Value(std::move(entries));
  return &scratch;
}

Result evaluate(const Program& program, std::uint32_t instruction, const Bindings& bindings) {
  return Evaluation(program, bindings).run(instruction);
}

}  // namespace relance::rules::cel
