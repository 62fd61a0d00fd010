#include "engine/http/problem.h"

#include <nlohmann/json.hpp>

namespace relance::engine {

std::string status_title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

std::string to_json(const Problem& problem) {
  nlohmann::ordered_json document{{"type", "about:blank"},
                                  {"title", status_title(problem.status)},
                                  {"status", problem.status},
                                  {"detail", problem.detail},
                                  {"code", problem.code}};
  if (!problem.findings.empty()) document["findings"] = problem.findings;
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void answer(httplib::Response& response, const Problem& problem) {
  response.status = problem.status;
  response.set_content(to_json(problem), "application/problem+json");
}

void answer_not_ready(httplib::Response& response) {
  answer(response, {503, "not_ready", "The engine is not there to answer; ask again when it has started."});
}

bool names_contact_point(std::string_view text) {
  if (text.find('@') != std::string_view::npos) return true;
  // As many digits as a phone number has, however they are grouped; a date has eight.
  constexpr int kDigits = 9;
  int digits = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (++digits >= kDigits) return true;
    } else if (std::string_view(" +-./()").find(c) == std::string_view::npos) {
      digits = 0;
    }
  }
  return false;
}

Problem contact_point_in_reason() {
  return {400, "address_in_reason",
          "Expected `reason` without a mail address or phone number: it stands in the ledger, which names nobody."};
}

}  // namespace relance::engine
