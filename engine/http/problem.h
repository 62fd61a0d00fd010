#pragma once
// Error answers: RFC 9457 problem documents.

#include <string>

#include <httplib.h>

namespace relance::engine {

struct Problem {
  int status = 500;
  std::string code;    // stable, for programs; the member `code`
  std::string detail;  // one sentence for a person, without personal data
};

/// The standard name of a status: "Not Found".
std::string status_title(int status);
/// The document: type, title, status, detail, code.
std::string to_json(const Problem& problem);
void answer(httplib::Response& response, const Problem& problem);

}  // namespace relance::engine
