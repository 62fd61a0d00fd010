// Inbound interactions, outcomes and the SLA of the first touch: steps 4 and 5 of "One event, in this order",
// "Counting".

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

void reset_non_replies(LeadState& lead) {
  lead.non_replies = 0;
  for (EmittedTouch& touch : lead.touches) touch.unanswered = false;
}

/// The touch that an outcome belongs to: by action, else the latest on the channel.
EmittedTouch* touch_of(LeadState& lead, const Event& event, std::optional<Channel> channel) {
  const std::string_view action = event.text("action");
  for (auto touch = lead.touches.rbegin(); touch != lead.touches.rend(); ++touch) {
    // Without its id an outcome can only mean a touch that has left.
    const bool meant =
        action.empty() ? channel && touch->channel == *channel && touch->handed_off : touch->action.value == action;
    if (meant) return &*touch;
  }
  return nullptr;
}

bool is_effective(Channel channel, std::string_view outcome) {
  switch (channel) {
    case Channel::email:
      return outcome == "sent";
    case Channel::call:
      return outcome == "connected" || outcome == "voicemail";
    case Channel::social:
    case Channel::sms:
    case Channel::task:
    case Channel::meeting:
      return outcome == "completed";
  }
  return false;
}

void meet_sla(Scope& scope, std::optional<Enrollment>& enrollment, Channel channel) {
  if (!enrollment || !enrollment->sla || !enrollment->sla->channels.contains(channel)) return;
  const Instant happened = scope.event->time;
  if (happened < enrollment->sla->started || happened > enrollment->sla->deadline) return;
  enrollment->sla.reset();
  scope.record(RecordType::sla_met, *enrollment).channel = channel;
}

}  // namespace

void end_cool_down(Scope& scope) {
  scope.record(RecordType::cool_down_ended).playbook = scope.lead.cool_down->playbook;
  scope.lead.cool_down.reset();
  reset_non_replies(scope.lead);
}

void handle_inbound(Scope& scope) {
  const Event& event = *scope.event;
  const bool replied = event.type == EventType::touch_replied && !event.flag("auto");
  const bool connected = event.type == EventType::touch_completed && event.text("outcome") == "connected";
  if (!replied && !connected && event.type != EventType::meeting_booked) return;
  if (replied && scope.lead.enrollment) ++scope.lead.enrollment->replies;
  if (replied && scope.lead.interrupted) ++scope.lead.interrupted->replies;
  if (scope.lead.cool_down) end_cool_down(scope);
  reset_non_replies(scope.lead);
}

void handle_outcome(Scope& scope) {
  const Event& event = *scope.event;
  if (event.type != EventType::touch_completed) return;
  std::optional<Channel> channel = parse_channel(event.text("channel"));
  EmittedTouch* touch = touch_of(scope.lead, event, channel);
  if (!channel && touch) channel = touch->channel;
  const std::string_view outcome = event.text("outcome");

  Record& record = scope.record(RecordType::touch_completed);
  record.channel = channel;
  record.outcome = outcome;
  if (touch) {
    touch->handed_off = true;
    record.playbook = touch->playbook;
    record.enrollment = scope.id_of(touch->enrollment);
    record.step = touch->step;
    record.action = touch->action;
  }
  if (outcome == "wrong_number") scope.lead.phone_unusable = true;
  if (channel && is_effective(*channel, outcome)) {
    meet_sla(scope, scope.lead.enrollment, *channel);
    meet_sla(scope, scope.lead.interrupted, *channel);
  }
}

void start_sla(Scope& scope, Enrollment& enrollment, const Form& form) {
  if (!form.sla) return;
  const Sla& sla = *form.sla;
  const Instant start = enrollment.triggered_at;
  const auto after = [&](Duration budget) -> Instant {
    const ContactHours* hours = scope.hours(form);
    if (sla.clock == Sla::Clock::wall || !hours) return start + budget;
    return open_time_deadline(*hours, scope.hours_zone(form), start, budget).value_or(Instant::never());
  };
  const bool in_days = sla.within.business_days > 0;  // the same for both clocks
  SlaState state{start, in_days ? scope.after(start, sla.within, form) : after(sla.within.time), std::nullopt,
                 sla.channels, sla.escalate_on_breach};
  if (sla.warn_at_ppm) {
    const Duration whole = in_days ? state.deadline - start : sla.within.time;
    const Duration warn{std::max<std::int64_t>(
        1, whole.ms / 1'000'000 * *sla.warn_at_ppm + whole.ms % 1'000'000 * *sla.warn_at_ppm / 1'000'000)};
    state.at_risk = in_days ? start + warn : after(warn);
  }
  enrollment.sla = state;
}

void sla_at_risk(Scope& scope, Enrollment& enrollment) {
  scope.record(RecordType::sla_at_risk, enrollment).until = enrollment.sla->deadline;
  enrollment.sla->at_risk.reset();
}

void sla_breached(Scope& scope, Enrollment& enrollment) {
  const bool escalates = enrollment.sla->escalate_on_breach;
  enrollment.sla.reset();
  scope.record(RecordType::sla_breached, enrollment);
  if (!escalates) return;
  Escalate escalate{
      action_id(enrollment.id, "escalate:sla", 0), enrollment.playbook, enrollment.revision, "sla", "manager",
      "The promised first touch is overdue.",      scope.now()};
  Record& record = scope.record(RecordType::lead_escalated, enrollment);
  record.rule = "sla";
  record.action = escalate.action;
  scope.out.effects.emplace_back(std::move(escalate));
}

}  // namespace relance::rules
