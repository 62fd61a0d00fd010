#pragma once
// From the text of an expression to tokens. Source: CEL language definition, "Syntax" (lexis) and "String and Bytes
// Values". Pure; literals arrive decoded, offsets are in octets.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "rules/cel/value.h"

namespace relance::rules::cel {

/// What is wrong at an octet of the source; lines and columns are counted when it leaves the compiler.
struct Problem {
  std::size_t offset = 0;
  std::string message;
};

enum class TokenKind {
  end,
  identifier,
  reserved,           // a word that may name a field or a method, but no variable and no function
  keyword,            // in, true, false, null
  quoted_identifier,  // `content-type`, a field name only
  whole_number,       // without its sign: `magnitude`
  literal,            // uint, double, string or bytes: `literal`
  punctuation
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::string_view text;  // as written; of a quoted identifier what is between the quotes
  std::uint64_t magnitude = 0;
  Value literal;
};

/// The tokens, the last one `end`. The views point into `source`.
tl::expected<std::vector<Token>, Problem> tokenize(std::string_view source);

}  // namespace relance::rules::cel
