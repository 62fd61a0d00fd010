#include "engine/backtest/coupling.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace relance::engine {

void Coupling::grow(std::size_t count) {
  const std::size_t before = parents_.size();
  if (count <= before) return;
  parents_.resize(count);
  std::iota(parents_.begin() + static_cast<std::ptrdiff_t>(before), parents_.end(), static_cast<std::uint32_t>(before));
}

std::uint32_t Coupling::group_of(std::uint32_t lead) {
  while (parents_[lead] != lead) {
    parents_[lead] = parents_[parents_[lead]];
    lead = parents_[lead];
  }
  return lead;
}

/// The lower number stays the root, so that what is computed from it depends on the relation alone.
void Coupling::couple(std::uint32_t one, std::uint32_t other) {
  const auto [first, second] = std::minmax({group_of(one), group_of(other)});
  parents_[second] = first;
}

Name name_of(NameKind kind, std::string_view text) {
  return std::max<Name>(XXH3_64bits_withSeed(text.data(), text.size(), static_cast<XXH64_hash_t>(kind)), 1);
}

NamedLeads::Slot& NamedLeads::slot_of(Name name) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = name & mask;
  while (slots_[at].name != 0 && slots_[at].name != name) at = (at + 1) & mask;
  return slots_[at];
}

std::uint32_t NamedLeads::first_under(Name name, std::uint32_t lead) {
  if (4 * (count_ + 1) > 3 * slots_.size()) grow();
  Slot& slot = slot_of(name);
  if (slot.name == 0) {
    slot = {name, lead};
    ++count_;
  }
  return slot.lead;
}

void NamedLeads::grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_ = std::vector<Slot>(old.empty() ? 1024 : 2 * old.size());
  for (const Slot& slot : old) {
    if (slot.name != 0) slot_of(slot.name) = slot;
  }
}

}  // namespace relance::engine
