#pragma once
// Conditions asked of a lead: binds `lead`, `account`, `event`, `now` and `enrollment` to the state without building
// more of it than an expression looks at. Internal to rules/.

#include "rules/event.h"
#include "rules/lead_state.h"

namespace relance::rules {

enum class Truth { no, yes, error };

/// `event` null: a timer asks (`event` is empty then). A result that is no bool is an error.
Truth ask(const Condition& condition, const LeadState& lead, const Event* event, Instant now);

}  // namespace relance::rules
