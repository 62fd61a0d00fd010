#pragma once
// Decoding of number and string literals. Source: CEL language definition, "String and Bytes Values".

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "rules/cel/lexer.h"

namespace relance::rules::cel {

enum class TextKind { string, bytes };

/// Replaces the escape sequences of a literal's inside, which begins at `offset` of the source. In strings \x and octal
/// escapes are code points, in bytes they are octets.
tl::expected<std::string, Problem> unescape(std::string_view inside, std::size_t offset, TextKind kind);

}  // namespace relance::rules::cel
