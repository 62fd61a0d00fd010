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
  Value& operator[](const rules::LeadId& lead) {
    const std::uint32_t number = number_of(lead);
    if (number != HashIndex::kNone) return entries_[number].value;
    index_.insert(std::hash<rules::LeadId>{}(lead), static_cast<std::uint32_t>(entries_.size()));
    return entries_.emplace_back(Entry{lead, {}}).value;
  }

  std::size_t size() const { return entries_.size(); }
  /// In the order in which they were made.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::uint32_t number_of(const rules::LeadId& lead) const {
    return index_.find(std::hash<rules::LeadId>{}(lead),
                       [&](std::uint32_t number) { return entries_[number].lead == lead; });
  }

  std::deque<Entry> entries_;
  HashIndex index_;
};

}  // namespace relance::engine
