// The one binary: everything is wired here and in the files beside this one.

#include <exception>
#include <iostream>

#include "engine/app/commands.h"

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
