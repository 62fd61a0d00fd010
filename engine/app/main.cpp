// The one binary: everything is wired here and in the files beside this one.

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/app/commands.h"
#include "engine/app/usage.h"
#include "rules/nearest_name.h"

namespace {

/// CLI11 only says that a command is missing; whoever misspelt one wants to know which.
bool is_unknown_command(const CLI::App& app, const std::string& name) {
  if (name.empty() || name.front() == '-') return false;
  std::vector<std::string_view> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (std::find(known.begin(), known.end(), name) != known.end()) return false;
  const auto nearest = relance::rules::nearest_name(name, known);
  std::cerr << "relance: unknown command `" << name << "`; "
            << (nearest ? "did you mean `" + std::string(*nearest) + "`?" : "relance --help names them") << "\n";
  return true;
}

/// `relance eval -x`: an expression may begin with a minus, which options do. It goes last, after `--`.
std::vector<std::string> with_expression_last(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "eval") return arguments;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") break;
    if (argument == "--vars" || argument == "--at") {
      ++i;  // its value
      continue;
    }
    const bool is_option = argument.starts_with("--vars=") || argument.starts_with("--at=") || argument == "--help" ||
                           argument == "--help-all" || argument == "-h";
    if (is_option) continue;
    std::string expression = argument;
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i));
    arguments.emplace_back("--");
    arguments.push_back(std::move(expression));
    break;
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Relance: event-driven sales-cadence automation"};
  app.name("relance");
  app.set_version_flag("--version", std::string("relance ") + RELANCE_VERSION);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help for every command");
  int exit_code = 0;
  relance::app::add_serve(app, exit_code);
  relance::app::add_config(app, exit_code);
  relance::app::add_check(app, exit_code);
  relance::app::add_test(app, exit_code);
  relance::app::add_simulate(app, exit_code);
  relance::app::add_backtest(app, exit_code);
  relance::app::add_report(app, exit_code);
  relance::app::add_diff(app, exit_code);
  relance::app::add_publish(app, exit_code);
  relance::app::add_eval(app, exit_code);
  relance::app::add_emit(app, exit_code);
  relance::app::add_tail(app, exit_code);
  relance::app::add_explain(app, exit_code);
  relance::app::add_parked(app, exit_code);
  relance::app::add_suppress(app, exit_code);
  relance::app::add_halt(app, exit_code);
  relance::app::add_resume(app, exit_code);
  if (argc > 1 && is_unknown_command(app, argv[1])) return 2;
  try {
    std::vector<std::string> arguments = with_expression_last({argv + 1, argv + argc});
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help, version
    std::cerr << relance::app::usage_message(app, error) << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "relance: " << error.what() << "\n";
    return 2;
  }
  return exit_code;
}
