#include <optional>
#include <string>

#include "engine/http/endpoints.h"
#include "engine/http/json_body.h"
#include "engine/http/problem.h"
#include "engine/http/query.h"
#include "engine/intake/event_data.h"

namespace relance::engine {

namespace {

constexpr std::uint64_t kDefaultLines = 1000;
constexpr std::uint64_t kMostLines = 10'000;

}  // namespace

void get_lead(const EndpointContext& context, std::string_view id, httplib::Response& response) {
  std::optional<std::string> body;
  if (is_identifier(id)) body = context.service.lead_json(rules::LeadId(std::string(id)));
  if (!body) return answer(response, {404, "unknown_lead", "No event has named this lead."});
  answer_json(response, *body);
}

void get_why(const EndpointContext& context, std::string_view id, httplib::Response& response) {
  std::optional<std::string> body;
  if (is_identifier(id)) body = context.service.why_json(rules::LeadId(std::string(id)));
  if (!body) return get_lead(context, std::string(id) + "/why", response);  // an id may end like that
  answer_json(response, *body);
}

void get_ledger(const EndpointContext& context, const httplib::Request& request, httplib::Response& response) {
  const auto from = number_of(request, "from", 0);
  const auto limit = number_of(request, "limit", kDefaultLines);
  if (!from || !limit || *limit == 0 || *limit > kMostLines) {
    return answer(response,
                  {400, "invalid_parameter",
                   "Expected `from` as a sequence number and `limit` from 1 to " + std::to_string(kMostLines) + "."});
  }
  response.status = 200;
  response.set_content(context.service.ledger_lines(*from, static_cast<std::size_t>(*limit)), "application/jsonl");
}

}  // namespace relance::engine
