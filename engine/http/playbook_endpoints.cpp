#include <optional>
#include <string>
#include <vector>

#include "engine/http/endpoints.h"
#include "engine/http/json_body.h"
#include "engine/http/problem.h"

namespace relance::engine {

namespace {

using nlohmann::json;

void answer_with(const PublishAnswer& result, httplib::Response& response) {
  switch (result.kind) {
    case PublishAnswer::Kind::done:
      return answer_json(response, result.report);
    case PublishAnswer::Kind::refused:
      return answer(response,
                    {422, "findings", "The playbooks have findings and are refused whole; the ones in force go on.",
                     result.findings});
    case PublishAnswer::Kind::differs:
      return answer(response, {409, "other_playbooks",
                               "The daemon's folder holds other playbooks than the ones asked for; nothing changed."});
    case PublishAnswer::Kind::stopping:
      return answer_not_ready(response);
  }
}

/// The list of texts under a key; nullopt when it is none.
std::optional<std::vector<std::string>> texts_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const json& text : *found) {
    if (!text.is_string()) return std::nullopt;
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

/// Empty for no body; nullopt when it is no JSON object.
std::optional<json> object_of(std::string_view body) {
  if (body.empty()) return json::object();
  json object = json::parse(body, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

}  // namespace

void get_playbooks(const EndpointContext& context, httplib::Response& response) {
  const auto body = context.settings.playbooks ? context.settings.playbooks->playbooks_json() : std::nullopt;
  if (!body) return answer_not_ready(response);
  answer_json(response, *body);
}

void post_playbooks(const EndpointContext& context, std::string_view body, const std::string& holder,
                    httplib::Response& response) {
  const auto object = object_of(body);
  const bool by_is_text = object && (!object->contains("by") || (*object)["by"].is_string());
  PublishRequest request;
  if (object && object->contains("revisions")) request.revisions = texts_of(*object, "revisions");
  if (!by_is_text || (object->contains("revisions") && !request.revisions)) {
    return answer(response, {400, "bad_request",
                             "Expected no body, or a JSON object with `by` as a text and `revisions` as texts."});
  }
  // Who holds the token is known; who says to ask is only told.
  request.by = !holder.empty() ? holder : object->value("by", std::string());
  if (request.by.size() > kLongestText) {
    return answer(response, {400, "bad_request", "Expected `by` to have at most 200 octets."});
  }
  if (!context.settings.playbooks) return answer_not_ready(response);
  answer_with(context.settings.playbooks->publish(request), response);
}

void post_preview(const EndpointContext& context, std::string_view body, httplib::Response& response) {
  const auto object = object_of(body);
  const auto playbooks = object ? texts_of(*object, "playbooks") : std::nullopt;
  if (!playbooks) {
    return answer(response, {400, "bad_request", "Expected a JSON object with the list `playbooks` of texts."});
  }
  if (!context.settings.playbooks) return answer_not_ready(response);
  answer_with(context.settings.playbooks->preview(*playbooks), response);
}

}  // namespace relance::engine
