#pragma once
// What two sets of playbooks would have done to one history: each is run over it on the virtual clock, and what they
// did is counted side by side, by segment of leads.
//
// What the history cannot say: how a person would have answered to a touch that was never sent. So a `touch.*` event of
// the history counts for a set only if that set had sent the lead a touch on that channel by then (its `action` is
// taken off: it belongs to the latest touch of the set on the channel). Hard bounces, refusals and wrong numbers always
// count: they are about the person, and doubt protects. Everything else in the history is what people and the CRM did,
// and counts for both. A duplicate is dropped before anybody asks whether it counts. A touch of which the history says
// nothing comes to what the simulator assumes. Schedules (`enroll.on: schedule`) are followed up to the last event of
// the history.
//
// The history is run in parts of some hundred leads, on all cores. Leads that can change what happens to each other
// are in one part: those of one account, address or person (merges), of one owner where touches are throttled, and all
// leads of each playbook with guardrails once one of any playbook may have tripped (a part would trip what the whole
// does not). The clock of an event is that of the whole history,
// so where it is cut changes nothing: the report is that of one run over everything.
// Memory: history.h for the whole; of the leads those of the parts that run, and some 300 octets of each (by which
// names it went under each set, what differs). Where everything is coupled it is all of them once per set, packed but
// for those that were worked on last (about 1 KiB each). Deterministic: the same input gives the same bytes.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "rules/playbook.h"

namespace relance::engine {

/// One segment ("inbound/smb") under one set.
struct BacktestCounts {
  using Counts = std::map<std::string, std::uint64_t>;
  std::uint64_t leads = 0;
  std::uint64_t enrolled = 0;  // leads, once or more often
  std::uint64_t touches = 0;
  Counts touches_by_channel;
  std::uint64_t sla_met = 0;
  std::uint64_t sla_breached = 0;
  std::uint64_t shortfalls = 0;
  Counts deferrals;                          // by rule
  Counts withheld;                           // by rule; skipped and cancelled ones as well
  Counts exits;                              // by reason
  std::uint64_t opted_out = 0;               // leads that opted out in the history, of one channel or all
  std::uint64_t touched_before_opt_out = 0;  // of them, those that the set had touched by then
  /// On a channel that the opt-out covers, after the instant at which the person opted out. The gate lets none pass
  /// that it knows of; what went out before the opt-out arrived counts here.
  std::uint64_t touches_after_opt_out = 0;
  /// From the lead's first event to the first touch that was sent, in milliseconds, sorted; leads without one are not
  /// in it.
  std::vector<std::int64_t> first_touch;

  void add(const BacktestCounts& other);
};
/// The value below which `percent` of the sorted values lie (nearest rank); nullopt of nothing.
std::optional<std::int64_t> percentile(const std::vector<std::int64_t>& sorted, int percent);

struct BacktestSet {
  std::map<std::string, BacktestCounts> segments;
  BacktestCounts all;
  std::uint64_t outcomes_taken = 0;      // touch.* of the history that counted
  std::uint64_t outcomes_not_taken = 0;  // of touches that this set had not sent

  /// What was counted for other leads; without `all`.
  void add(const BacktestSet& part);
  /// Sorts, and makes `all` of the segments.
  void sum_up();
};

struct Backtest {
  BacktestSet before;  // DIR
  BacktestSet after;   // DIR2
  std::uint64_t leads = 0;
  std::uint64_t events = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t leads_that_differ = 0;  // enrolled, touched or left differently, or at other instants
  std::vector<std::string> examples;    // of them, the first in order of their ids, 20 at most
};

/// They change memory and time only.
struct BacktestBounds {
  std::size_t leads_of_part = 500;     // with their accounts they take some 2 MiB, which a core's cache holds
  std::size_t leads_at_hand = 10'000;  // of a part and set; the others are packed
};

/// Runs both. `dead_letter`: every line that is no event, with its message. The error says why the file cannot be read;
/// it is read more than once, so it cannot be a pipe.
[[nodiscard]] tl::expected<Backtest, std::string> backtest(const rules::Rulebook& before, const rules::Rulebook& after,
                                                           const std::string& events,
                                                           const std::function<void(const std::string&)>& dead_letter,
                                                           const BacktestBounds& bounds = {});

/// For people, and for programs.
std::string backtest_text(const Backtest& result);
std::string backtest_json(const Backtest& result);

}  // namespace relance::engine
