#pragma once
// What two sets of playbooks would have done to one history: each is run over it on the virtual clock, and what they
// did is counted side by side, by segment of leads.
//
// What the history cannot say: how a person would have answered to a touch that was never sent. So a `touch.*` event of
// the history counts for a set only if that set had sent the lead a touch on that channel by then (its `action` is
// taken off: it belongs to the latest touch of the set on the channel). Hard bounces, refusals and wrong numbers always
// count: they are about the person, and doubt protects. Everything else in the history is what people and the CRM did,
// and counts for both. A touch of which the history says nothing comes to what the simulator assumes.
// Schedules (`enroll.on: schedule`) are followed up to the last event of the history.
//
// Memory: two simulations, that is the state of every lead once per set (about 1 KiB each, packed but for the leads
// that were worked on last); it grows with leads, and by a fingerprint with events, never with ledger lines, of which
// only counts, a digest and a few numbers per lead are kept. Threads: the two sets run side by side. One set is not
// split: accounts and addresses couple leads, addresses change as the history goes on, an event that arrives late is
// handled at the clock of all leads, and duplicates are known by source and id alone, so no part of a history is sure
// to be independent of the rest before all of it has been read. Deterministic: the same input gives the same bytes.

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

/// Of each set: with their accounts they take about 4 KiB each.
constexpr std::size_t kLeadsAtHand = 10'000;

/// Runs both. `leads_at_hand`: how many leads are not packed, which changes memory and time only. `dead_letter`: every
/// line that is no event, with its message. The error says why the file cannot be read.
[[nodiscard]] tl::expected<Backtest, std::string> backtest(const rules::Rulebook& before, const rules::Rulebook& after,
                                                           const std::string& events,
                                                           const std::function<void(const std::string&)>& dead_letter,
                                                           std::size_t leads_at_hand = kLeadsAtHand);

/// For people, and for programs.
std::string backtest_text(const Backtest& result);
std::string backtest_json(const Backtest& result);

}  // namespace relance::engine
