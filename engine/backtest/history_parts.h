#pragma once
// A history in parts of some hundred leads, such that leads which are coupled are in one part. Small parts stay in the
// processor's caches, and any number of threads can run them.
// Owner and thread: the caller's; what was made is read by any number.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/backtest/coupling.h"
#include "engine/backtest/history.h"

namespace relance::engine {

class HistoryParts {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  /// Each part has so many leads, unless more are coupled.
  HistoryParts(const History& history, std::size_t leads_of_part);

  /// Makes parts, numbered from size() on, of the leads that are in none. Coupled leads must all be in none, or all in
  /// one.
  void divide(Coupling& coupling);
  /// The parts whose leads are now coupled with those of another.
  std::vector<std::uint32_t> broken_by(Coupling& coupling) const;
  /// Their leads are in none.
  void dissolve(const std::vector<std::uint32_t>& parts);

  std::size_t size() const { return parts_.size(); }
  /// Its entries of the history, in order.
  const std::vector<std::uint32_t>& entries_of(std::size_t part) const { return parts_[part]; }

 private:
  const History& history_;
  std::size_t leads_of_part_;
  std::vector<std::uint32_t> part_of_lead_;
  std::vector<std::vector<std::uint32_t>> parts_;
};

}  // namespace relance::engine
