#include "engine/store/lead_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace relance::engine {

RowDigest digest_of(std::string_view row) {
  const XXH128_hash_t hash = XXH3_128bits(row.data(), row.size());
  return {hash.high64, hash.low64};
}

CachedLead* LeadCache::find(const rules::LeadId& id) {
  if (!recent_.empty() && recent_.front().id == id) return &recent_.front();  // asked for again, to be saved
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, found->second);
  return &*found->second;
}

CachedLead& LeadCache::insert(const rules::LeadId& id) {
  CachedLead& lead = recent_.emplace_front();
  lead.id = id;
  lead.stored.state.id = id;
  by_id_.emplace(id, recent_.begin());
  return lead;
}

void LeadCache::set_bytes(CachedLead& lead, std::size_t bytes) {
  bytes_ = bytes_ - lead.bytes + bytes;
  lead.bytes = bytes;
}

void LeadCache::mark_changed(CachedLead& lead) {
  if (lead.changed) return;
  lead.changed = true;
  changed_.push_back(&lead);
}

const std::vector<CachedLead*>& LeadCache::changed_in_order() {
  std::sort(changed_.begin(), changed_.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return changed_;
}

void LeadCache::shrink() {
  for (CachedLead* lead : changed_) {
    lead->changed = false;
    lead->attributes_changed = false;
  }
  changed_.clear();
  while (recent_.size() > bounds_.leads || (bytes_ > bounds_.bytes && !recent_.empty())) {
    const CachedLead& oldest = recent_.back();
    bytes_ -= oldest.bytes;
    by_id_.erase(oldest.id);
    recent_.pop_back();
  }
}

}  // namespace relance::engine
