#pragma once
// One set of playbooks over one history, on the virtual clock: which events of the history count for it (backtest.h
// says why), and what it decides. Owner: the caller; threads: one. Memory: a simulation, and the channels on which each
// lead was touched.

#include <cstddef>

#include "engine/backtest/lead_table.h"
#include "engine/simulate/simulation.h"

namespace relance::engine {

/// `touch.*`: what a touch came to.
bool is_of_a_touch(rules::EventType type);

class HistoryWalk {
 public:
  HistoryWalk(const rules::Rulebook& rulebook, MemoryStore::LedgerSink ledger,
              std::size_t leads_at_hand = MemoryStore::kAll);

  /// False when the event does not count: it is about a touch that this set had not sent by then. `clock`: that of the
  /// whole history, when this is a part of it.
  bool handle(const rules::Event& event, rules::Instant clock = rules::Instant::earliest());
  Simulation& simulation() { return simulation_; }

 private:
  bool has_touched(const rules::Event& event) const;

  LeadTable<rules::ChannelSet> touched_on_;
  rules::Instant clock_ = rules::Instant::earliest();  // the latest time of an event so far, whether or not it counted
  Simulation simulation_;
};

}  // namespace relance::engine
