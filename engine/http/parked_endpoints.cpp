#include <optional>
#include <string>

#include "engine/http/endpoints.h"
#include "engine/http/json_body.h"
#include "engine/http/problem.h"
#include "engine/http/query.h"
#include "engine/intake/event_data.h"

namespace relance::engine {

namespace {

using nlohmann::json;

constexpr std::uint64_t kDefaultActions = 1000;
constexpr std::uint64_t kMostActions = 10'000;
}  // namespace

void get_parked(const EndpointContext& context, const httplib::Request& request, httplib::Response& response) {
  const auto limit = number_of(request, "limit", kDefaultActions);
  if (!limit || *limit == 0 || *limit > kMostActions) {
    return answer(response,
                  {400, "invalid_parameter", "Expected `limit` from 1 to " + std::to_string(kMostActions) + "."});
  }
  const auto body =
      context.settings.parked ? context.settings.parked->parked_json(static_cast<std::size_t>(*limit)) : std::nullopt;
  if (!body) return answer_not_ready(response);
  answer_json(response, *body);
}

void post_parked(const EndpointContext& context, std::string_view action, std::string_view body,
                 const std::string& holder, httplib::Response& response) {
  const json object = json::parse(body, nullptr, false);
  const auto decision = object.is_object() ? short_text_of(object, "decision") : std::nullopt;
  const auto by = object.is_object() ? short_text_of(object, "by") : std::nullopt;
  const auto reason = object.is_object() ? short_text_of(object, "reason") : std::nullopt;
  const auto parsed = decision ? parse_parked_decision(*decision) : std::nullopt;
  // Who holds the token is known; who says to decide is only told.
  const std::string actor = !holder.empty() ? holder : by.value_or("");
  if (!parsed || !by || actor.empty() || !reason || reason->empty()) {
    return answer(response,
                  {400, "bad_request",
                   "Expected a JSON object with `decision` (delivered, resend or drop), `by` and `reason` as texts of "
                   "at most 200 octets."});
  }
  if (names_contact_point(*reason)) return answer(response, contact_point_in_reason());
  if (!context.settings.parked) return answer_not_ready(response);
  ReleaseAnswer result{ReleaseAnswer::Kind::not_found, {}};
  if (is_identifier(action)) {
    result = context.settings.parked->release({rules::ActionId(std::string(action)), *parsed, actor, *reason});
  }
  switch (result.kind) {
    case ReleaseAnswer::Kind::done:
      return answer_json(response, json{{"action", action}, {"decision", *decision}}.dump());
    case ReleaseAnswer::Kind::not_found:
      return answer(response, {404, "not_parked", "No such action waits for a decision; GET /v1/parked lists them."});
    case ReleaseAnswer::Kind::refused:
      return answer(response, {409, "gate",
                               "The gate would not let it out (rule " + result.rule +
                                   "), so it is not sent again; it stays parked. Declare it delivered, or drop it."});
    case ReleaseAnswer::Kind::stopping:
      return answer_not_ready(response);
  }
}

}  // namespace relance::engine
