#include "engine/intake/batch_splitter.h"

#include <string>

#include "rules/ascii.h"

namespace relance::engine {

namespace {

/// The end of the element that begins at `at`: its comma or closing bracket; npos when neither comes.
std::size_t end_of_element(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      return at;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return std::string_view::npos;
      --depth;
    }
  }
  return std::string_view::npos;
}

}  // namespace

tl::expected<std::vector<std::string_view>, Unusable> split_json_array(std::string_view json, std::size_t most) {
  const std::string_view text = rules::trimmed(json);
  if (!text.starts_with('[')) return unusable("not_json", "expected a JSON array of events, got something else");
  std::vector<std::string_view> elements;
  std::size_t at = 1;
  if (rules::trimmed(text.substr(1)) == "]") return elements;
  while (true) {
    const std::size_t end = end_of_element(text, at);
    if (end == std::string_view::npos) {
      return unusable("not_json", "expected a JSON array of events, got one that is not closed");
    }
    const std::string_view element = rules::trimmed(text.substr(at, end - at));
    if (element.empty()) return unusable("not_json", "expected an event between two commas, got nothing");
    if (elements.size() == most) {
      return unusable("too_many_events", "expected at most " + std::to_string(most) + " events at once, got more");
    }
    elements.push_back(element);
    at = end + 1;
    if (text[end] == ']') break;
  }
  if (at != text.size()) return unusable("not_json", "expected nothing behind the JSON array, got more text");
  return elements;
}

}  // namespace relance::engine
