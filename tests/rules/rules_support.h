#pragma once
// What the tests of the rules share: playbooks, zones, times and events from text, each of which must be right.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "rules/loader.h"

namespace relance::tests {

/// RFC 3339; or "03-02 09:10" of 2026, UTC (03-02 is a Monday).
inline rules::Instant at(std::string_view text) {
  const bool is_short = text.find('T') == std::string_view::npos;
  const auto instant = rules::parse_rfc3339(is_short ? "2026-" + std::string(text.substr(0, 5)) + "T" +
                                                           std::string(text.substr(6)) + ":00Z"
                                                     : std::string(text));
  REQUIRE_MESSAGE(instant, "no instant: ", text);
  return *instant;
}

inline rules::Zone zone(std::string_view name) {
  const auto found = rules::Zone::find(name);
  REQUIRE_MESSAGE(found, "no zone ", name);
  return *found;
}

inline rules::Playbook load(const std::string& text, const rules::House& house = {}) {
  auto playbook = rules::load_playbook(text, "test.yaml", house);
  REQUIRE_MESSAGE(playbook, to_string(playbook.error().front()));
  return std::move(*playbook);
}

using Data = std::vector<std::pair<std::string, rules::cel::Value>>;

inline rules::Event event_of(const rules::LeadId& lead, rules::EventType type, rules::Instant time, const Data& data) {
  rules::Event event;
  event.type = type;
  event.lead = lead;
  event.time = time;
  rules::cel::Map map;
  for (const auto& [key, value] : data) map.emplace_back(rules::cel::Value(key), value);
  event.data = rules::cel::Value(std::move(map));
  return event;
}

}  // namespace relance::tests
