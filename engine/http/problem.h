#pragma once
// Error answers: RFC 9457 problem documents.

#include <string>
#include <string_view>
#include <vector>

#include <httplib.h>

namespace relance::engine {

struct Problem {
  int status = 500;
  std::string code;                        // stable, for programs; the member `code`
  std::string detail;                      // one sentence for a person, without personal data
  std::vector<std::string> findings = {};  // what is wrong in files that were read; none: no such member
};

/// The text holds a mail address or what may be a phone number: it must not stand in the ledger, which names nobody.
bool names_contact_point(std::string_view text);
Problem contact_point_in_reason();

/// The standard name of a status: "Not Found".
std::string status_title(int status);
/// The document: type, title, status, detail, code, perhaps findings.
std::string to_json(const Problem& problem);
void answer(httplib::Response& response, const Problem& problem);
/// The engine starts or ends: nobody is there to be asked.
void answer_not_ready(httplib::Response& response);

}  // namespace relance::engine
