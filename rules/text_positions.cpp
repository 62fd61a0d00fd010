#include "rules/text_positions.h"

#include <algorithm>

namespace relance::rules {

namespace {

/// The length of the well-formed sequence at `at`, 0 when there is none (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80U) return 1;
  if (lead >= 0xC2U && lead <= 0xDFU) return tail(1) ? 2 : 0;
  if (lead >= 0xE0U && lead <= 0xEFU) {
    // No overlong forms, no surrogates.
    if (lead == 0xE0U && byte(1) < 0xA0U) return 0;
    if (lead == 0xEDU && byte(1) > 0x9FU) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0U && lead <= 0xF4U) {
    if (lead == 0xF0U && byte(1) < 0x90U) return 0;
    if (lead == 0xF4U && byte(1) > 0x8FU) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

void PositionFinder::step_forward() {
  if (text_[last_.offset] == '\n') {
    ++last_.line;
    last_.column = 1;
  } else if (last_.offset + 1 < text_.size() && !is_continuation(text_[last_.offset + 1])) {
    ++last_.column;
  } else if (last_.offset + 1 == text_.size()) {
    ++last_.column;
  }
  ++last_.offset;
}

TextPosition PositionFinder::at(std::size_t offset) {
  offset = std::min(offset, text_.size());
  if (offset < last_.offset) {
    // Back on the same line is a short walk; further back starts again.
    while (last_.offset > offset && last_.column > 1) {
      --last_.offset;
      if (last_.offset + 1 == text_.size() || !is_continuation(text_[last_.offset + 1])) --last_.column;
    }
    if (last_.offset > offset) last_ = TextPosition{};
  }
  while (last_.offset < offset) step_forward();
  return last_;
}

TextPosition position_at(std::string_view text, int line, int column) {
  TextPosition at;
  for (; at.line < line; ++at.line) {
    const std::size_t end = text.find('\n', at.offset);
    if (end == std::string_view::npos) break;
    at.offset = end + 1;
  }
  while (at.column < column && at.offset < text.size() && text[at.offset] != '\n') {
    do ++at.offset;
    while (at.offset < text.size() && is_continuation(text[at.offset]));
    ++at.column;
  }
  return at;
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::string_view line_around(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::size_t end = std::min(text.find('\n', offset), text.size());
  const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  std::string_view line = text.substr(begin, end - begin);
  // The CR of CR LF, unless it is what the offset names.
  if (line.ends_with('\r') && begin + line.size() - 1 != offset) line.remove_suffix(1);
  return line;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace relance::rules
