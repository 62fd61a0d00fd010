#pragma once
// "Did you mean": the known name that was probably meant. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relance::rules::cel {

/// The nearest of the known names, when it is near enough that a slip of the keyboard explains the difference.
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace relance::rules::cel
