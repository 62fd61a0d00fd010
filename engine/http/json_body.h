#pragma once
// JSON bodies of requests and answers. Threads: any.

#include <optional>
#include <string>

#include <httplib.h>
#include <nlohmann/json.hpp>

namespace relance::engine {

/// Names and reasons that come with a request, in octets.
constexpr std::size_t kLongestText = 200;

/// The text under a key; empty when there is none; nullopt when it is no text, or longer than kLongestText.
inline std::optional<std::string> short_text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (!found->is_string() || found->get_ref<const std::string&>().size() > kLongestText) return std::nullopt;
  return found->get<std::string>();
}

inline void answer_json(httplib::Response& response, const std::string& body) {
  response.status = 200;
  response.set_content(body, "application/json");
}

}  // namespace relance::engine
