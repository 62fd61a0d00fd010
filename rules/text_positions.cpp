#include "rules/text_positions.h"

#include <algorithm>

namespace relance::rules {

namespace {

bool ends_line(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return true;
  return text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n');
}

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
  if (ends_line(text_, last_.offset)) {
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

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::string_view line_of(std::string_view text, int line) {
  std::size_t begin = 0;
  for (int current = 1; begin <= text.size(); ++current) {
    std::size_t end = text.find_first_of("\r\n", begin);
    if (end == std::string_view::npos) end = text.size();
    if (current == line) return text.substr(begin, end - begin);
    if (end == text.size()) break;
    begin = end + (text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n' ? 2U : 1U);
  }
  return {};
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
