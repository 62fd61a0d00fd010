#include "engine/simulate/simulation.h"

#include <algorithm>

namespace relance::engine {

using rules::Channel;
using rules::Duration;
using rules::Event;
using rules::EventType;
using rules::Instant;
using rules::cel::Map;
using rules::cel::Value;

namespace {

/// What a channel's touch comes to when nothing else is planned.
std::string_view default_outcome(Channel channel) {
  switch (channel) {
    case Channel::email:
      return "sent";
    case Channel::call:
      return "no_answer";
    case Channel::social:
    case Channel::sms:
    case Channel::task:
    case Channel::meeting:
      return "completed";
  }
  return "completed";
}

/// The planned data, with the touch's action and channel where it names none. Of other events than a touch's own an
/// absent channel means what it always does.
Value with_touch(const Value& data, EventType type, const rules::EmittedTouch& touch) {
  if (!rules::to_string(type).starts_with("touch.")) return data;
  Map map = data.map() ? *data.map() : Map{};
  if (!data.find("action")) map.emplace_back(Value("action"), Value(touch.action.value));
  if (!data.find("channel")) map.emplace_back(Value("channel"), Value(to_string(touch.channel)));
  return Value(std::move(map));
}

}  // namespace

Simulation::Simulation(const rules::Rulebook& rulebook, MemoryStore::LedgerSink ledger, Outcomes outcomes,
                       std::size_t leads_at_hand)
    : store_(std::move(ledger), leads_at_hand), processor_(rulebook, store_, *this), outcomes_(std::move(outcomes)) {}

void Simulation::handle(const Event& event, Instant no_earlier_than) {
  if (processor_.is_duplicate(event)) return;
  const Instant instant = std::max(processor_.instant_of(event), no_earlier_than);
  run(instant, instant);
  processor_.advance(instant);
  processor_.handle_now(event);
}

void Simulation::run_until(Instant until) { run(until, until == Instant::never() ? until : until + Duration{1}); }

bool Simulation::finish(Instant last_occurrence) {
  processor_.take_occurrences_until(last_occurrence);
  run_until(Instant::never());
  return store_.any_scheduled();
}

/// Outcomes up to and including `events_until`, other work strictly before `work_before`; at one instant, outcomes
/// first.
void Simulation::run(Instant events_until, Instant work_before) {
  while (true) {
    static_cast<void>(store_.commit());  // which in memory always succeeds
    const Instant outcome = planned_.empty() ? Instant::never() : planned_.top().at;
    const Instant work = processor_.next_due().value_or(Instant::never());
    if (outcome <= work && outcome != Instant::never() && outcome <= events_until) {
      const auto event = planned_.top().event;
      planned_.pop();
      processor_.handle_own(*event);
    } else if (work < outcome && work < work_before) {
      processor_.do_next_due(work);
    } else {
      return;
    }
  }
}

void Simulation::emitted(rules::LeadState& lead, const rules::EmitTouch& effect) {
  rules::mark_handed_off(lead, effect.touch.action);
  static const std::vector<PlannedOutcome> kNone;
  const auto found = outcomes_.empty() ? outcomes_.end() : outcomes_.find({lead.id, effect.touch.step});
  const std::vector<PlannedOutcome>& planned = found == outcomes_.end() ? kNone : found->second;
  const auto completes = [](const PlannedOutcome& outcome) { return outcome.type == EventType::touch_completed; };
  // It completes when it is emitted; what comes of it comes after that, also at that very instant.
  if (std::none_of(planned.begin(), planned.end(), completes)) {
    Map data;
    data.emplace_back(Value("outcome"), Value(default_outcome(effect.touch.channel)));
    plan(lead, effect, Duration{0}, EventType::touch_completed, Value(std::move(data)));
  }
  for (const PlannedOutcome& outcome : planned) plan(lead, effect, outcome.after, outcome.type, outcome.data);
}

void Simulation::plan(const rules::LeadState& lead, const rules::EmitTouch& effect, Duration after, EventType type,
                      const Value& data) {
  auto event = std::make_shared<Event>();
  event->id = effect.touch.action.value;
  event->source = "relance/simulate";
  event->type = type;
  event->lead = lead.id;
  event->time = effect.touch.at + after;
  event->data = with_touch(data, type, effect.touch);
  planned_.push({event->time, planned_count_++, std::move(event)});
}

}  // namespace relance::engine
