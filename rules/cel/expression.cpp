#include "rules/cel/expression.h"

#include <algorithm>

#include "rules/cel/checker.h"
#include "rules/cel/evaluator.h"
#include "rules/cel/parser.h"
#include "rules/cel/utf8.h"

namespace relance::rules::cel {

struct Expression::Compiled {
  std::string text;
  Program program;
};

namespace {

CompileError locate(std::string_view text, Problem problem) {
  const std::string_view before = text.substr(0, problem.offset);
  const std::size_t line_end = before.rfind('\n');
  const std::string_view on_line = line_end == std::string_view::npos ? before : before.substr(line_end + 1);
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(count_code_points(on_line)) + 1, std::move(problem.message)};
}

}  // namespace

tl::expected<Expression, std::vector<CompileError>> Expression::compile(std::string_view text,
                                                                        const std::vector<Variable>& variables) {
  auto tree = parse(text);
  if (!tree) return tl::make_unexpected(std::vector<CompileError>{locate(text, std::move(tree.error()))});
  auto program = check(*tree, variables);
  if (program) {
    return Expression(std::make_shared<const Compiled>(Compiled{std::string(text), std::move(*program)}));
  }
  std::vector<CompileError> errors;
  for (Problem& problem : program.error()) errors.push_back(locate(text, std::move(problem)));
  return tl::make_unexpected(std::move(errors));
}

bool Expression::may_be_bool() const {
  return compiled_->program.result == Kind::boolean || compiled_->program.result == Kind::dyn;
}

tl::expected<Value, EvaluationError> Expression::evaluate(const Bindings& bindings) const {
  return cel::evaluate(compiled_->program, compiled_->program.root, bindings);
}

const std::string& Expression::text() const { return compiled_->text; }

std::vector<std::string> Expression::fields_of(std::string_view variable) const {
  const Program& program = compiled_->program;
  std::vector<std::string> fields;
  for (const Instruction& instruction : program.instructions) {
    const bool is_field = instruction.operation == Operation::field || instruction.operation == Operation::has_field;
    if (!is_field || program.variables[instruction.index] != variable) continue;
    const std::string& name = program.names[instruction.name];
    if (std::find(fields.begin(), fields.end(), name) == fields.end()) fields.push_back(name);
  }
  return fields;
}

}  // namespace relance::rules::cel
