#pragma once
// A small value for each of millions of leads, where a map of nodes would take several times their size.
// Owner and thread: the caller's.

#include <cstdint>
#include <deque>
#include <functional>

#include "engine/simulate/hash_index.h"
#include "rules/ids.h"

namespace relance::engine {

template <class Value>
class LeadTable {
 public:
  struct Entry {
    rules::LeadId lead;
    Value value;
  };

  /// nullptr when there is none.
  const Value* find(const rules::LeadId& lead) const {
    const std::uint32_t number = number_of(lead);
    return number == HashIndex::kNone ? nullptr : &entries_[number].value;
  }

  /// A new one is made when there is none. References stay valid.
  Value& operator[](const rules::LeadId& lead) { return entries_[add(lead)].value; }

  /// The place in entries(), where a new one is made when there is none.
  std::uint32_t add(const rules::LeadId& lead) {
    const std::uint32_t known = number_of(lead);
    if (known != HashIndex::kNone) return known;
    const auto number = static_cast<std::uint32_t>(entries_.size());
    index_.insert(std::hash<rules::LeadId>{}(lead), number);
    entries_.push_back(Entry{lead, {}});
    return number;
  }

  /// The place in entries(); HashIndex::kNone when there is none.
  std::uint32_t number_of(const rules::LeadId& lead) const {
    return index_.find(std::hash<rules::LeadId>{}(lead),
                       [&](std::uint32_t number) { return entries_[number].lead == lead; });
  }

  std::size_t size() const { return entries_.size(); }
  /// In the order in which they were made.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<Entry> entries_;
  HashIndex index_;
};

}  // namespace relance::engine
