#pragma once
// Cuts a JSON array into the texts of its elements without reading them, so that one bad element costs only itself and
// keeps its own bytes. Pure; any thread.

#include <cstddef>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/intake/unusable.h"

namespace relance::engine {

/// The elements point into `json`. Only commas, brackets and strings are looked at: each element still has to be
/// parsed, and the text was an array exactly when every element is JSON.
tl::expected<std::vector<std::string_view>, Unusable> split_json_array(std::string_view json, std::size_t most);

}  // namespace relance::engine
