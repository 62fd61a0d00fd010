#include "rules/cel/program_builder.h"

#include "rules/cel/evaluator.h"

namespace relance::rules::cel {
namespace {

struct NoBindings : Bindings {
  const Value* variable(std::size_t) const override { return nullptr; }
};

}  // namespace

std::uint32_t ProgramBuilder::emit(Instruction instruction, const Children& children) {
  instruction.first_child = static_cast<std::uint32_t>(program_.children.size());
  instruction.children = static_cast<std::uint32_t>(children.size());
  program_.children.insert(program_.children.end(), children.begin(), children.end());
  program_.instructions.push_back(instruction);
  return static_cast<std::uint32_t>(program_.instructions.size() - 1);
}

std::uint32_t ProgramBuilder::emit_indexed(Operation operation, std::size_t index, const Children& children) {
  Instruction instruction{operation};
  instruction.index = static_cast<std::uint32_t>(index);
  return emit(instruction, children);
}

std::uint32_t ProgramBuilder::emit_named(Operation operation, std::uint32_t index, std::string_view name,
                                         const Children& children) {
  Instruction instruction{operation};
  instruction.index = index;
  instruction.name = static_cast<std::uint32_t>(program_.names.size());
  program_.names.emplace_back(name);
  return emit(instruction, children);
}

std::uint32_t ProgramBuilder::emit_call(Function function, const Children& children) {
  return emit(Instruction{Operation::call, function}, children);
}

std::uint32_t ProgramBuilder::emit_constant(Value value) {
  program_.constants.push_back(std::move(value));
  return emit_indexed(Operation::constant, program_.constants.size() - 1);
}

std::uint32_t ProgramBuilder::emit_regex(std::unique_ptr<const re2::RE2> regex, std::uint32_t text) {
  program_.regexes.push_back(std::move(regex));
  return emit_indexed(Operation::matches_regex, program_.regexes.size() - 1, {text});
}

const Value* ProgramBuilder::constant(std::uint32_t instruction) const {
  const Instruction& candidate = program_.instructions[instruction];
  return candidate.operation == Operation::constant ? &program_.constants[candidate.index] : nullptr;
}

const std::string* ProgramBuilder::constant_text(std::uint32_t instruction) const {
  const Value* value = constant(instruction);
  return value == nullptr ? nullptr : value->string();
}

std::uint32_t ProgramBuilder::folded(std::uint32_t instruction) {
  const Instruction& candidate = program_.instructions[instruction];
  for (std::size_t i = 0; i < candidate.children; ++i) {
    if (constant(program_.child(candidate, i)) == nullptr) return instruction;
  }
  auto value = evaluate(program_, instruction, NoBindings());
  return value ? emit_constant(std::move(*value)) : instruction;
}

Program ProgramBuilder::finish(std::uint32_t root, Kind result) && {
  program_.root = root;
  program_.result = result;
  return std::move(program_);
}

}  // namespace relance::rules::cel
