#pragma once
// Lines and columns of a text. A line ends with LF or CR LF; columns count Unicode code points. Any thread, one
// object each.

#include <cstddef>
#include <string_view>

#include "rules/yaml_node.h"

namespace relance::rules {

/// Turns byte offsets into positions. Cheap when offsets come nearly in order, as they do from a parser: it walks from
/// the last answer.
class PositionFinder {
 public:
  explicit PositionFinder(std::string_view text) : text_(text) {}
  /// Offsets behind the end are read as the end.
  TextPosition at(std::size_t offset);

 private:
  void step_forward();

  std::string_view text_;
  TextPosition last_;
};

/// The way back from a line and a column; the end of the line, or of the text, when there is no such place.
TextPosition position_at(std::string_view text, int line, int column);

/// The text without the UTF-8 byte order mark that editors of Windows put in front: it is no part of it.
std::string_view without_byte_order_mark(std::string_view text);

/// The line that holds the byte at `offset` (or the end of the text), without its line ending.
std::string_view line_around(std::string_view text, std::size_t offset);

/// The offset of the first byte that is not well-formed UTF-8 (RFC 3629), or npos.
std::size_t find_invalid_utf8(std::string_view text);

/// Bytes that continue a code point do not count as characters.
constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace relance::rules
