#pragma once
// UTF-8 as CEL needs it: strings are sequences of Unicode code points, columns and size() count them.
// Source: RFC 3629. Pure functions.

#include <cstddef>
#include <string>
#include <string_view>

namespace relance::rules::cel {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // in octets; 0: the text does not begin with a well-formed code point
};

/// The first code point of a text; overlong forms, surrogates and values over U+10FFFF are not well-formed.
CodePoint decode_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code_point);

/// Offset of the first octet that is not part of well-formed UTF-8; npos when all are.
std::size_t find_invalid_utf8(std::string_view text);
/// Octets that are not well-formed count as one each.
std::size_t count_code_points(std::string_view text);

constexpr bool is_unicode_scalar(char32_t value) { return value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF); }

}  // namespace relance::rules::cel
