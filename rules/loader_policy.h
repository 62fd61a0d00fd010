#pragma once
// Reads a policy pack (policies/<id>.yaml) into the model. Internal to the loader: rules/loader.h is the way in.

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "rules/loader_playbook.h"
#include "rules/policy.h"

namespace relance::rules {

/// `id`: the name of the file, which the pack must have. All findings on failure.
tl::expected<PolicyPack, std::vector<Finding>> read_policy(const SourceText& source, const std::string& id,
                                                           const ReadBeside& read_beside);

}  // namespace relance::rules
