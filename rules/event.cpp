#include "rules/event.h"

#include <unordered_map>

namespace relance::rules {

namespace {
constexpr std::array<std::string_view, kEventTypeCount> kEventTypes{
    "lead.created",    "lead.updated",        "lead.converted",    "lead.lost",          "lead.merged",
    "touch.completed", "touch.delivered",     "touch.opened",      "touch.clicked",      "touch.replied",
    "meeting.booked",  "meeting.held",        "meeting.missed",    "page.viewed",        "form.submitted",
    "optout.received", "consent.granted",     "consent.withdrawn", "complaint.received", "flag.set",
    "flag.cleared",    "escalation.resolved", "playbook.enroll",   "playbook.exit",      "playbook.pause",
    "playbook.resume", "erasure.requested"};
}  // namespace

std::string_view to_string(EventType type) { return kEventTypes[static_cast<std::size_t>(type)]; }

std::optional<EventType> parse_event_type(std::string_view name) {
  static const auto* const index = [] {
    auto* map = new std::unordered_map<std::string_view, EventType>;
    for (std::size_t i = 0; i < kEventTypes.size(); ++i) map->emplace(kEventTypes[i], static_cast<EventType>(i));
    return map;
  }();
  const auto found = index->find(name);
  if (found == index->end()) return std::nullopt;
  return found->second;
}

const std::array<std::string_view, kEventTypeCount>& event_type_names() { return kEventTypes; }

std::string_view Event::text(std::string_view key) const {
  const cel::Value* value = data.find(key);
  const std::string* string = value ? value->string() : nullptr;
  return string ? std::string_view(*string) : std::string_view();
}

bool Event::flag(std::string_view key) const {
  const cel::Value* value = data.find(key);
  const bool* boolean = value ? value->get<bool>() : nullptr;
  return boolean && *boolean;
}

}  // namespace relance::rules
