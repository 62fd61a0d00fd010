// Calls of functions and operators.

#include "rules/cel/conversions.h"
#include "rules/cel/evaluation.h"
#include "rules/cel/operators.h"
#include "rules/cel/text_functions.h"
#include "rules/cel/time_functions.h"
#include "rules/cel/utf8.h"

namespace relance::rules::cel {

Evaluation::Pointer Evaluation::call(const Instruction& instruction, Value& scratch) {
  Value own_a;
  const Value* a = evaluate(program_.child(instruction, 0), own_a);
  if (a == nullptr) return nullptr;
  if (instruction.children == 1) return call_one(instruction.function, *a, scratch);
  Value own_b;
  const Value* b = evaluate(program_.child(instruction, 1), own_b);
  if (b == nullptr) return nullptr;
  return call_two(instruction.function, *a, *b, scratch);
}

Evaluation::Pointer Evaluation::call_one(Function function, const Value& value, Value& scratch) {
  switch (function) {
    case Function::negate:
      return store(negate(value), scratch);
    case Function::logical_not:
      return logical_not(value);
    case Function::size:
      return size(value, scratch);
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
      return conversion(function, value, scratch);
    default:
      return store(access_time(function, value, nullptr), scratch);
  }
}

Evaluation::Pointer Evaluation::call_two(Function function, const Value& a, const Value& b, Value& scratch) {
  switch (function) {
    case Function::add:
    case Function::subtract:
    case Function::multiply:
    case Function::divide:
    case Function::modulo:
      return store(apply(function, a, b, budget_), scratch);
    case Function::contains:
    case Function::starts_with:
    case Function::ends_with:
    case Function::matches:
      return search(function, a, b);
    default:
      return store(access_time(function, a, &b), scratch);
  }
}

Evaluation::Pointer Evaluation::logical_not(const Value& value) {
  const bool* known = value.get<bool>();
  if (known == nullptr) return fail("no matching overload: !{}", name_of(kind_of(value)));
  return truth(!*known);
}

Evaluation::Pointer Evaluation::size(const Value& value, Value& scratch) {
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

Evaluation::Pointer Evaluation::search(Function function, const Value& a, const Value& b) {
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
      return matches_pattern(*text, *part);
  }
}

Evaluation::Pointer Evaluation::matches_pattern(const std::string& text, const std::string& pattern) {
  constexpr std::size_t kStepsPerRegex = 100;  // to compile one is dear
  if (!budget_.spend(kStepsPerRegex + pattern.size())) return exhausted();
  const auto regex = compile_regex(pattern);
  if (!regex) return fail("matches(): the regular expression is not valid RE2");
  return truth(matches(text, **regex));
}

Evaluation::Pointer Evaluation::matches_regex(const Instruction& instruction) {
  Value own;
  const Value* value = evaluate(program_.child(instruction, 0), own);
  if (value == nullptr) return nullptr;
  const std::string* text = value->string();
  if (text == nullptr) return fail("no matching overload: matches({}, string)", name_of(kind_of(*value)));
  if (!spend_octets(text->size())) return exhausted();
  return truth(matches(*text, *program_.regexes[instruction.index]));
}

Evaluation::Pointer Evaluation::conversion(Function function, const Value& value, Value& scratch) {
  const std::string* text = value.string();
  const auto* bytes = value.get<Bytes>();
  const std::size_t octets = text != nullptr ? text->size() : bytes != nullptr ? bytes->octets.size() : 0;
  if (!spend_octets(octets)) return exhausted();
  return store(convert(function, value), scratch);
}

}  // namespace relance::rules::cel
