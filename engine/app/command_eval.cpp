// relance eval: try a condition.

#include <iostream>
#include <memory>

#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/intake/json_data.h"
#include "rules/cel/expression.h"
#include "rules/time.h"

namespace relance::app {

namespace {

using rules::cel::Value;

struct EvalArguments {
  std::string expression;
  std::string variables = "{}";
  std::string at;
};

class Variables final : public rules::cel::Bindings {
 public:
  void add(std::string name, rules::cel::VariableType type, Value value) {
    declared_.push_back({std::move(name), type});
    values_.push_back(std::move(value));
  }
  const std::vector<rules::cel::Variable>& declared() const { return declared_; }
  const Value* variable(std::size_t index) const override { return index < values_.size() ? &values_[index] : nullptr; }

 private:
  std::vector<rules::cel::Variable> declared_;
  std::vector<Value> values_;
};

int evaluate(const EvalArguments& arguments) {
  Variables variables;
  engine::JsonParser parser;
  const auto document = parser.parse(arguments.variables);
  if (!document) return fail("eval", "--vars: " + document.error().message);
  const auto given = engine::to_value(*document, 0);
  if (!given) return fail("eval", "--vars: " + given.error().message);
  if (!given->map()) return fail("eval", "--vars is a JSON object whose keys are the variables");
  for (const auto& [name, value] : *given->map()) variables.add(*name.string(), rules::cel::VariableType::dyn, value);
  if (!arguments.at.empty()) {
    const auto at = rules::parse_rfc3339(arguments.at);
    if (!at) return fail("eval", "--at is no RFC 3339 instant, such as 2026-03-02T08:00:00Z");
    if (!given->find("now")) {
      const std::int64_t milliseconds = (at->ms % 1000 + 1000) % 1000;
      variables.add("now", rules::cel::VariableType::timestamp,
                    Value(rules::cel::Timestamp{(at->ms - milliseconds) / 1000,
                                                static_cast<std::int32_t>(milliseconds * 1'000'000)}));
    }
  }

  const auto expression = rules::cel::Expression::compile(arguments.expression, variables.declared());
  if (!expression) {
    for (const auto& error : expression.error()) {
      std::cerr << "relance eval: " << error.line << ":" << error.column << ": " << error.message << "\n";
    }
    return 2;
  }
  const auto value = expression->evaluate(variables);
  if (!value) {
    std::cerr << "relance eval: " << value.error().message << "\n";
    return 1;
  }
  std::cout << rules::cel::to_json(*value) << "\n";
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<EvalArguments>();
  auto* command = app.add_subcommand("eval", "Evaluate a condition and print its value as JSON");
  command->add_option("expression", arguments->expression, "The condition (CEL)")->required();
  command->add_option("--vars", arguments->variables, "JSON object: the variables");
  command->add_option("--at", arguments->at, "The instant of `now` (RFC 3339)");
  command->callback([arguments, &exit_code] { exit_code = evaluate(*arguments); });
}

}  // namespace relance::app
