#include "rules/cel/checker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "rules/cel/overload_messages.h"
#include "rules/cel/program_builder.h"
#include "rules/cel/suggestion.h"
#include "rules/cel/text_functions.h"

namespace relance::rules::cel {
namespace {

constexpr StaticType kDyn = simple(Kind::dyn);
constexpr StaticType kBool = simple(Kind::boolean);

/// What a node became, and its type.
struct Checked {
  std::uint32_t instruction = 0;
  StaticType type = kDyn;
};

struct Local {
  std::string_view name;
  StaticType type = kDyn;
};

std::optional<Kind> named_type(std::string_view name) {
  for (auto kind = static_cast<std::size_t>(Kind::null); kind <= static_cast<std::size_t>(Kind::map); ++kind) {
    if (name == name_of(static_cast<Kind>(kind))) return static_cast<Kind>(kind);
  }
  return std::nullopt;
}

std::optional<Operation> comparison(std::string_view sign) {
  if (sign == "==") return Operation::equal;
  if (sign == "!=") return Operation::not_equal;
  if (sign == "<") return Operation::less;
  if (sign == "<=") return Operation::less_or_equal;
  if (sign == ">") return Operation::greater;
  if (sign == ">=") return Operation::greater_or_equal;
  return std::nullopt;
}

std::vector<std::string> names_of(const std::vector<Variable>& variables) {
  std::vector<std::string> names;
  names.reserve(variables.size());
  for (const Variable& variable : variables) names.push_back(variable.name);
  return names;
}

std::optional<Operation> macro(std::string_view name) {
  if (name == "all") return Operation::all;
  if (name == "exists") return Operation::exists;
  if (name == "exists_one") return Operation::exists_one;
  if (name == "filter") return Operation::filter;
  if (name == "map") return Operation::transform;
  return std::nullopt;
}

class Checker {
 public:
  Checker(const SyntaxTree& tree, const std::vector<Variable>& variables)
      : tree_(tree), variables_(variables), builder_(names_of(variables)) {}

  tl::expected<Program, std::vector<Problem>> run() {
    const Checked root = check(tree_.root);
    if (!problems_.empty()) {
      std::stable_sort(problems_.begin(), problems_.end(),
                       [](const Problem& a, const Problem& b) { return a.offset < b.offset; });
      return tl::make_unexpected(std::move(problems_));
    }
    return std::move(builder_).finish(root.instruction, types_.kind(root.type));
  }

 private:
  // Names -------------------------------------------------------------------------------------------------------------

  Checked fail(std::size_t offset, std::string message) {
    problems_.push_back({offset, std::move(message)});
    return {builder_.emit_constant(Value()), kDyn};
  }

  Kind kind(const Checked& checked) const { return types_.kind(checked.type); }
  std::string text(const Checked& checked) const { return types_.text(checked.type); }

  std::optional<Checked> global(std::string_view name) {
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      if (variables_[i].name == name)
        return Checked{builder_.emit_indexed(Operation::variable, i), types_.of(variables_[i].type)};
    }
    if (const auto type = named_type(name))
      return Checked{builder_.emit_constant(Type{name_of(*type)}), simple(Kind::type)};
    return std::nullopt;
  }

  const Local* local(std::string_view name) const {
    const auto found = std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& l) { return l.name == name; });
    return found == locals_.rend() ? nullptr : &*found;
  }

  Checked identifier(const SyntaxNode& node) {
    if (const Local* found = node.is_rooted ? nullptr : local(node.text)) {
      return {builder_.emit_indexed(Operation::local, static_cast<std::size_t>(found - locals_.data())), found->type};
    }
    if (const auto found = global(node.text)) return *found;
    return fail(node.offset, unknown_variable(node.text));
  }

  std::string unknown_variable(const std::string& name) const {
    std::vector<std::string> known;
    known.reserve(locals_.size() + variables_.size());
    for (const Local& entry : locals_) known.emplace_back(entry.name);
    for (const Variable& variable : variables_) known.push_back(variable.name);
    std::string message = fmt::format("unknown variable '{}'", name);
    if (const auto nearest = nearest_name(name, known)) return fmt::format("{}; did you mean '{}'?", message, *nearest);
    const bool is_function = std::any_of(overloads().begin(), overloads().end(), [&](const Overload& overload) {
      return overload.name == name && overload.style == CallStyle::function;
    });
    if (is_function) return fmt::format("{}; '{}' is a function, to be called as {}(...)", message, name, name);
    if (known.empty()) return message + "; none is known here";
    std::sort(known.begin(), known.end());
    return fmt::format("{}; known are {}", message, fmt::join(known, ", "));
  }

  /// `a.b.c` as the name of one variable or type; nullopt when it is a selection.
  std::optional<Checked> qualified(const SyntaxNode& node) {
    std::string name;
    const SyntaxNode* part = &node;
    for (; part->kind == SyntaxKind::select && !part->is_quoted; part = &tree_[part->children[0]]) {
      name.insert(0, "." + part->text);
    }
    if (part->kind != SyntaxKind::identifier) return std::nullopt;
    if (!part->is_rooted && local(part->text) != nullptr) return std::nullopt;
    return global(part->text + name);
  }

  // Nodes -------------------------------------------------------------------------------------------------------------

  Checked check(NodeIndex index) {
    const SyntaxNode& node = tree_[index];
    switch (node.kind) {
      case SyntaxKind::literal:
        return {builder_.emit_constant(node.value), simple(kind_of(node.value))};
      case SyntaxKind::identifier:
        return identifier(node);
      case SyntaxKind::select:
        return select(node, false);
      case SyntaxKind::list:
        return list(node);
      case SyntaxKind::map:
        return map(node);
      case SyntaxKind::operation:
        return operation(node);
      case SyntaxKind::call:
        if (node.text == "has") return has(node);
        return call(node, CallStyle::function);
      case SyntaxKind::method:
        if (const auto found = macro(node.text)) return comprehension(node, *found);
        return call(node, CallStyle::method);
    }
    return {};
  }

  Checked select(const SyntaxNode& node, bool is_test) {
    if (!is_test) {
      if (const auto found = qualified(node)) return *found;
    }
    const Checked operand = check(node.children[0]);
    if (kind(operand) != Kind::dyn && kind(operand) != Kind::map) {
      return fail(node.offset,
                  fmt::format("{} has no fields, so it has no '{}'; only maps do", text(operand), node.text));
    }
    const StaticType type = is_test ? kBool : types_.mapped(operand.type);
    const Instruction& source = builder_[operand.instruction];
    if (source.operation == Operation::variable) {
      const auto operation = is_test ? Operation::has_field : Operation::field;
      return {builder_.emit_named(operation, source.index, node.text, {}), type};
    }
    const auto operation = is_test ? Operation::has : Operation::select;
    return {builder_.emit_named(operation, 0, node.text, {operand.instruction}), type};
  }

  Checked has(const SyntaxNode& node) {
    if (node.children.size() != 1 || tree_[node.children[0]].kind != SyntaxKind::select) {
      return fail(node.offset, "has() takes the selection of a field, such as has(lead.phone)");
    }
    return select(tree_[node.children[0]], true);
  }

  Checked list(const SyntaxNode& node) {
    std::vector<std::uint32_t> elements;
    std::optional<StaticType> type;
    for (const NodeIndex child : node.children) {
      const Checked element = check(child);
      elements.push_back(element.instruction);
      type = type ? types_.join(*type, element.type) : element.type;
    }
    return {builder_.folded(builder_.emit(Operation::list, elements)), types_.list_of(type.value_or(kDyn))};
  }

  Checked map(const SyntaxNode& node) {
    std::vector<std::uint32_t> entries;
    std::optional<StaticType> key_type;
    std::optional<StaticType> value_type;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Checked key = check(node.children[i]);
      const Checked value = check(node.children[i + 1]);
      entries.insert(entries.end(), {key.instruction, value.instruction});
      // Keys of other kinds are an error of the evaluation, as in the conformance suite.
      const bool is_key = kind(key) == Kind::boolean || kind(key) == Kind::integer || kind(key) == Kind::uinteger ||
                          kind(key) == Kind::string;
      const StaticType this_key = is_key ? key.type : kDyn;
      key_type = key_type ? types_.join(*key_type, this_key) : this_key;
      value_type = value_type ? types_.join(*value_type, value.type) : value.type;
    }
    const StaticType type = types_.map_of(key_type.value_or(kDyn), value_type.value_or(kDyn));
    return {builder_.folded(builder_.emit(Operation::map, entries)), type};
  }

  Checked operation(const SyntaxNode& node) {
    std::vector<Checked> operands;
    operands.reserve(node.children.size());
    for (const NodeIndex child : node.children) operands.push_back(check(child));
    if (node.text == "&&" || node.text == "||") return logical(node, operands);
    if (node.text == "?:") return conditional(node, operands);
    if (node.text == "[]") return element(node, operands);
    if (node.text == "in") return contained(node, operands);
    if (const auto found = comparison(node.text)) return compared(node, *found, operands);
    return overloaded(node, CallStyle::operation, operands);
  }

  static std::vector<std::uint32_t> instructions(const std::vector<Checked>& operands) {
    std::vector<std::uint32_t> result;
    result.reserve(operands.size());
    for (const Checked& operand : operands) result.push_back(operand.instruction);
    return result;
  }

  bool may_be(const Checked& checked, Kind wanted) const {
    return kind(checked) == wanted || kind(checked) == Kind::dyn;
  }

  Checked logical(const SyntaxNode& node, const std::vector<Checked>& operands) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (may_be(operands[i], Kind::boolean)) continue;
      fail(tree_[node.children[i]].offset,
           fmt::format("'{}' combines conditions (bool), but one side is {}", node.text, text(operands[i])));
    }
    return {builder_.emit(node.text == "&&" ? Operation::all_true : Operation::any_true, instructions(operands)),
            kBool};
  }

  Checked conditional(const SyntaxNode& node, const std::vector<Checked>& operands) {
    if (!may_be(operands[0], Kind::boolean)) {
      return fail(node.offset, fmt::format("before '?' stands a condition (bool), but got {}", text(operands[0])));
    }
    return {builder_.emit(Operation::conditional, instructions(operands)),
            types_.join(operands[1].type, operands[2].type)};
  }

  Checked element(const SyntaxNode& node, const std::vector<Checked>& operands) {
    const Checked& container = operands[0];
    const Checked& index = operands[1];
    StaticType type = kDyn;
    if (kind(container) == Kind::list) {
      if (!may_be(index, Kind::integer)) {
        return fail(node.offset, fmt::format("a list is indexed by int, but got {}", text(index)));
      }
      type = types_.element(container.type);
    } else if (kind(container) == Kind::map) {
      const StaticType key = types_.element(container.type);
      if (!comparable(key, index.type)) {
        return fail(node.offset,
                    fmt::format("the keys of this map are {}, but the index is {}", types_.text(key), text(index)));
      }
      type = types_.mapped(container.type);
    } else if (kind(container) != Kind::dyn) {
      return fail(node.offset, fmt::format("{} has no elements; only lists and maps do", text(container)));
    }
    const Instruction& source = builder_[container.instruction];
    const std::string* name = builder_.constant_text(index.instruction);
    if (source.operation == Operation::variable && name != nullptr) {
      return {builder_.emit_named(Operation::field, source.index, std::string(*name), {}), type};
    }
    return {builder_.emit(Operation::element, instructions(operands)), type};
  }

  Checked contained(const SyntaxNode& node, const std::vector<Checked>& operands) {
    const Checked& container = operands[1];
    if (kind(container) != Kind::dyn && kind(container) != Kind::list && kind(container) != Kind::map) {
      return fail(node.offset, fmt::format("behind 'in' stands a list or a map, but got {}", text(container)));
    }
    if (!comparable(operands[0].type, types_.element(container.type))) {
      return fail(node.offset, fmt::format("{} is never in a {}", text(operands[0]), text(container)));
    }
    return {builder_.emit(Operation::contained, instructions(operands)), kBool};
  }

  /// Whether == may hold between values of these types.
  bool comparable(StaticType a, StaticType b) const {
    const Kind x = types_.kind(a);
    const Kind y = types_.kind(b);
    if (x == y || x == Kind::dyn || y == Kind::dyn) return true;
    if (is_number(x) && is_number(y)) return true;
    const auto is_time = [](Kind k) { return k == Kind::timestamp || k == Kind::duration; };
    return (x == Kind::null && is_time(y)) || (y == Kind::null && is_time(x));
  }

  Checked compared(const SyntaxNode& node, Operation operation, const std::vector<Checked>& operands) {
    const Kind a = kind(operands[0]);
    const Kind b = kind(operands[1]);
    const bool is_equality = operation == Operation::equal || operation == Operation::not_equal;
    const bool orderable = is_ordered(a) && is_ordered(b) &&
                           (a == b || a == Kind::dyn || b == Kind::dyn || (is_number(a) && is_number(b)));
    if (is_equality ? !comparable(operands[0].type, operands[1].type) : !orderable) {
      return fail(node.offset, fmt::format("'{}' cannot compare {} with {}{}", node.text, text(operands[0]),
                                           text(operands[1]), conversion_hint(a, b)));
    }
    return {builder_.emit(operation, instructions(operands)), kBool};
  }

  // Functions ---------------------------------------------------------------------------------------------------------

  Checked call(const SyntaxNode& node, CallStyle style) {
    std::vector<Checked> operands;
    operands.reserve(node.children.size());
    for (const NodeIndex child : node.children) operands.push_back(check(child));
    return overloaded(node, style, operands);
  }

  bool takes(const Overload& overload, const std::vector<Checked>& operands) const {
    if (overload.arity != operands.size()) return false;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Kind wanted = overload.arguments.at(i);
      if (wanted != Kind::dyn && !may_be(operands[i], wanted)) return false;
    }
    return true;
  }

  Checked overloaded(const SyntaxNode& node, CallStyle style, const std::vector<Checked>& operands) {
    const Overload* chosen = nullptr;
    bool is_certain = true;
    for (const Overload& overload : overloads()) {
      if (overload.name != node.text || overload.style != style || !takes(overload, operands)) continue;
      is_certain = is_certain && (chosen == nullptr || chosen->result == overload.result);
      chosen = &overload;
    }
    if (chosen == nullptr) return fail(node.offset, no_overload(node, style, operands));
    StaticType type = is_certain ? simple(chosen->result) : kDyn;
    if (is_certain && chosen->result == Kind::list) type = types_.join(operands[0].type, operands[1].type);
    if (chosen->function == Function::matches && kind(operands[1]) == Kind::string) {
      if (const std::string* pattern = builder_.constant_text(operands[1].instruction)) {
        return constant_regex(tree_[node.children[1]].offset, *pattern, operands[0]);
      }
    }
    if (chosen->function == Function::to_dyn) return {operands[0].instruction, kDyn};
    const std::uint32_t emitted = builder_.emit_call(chosen->function, instructions(operands));
    const bool is_time = chosen->function == Function::to_timestamp || chosen->function == Function::to_duration;
    return {is_time ? builder_.folded(emitted) : emitted, type};
  }

  Checked constant_regex(std::size_t offset, const std::string& pattern, const Checked& subject) {
    auto regex = compile_regex(pattern);
    if (!regex) return fail(offset, fmt::format("the regular expression is not valid RE2: {}", regex.error()));
    return {builder_.emit_regex(std::move(*regex), subject.instruction), kBool};
  }

  std::string no_overload(const SyntaxNode& node, CallStyle style, const std::vector<Checked>& operands) const {
    CallShape shape{node.text, style, {}};
    for (const Checked& operand : operands) shape.arguments.push_back(text(operand));
    const auto kind_at = [&](std::size_t i) { return i < operands.size() ? kind(operands[i]) : Kind::dyn; };
    return no_overload_message(shape, kind_at(0), kind_at(1));
  }

  // Macros ------------------------------------------------------------------------------------------------------------

  Checked comprehension(const SyntaxNode& node, Operation operation) {
    const std::size_t arguments = node.children.size() - 1;
    const bool takes_three = operation == Operation::transform;
    if (arguments != 2 && !(takes_three && arguments == 3)) {
      return fail(node.offset, fmt::format("{0} takes a name and {1}, such as {0}(x, ...)", node.text,
                                           takes_three ? "one or two expressions" : "a condition"));
    }
    const SyntaxNode& name = tree_[node.children[1]];
    if (name.kind != SyntaxKind::identifier || name.is_rooted) {
      return fail(name.offset, fmt::format("the first argument of {} is a plain name for the element", node.text));
    }
    const Checked range = check(node.children[0]);
    if (kind(range) != Kind::dyn && kind(range) != Kind::list && kind(range) != Kind::map) {
      return fail(node.offset,
                  fmt::format("{} runs over a list or the keys of a map, but got {}", node.text, text(range)));
    }
    if (locals_.size() >= kMaxMacroDepth) {
      return fail(node.offset, fmt::format("macros nest deeper than {} levels", kMaxMacroDepth));
    }
    locals_.push_back({name.text, types_.element(range.type)});
    const Checked result = comprehension_body(node, operation, range);
    locals_.pop_back();
    return result;
  }

  Checked comprehension_body(const SyntaxNode& node, Operation operation, const Checked& range) {
    std::vector<std::uint32_t> children = {range.instruction};
    Checked last;
    for (std::size_t i = 2; i < node.children.size(); ++i) {
      last = check(node.children[i]);
      children.push_back(last.instruction);
      const bool is_condition = operation != Operation::transform || i + 1 < node.children.size();
      if (is_condition && !may_be(last, Kind::boolean)) {
        return fail(tree_[node.children[i]].offset,
                    fmt::format("{} takes a condition (bool), but got {}", node.text, text(last)));
      }
    }
    StaticType type = kBool;
    if (operation == Operation::transform) type = types_.list_of(last.type);
    if (operation == Operation::filter) type = types_.list_of(types_.element(range.type));
    return {builder_.emit_indexed(operation, locals_.size() - 1, children), type};
  }

  const SyntaxTree& tree_;
  const std::vector<Variable>& variables_;
  TypeTable types_;
  std::vector<Local> locals_;
  ProgramBuilder builder_;
  std::vector<Problem> problems_;
};

}  // namespace

tl::expected<Program, std::vector<Problem>> check(const SyntaxTree& tree, const std::vector<Variable>& variables) {
  return Checker(tree, variables).run();
}

}  // namespace relance::rules::cel
