#include "engine/ports/connector.h"

#include <array>

#include <nlohmann/json.hpp>

namespace relance::engine {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 8> kEventTypes{
    "relance.action.email", "relance.action.call",       "relance.action.social",   "relance.action.sms",
    "relance.action.task",  "relance.action.reschedule", "relance.action.escalate", "relance.action.cancel"};
constexpr std::string_view kTypePrefix = "relance.action.";

void put(ordered_json& object, const char* key, std::string_view text) {
  if (!text.empty()) object[key] = text;
}

ordered_json data_of(const Action& action) {
  ordered_json data = ordered_json::object();
  data["lead"] = action.lead.value.view();
  if (action.account) data["account"] = action.account->value.view();
  put(data, "owner", action.owner);
  put(data, "playbook", action.playbook.value);
  put(data, "revision", action.revision.value);
  put(data, "step", action.step.value);
  data["attempt"] = action.attempt;
  if (action.channel) data["channel"] = rules::to_string(*action.channel);
  if (action.due != rules::Instant::never()) data["due"] = rules::to_string(action.due);
  if (action.not_after != rules::Instant::never()) data["not_after"] = rules::to_string(action.not_after);
  put(data, "contact_point", action.contact_point);
  put(data, "name", action.name);
  put(data, "subject", action.email.subject);
  put(data, "body", action.email.text);
  put(data, "html", action.email.html);
  put(data, "language", action.email.language);
  put(data, "unsubscribe_url", action.email.unsubscribe_url);
  put(data, "script", action.script);
  put(data, "reason", action.reason);
  put(data, "to", action.to);
  if (action.cancels) data["cancels"] = action.cancels->value;
  return data;
}

/// Reads members of one JSON object and remembers the first thing that is wrong.
class ActionReader {
 public:
  ActionReader(const ordered_json& object, std::string& error) : object_(object), error_(error) {}

  std::string text(const char* key) const { return optional_text(key).value_or(std::string()); }

  std::optional<std::string> optional_text(const char* key) const {
    const auto member = object_.find(key);
    if (member == object_.end()) return std::nullopt;
    if (member->is_string()) return member->get<std::string>();
    fail(key, "a string");
    return std::nullopt;
  }

  std::string required_text(const char* key) const {
    std::optional<std::string> found = optional_text(key);
    if (!found || found->empty()) fail(key, "a string that is not empty");
    return std::move(found).value_or(std::string());
  }

  rules::Instant instant(const char* key) const {
    const std::optional<rules::Instant> parsed = rules::parse_rfc3339(text(key));
    if (!parsed) fail(key, "an RFC 3339 instant");
    return parsed.value_or(rules::Instant{});
  }

  rules::Instant instant_or_never(const char* key) const {
    return object_.contains(key) ? instant(key) : rules::Instant::never();
  }

  std::int32_t number(const char* key) const {
    const auto member = object_.find(key);
    if (member != object_.end() && member->is_number_integer()) return member->get<std::int32_t>();
    fail(key, "an integer");
    return 0;
  }

  void fail(const char* key, std::string_view expected) const {
    if (error_.empty()) error_ = std::string("action: `") + key + "` must be " + std::string(expected);
  }

 private:
  const ordered_json& object_;
  std::string& error_;
};

void read_data(const ActionReader& data, Action& action) {
  action.lead = rules::LeadId(data.required_text("lead"));
  if (auto account = data.optional_text("account")) action.account = rules::AccountId(*std::move(account));
  action.owner = data.text("owner");
  action.playbook = rules::PlaybookId(data.text("playbook"));
  action.revision = rules::Revision(data.text("revision"));
  action.step = rules::StepId(data.text("step"));
  action.attempt = data.number("attempt");
  if (const auto channel = data.optional_text("channel")) {
    action.channel = rules::parse_channel(*channel);
    if (!action.channel) data.fail("channel", "a known channel");
  }
  action.due = data.instant_or_never("due");
  action.not_after = data.instant_or_never("not_after");
  action.contact_point = data.text("contact_point");
  action.name = data.text("name");
  action.email.subject = data.text("subject");
  action.email.text = data.text("body");
  action.email.html = data.text("html");
  action.email.language = data.text("language");
  action.email.unsubscribe_url = data.text("unsubscribe_url");
  action.script = data.text("script");
  action.reason = data.text("reason");
  action.to = data.text("to");
  if (auto cancels = data.optional_text("cancels")) action.cancels = rules::ActionId(*std::move(cancels));
}

std::optional<ActionKind> kind_of(std::string_view type) {
  for (std::size_t index = 0; index < kEventTypes.size(); ++index) {
    if (kEventTypes[index] == type) return static_cast<ActionKind>(index);
  }
  return std::nullopt;
}

}  // namespace

std::string_view event_type(ActionKind kind) { return kEventTypes.at(static_cast<std::size_t>(kind)); }

std::string_view to_string(ActionKind kind) { return event_type(kind).substr(kTypePrefix.size()); }

std::string to_cloud_event(const Action& action) {
  ordered_json event = ordered_json::object();
  event["specversion"] = "1.0";
  event["id"] = action.id.value;
  event["source"] = "relance";
  event["type"] = event_type(action.kind);
  event["subject"] = action.lead.value;
  if (action.account) event["partitionkey"] = action.account->value;
  event["time"] = rules::to_string(action.created);
  event["datacontenttype"] = "application/json";
  event["data"] = data_of(action);
  return event.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

tl::expected<Action, std::string> action_from_cloud_event(std::string_view text) {
  const ordered_json event = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!event.is_object()) return tl::unexpected(std::string("action: not a JSON object"));
  const auto data = event.find("data");
  if (data == event.end() || !data->is_object()) return tl::unexpected(std::string("action: `data` must be an object"));

  std::string error;
  const ActionReader envelope(event, error);
  Action action;
  action.id = rules::ActionId(envelope.required_text("id"));
  const std::optional<ActionKind> kind = kind_of(envelope.text("type"));
  if (!kind) envelope.fail("type", "a known relance.action type");
  action.kind = kind.value_or(ActionKind::task);
  action.created = envelope.instant("time");
  read_data(ActionReader(*data, error), action);
  if (!error.empty()) return tl::unexpected(std::move(error));
  return action;
}

}  // namespace relance::engine
