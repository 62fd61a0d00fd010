#pragma once
// The subcommands of `relance`: each adds itself to the parser and sets its exit code when it ran. Exit codes: 0 fine,
// 1 findings or a failed evaluation, 2 could not run. Results go to stdout, messages to stderr.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace relance::app {

/// `--policies fr,us`: legal packs of the folder besides those that its house.yaml names.
void add_policies(CLI::App& command, std::vector<std::string>& policies);

void add_serve(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_test(CLI::App& app, int& exit_code);
void add_simulate(CLI::App& app, int& exit_code);
void add_backtest(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_diff(CLI::App& app, int& exit_code);
void add_publish(CLI::App& app, int& exit_code);
void add_eval(CLI::App& app, int& exit_code);
void add_emit(CLI::App& app, int& exit_code);
void add_tail(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_halt(CLI::App& app, int& exit_code);
void add_resume(CLI::App& app, int& exit_code);
void add_parked(CLI::App& app, int& exit_code);
void add_suppress(CLI::App& app, int& exit_code);

}  // namespace relance::app
