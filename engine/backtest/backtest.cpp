#include "engine/backtest/backtest.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "engine/backtest/history_walk.h"
#include "engine/backtest/lead_table.h"
#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"

namespace relance::engine {

using rules::Event;
using rules::Instant;
using rules::LeadState;
using rules::Record;
using rules::RecordType;

namespace {

constexpr std::size_t kMostExamples = 20;

void merge(BacktestCounts::Counts& into, const BacktestCounts::Counts& from) {
  for (const auto& [name, count] : from) into[name] += count;
}

/// What is kept of one lead.
struct LeadTrace {
  BacktestCounts* segment = nullptr;  // as its first event left it; null: it was not seen yet
  Instant first_event;
  std::uint64_t digest = 0xCBF29CE484222325U;  // of what was done to it, FNV-1a
  bool enrolled = false;
  bool opted_out = false;  // of one channel or all
  rules::ChannelSet opted_out_of;
  rules::ChannelSet touched_on;

  void digest_text(std::string_view text) {
    for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    digest = (digest ^ 0xFFU) * 0x100000001B3U;
  }
};

std::string segment_of(const LeadState& lead) {
  const auto named = [&](std::string_view attribute) {
    const std::string_view text = lead.attributes.text(attribute);
    return text.empty() ? std::string("none") : std::string(text);
  };
  return named("source") + "/" + named("size");
}

/// One set over the history.
class SetRun {
 public:
  SetRun(const rules::Rulebook& rulebook, std::size_t leads_at_hand)
      : walk_(
            rulebook,
            [this](std::uint64_t, const LedgerContext& context, const std::vector<Record>& records) {
              for (const Record& record : records) note(*context.lead, record);
            },
            leads_at_hand) {}

  void handle(const Event& event) {
    event_time_ = event.time;
    last_event_ = std::max(last_event_, event.time);
    const bool counts = walk_.handle(event);
    if (is_of_a_touch(event.type)) ++(counts ? set_.outcomes_taken : set_.outcomes_not_taken);
    if (!counts) return;
    Simulation& simulation = walk_.simulation();
    if (const LeadState* lead = simulation.store().find_lead(event.lead)) trace_of(*lead, simulation.clock());
  }

  void finish() {
    walk_.simulation().finish(last_event_);
    for (auto& [segment, counts] : set_.segments) {
      std::sort(counts.first_touch.begin(), counts.first_touch.end());
      set_.all.add(counts);
    }
    std::sort(set_.all.first_touch.begin(), set_.all.first_touch.end());
  }

  BacktestSet& set() { return set_; }
  const LeadTable<LeadTrace>& leads() const { return leads_; }

  std::uint64_t events = 0;
  std::uint64_t dead_letters = 0;
  std::optional<std::string> failure;

 private:
  /// The lead of a record or an event; its first sight fixes the segment.
  LeadTrace& trace_of(const LeadState& lead, Instant at) {
    LeadTrace& trace = leads_[lead.id];
    if (trace.segment == nullptr) {
      trace.segment = &set_.segments[segment_of(lead)];
      trace.first_event = at;
      ++trace.segment->leads;
    }
    return trace;
  }

  void digest(LeadTrace& trace, const Record& record) {
    trace.digest_text(to_string(record.type));
    trace.digest_text(rules::to_string(record.at));
    if (record.playbook) trace.digest_text(record.playbook->value);
    if (record.step) trace.digest_text(record.step->value);
    if (record.channel) trace.digest_text(to_string(*record.channel));
    trace.digest_text(record.reason);
  }

  void note(const LeadState& lead, const Record& record) {
    LeadTrace& trace = trace_of(lead, record.at);
    BacktestCounts& here = *trace.segment;
    switch (record.type) {
      case RecordType::lead_enrolled:
        if (!trace.enrolled) ++here.enrolled;
        trace.enrolled = true;
        digest(trace, record);
        break;
      case RecordType::lead_exited:
        ++here.exits[std::string(record.reason)];
        digest(trace, record);
        break;
      case RecordType::touch_emitted:
        note_touch(trace, here, record);
        digest(trace, record);
        break;
      case RecordType::touch_deferred:
        ++here.deferrals[std::string(record.rule)];
        break;
      case RecordType::touch_withheld:
      case RecordType::touch_skipped:
      case RecordType::touch_cancelled:
        ++here.withheld[std::string(record.rule)];
        break;
      case RecordType::touches_shortfall:
        ++here.shortfalls;
        break;
      case RecordType::sla_met:
        ++here.sla_met;
        break;
      case RecordType::sla_breached:
        ++here.sla_breached;
        break;
      case RecordType::opt_out_received:
        note_opt_out(lead, trace, here, record);
        break;
      default:
        break;
    }
  }

  /// The person opted out when the event says so, which may be before it arrived.
  void note_opt_out(const LeadState& lead, LeadTrace& trace, BacktestCounts& here, const Record& record) const {
    const Instant opted_out_at = std::min(event_time_, record.at);
    const rules::ChannelScope scope = record.scope.value_or(rules::ChannelScope::all());
    if (!trace.opted_out) {
      ++here.opted_out;
      here.touched_before_opt_out += trace.touched_on.empty() ? 0 : 1;
    }
    for (const rules::EmittedTouch& touch : lead.touches) {
      if (touch.at > opted_out_at && scope.covers(touch.channel)) ++here.touches_after_opt_out;
    }
    trace.opted_out = true;
    for (const rules::Channel channel : rules::kChannels) {
      if (scope.covers(channel)) trace.opted_out_of.insert(channel);
    }
  }

  static void note_touch(LeadTrace& trace, BacktestCounts& here, const Record& record) {
    ++here.touches;
    ++here.touches_by_channel[std::string(to_string(*record.channel))];
    if (trace.touched_on.empty()) here.first_touch.push_back((record.at - trace.first_event).ms);
    trace.touched_on.insert(*record.channel);
    if (trace.opted_out_of.contains(*record.channel)) ++here.touches_after_opt_out;
  }

  BacktestSet set_;
  Instant event_time_;                        // of the event that is handled
  Instant last_event_ = Instant::earliest();  // the end of the history: later occurrences of schedules are left
  LeadTable<LeadTrace> leads_;
  HistoryWalk walk_;
};

using DeadLetterSink = std::function<void(const std::string&)>;

void run(SetRun& set, const std::string& path, const DeadLetterSink& dead_letter) {
  EventReader reader;
  const auto read = for_each_line(path, 0, [&](const JsonlLine& line) {
    const auto refuse = [&](const std::string& why) {
      ++set.dead_letters;
      if (dead_letter) dead_letter(path + ":" + std::to_string(line.number) + ": dead letter: " + why);
      return true;
    };
    if (line.too_long) return refuse("too_large: the line is over 256 KiB");
    const auto event = reader.read(line.text, std::nullopt);
    if (!event) return refuse(reason_of(event.error()));
    ++set.events;
    set.handle(*event);
    return true;
  });
  if (!read) {
    set.failure = read.error().message;
    return;
  }
  set.finish();
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

tl::expected<Backtest, std::string> backtest(const rules::Rulebook& before, const rules::Rulebook& after,
                                             const std::string& events, const DeadLetterSink& dead_letter,
                                             std::size_t leads_at_hand) {
  SetRun first(before, leads_at_hand);
  SetRun second(after, leads_at_hand);
  // What a thread throws would end the process.
  std::thread beside([&] {
    try {
      run(second, events, {});
    } catch (const std::exception& error) {
      second.failure = error.what();
    }
  });
  run(first, events, dead_letter);
  beside.join();
  if (first.failure) return tl::unexpected(*first.failure);
  if (second.failure) return tl::unexpected(*second.failure);

  Backtest result;
  result.events = first.events;
  result.dead_letters = first.dead_letters;
  std::vector<rules::LeadId> differ;
  for (const auto& [lead, trace] : first.leads().entries()) {
    const LeadTrace* other = second.leads().find(lead);
    if (other == nullptr || other->digest != trace.digest) differ.push_back(lead);
  }
  for (const auto& [lead, trace] : second.leads().entries()) {
    if (first.leads().find(lead) == nullptr) differ.push_back(lead);
  }
  result.leads = std::max(first.leads().size(), second.leads().size());
  result.leads_that_differ = differ.size();
  std::sort(differ.begin(), differ.end());
  if (differ.size() > kMostExamples) differ.resize(kMostExamples);
  for (const rules::LeadId& lead : differ) result.examples.emplace_back(lead.value);
  result.before = std::move(first.set());
  result.after = std::move(second.set());
  return result;
}

}  // namespace relance::engine
