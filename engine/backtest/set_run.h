#pragma once
// One set of playbooks over a part of a history: what it did to the leads, and what says whether the part stands alone.
// Owner and thread: one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/backtest/backtest.h"
#include "engine/backtest/coupling.h"
#include "engine/backtest/history.h"
#include "engine/backtest/history_walk.h"

namespace relance::engine {

/// A lead went by that name at some time.
struct Bond {
  Name name = 0;
  std::uint32_t lead = 0;
};

/// The hours in which touches of a playbook with guardrails went out, and in which people answered to them.
struct WatchedHours {
  rules::PlaybookRates counted;  // a cancelled touch counts no longer
  rules::PlaybookRates emitted;  // touches alone; a cancelled one counts

  void add(const WatchedHours& other);
  /// One of the guardrails that do something may have tripped at an instant of these hours, in whatever order things
  /// happened within an hour. Never false when one has.
  bool may_have_tripped(const std::vector<rules::Guardrail>& guardrails) const;
};

/// What a run came to.
struct PartOutcome {
  BacktestSet set;  // of its segments; without `all`
  std::vector<Bond> bonds;
  std::map<rules::PlaybookId, WatchedHours> watched;
  std::uint64_t leads = 0;  // that were met
};

/// Leads of one owner wait for each other.
bool has_throttles(const rules::Rulebook& rulebook);

class SetRun {
 public:
  struct Options {
    std::size_t leads_at_hand = MemoryStore::kAll;
    /// Guardrails trip, and their playbooks' leads are bound. Otherwise they only count.
    bool guardrails_trip = false;
  };
  /// `digests`: of what is done to each lead, by its number in the history; 0 of those that are not met. Only those of
  /// leads that this run meets are written.
  SetRun(const rules::Rulebook& rulebook, const History& history, Options options, std::vector<std::uint64_t>& digests);

  void handle(const rules::Event& event, const History::Entry& entry);
  /// After the last event of the part. `end`: of the whole history; later occurrences of schedules are left.
  PartOutcome finish(rules::Instant end);

 private:
  /// What is kept of one lead.
  struct Trace {
    BacktestCounts* segment = nullptr;  // as its first event left it; null: it was not seen yet
    rules::Instant first_event;
    std::uint32_t number = 0;                    // in the history
    std::uint64_t digest = 0xCBF29CE484222325U;  // of what was done to it, FNV-1a
    std::array<Name, 4> names{};                 // account, addresses and owner, as they were noted last
    bool enrolled = false;
    bool opted_out = false;  // of one channel or all
    rules::ChannelSet opted_out_of;
    rules::ChannelSet touched_on;

    void digest_text(std::string_view text);
    void digest_record(const rules::Record& record);
  };

  Trace& trace_of(const rules::LeadState& lead, rules::Instant at);
  void note_names(const rules::LeadState& lead, Trace& trace);
  void note(const rules::LeadState& lead, const rules::Record& record);
  void note_enrolled(Trace& trace, BacktestCounts& here, const rules::Record& record);
  void note_touch(Trace& trace, BacktestCounts& here, const rules::Record& record);
  void note_opt_out(const rules::LeadState& lead, Trace& trace, BacktestCounts& here,
                    const rules::Record& record) const;
  bool is_watched(const rules::PlaybookId& id) const;

  const rules::Rulebook& rulebook_;
  const History& history_;
  Options options_;
  std::vector<std::uint64_t>& digests_;
  PartOutcome out_;
  rules::Instant event_time_;  // of the event that is handled
  LeadTable<Trace> leads_;
  HistoryWalk walk_;
};

}  // namespace relance::engine
