// to_json() of expression.h: the result of an expression as `relance eval` prints it.

#include <array>
#include <cmath>
#include <type_traits>

#include "rules/cel/conversions.h"
#include "rules/cel/expression.h"
#include "rules/cel/time_values.h"
#include "rules/cel/utf8.h"

namespace relance::rules::cel {
namespace {

void append_json(std::string& out, const Value& value);

/// What is no UTF-8 (only a caller's string can hold it) prints as the replacement character.
void append_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const std::size_t length = point.length == 0 ? 1 : point.length;
    if (point.length == 0) {
      out += "\uFFFD";
    } else if (point.value == '"' || point.value == '\\') {
      out += {'\\', text[0]};
    } else if (point.value == '\n') {
      out += "\\n";
    } else if (point.value == '\r') {
      out += "\\r";
    } else if (point.value == '\t') {
      out += "\\t";
    } else if (point.value < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(point.value));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void append_base64(std::string& out, std::string_view octets) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8U) | (j < count ? static_cast<unsigned char>(octets[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) out += j <= count ? kAlphabet[(group >> (18 - 6 * j)) & 0x3FU] : '=';
  }
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) return append_text(out, to_text(number));
  const std::string text = to_text(number);
  out += text;
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

void append_key(std::string& out, const Value& key) {
  const auto text = convert(Function::to_string, key);
  append_text(out, text && text->string() != nullptr ? *text->string() : std::string());
}

void append_map(std::string& out, const Map& map) {
  out += '{';
  bool is_first = true;
  for (const auto& [key, value] : map) {
    if (!is_first) out += ',';
    is_first = false;
    append_key(out, key);
    out += ':';
    append_json(out, value);
  }
  out += '}';
}

void append_list(std::string& out, const List& list) {
  out += '[';
  bool is_first = true;
  for (const Value& value : list) {
    if (!is_first) out += ',';
    is_first = false;
    append_json(out, value);
  }
  out += ']';
}

void append_json(std::string& out, const Value& value) {
  std::visit(
      [&out](const auto& content) {
        using T = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<T, Null>) {
          out += "null";
        } else if constexpr (std::is_same_v<T, bool>) {
          out += content ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t>) {
          out += std::to_string(content);
        } else if constexpr (std::is_same_v<T, double>) {
          append_number(out, content);
        } else if constexpr (std::is_same_v<T, std::string>) {
          append_text(out, content);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          out += R"({"bytes":")";
          append_base64(out, content.octets);
          out += "\"}";
        } else if constexpr (std::is_same_v<T, Timestamp> || std::is_same_v<T, TimeSpan>) {
          append_text(out, to_text(content));
        } else if constexpr (std::is_same_v<T, Type>) {
          append_text(out, content.name);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const List>>) {
          append_list(out, *content);
        } else {
          append_map(out, *content);
        }
      },
      value.storage());
}

}  // namespace

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace relance::rules::cel
