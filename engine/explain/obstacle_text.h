#pragma once
// What stands between a lead and its next touch, in sentences for support and legal: what the rule saw, and what would
// have to change. English, deterministic; names no contact point. Pure; any thread.

#include <optional>
#include <string>

#include "rules/why.h"

namespace relance::engine {

/// "Mon 2026-03-02 09:10 (2026-03-02T08:10:00Z)": the lead's local time, then UTC.
std::string moment(rules::Instant at, const rules::Zone& zone);

/// What the ledger adds to what the state knows.
struct ObstacleHistory {
  std::optional<rules::Instant> since;  // opt-out taken, cool-down begun, step deferred
  std::string intake;                   // of an opt-out
  std::string event;                    // the id of the event that caused it
  std::string rule;                     // that deferred or held the step
};

/// One sentence or two: which rule, with the facts it used.
std::string reason_text(const rules::Obstacle& obstacle, const ObstacleHistory& history, const rules::Zone& zone);
/// What would have to change for the touch to go out.
std::string remedy_text(const rules::Obstacle& obstacle, const rules::Zone& zone);
/// "at most 2 email touches a day for the lead; counted: intro-call (call) Mon ..., and 1 of other leads"
std::string cap_text(const rules::CapFacts& facts, const rules::Zone& zone);

}  // namespace relance::engine
