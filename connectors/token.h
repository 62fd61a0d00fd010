#pragma once
// Texts that may stand in a header, an address or a URL as they are. Pure; any thread.

#include <algorithm>
#include <string_view>

#include "rules/ascii.h"

namespace relance::connectors {

/// Letters, digits and "-" of ASCII, 1 to `max` of them.
inline bool is_token(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max &&
         std::all_of(text.begin(), text.end(), [](char c) { return rules::is_alphanumeric(c) || c == '-'; });
}

/// What an action id must be to go into a Message-ID (RFC 5322) or an Idempotency-Key.
inline bool is_action_token(std::string_view id) {
  constexpr std::size_t kMaxActionId = 64;
  return is_token(id, kMaxActionId);
}

}  // namespace relance::connectors
