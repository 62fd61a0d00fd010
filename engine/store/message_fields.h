#pragma once
// What the codecs of the store share: how instants and enumerations stand in a message (lead.proto, conventions).

#include <cstdint>

#include "rules/time.h"

namespace relance::engine {

/// An absent instant is "never", the most frequent one by far.
inline rules::Instant instant_or_never(bool present, std::int64_t ms) {
  return present ? rules::Instant{ms} : rules::Instant::never();
}

/// False, and `out` unchanged, for a number beyond `last`, the enumeration's last member.
template <class Enumeration>
bool get_enumeration(std::uint32_t number, Enumeration last, Enumeration& out) {
  if (number > static_cast<std::uint32_t>(last)) return false;
  out = static_cast<Enumeration>(number);
  return true;
}

}  // namespace relance::engine
