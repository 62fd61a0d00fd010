#include "rules/cel/evaluator.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rules/cel/conversions.h"
#include "rules/cel/equality.h"
#include "rules/cel/numbers.h"
#include "rules/cel/operators.h"
#include "rules/cel/text_functions.h"
#include "rules/cel/time_functions.h"
#include "rules/cel/utf8.h"

namespace relance::rules::cel {
namespace {

const Value kTrue(true);
const Value kFalse(false);

constexpr std::size_t kEntriesPerStep = 64;  // of a map that is scanned
constexpr std::size_t kOctetsPerStep = 16;   // of a text that is searched or converted

const Value* truth(bool value) { return value ? &kTrue : &kFalse; }

/// The value, without a copy when the evaluation made it.
Value take(const Value* value, Value& scratch) {
  if (value == &scratch) return std::move(scratch);
  return *value;
}

/// Every evaluating function returns a pointer to the value, which is either `scratch` or lives as long as the
/// evaluation (a constant, a variable, an element of a macro's range), or nullptr when there is none; then `error_`
/// says why. Nothing is copied that is only looked at.
class Evaluator {
 public:
  Evaluator(const Program& program, const Bindings& bindings) : program_(program), bindings_(bindings) {}

  Result run(std::uint32_t root) {
    Value scratch;
    const Value* value = evaluate(root, scratch);
    if (value == nullptr) return tl::make_unexpected(EvaluationError{std::move(error_)});
    Value result = take(value, scratch);
    // Parts are shared, so what is small in memory may print exponentially large.
    Budget nodes(Expression::kMaxSteps);
    if (!count(result, nodes)) return failure("the result has more than {} parts", Expression::kMaxSteps);
    return result;
  }

 private:
  using Pointer = const Value*;

  Pointer evaluate(std::uint32_t index, Value& scratch) {
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

  // Errors ------------------------------------------------------------------------------------------------------------

  template <class... Arguments>
  Pointer fail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    error_ = fmt::format(text, std::forward<Arguments>(arguments)...);
    return nullptr;
  }
  Pointer exhausted() { return fail("evaluation exceeds {} steps", Expression::kMaxSteps); }
  Pointer store(Result result, Value& scratch) {
    if (!result) return budget_.exhausted() ? exhausted() : fail("{}", result.error().message);
    scratch = std::move(*result);
    return &scratch;
  }

  static bool count(const Value& value, Budget& nodes) {
    if (!nodes.spend(1)) return false;
    if (const List* list = value.list()) {
      return std::all_of(list->begin(), list->end(), [&](const Value& element) { return count(element, nodes); });
    }
    if (const Map* map = value.map()) {
      return std::all_of(map->begin(), map->end(), [&](const auto& entry) { return count(entry.second, nodes); });
    }
    return true;
  }

  // Lookup ------------------------------------------------------------------------------------------------------------

  Pointer variable(std::uint32_t index) {
    const Value* value = bindings_.variable(index);
    return value != nullptr ? value : fail("no value for the variable '{}'", program_.variables[index]);
  }

  Pointer field(const Instruction& instruction) {
    const std::string& name = program_.names[instruction.name];
    const Value* found = nullptr;
    if (!bindings_.field(instruction.index, name, found)) {
      const Value* value = variable(instruction.index);
      if (value == nullptr) return nullptr;
      return field_of(*value, name);
    }
    return found != nullptr ? found : no_such_key(name);
  }

  Pointer has_field(const Instruction& instruction) {
    const std::string& name = program_.names[instruction.name];
    const Value* found = nullptr;
    if (bindings_.field(instruction.index, name, found)) return truth(found != nullptr);
    const Value* value = variable(instruction.index);
    return value == nullptr ? nullptr : has_field_of(*value, name);
  }

  Pointer select(const Instruction& instruction, Value& scratch) {
    Value own;
    const Value* operand = evaluate(program_.child(instruction, 0), own);
    if (operand == nullptr) return nullptr;
    return keep(field_of(*operand, program_.names[instruction.name]), operand == &own, scratch);
  }

  Pointer has(const Instruction& instruction) {
    Value own;
    const Value* operand = evaluate(program_.child(instruction, 0), own);
    return operand == nullptr ? nullptr : has_field_of(*operand, program_.names[instruction.name]);
  }

  /// A part of a value that is about to go away is copied out of it.
  static Pointer keep(Pointer part, bool is_temporary, Value& scratch) {
    if (part == nullptr || !is_temporary) return part;
    scratch = *part;
    return &scratch;
  }

  Pointer no_such_key(const std::string& name) { return fail("no such key: {}", name); }

  Pointer field_of(const Value& value, const std::string& name) {
    const Map* map = value.map();
    if (map == nullptr) return fail("no matching overload: {} has no field {}", name_of(kind_of(value)), name);
    if (!budget_.spend(map->size() / kEntriesPerStep)) return exhausted();
    const Value* found = value.find(name);
    return found != nullptr ? found : no_such_key(name);
  }

  Pointer has_field_of(const Value& value, const std::string& name) {
    const Map* map = value.map();
    if (map == nullptr) return fail("no matching overload: {} has no field {}", name_of(kind_of(value)), name);
    if (!budget_.spend(map->size() / kEntriesPerStep)) return exhausted();
    return truth(value.find(name) != nullptr);
  }

  Pointer element(const Instruction& instruction, Value& scratch) {
    Value own;
    Value own_index;
    const Value* container = evaluate(program_.child(instruction, 0), own);
    if (container == nullptr) return nullptr;
    const Value* index = evaluate(program_.child(instruction, 1), own_index);
    if (index == nullptr) return nullptr;
    if (const List* list = container->list()) return keep(element_of(*list, *index), container == &own, scratch);
    if (const Map* map = container->map()) {
      if (!budget_.spend(map->size() / kEntriesPerStep)) return exhausted();
      const Value* found = find_key(*map, *index);
      if (found == nullptr) return fail("no such key, of type {}", name_of(kind_of(*index)));
      return keep(found, container == &own, scratch);
    }
    return fail("no matching overload: {}[{}]", name_of(kind_of(*container)), name_of(kind_of(*index)));
  }

  Pointer element_of(const List& list, const Value& index) {
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

  // Literals ----------------------------------------------------------------------------------------------------------

  Pointer list(const Instruction& instruction, Value& scratch) {
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

  Pointer map(const Instruction& instruction, Value& scratch) {
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
      if (!budget_.spend(entries.size() / kEntriesPerStep)) return exhausted();
      if (find_key(entries, *key) != nullptr) return fail("the map repeats a key");
      entries.emplace_back(take(key, own_key), take(value, own));
    }
    scratch = Value(std::move(entries));
    return &scratch;
  }

  // Logic -------------------------------------------------------------------------------------------------------------

  /// Remembers the first of the errors that a decisive operand may still absorb.
  class Absorbed {
   public:
    void add(std::string& error) {
      if (!first_) first_ = std::move(error);
    }
    bool any() const { return first_.has_value(); }
    std::string&& take() { return std::move(*first_); }

   private:
    std::optional<std::string> first_;
  };

  /// The truth of an instruction; nullopt with `error_` set when it has none.
  std::optional<bool> condition(std::uint32_t index) {
    Value own;
    const Value* value = evaluate(index, own);
    if (value == nullptr) return std::nullopt;
    if (const bool* known = value->get<bool>()) return *known;
    fail("no matching overload: a condition is bool, not {}", name_of(kind_of(*value)));
    return std::nullopt;
  }

  Pointer finish(Absorbed& absorbed, bool otherwise) {
    if (!absorbed.any()) return truth(otherwise);
    error_ = absorbed.take();
    return nullptr;
  }

  /// && is decided by false, || by true; errors elsewhere then do not matter. Running out of steps always does.
  Pointer logical(const Instruction& instruction, bool decisive) {
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

  Pointer conditional(const Instruction& instruction, Value& scratch) {
    const auto chosen = condition(program_.child(instruction, 0));
    if (!chosen) return nullptr;
    return evaluate(program_.child(instruction, *chosen ? 1 : 2), scratch);
  }

  // Comparison --------------------------------------------------------------------------------------------------------

  Pointer compare(const Instruction& instruction) {
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

  Pointer contained(const Value& value, const Value& container) {
    if (const List* list = container.list()) {
      const bool found = std::any_of(list->begin(), list->end(),
                                     [&](const Value& element) { return equal_within(element, value, budget_); });
      return budget_.exhausted() ? exhausted() : truth(found);
    }
    if (const Map* map = container.map()) {
      if (!budget_.spend(map->size() / kEntriesPerStep)) return exhausted();
      return truth(find_key(*map, value) != nullptr);
    }
    return fail("no matching overload: in {}", name_of(kind_of(container)));
  }

  // Functions ---------------------------------------------------------------------------------------------------------

  Pointer call(const Instruction& instruction, Value& scratch) {
    Value own_a;
    Value own_b;
    const Value* a = evaluate(program_.child(instruction, 0), own_a);
    if (a == nullptr) return nullptr;
    const Value* b = nullptr;
    if (instruction.children > 1) {
      b = evaluate(program_.child(instruction, 1), own_b);
      if (b == nullptr) return nullptr;
    }
    switch (instruction.function) {
      case Function::add:
      case Function::subtract:
      case Function::multiply:
      case Function::divide:
      case Function::modulo:
        if (b != nullptr) return store(apply(instruction.function, *a, *b, budget_), scratch);
        return store(negate(*a), scratch);
      case Function::negate:
        return store(negate(*a), scratch);
      case Function::logical_not:
        return logical_not(*a);
      case Function::size:
        return size(*a, scratch);
      case Function::contains:
      case Function::starts_with:
      case Function::ends_with:
      case Function::matches:
        return search(instruction.function, *a, *b);
      case Function::to_bool:
      case Function::to_bytes:
      case Function::to_double:
      case Function::to_duration:
      case Function::to_dyn:
      case Function::to_int:
      case Function::to_string:
      case Function::to_timestamp:
      case Function::to_type:
      case Function::to_uint:
        return conversion(instruction.function, *a, scratch);
      default:
        return store(access_time(instruction.function, *a, b), scratch);
    }
  }

  Pointer logical_not(const Value& value) {
    const bool* known = value.get<bool>();
    if (known == nullptr) return fail("no matching overload: !{}", name_of(kind_of(value)));
    return truth(!*known);
  }

  bool spend_octets(std::size_t octets) { return budget_.spend(octets / kOctetsPerStep); }

  Pointer size(const Value& value, Value& scratch) {
    std::size_t result = 0;
    if (const std::string* text = value.string()) {
      if (!spend_octets(text->size())) return exhausted();
      result = count_code_points(*text);
    } else if (const auto* bytes = value.get<Bytes>()) {
      result = bytes->octets.size();
    } else if (const List* list = value.list()) {
      result = list->size();
    } else if (const Map* map = value.map()) {
      result = map->size();
    } else {
      return fail("no matching overload: size({})", name_of(kind_of(value)));
    }
    scratch = Value(static_cast<std::int64_t>(result));
    return &scratch;
  }

  Pointer search(Function function, const Value& a, const Value& b) {
    const std::string* text = a.string();
    const std::string* part = b.string();
    if (text == nullptr || part == nullptr) {
      return fail("no matching overload: {}({}, {})", name_of(function), name_of(kind_of(a)), name_of(kind_of(b)));
    }
    if (!spend_octets(text->size() + part->size())) return exhausted();
    switch (function) {
      case Function::contains:
        return truth(contains(*text, *part));
      case Function::starts_with:
        return truth(text->compare(0, part->size(), *part) == 0);
      case Function::ends_with:
        return truth(text->size() >= part->size() &&
                     text->compare(text->size() - part->size(), part->size(), *part) == 0);
      default:
        break;
    }
    constexpr std::size_t kStepsPerRegex = 100;  // to compile one is dear
    if (!budget_.spend(kStepsPerRegex + part->size())) return exhausted();
    const auto regex = compile_regex(*part);
    if (!regex) return fail("matches(): the regular expression is not valid RE2");
    return truth(matches(*text, **regex));
  }

  Pointer matches_regex(const Instruction& instruction) {
    Value own;
    const Value* value = evaluate(program_.child(instruction, 0), own);
    if (value == nullptr) return nullptr;
    const std::string* text = value->string();
    if (text == nullptr) return fail("no matching overload: matches({}, string)", name_of(kind_of(*value)));
    if (!spend_octets(text->size())) return exhausted();
    return truth(matches(*text, *program_.regexes[instruction.index]));
  }

  Pointer conversion(Function function, const Value& value, Value& scratch) {
    const std::string* text = value.string();
    const auto* bytes = value.get<Bytes>();
    const std::size_t octets = text != nullptr ? text->size() : bytes != nullptr ? bytes->octets.size() : 0;
    if (!spend_octets(octets)) return exhausted();
    return store(convert(function, value), scratch);
  }

  // Macros ------------------------------------------------------------------------------------------------------------

  /// Calls `visit` with each element of a list or key of a map until it returns false; false when it is neither.
  template <class Visit>
  static bool for_each(const Value& range, Visit visit) {
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

  Pointer no_range(const Value& range) {
    return fail("no matching overload: a macro runs over a list or a map, not {}", name_of(kind_of(range)));
  }

  /// all() is && over the elements, exists() is ||.
  Pointer quantifier(const Instruction& instruction) {
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

  Pointer exists_one(const Instruction& instruction) {
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
  Pointer collect(const Instruction& instruction, Value& scratch) {
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

  const Program& program_;
  const Bindings& bindings_;
  Budget budget_{Expression::kMaxSteps};
  std::string error_;
  std::array<Pointer, kMaxMacroDepth> locals_{};
};

}  // namespace

Result evaluate(const Program& program, std::uint32_t instruction, const Bindings& bindings) {
  return Evaluator(program, bindings).run(instruction);
}

}  // namespace relance::rules::cel
