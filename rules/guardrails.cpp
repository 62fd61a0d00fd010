// Guardrails: "Guardrails, publishing" in the playbook language. Counts what happens to a playbook's touches, and
// trips.

#include <algorithm>
#include <utility>

#include "rules/loader_keys.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

bool is(const Trip& trip, const Guardrail& guardrail) {
  return trip.metric == guardrail.metric && trip.action == guardrail.action && trip.flag == guardrail.flag;
}

/// The guardrails of the playbook as it is now; null when nothing has to be counted for it.
const Playbook* guarded(const Scope& scope, const PlaybookId& id) {
  const Playbook* playbook = scope.context.rulebook.find(id);
  return playbook && !playbook->guardrails.empty() ? playbook : nullptr;
}

void trip(Scope& scope, const Playbook& playbook, const Guardrail& guardrail, PlaybookRates& rates,
          std::uint64_t events, std::uint64_t touches) {
  rates.trips.push_back({guardrail.metric, guardrail.action, guardrail.flag, scope.now()});
  Record& record = scope.record(RecordType::guardrail_tripped);
  record.playbook = playbook.id;
  record.revision = playbook.revision;
  record.rule = guardrail_metric_names()[static_cast<std::size_t>(guardrail.metric)];
  if (guardrail.action) record.reason = guardrail_action_names()[static_cast<std::size_t>(*guardrail.action)];
  record.flag = guardrail.flag;
  record.outcome = std::to_string(events) + "/" + std::to_string(touches);
}

void count(Scope& scope, const Playbook& playbook, Counted kind, Instant at) {
  Operations& operations = scope.context.neighbourhood.change_operations();
  PlaybookRates& rates = operations.rates[playbook.id];
  if (operations.only_counts) return rates.count(kind, at, 1);
  Duration longest{};
  for (const Guardrail& guardrail : playbook.guardrails) longest = std::max(longest, guardrail.over);
  rates.forget_before(scope.now() - longest);
  rates.count(kind, at, 1);
  for (const Guardrail& guardrail : playbook.guardrails) {
    if (std::any_of(rates.trips.begin(), rates.trips.end(), [&](const Trip& known) { return is(known, guardrail); }))
      continue;
    const std::uint64_t touches = rates.sum(Counted::touches, scope.now(), guardrail.over);
    const std::uint64_t events = rates.sum(counted_by(guardrail.metric), scope.now(), guardrail.over);
    if (exceeds(guardrail, events, touches)) trip(scope, playbook, guardrail, rates, events, touches);
  }
}

/// The touch that made the person do it: the one that the event names, else the latest that the channels cover.
const EmittedTouch* cause_of(const Scope& scope, ChannelScope channels) {
  const auto& touches = scope.lead.touches;
  const std::string_view action = scope.event->text("action");
  const auto covered = [&](const EmittedTouch& touch) {
    return action.empty() ? channels.is_all() || *channels.channel == touch.channel : touch.action.value == action;
  };
  const auto found = std::find_if(touches.rbegin(), touches.rend(), covered);
  return found == touches.rend() ? nullptr : &*found;
}

void count_event(Scope& scope, Counted kind, ChannelScope channels) {
  const EmittedTouch* touch = cause_of(scope, channels);
  if (!touch) return;
  if (const Playbook* playbook = guarded(scope, touch->playbook)) count(scope, *playbook, kind, scope.now());
}

}  // namespace

void handle_guardrails(Scope& scope, const ConsentOutcome& consent, bool phone_was_unusable) {
  const Event& event = *scope.event;
  // What is told twice (by our own dispatch and by a provider's webhook, say) happened once.
  if (consent.newly_complained) count_event(scope, Counted::complaints, *consent.newly_complained);
  if (consent.newly_opted_out) count_event(scope, Counted::opt_outs, *consent.newly_opted_out);
  if (consent.newly_bounced) count_event(scope, Counted::hard_bounces, ChannelScope::only(Channel::email));
  if (!phone_was_unusable && event.type == EventType::touch_completed && event.text("outcome") == "wrong_number") {
    count_event(scope, Counted::wrong_numbers, ChannelScope::only(Channel::call));
  }
}

void count_touch(Scope& scope, const PlaybookId& id) {
  if (const Playbook* playbook = guarded(scope, id)) count(scope, *playbook, Counted::touches, scope.now());
}

void uncount_touch(Scope& scope, const EmittedTouch& touch) {
  if (!guarded(scope, touch.playbook)) return;
  scope.context.neighbourhood.change_operations().rates[touch.playbook].count(Counted::touches, touch.at, -1);
}

bool waits_for_resume(const LeadState& lead) {
  const auto waits = [](const std::optional<Enrollment>& enrollment) {
    return enrollment && !enrollment->holding && enrollment->asked &&
           enrollment->asked->waiting == Asked::Waiting::held && enrollment->asked->until == Instant::never();
  };
  return waits(lead.enrollment) || waits(lead.interrupted);
}

void decide_resumed(LeadState& lead, const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out};
  for (auto* place : {&lead.enrollment, &lead.interrupted}) {
    if (*place && !(*place)->holding) release(scope, **place);
  }
  set_wake(scope);
}

}  // namespace relance::rules
