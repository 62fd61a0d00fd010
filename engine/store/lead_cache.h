#pragma once
// Decoded leads: those touched since the last commit, and the most recently used ones before them, up to a bound.
// Threads: the store's. Entries never move: pointers to them stay valid until shrink().

#include <cstddef>
#include <cstdint>
#include <list>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/store/lead_codec.h"

namespace relance::engine {

/// 128 bits of a hash: two different rows never share them.
struct RowDigest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const RowDigest&, const RowDigest&) = default;
};
RowDigest digest_of(std::string_view row);

struct CachedLead {
  rules::LeadId id;  // the key; `stored.state.id` is in the callers' hands
  StoredLead stored;
  rules::Instant indexed_wake = rules::Instant::never();  // where it stands in the wake index
  RowDigest row;                                          // of its row on disk
  bool on_disk = false;                                   // has a row
  bool resolvable = false;                                // its subject has a row that leads here
  bool changed = false;                                   // differs from its row
  bool attributes_changed = false;                        // differs from its vault row
  std::size_t bytes = 0;                                  // what it roughly occupies
};

class LeadCache {
 public:
  struct Bounds {
    std::size_t leads = 0;
    std::size_t bytes = 0;
  };
  explicit LeadCache(Bounds bounds) : bounds_(bounds) {}

  /// nullptr when it is not here. It becomes the most recently used.
  CachedLead* find(const rules::LeadId& id);
  /// It must not be here.
  CachedLead& insert(const rules::LeadId& id);
  /// Call after every change of the lead's size that matters.
  void set_bytes(CachedLead& lead, std::size_t bytes);
  /// To be written at the next commit.
  void mark_changed(CachedLead& lead);
  const std::vector<CachedLead*>& changed() const { return changed_; }
  /// The same by their ids.
  const std::vector<CachedLead*>& changed_in_order();
  /// All changes are on disk: nothing is changed any more, and the least recently used leave.
  void shrink();

  std::size_t size() const { return recent_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  Bounds bounds_;
  std::list<CachedLead> recent_;  // most recently used first
  std::unordered_map<rules::LeadId, std::list<CachedLead>::iterator> by_id_;
  std::vector<CachedLead*> changed_;
  std::size_t bytes_ = 0;
};

}  // namespace relance::engine
