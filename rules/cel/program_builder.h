#pragma once
// Makes a program, one instruction after the other, children before parents.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/cel/program.h"

namespace relance::rules::cel {

class ProgramBuilder {
 public:
  using Children = std::vector<std::uint32_t>;

  explicit ProgramBuilder(std::vector<std::string> variables) { program_.variables = std::move(variables); }

  const Program& program() const { return program_; }
  const Instruction& operator[](std::uint32_t instruction) const { return program_.instructions[instruction]; }

  std::uint32_t emit(Operation operation, const Children& children) { return emit(Instruction{operation}, children); }
  std::uint32_t emit_indexed(Operation operation, std::size_t index, const Children& children = {});
  /// `index` is that of the variable for field operations, unused else.
  std::uint32_t emit_named(Operation operation, std::uint32_t index, std::string_view name, const Children& children);
  std::uint32_t emit_call(Function function, const Children& children);
  std::uint32_t emit_constant(Value value);
  std::uint32_t emit_regex(std::unique_ptr<const re2::RE2> regex, std::uint32_t text);

  /// The value of a constant instruction, nullptr of any other.
  const Value* constant(std::uint32_t instruction) const;
  const std::string* constant_text(std::uint32_t instruction) const;
  /// The instruction as a constant when all its children are. One that has no value keeps its error for the evaluation.
  std::uint32_t folded(std::uint32_t instruction);

  Program finish(std::uint32_t root, Kind result) &&;

 private:
  std::uint32_t emit(Instruction instruction, const Children& children);

  Program program_;
};

}  // namespace relance::rules::cel
