#include <optional>
#include <string>

#include "engine/http/endpoints.h"
#include "engine/http/json_body.h"
#include "engine/http/problem.h"

namespace relance::engine {

namespace {

using nlohmann::json;

/// Exactly one of `playbook`, `channel` and `all`, and a reason. Otherwise the response says what was expected.
std::optional<HaltOrder> order_of(std::string_view body, const std::string& holder, httplib::Response& response) {
  const auto refuse = [&](const char* expected) {
    answer(response, {400, "bad_request", expected});
    return std::nullopt;
  };
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object()) return refuse("Expected a JSON object.");
  const auto playbook = short_text_of(object, "playbook");
  const auto channel = short_text_of(object, "channel");
  const auto by = short_text_of(object, "by");
  const auto reason = short_text_of(object, "reason");
  if (!playbook || !channel || !by || !reason) {
    return refuse("Expected `playbook`, `channel`, `by` and `reason` as texts of at most 200 octets.");
  }
  const bool all = object.contains("all") && object["all"] == true;
  if ((!playbook->empty() ? 1 : 0) + (!channel->empty() ? 1 : 0) + (all ? 1 : 0) != 1) {
    return refuse("Expected exactly one of `playbook`, `channel` and `all: true`.");
  }
  if (reason->empty()) return refuse("Expected a `reason`: the ledger keeps it.");
  if (names_contact_point(*reason)) {
    answer(response, contact_point_in_reason());
    return std::nullopt;
  }
  HaltOrder order;
  if (!playbook->empty()) order.scope.playbook = rules::PlaybookId(*playbook);
  if (!channel->empty()) {
    order.scope.channel = rules::parse_channel(*channel);
    if (!order.scope.channel) {
      return refuse("Expected `channel` to be one of email, call, social, sms, task, meeting.");
    }
  }
  order.by = !holder.empty() ? holder : *by;
  if (order.by.empty()) return refuse("Expected `by`: who asks for it.");
  order.reason = *reason;
  return order;
}

void answer_with(HaltAnswer result, httplib::Response& response) {
  switch (result) {
    case HaltAnswer::done:
    case HaltAnswer::nothing:
      return answer_json(response, result == HaltAnswer::done ? R"({"changed":true})" : R"({"changed":false})");
    case HaltAnswer::unknown_playbook:
      return answer(response, {404, "unknown_playbook",
                               "No playbook of that id was ever published here; /v1/playbooks lists those in force."});
    case HaltAnswer::stopping:
      return answer_not_ready(response);
  }
}

void carry_out(HaltAnswer (HaltService::*what)(const HaltOrder&), const EndpointContext& context, std::string_view body,
               const std::string& holder, httplib::Response& response) {
  const auto order = order_of(body, holder, response);
  if (!order) return;
  if (!context.settings.halts) return answer_not_ready(response);
  answer_with((context.settings.halts->*what)(*order), response);
}

}  // namespace

void get_halts(const EndpointContext& context, httplib::Response& response) {
  const auto body = context.settings.halts ? context.settings.halts->halts_json() : std::nullopt;
  if (!body) return answer_not_ready(response);
  answer_json(response, *body);
}

void post_halt(const EndpointContext& context, std::string_view body, const std::string& holder,
               httplib::Response& response) {
  carry_out(&HaltService::halt, context, body, holder, response);
}

void post_resume(const EndpointContext& context, std::string_view body, const std::string& holder,
                 httplib::Response& response) {
  carry_out(&HaltService::resume, context, body, holder, response);
}

}  // namespace relance::engine
