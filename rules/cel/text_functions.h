#pragma once
// Functions of strings and bytes. Source: CEL language definition, "String Functions", "Regular Expressions".

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace relance::rules::cel {

/// In time linear in both lengths.
bool contains(std::string_view text, std::string_view part);

/// RE2 syntax; the error is what is wrong with the pattern. Never logs, and bounds the memory of an automaton.
tl::expected<std::unique_ptr<const re2::RE2>, std::string> compile_regex(std::string_view pattern);
/// Whether any part of the text matches.
bool matches(std::string_view text, const re2::RE2& regex);

}  // namespace relance::rules::cel
