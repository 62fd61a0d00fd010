#include "engine/backtest/set_run.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "rules/owners.h"

namespace relance::engine {

using rules::Event;
using rules::Instant;
using rules::LeadState;
using rules::Record;
using rules::RecordType;

namespace {

std::string segment_of(const LeadState& lead) {
  const auto named = [&](std::string_view attribute) {
    const std::string_view text = lead.attributes.text(attribute);
    return text.empty() ? std::string("none") : std::string(text);
  };
  return named("source") + "/" + named("size");
}

}  // namespace

bool has_throttles(const rules::Rulebook& rulebook) {
  const auto& owners = rulebook.house().owners;
  return owners && !owners->throttles.empty();
}

void WatchedHours::add(const WatchedHours& other) {
  counted.add(other.counted);
  emitted.add(other.emitted);
}

/// Events are never taken back, touches are: at any instant of an hour at least the touches of the hours before it that
/// were never cancelled had been counted, and at most all that had been emitted.
bool WatchedHours::may_have_tripped(const std::vector<rules::Guardrail>& guardrails) const {
  for (const rules::CountedHour& hour : counted.hours) {
    const Instant now{hour.hour * rules::kMsPerHour};
    const auto in_hour = hour.counts[static_cast<std::size_t>(rules::Counted::touches)];
    for (const rules::Guardrail& guardrail : guardrails) {
      if (!guardrail.action) continue;  // it tells people
      const std::uint64_t events = counted.sum(rules::counted_by(guardrail.metric), now, guardrail.over);
      const std::uint64_t most = emitted.sum(rules::Counted::touches, now, guardrail.over);
      const std::uint64_t least =
          std::max<std::uint64_t>(counted.sum(rules::Counted::touches, now, guardrail.over) - in_hour,
                                  static_cast<std::uint64_t>(guardrail.min_touches));
      if (least <= most && exceeds(guardrail, events, least)) return true;
    }
  }
  return false;
}

void SetRun::Trace::digest_text(std::string_view text) {
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  digest = (digest ^ 0xFFU) * 0x100000001B3U;
}

void SetRun::Trace::digest_record(const Record& record) {
  digest_text(to_string(record.type));
  digest_text(rules::to_string(record.at));
  if (record.playbook) digest_text(record.playbook->value);
  if (record.step) digest_text(record.step->value);
  if (record.channel) digest_text(to_string(*record.channel));
  digest_text(record.reason);
}

SetRun::SetRun(const rules::Rulebook& rulebook, const History& history, Options options,
               std::vector<std::uint64_t>& digests)
    : rulebook_(rulebook),
      history_(history),
      options_(options),
      digests_(digests),
      walk_(
          rulebook,
          [this](std::uint64_t, const LedgerContext& context, const std::vector<Record>& records) {
            for (const Record& record : records) note(*context.lead, record);
          },
          options.leads_at_hand) {
  walk_.simulation().store().change_operations().only_counts = !options.guardrails_trip;
}

void SetRun::handle(const Event& event, const History::Entry& entry) {
  event_time_ = event.time;
  const bool counts = walk_.handle(event, entry.clock);
  if (is_of_a_touch(event.type)) ++(counts ? out_.set.outcomes_taken : out_.set.outcomes_not_taken);
  if (!counts) return;
  Simulation& simulation = walk_.simulation();
  if (const LeadState* lead = simulation.store().find_lead(event.lead))
    note_names(*lead, trace_of(*lead, simulation.clock()));
}

PartOutcome SetRun::finish(Instant end) {
  walk_.simulation().finish(end);
  for (const auto& [lead, trace] : leads_.entries()) digests_[trace.number] = trace.digest;
  out_.leads = leads_.size();
  for (auto& [playbook, rates] : walk_.simulation().store().change_operations().rates)
    out_.watched[playbook].counted = std::move(rates);
  return std::move(out_);
}

/// The lead of a record or an event; its first sight fixes the segment.
SetRun::Trace& SetRun::trace_of(const LeadState& lead, Instant at) {
  Trace& trace = leads_[lead.id];
  if (trace.segment == nullptr) {
    trace.segment = &out_.set.segments[segment_of(lead)];
    trace.first_event = at;
    trace.number = history_.leads.number_of(lead.id);
    ++trace.segment->leads;
  }
  return trace;
}

/// All by which a decision about the lead asks for what other leads left behind, or leaves something behind for them.
/// Only its events change it; what a merge brings with it are names of the other lead, which is coupled anyway.
void SetRun::note_names(const LeadState& lead, Trace& trace) {
  std::array<Name, 4> names{};
  if (lead.account) names[0] = name_of(NameKind::account, lead.account->value);
  if (lead.email) names[1] = name_of(NameKind::email, lead.email->reveal());
  if (lead.phone) names[2] = name_of(NameKind::phone, lead.phone->reveal());
  const std::string_view owner = has_throttles(rulebook_) ? lead.attributes.text("owner") : std::string_view();
  if (!owner.empty()) names[3] = name_of(NameKind::owner, owner);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != 0 && names[i] != trace.names[i]) out_.bonds.push_back({names[i], trace.number});
  }
  trace.names = names;
}

bool SetRun::is_watched(const rules::PlaybookId& id) const {
  const rules::Playbook* playbook = rulebook_.find(id);
  return playbook != nullptr && !playbook->guardrails.empty();
}

void SetRun::note(const LeadState& lead, const Record& record) {
  Trace& trace = trace_of(lead, record.at);
  BacktestCounts& here = *trace.segment;
  switch (record.type) {
    case RecordType::lead_enrolled:
      note_enrolled(trace, here, record);
      break;
    case RecordType::lead_exited:
      ++here.exits[std::string(record.reason)];
      trace.digest_record(record);
      break;
    case RecordType::touch_emitted:
      note_touch(trace, here, record);
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

/// From here on the lead is asked whether a guardrail has tripped.
void SetRun::note_enrolled(Trace& trace, BacktestCounts& here, const Record& record) {
  if (!trace.enrolled) ++here.enrolled;
  trace.enrolled = true;
  trace.digest_record(record);
  if (options_.guardrails_trip && is_watched(*record.playbook))
    out_.bonds.push_back({name_of(NameKind::guardrail, record.playbook->value), trace.number});
}

void SetRun::note_touch(Trace& trace, BacktestCounts& here, const Record& record) {
  ++here.touches;
  ++here.touches_by_channel[std::string(to_string(*record.channel))];
  if (trace.touched_on.empty()) here.first_touch.push_back((record.at - trace.first_event).ms);
  trace.touched_on.insert(*record.channel);
  if (trace.opted_out_of.contains(*record.channel)) ++here.touches_after_opt_out;
  trace.digest_record(record);
  if (!options_.guardrails_trip && is_watched(*record.playbook))
    out_.watched[*record.playbook].emitted.count(rules::Counted::touches, record.at, 1);
}

/// The person opted out when the event says so, which may be before it arrived.
void SetRun::note_opt_out(const LeadState& lead, Trace& trace, BacktestCounts& here, const Record& record) const {
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

}  // namespace relance::engine
