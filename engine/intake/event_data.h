#pragma once
// What an event's data must hold for its type (events-and-ledger.md, "Events in"), and the readings that protect a
// person where it does not. Pure; any thread.

#include <tl/expected.hpp>

#include "engine/intake/unusable.h"
#include "rules/event.h"

namespace relance::engine {

/// Checks the typed fields of `event.data` (a map). Fields that are null count as absent. May replace a field of an
/// opt-out, a complaint or a withdrawn consent: see event_data.cpp.
[[nodiscard]] tl::expected<void, Unusable> check_data(rules::Event& event);

/// Not empty, not blank, at most kMaxIdBytes, no control characters.
bool is_identifier(std::string_view text);

}  // namespace relance::engine
