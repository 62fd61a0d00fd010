// relance backtest: what two sets of playbooks would have done to one history.

#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/backtest/backtest.h"
#include "rules/loader.h"

namespace relance::app {

namespace {

struct BacktestArguments {
  std::string before;
  std::string after;
  std::string events;
  std::vector<std::string> policies;
  bool json = false;
};

int run(const BacktestArguments& arguments) {
  const auto before = load_or_print_findings(arguments.before, arguments.policies);
  const auto after = before ? load_or_print_findings(arguments.after, arguments.policies) : std::nullopt;
  if (!after) return 1;
  const auto result = engine::backtest(*before, *after, arguments.events,
                                       [](const std::string& message) { std::cerr << message << "\n"; });
  if (!result) return fail("backtest", result.error());
  if (arguments.json) {
    std::cout << engine::backtest_json(*result) << "\n";
  } else {
    std::cout << "before: " << arguments.before << ", after: " << arguments.after << "\n"
              << engine::backtest_text(*result);
  }
  return 0;
}

}  // namespace

void add_backtest(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<BacktestArguments>();
  auto* command = app.add_subcommand("backtest", "What two sets of playbooks would have done to a history of events");
  command->add_option("folder", arguments->before, "Folder of playbooks")->required()->check(CLI::ExistingDirectory);
  command->add_option("--against", arguments->after, "The folder to compare it with")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--events", arguments->events, "The history: CloudEvents, one JSON object a line")->required();
  add_policies(*command, arguments->policies);
  command->add_flag("--json", arguments->json, "As JSON");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace relance::app
