// The one binary: everything is wired here and in the files beside this one.

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/app/commands.h"
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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Relance: event-driven sales-cadence automation"};
  app.set_version_flag("--version", std::string("relance ") + RELANCE_VERSION);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help for every command");
  int exit_code = 0;
  relance::app::add_serve(app, exit_code);
  relance::app::add_config(app, exit_code);
  relance::app::add_check(app, exit_code);
  relance::app::add_test(app, exit_code);
  relance::app::add_simulate(app, exit_code);
  relance::app::add_eval(app, exit_code);
  relance::app::add_emit(app, exit_code);
  relance::app::add_tail(app, exit_code);
  relance::app::add_explain(app, exit_code);
  relance::app::add_suppress(app, exit_code);
  if (argc > 1 && is_unknown_command(app, argv[1])) return 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "relance: " << error.what() << "\n";
    return 2;
  }
  return exit_code;
}
