#include "rules/cel/utf8.h"

#include <array>

namespace relance::rules::cel {
namespace {

constexpr bool is_continuation(char octet) { return (static_cast<unsigned char>(octet) & 0xC0U) == 0x80U; }

struct LeadOctet {
  std::size_t length = 0;
  char32_t bits = 0;
};

LeadOctet read_lead(unsigned char octet) {
  if (octet < 0x80) return {1, octet};
  if (octet >= 0xC2 && octet < 0xE0) return {2, octet & 0x1FU};
  if (octet >= 0xE0 && octet < 0xF0) return {3, octet & 0x0FU};
  if (octet >= 0xF0 && octet < 0xF5) return {4, octet & 0x07U};
  return {};
}

}  // namespace

CodePoint decode_utf8(std::string_view text) {
  if (text.empty()) return {};
  const LeadOctet lead = read_lead(static_cast<unsigned char>(text[0]));
  if (lead.length == 0 || lead.length > text.size()) return {};
  char32_t value = lead.bits;
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (!is_continuation(text[i])) return {};
    value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[lead.length] || !is_unicode_scalar(value)) return {};
  return {value, lead.length};
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto octet = [&](char32_t value) { out.push_back(static_cast<char>(static_cast<unsigned char>(value))); };
  const auto continuation = [&](unsigned shift) { octet(0x80U | ((code_point >> shift) & 0x3FU)); };
  if (code_point < 0x80) {
    octet(code_point);
  } else if (code_point < 0x800) {
    octet(0xC0U | (code_point >> 6U));
    continuation(0);
  } else if (code_point < 0x10000) {
    octet(0xE0U | (code_point >> 12U));
    continuation(6);
    continuation(0);
  } else {
    octet(0xF0U | (code_point >> 18U));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const CodePoint point = decode_utf8(text.substr(offset));
    if (point.length == 0) return offset;
    offset += point.length;
  }
  return std::string_view::npos;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  std::size_t offset = 0;
  while (offset < text.size()) {
    const CodePoint point = decode_utf8(text.substr(offset));
    offset += point.length == 0 ? 1 : point.length;
    ++count;
  }
  return count;
}

}  // namespace relance::rules::cel
