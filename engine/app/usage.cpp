#include "engine/app/usage.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/nearest_name.h"

namespace relance::app {

namespace {

/// The command that was being read: the deepest one that was named.
const CLI::App* command_of(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return command;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent ? full_name(*parent) + " " + command.get_name() : command.get_name();
}

std::string joined(const std::vector<std::string>& names, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? std::string(last) : ", ";
    text += names[i];
  }
  return text;
}

/// "--reason", or "FILE" for what stands without a name.
std::string shown(const CLI::Option& option) {
  if (!option.get_positional()) return option.get_name();
  std::string name = option.get_single_name();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

std::vector<std::string> missing_options(const CLI::App& command) {
  std::vector<std::string> missing;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_required() && option->count() == 0) missing.push_back(shown(*option));
  }
  return missing;
}

std::string nearest_option(const CLI::App& command, std::string_view given) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto nearest = rules::nearest_name(given.substr(0, given.find('=')), known);
  return nearest ? "; did you mean `" + std::string(*nearest) + "`?" : "";
}

/// The first argument that nobody takes. Only the error itself knows it once the arguments are forgotten.
std::string first_extra(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty()) return extras.front();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return {};
  const std::string text = error.what();
  constexpr std::string_view kBefore = "not expected: ";
  const std::size_t at = text.find(kBefore);
  return at == std::string::npos ? std::string() : text.substr(at + kBefore.size());
}

/// What was given and nobody takes; empty when everything was taken.
std::string unexpected(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const std::string first = first_extra(app, error);
  if (first.empty()) return {};
  if (first.starts_with('-')) return "there is no option `" + first + "`" + nearest_option(command, first);
  return "expected nothing more, got `" + first + "`";
}

std::string expected_command(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* known : command.get_subcommands({})) names.push_back(known->get_name());
  return "expected one of " + joined(names, " or ") + ", got nothing";
}

/// CLI11's own words where they say enough: "folder: Directory does not exist: /nope".
std::string plain(std::string text) {
  constexpr std::string_view kCannotConvert = "Could not convert: ";
  if (text.starts_with(kCannotConvert)) {
    text.erase(0, kCannotConvert.size());
    const std::size_t equals = text.find(" = ");
    if (equals == std::string::npos) return text;
    return text.substr(0, equals) + ": expected a whole number, got `" + text.substr(equals + 3) + "`";
  }
  if (const std::size_t at = text.find(": 1 required "); at != std::string::npos)
    return text.substr(0, at) + ": expected a value, got nothing";
  return text;
}

std::string problem(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const bool wants_command = command.get_require_subcommand_min() > 0 && command.get_subcommands().empty();
  const std::string extra = unexpected(app, command, error);
  const auto missing = missing_options(command);
  if (error.get_name() == "RequiredError" && missing.empty() && wants_command)
    return extra.empty() ? expected_command(command) : extra;
  if (error.get_name() == "RequiredError" && !missing.empty())
    return "expected " + joined(missing, " and ") + (extra.empty() ? ", got nothing" : "; " + extra);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extra.empty()) return extra;
  return plain(error.what());
}

}  // namespace

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = command_of(app);
  const std::string name = full_name(*command);
  return name + ": " + problem(app, *command, error) + " (" + name + " --help says more)";
}

}  // namespace relance::app
