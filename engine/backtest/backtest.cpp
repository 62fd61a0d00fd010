#include "engine/backtest/backtest.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/backtest/history.h"
#include "engine/backtest/history_parts.h"
#include "engine/backtest/set_run.h"

namespace relance::engine {

namespace {

constexpr std::size_t kMostExamples = 20;

void merge(BacktestCounts::Counts& into, const BacktestCounts::Counts& from) {
  for (const auto& [name, count] : from) into[name] += count;
}

/// Both sets over one history, part by part. Which leads can change what happens to each other is first guessed by the
/// text of events. Then every part says which names its leads went by, and where two parts share one, their leads are
/// divided again and run again: the result is that of one run over everything, whatever the guess was.
class Backtester {
 public:
  Backtester(const rules::Rulebook& before, const rules::Rulebook& after, History history, const BacktestBounds& bounds)
      : rulebooks_{&before, &after}, history_(std::move(history)), parts_(history_, bounds.leads_of_part) {
    options_.leads_at_hand = bounds.leads_at_hand;
    for (auto& digests : digests_) digests.resize(history_.leads.size());
  }

  tl::expected<Backtest, std::string> run() {
    divide();
    while (true) {
      run_parts();
      if (failure_) return tl::unexpected(*failure_);
      if (!options_.guardrails_trip && a_guardrail_may_have_tripped()) {
        options_.guardrails_trip = true;
        dissolve_all();
      } else {
        note_bonds();
        const auto broken = parts_.broken_by(history_.coupling);
        if (broken.empty()) return report();
        dissolve(broken);
      }
      divide();
    }
  }

 private:
  /// Of one part: both sets.
  using Outcomes = std::array<PartOutcome, 2>;

  void divide() {
    first_to_run_ = parts_.size();
    parts_.divide(history_.coupling);
    outcomes_.resize(parts_.size());
  }

  void dissolve(const std::vector<std::uint32_t>& parts) {
    for (const std::uint32_t part : parts) {
      for (const std::uint32_t place : parts_.entries_of(part)) {
        for (auto& digests : digests_) digests[history_.entries[place].lead] = 0;
      }
      outcomes_[part] = {};
    }
    parts_.dissolve(parts);
  }

  void dissolve_all() {
    std::vector<std::uint32_t> all(parts_.size());
    std::iota(all.begin(), all.end(), 0U);
    dissolve(all);
    for (auto& digests : digests_) std::fill(digests.begin(), digests.end(), 0);  // leads without events, too
  }

  void run_parts();
  std::optional<std::string> run_part(std::size_t part, std::size_t set, EventLines& lines);
  void note_bonds();
  bool a_guardrail_may_have_tripped() const;
  Backtest report();

  std::array<const rules::Rulebook*, 2> rulebooks_;
  History history_;
  HistoryParts parts_;
  SetRun::Options options_;
  std::array<std::vector<std::uint64_t>, 2> digests_;  // by set and lead
  std::vector<Outcomes> outcomes_;                     // by part
  std::size_t first_to_run_ = 0;
  std::mutex failing_;
  std::optional<std::string> failure_;
};

/// As many threads as the machine has cores; what they take is a part with one of the sets.
void Backtester::run_parts() {
  const std::size_t end = 2 * parts_.size();
  std::atomic<std::size_t> next = 2 * first_to_run_;
  const auto fail = [&](std::string message) {
    const std::lock_guard lock(failing_);
    if (!failure_) failure_ = std::move(message);
    next = end;
  };
  const auto work = [&] {
    try {  // what a thread throws would end the process
      auto lines = EventLines::open(history_);
      if (!lines) return fail(lines.error());
      for (std::size_t taken = next++; taken < end; taken = next++) {
        if (const auto failure = run_part(taken / 2, taken % 2, *lines)) return fail(*failure);
      }
    } catch (const std::exception& error) {
      fail(error.what());
    }
  };
  const std::size_t useful = std::min<std::size_t>(std::thread::hardware_concurrency(), end - next);
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < useful) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // The system gives no more threads: those there are take all parts.
  }
  work();
}

/// The error, if there is one.
std::optional<std::string> Backtester::run_part(std::size_t part, std::size_t set, EventLines& lines) {
  SetRun run(*rulebooks_[set], history_, options_, digests_[set]);
  for (const std::uint32_t place : parts_.entries_of(part)) {
    const History::Entry& entry = history_.entries[place];
    const auto event = lines.read(entry);
    if (!event) return event.error();
    run.handle(*event, entry);
  }
  outcomes_[part][set] = run.finish(history_.entries.back().clock);
  return std::nullopt;
}

void Backtester::note_bonds() {
  NamedLeads named;
  for (const Outcomes& outcomes : outcomes_) {
    for (const PartOutcome& outcome : outcomes) {
      for (const Bond& bond : outcome.bonds)
        history_.coupling.couple(bond.lead, named.first_under(bond.name, bond.lead));
    }
  }
}

bool Backtester::a_guardrail_may_have_tripped() const {
  for (std::size_t set = 0; set < rulebooks_.size(); ++set) {
    std::map<rules::PlaybookId, WatchedHours> all;
    for (const Outcomes& outcomes : outcomes_) {
      for (const auto& [playbook, watched] : outcomes[set].watched) all[playbook].add(watched);
    }
    for (const auto& [id, watched] : all) {
      const rules::Playbook* playbook = rulebooks_[set]->find(id);
      if (playbook != nullptr && watched.may_have_tripped(playbook->guardrails)) return true;
    }
  }
  return false;
}

Backtest Backtester::report() {
  Backtest result;
  result.events = history_.events;
  result.dead_letters = history_.dead_letters;
  std::array<BacktestSet*, 2> sets{&result.before, &result.after};
  std::array<std::uint64_t, 2> leads{};
  for (const Outcomes& outcomes : outcomes_) {
    for (std::size_t set = 0; set < sets.size(); ++set) {
      sets[set]->add(outcomes[set].set);
      leads[set] += outcomes[set].leads;
    }
  }
  result.leads = std::max(leads[0], leads[1]);
  for (BacktestSet* set : sets) set->sum_up();
  std::vector<rules::LeadId> differ;
  for (std::size_t lead = 0; lead < history_.leads.size(); ++lead) {
    if (digests_[0][lead] != digests_[1][lead]) differ.push_back(history_.leads.entries()[lead].lead);
  }
  result.leads_that_differ = differ.size();
  std::sort(differ.begin(), differ.end());
  if (differ.size() > kMostExamples) differ.resize(kMostExamples);
  for (const rules::LeadId& lead : differ) result.examples.emplace_back(lead.value);
  return result;
}

}  // namespace

void BacktestCounts::add(const BacktestCounts& other) {
  leads += other.leads;
  enrolled += other.enrolled;
  touches += other.touches;
  merge(touches_by_channel, other.touches_by_channel);
  sla_met += other.sla_met;
  sla_breached += other.sla_breached;
  shortfalls += other.shortfalls;
  merge(deferrals, other.deferrals);
  merge(withheld, other.withheld);
  merge(exits, other.exits);
  opted_out += other.opted_out;
  touched_before_opt_out += other.touched_before_opt_out;
  touches_after_opt_out += other.touches_after_opt_out;
  first_touch.insert(first_touch.end(), other.first_touch.begin(), other.first_touch.end());
}

std::optional<std::int64_t> percentile(const std::vector<std::int64_t>& sorted, int percent) {
  if (sorted.empty()) return std::nullopt;
  const std::size_t rank = (sorted.size() * static_cast<std::size_t>(percent) + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void BacktestSet::add(const BacktestSet& part) {
  for (const auto& [name, counts] : part.segments) segments[name].add(counts);
  outcomes_taken += part.outcomes_taken;
  outcomes_not_taken += part.outcomes_not_taken;
}

void BacktestSet::sum_up() {
  for (auto& [segment, counts] : segments) {
    std::sort(counts.first_touch.begin(), counts.first_touch.end());
    all.add(counts);
  }
  std::sort(all.first_touch.begin(), all.first_touch.end());
}

tl::expected<Backtest, std::string> backtest(const rules::Rulebook& before, const rules::Rulebook& after,
                                             const std::string& events,
                                             const std::function<void(const std::string&)>& dead_letter,
                                             const BacktestBounds& bounds) {
  auto history = read_history(events, dead_letter, has_throttles(before) || has_throttles(after));
  if (!history) return tl::unexpected(history.error());
  return Backtester(before, after, std::move(*history), bounds).run();
}

}  // namespace relance::engine
