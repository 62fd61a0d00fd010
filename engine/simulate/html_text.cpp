#include "engine/simulate/html_text.h"

#include <cstddef>
#include <cstdint>

namespace relance::engine {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The length of the character that begins at `at`, and which it is; 0 when there is no valid one (RFC 3629).
struct Character {
  std::size_t octets = 0;
  std::uint32_t code = 0;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = octet(at);
  if (lead < 0x80) return {1, lead};
  const std::size_t octets = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + octets > text.size()) return {};
  std::uint32_t code = lead & (octets == 2 ? 0x1FU : octets == 3 ? 0x0FU : 0x07U);
  for (std::size_t i = at + 1; i < at + octets; ++i) {
    if ((octet(i) & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (octet(i) & 0x3FU);
  }
  const bool overlong = (octets == 3 && code < 0x800) || (octets == 4 && code < 0x10000);
  if (overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return {};
  return {octets, code};
}

/// C0 and C1 controls, bidirectional embeddings, overrides and isolates, and the line separators.
bool rewrites_its_surroundings(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F || code == 0x2028 || code == 0x2029 ||
         code == 0x061C;
}

}  // namespace

std::string html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.octets == 0 || rewrites_its_surroundings(character.code)) {
      out += kReplacement;
    } else if (character.code == '&') {
      out += "&amp;";
    } else if (character.code == '<') {
      out += "&lt;";
    } else if (character.code == '>') {
      out += "&gt;";
    } else if (character.code == '"') {
      out += "&quot;";
    } else if (character.code == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(at, character.octets);
    }
    at += character.octets == 0 ? 1 : character.octets;
  }
  return out;
}

}  // namespace relance::engine
