#pragma once
// The virtual clock: what a folder of playbooks does to a file of events. The same decisions as the daemon's, without
// connectors: a touch completes at the instant it is emitted, unless the outcomes say otherwise.
// Source: events-and-ledger.md, "The command line". Deterministic: the same input prints the same bytes on every
// machine. Owner: the caller; threads: one.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "engine/processor/processor.h"
#include "engine/simulate/memory_store.h"

namespace relance::engine {

/// One line of an outcomes file: `event` happens `after` the lead's step is touched.
struct PlannedOutcome {
  rules::Duration after;
  rules::EventType type = rules::EventType::touch_completed;
  rules::cel::Value data;
};
/// By lead and step, in the order of the file.
using Outcomes = std::map<std::pair<rules::LeadId, rules::StepId>, std::vector<PlannedOutcome>>;

/// Reads an outcomes file; the error names file and line.
tl::expected<Outcomes, std::string> read_outcomes(const std::string& path);

class Simulation : private ProcessorEffects {
 public:
  /// `leads_at_hand`: with fewer than all, pointers to leads are valid until more is handled or done.
  Simulation(const rules::Rulebook& rulebook, MemoryStore::LedgerSink ledger, Outcomes outcomes = {},
             std::size_t leads_at_hand = MemoryStore::kAll);

  /// Does the work due strictly before the event, then handles it: at its time, or at `no_earlier_than` or the clock
  /// when one of them is later.
  void handle(const rules::Event& event, rules::Instant no_earlier_than = rules::Instant::earliest());
  /// Does all work that is due at or before `until`, without more events.
  void run_until(rules::Instant until);
  /// Does all work that is left, without more events. A schedule without an end would never end, so occurrences are
  /// taken up to `last_occurrence` only, which is the end of the history. True when later ones were left.
  bool finish(rules::Instant last_occurrence);

  MemoryStore& store() { return store_; }
  rules::Instant clock() const { return processor_.clock(); }

 private:
  struct Planned {
    rules::Instant at;
    std::uint64_t order = 0;  // first planned, first handled
    std::shared_ptr<const rules::Event> event;
    bool operator>(const Planned& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  void emitted(rules::LeadState& lead, const rules::EmitTouch& effect) override;
  void escalated(const rules::LeadState&, const rules::Escalate&) override {}
  void cancelled(const rules::LeadState&, const rules::CancelTouch&) override {}

  void plan(const rules::LeadState& lead, const rules::EmitTouch& effect, rules::Duration after, rules::EventType type,
            const rules::cel::Value& data);
  void run(rules::Instant events_until, rules::Instant work_before);

  MemoryStore store_;
  Processor processor_;
  Outcomes outcomes_;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
  std::uint64_t planned_count_ = 0;
};

}  // namespace relance::engine
