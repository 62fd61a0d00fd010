#include "engine/intake/event_data.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "engine/intake/event_reader.h"
#include "rules/channel.h"
#include "rules/contains.h"

namespace relance::engine {

namespace {

namespace cel = rules::cel;
using rules::Channel;
using rules::Event;
using rules::EventType;
using Checked = tl::expected<void, Unusable>;

constexpr std::array<std::string_view, 3> kEmailOutcomes{"sent", "bounced", "failed"};
constexpr std::array<std::string_view, 7> kCallOutcomes{"connected",    "voicemail", "no_answer", "busy",
                                                        "wrong_number", "refused",   "failed"};
// A refusal is an opt-out from its channel: no dead letter may lose it where a person can have said it.
constexpr std::array<std::string_view, 3> kOtherOutcomes{"completed", "failed", "refused"};

/// The value under the key, nullptr when absent or null.
const cel::Value* present(const Event& event, std::string_view key) {
  const cel::Value* value = event.data.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

tl::unexpected<Unusable> invalid(const Event& event, std::string_view expectation) {
  return unusable("invalid_data", "expected " + std::string(expectation) + " in the data of " +
                                      std::string(to_string(event.type)) + ", got something else");
}

Checked require_text(const Event& event, std::string_view key) {
  if (event.text(key).empty()) return invalid(event, "a text `" + std::string(key) + "`");
  return {};
}

Checked check_text(const Event& event, std::string_view key) {
  const cel::Value* value = present(event, key);
  if (value != nullptr && value->string() == nullptr) return invalid(event, "`" + std::string(key) + "` to be text");
  return {};
}

bool is_text_list(const cel::Value& value) {
  const cel::List* list = value.list();
  return list != nullptr &&
         std::all_of(list->begin(), list->end(), [](const cel::Value& item) { return item.string() != nullptr; });
}

bool is_number(const cel::Value& value) {
  return value.get<std::int64_t>() != nullptr || value.get<std::uint64_t>() != nullptr ||
         value.get<double>() != nullptr;
}

/// One pass over the attributes, as this is most of what arrives.
Checked check_attributes(const Event& event) {
  for (const auto& [key, value] : *event.data.map()) {
    if (value.is_null()) continue;
    const std::string_view name = *key.string();
    if (name == "email" || name == "phone" || name == "timezone" || name == "country" || name == "account") {
      if (value.string() == nullptr) return invalid(event, "`" + std::string(name) + "` to be text");
    } else if (name == "flags" || name == "tags") {
      if (!is_text_list(value)) return invalid(event, "`" + std::string(name) + "` to be a list of texts");
    } else if (name == "score" && !is_number(value)) {
      return invalid(event, "`score` to be a number");
    }
  }
  return {};
}

Checked check_channel(const Event& event) {
  const cel::Value* value = present(event, "channel");
  if (value == nullptr) return {};
  if (value->string() != nullptr && rules::parse_channel(*value->string())) return {};
  return invalid(event, "`channel` to be email, call, social, sms, task or meeting");
}

Checked check_channel_scope(const Event& event) {
  const cel::Value* value = present(event, "channel");
  if (value == nullptr || (value->string() != nullptr && rules::parse_channel_scope(*value->string()))) return {};
  return invalid(event, "`channel` to be all, email, call, social, sms, task or meeting");
}

/// An opt-out, a complaint or a withdrawal whose channel cannot be read still says that the person wants to hear less.
/// A dead letter would let the next message go out, and a guess might guess the wrong channel: so it counts for all.
void widen_unreadable_channel(Event& event) {
  if (check_channel_scope(event)) return;
  cel::Map entries = *event.data.map();
  for (auto& [key, value] : entries) {
    if (key.string() != nullptr && *key.string() == "channel") value = cel::Value("all");
  }
  event.data = cel::Value(std::move(entries));
}

bool is_outcome(std::optional<Channel> channel, std::string_view outcome) {
  if (!channel) {  // the action tells the channel, later
    return rules::contains(kEmailOutcomes, outcome) || rules::contains(kCallOutcomes, outcome) ||
           rules::contains(kOtherOutcomes, outcome);
  }
  if (*channel == Channel::email) return rules::contains(kEmailOutcomes, outcome);
  if (*channel == Channel::call) return rules::contains(kCallOutcomes, outcome);
  return rules::contains(kOtherOutcomes, outcome);
}

Checked check_completed(const Event& event) {
  if (auto checked = check_channel(event); !checked) return checked;
  if (!is_outcome(rules::parse_channel(event.text("channel")), event.text("outcome"))) {
    return invalid(event, "an `outcome` that its channel knows");
  }
  const cel::Value* bounce = present(event, "bounce");
  if (bounce != nullptr && event.text("bounce") != "hard" && event.text("bounce") != "soft") {
    return invalid(event, "`bounce` to be hard or soft");
  }
  return check_text(event, "action");
}

Checked check_merged(const Event& event) {
  if (!is_identifier(event.text("into"))) return invalid(event, "a lead id `into`");
  if (event.text("into") == event.lead.value) return invalid(event, "`into` to name another lead");
  return {};
}

}  // namespace

bool is_identifier(std::string_view text) {
  if (text.size() > kMaxIdBytes) return false;
  bool blank = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7F) return false;
    // U+0080 to U+009F, the other control characters.
    if (octet == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
    blank = blank && octet == ' ';
  }
  return !blank;
}

tl::expected<void, Unusable> check_data(Event& event) {
  switch (event.type) {
    case EventType::lead_created:
    case EventType::lead_updated:
      return check_attributes(event);
    case EventType::lead_merged:
      return check_merged(event);
    case EventType::touch_completed:
      return check_completed(event);
    case EventType::touch_delivered:
    case EventType::touch_opened:
    case EventType::touch_clicked:
    case EventType::touch_replied:
    case EventType::escalation_resolved:
      return check_channel(event);
    case EventType::optout_received:
    case EventType::complaint_received:
    case EventType::consent_withdrawn:
      widen_unreadable_channel(event);
      return {};
    case EventType::consent_granted:
      return check_channel_scope(event);
    case EventType::flag_set:
    case EventType::flag_cleared:
      return require_text(event, "flag");
    case EventType::playbook_enroll:
      return require_text(event, "playbook");
    case EventType::playbook_exit:
    case EventType::playbook_pause:
    case EventType::playbook_resume:
      return check_text(event, "playbook");
    case EventType::lead_converted:
    case EventType::lead_lost:
    case EventType::meeting_booked:
    case EventType::meeting_held:
    case EventType::meeting_missed:
    case EventType::page_viewed:
    case EventType::form_submitted:
    case EventType::erasure_requested:
      return {};
  }
  return {};
}

}  // namespace relance::engine
