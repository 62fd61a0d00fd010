#pragma once
// The answer to "what about this lead?": state, timeline and what is next, as JSON. Personal data beyond the lead id
// (contact points, names) is not in it. Threads: pure.

#include <string>
#include <vector>

#include "rules/lead_state.h"

namespace relance::engine {

/// `timeline`: ledger lines as stored, oldest first.
std::string lead_json(const rules::LeadState& lead, const std::vector<std::string>& timeline, rules::Instant now);

}  // namespace relance::engine
