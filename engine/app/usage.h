#pragma once
// What a command line that cannot be read gets to hear: one line that says where, what was expected, what was given,
// and what to do. CLI11's own two lines name no command.

#include <string>

#include <CLI/CLI.hpp>

namespace relance::app {

/// "relance emit: expected FILE, got nothing; relance emit --help says more".
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace relance::app
