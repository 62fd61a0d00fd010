#pragma once
// "did you mean ...?": the known name that a misspelt one is closest to. Pure; any thread.

#include <optional>
#include <span>
#include <string_view>

namespace relance::rules {

/// The candidate with the smallest Damerau-Levenshtein distance (optimal string alignment: insertions, deletions,
/// substitutions and swaps of neighbours), letter case ignored and `-` read as `_`. nullopt when none is near enough to
/// be a slip of the keys: at most one edit for every three letters of the longer word. The first one wins a tie. When
/// none is near, the first that begins the name or that the name begins (`monday`, `mon`; three letters or more).
std::optional<std::string_view> nearest_name(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace relance::rules
