#include "engine/simulate/html_text.h"

#include <cstddef>

#include <fmt/format.h>

#include "rules/cel/utf8.h"

namespace relance::engine {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// C0 and C1 controls, bidirectional embeddings, overrides and isolates, and the line separators.
bool rewrites_its_surroundings(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F || code == 0x2028 || code == 0x2029 ||
         code == 0x061C;
}

}  // namespace

std::string html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const rules::cel::CodePoint character = rules::cel::decode_utf8(text.substr(at));
    if (character.length == 0 || rewrites_its_surroundings(character.value)) {
      out += kReplacement;
    } else if (character.value == '&') {
      out += "&amp;";
    } else if (character.value == '<') {
      out += "&lt;";
    } else if (character.value == '>') {
      out += "&gt;";
    } else if (character.value == '"') {
      out += "&quot;";
    } else if (character.value == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(at, character.length);
    }
    at += character.length == 0 ? 1 : character.length;
  }
  return out;
}

std::string html_cell(std::string_view ready) { return fmt::format("<td>{}</td>", ready); }
std::string html_figure(std::string_view ready) { return fmt::format("<td class=\"n\">{}</td>", ready); }
std::string html_figure(std::uint64_t value) { return html_figure(std::to_string(value)); }

std::string page_begin(std::string_view title, std::string_view style) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
  out += "<title>" + html(title) + "</title>\n<style>";
  out.append(style).append("</style></head><body>\n<header><h1>").append(html(title)).append("</h1>\n");
  return out;
}

}  // namespace relance::engine
