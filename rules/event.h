#pragma once
// An event as the decision sees it: a CloudEvents 1.0 envelope whose type is one of the contract's
// (events-and-ledger: "Events in"). Values; `data` is immutable and shared.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/cel/value.h"
#include "rules/ids.h"
#include "rules/time.h"

namespace relance::rules {

/// Numbers are stored on disk: never reuse one.
enum class EventType : std::uint8_t {
  lead_created = 0,
  lead_updated = 1,
  lead_converted = 2,
  lead_lost = 3,
  lead_merged = 4,
  touch_completed = 5,
  touch_delivered = 6,
  touch_opened = 7,
  touch_clicked = 8,
  touch_replied = 9,
  meeting_booked = 10,
  meeting_held = 11,
  meeting_missed = 12,
  page_viewed = 13,
  form_submitted = 14,
  optout_received = 15,
  consent_granted = 16,
  consent_withdrawn = 17,
  complaint_received = 18,
  flag_set = 19,
  flag_cleared = 20,
  escalation_resolved = 21,
  playbook_enroll = 22,
  playbook_exit = 23,
  playbook_pause = 24,
  playbook_resume = 25,
  erasure_requested = 26,
};
constexpr std::size_t kEventTypeCount = 27;

std::string_view to_string(EventType type);  // "lead.created"
std::optional<EventType> parse_event_type(std::string_view name);
/// All names in order of the enumeration, for "nearest known name".
const std::array<std::string_view, kEventTypeCount>& event_type_names();

struct Event {
  std::string id;
  std::string source;
  EventType type = EventType::lead_created;
  LeadId lead;                               // CloudEvents `subject`
  std::optional<std::string> partition_key;  // CloudEvents `partitionkey`
  Instant time;                              // when it happened; the instant of arrival when the emitter gave none
  cel::Value data;                           // always a map, possibly empty

  /// The string under `data.key`, empty when absent or no string.
  std::string_view text(std::string_view key) const;
  /// `data.key` is the boolean true.
  bool flag(std::string_view key) const;
};

}  // namespace relance::rules
