#pragma once
// What steps say: their templates exist, parse, fit their channel, and read what events carry. Internal to the check.

#include <filesystem>

#include "engine/check/check.h"

namespace relance::engine {

/// Reads `folder`/templates.
void check_templates(const rules::Rulebook& rulebook, const std::filesystem::path& folder, SourceMap& sources,
                     CheckReport& report);

}  // namespace relance::engine
