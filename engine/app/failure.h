#pragma once
// How a command ends that cannot do what it was asked. One thread.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "rules/loader.h"

namespace relance::app {

/// What a function gives that could not do its work.
inline tl::unexpected<std::string> failed(std::string why) { return tl::unexpected<std::string>(std::move(why)); }

constexpr int kCouldNotRun = 2;

/// "relance COMMAND: MESSAGE" on standard error; gives back the exit code.
int fail(std::string_view command, std::string_view message, int exit_code = kCouldNotRun);

/// The playbooks of a folder under the named packs; nullopt when it has findings, which are on standard error then.
std::optional<rules::Rulebook> load_or_print_findings(const std::string& folder,
                                                      const std::vector<std::string>& policies = {});

}  // namespace relance::app
