// The gate: rules in order, the first that speaks wins. Asked when a step is due, and a second time at the last instant
// before a connector is called, without the rules in which the touch itself counts by then. It fails closed.

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

enum class Asking { first, second };

Verdict withheld(std::string_view rule) { return {Verdict::Kind::withheld, std::string(rule), Instant::never()}; }
Verdict held(std::string_view rule) { return {Verdict::Kind::held, std::string(rule), Instant::never()}; }
Verdict deferred(std::string_view rule, Instant until) { return {Verdict::Kind::deferred, std::string(rule), until}; }

/// `spacing`: the local midnight after the last emitted step of an earlier `day:`, when that is still ahead.
std::optional<Instant> spacing_until(const Scope& scope, const Enrollment& enrollment, const Form& form,
                                     const Step& step) {
  const auto* on_day = std::get_if<OnDay>(&step.when);
  if (!on_day) return std::nullopt;
  std::optional<Instant> last;
  for (const StepState& other : enrollment.steps) {
    if (other.status != StepStatus::emitted || !other.day || *other.day >= on_day->day) continue;
    if (!last || *other.emitted_at > *last) last = other.emitted_at;
  }
  if (!last) return std::nullopt;
  const Zone& zone = scope.zone(form);
  const LocalDate day_of_last = zone.local_date(*last);
  if (zone.local_date(scope.now()) != day_of_last) return std::nullopt;
  return midnight_after(zone, scope.now(), day_of_last + 1);
}

/// The rules that ask the running enrollment: exceptions, pause.
std::optional<Verdict> ask_enrollment(Scope& scope, Enrollment& enrollment, Channel channel, Asking asking) {
  ask_exceptions(scope, enrollment);
  if (enrollment.holding) return held("escalation");
  if (enrollment.validated_channel && *enrollment.validated_channel != channel) return withheld("escalation");
  if (asking == Asking::second && enrollment.pause) return held("paused");
  return std::nullopt;
}

std::optional<Verdict> ask_contact_hours(const Scope& scope, const Form& form) {
  const ContactHours* hours = scope.hours(form);
  if (!hours) return std::nullopt;
  const auto open = first_open(*hours, scope.hours_zone(form), scope.now());
  if (open && *open == scope.now()) return std::nullopt;
  // Nothing opens within the horizon (holidays only): ask again at its end rather than never.
  return deferred("contact_hours", open.value_or(scope.now() + kDay * 400));
}

}  // namespace

bool has_contact_point(const LeadState& lead, Channel channel) {
  const auto kind = address_kind(channel);
  if (!kind) return true;
  if (*kind == Address::Kind::email) return lead.email && lead.email->is_comparable();
  return lead.phone && lead.phone->is_comparable() && !lead.phone_unusable;
}

Verdict gate(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step) {
  if (const auto rule = blocked_by(scope.lead, step.channel, scope.context.neighbourhood); !rule.empty())
    return withheld(rule);
  if (auto verdict = ask_enrollment(scope, enrollment, step.channel, Asking::first)) return *verdict;
  if (scope.lead.cool_down && scope.lead.cool_down->until > scope.now())
    return deferred("cool_down", scope.lead.cool_down->until);
  if (const auto until = spacing_until(scope, enrollment, form, step)) return deferred("spacing", *until);
  if (auto full = full_cap(scope, enrollment, form, step.channel)) {
    if (step.skip_on_cap) return withheld(full->rule);
    return deferred(full->rule, full->frees);
  }
  if (auto verdict = ask_contact_hours(scope, form)) return *verdict;
  return {};
}

namespace {

/// Asked against the state of now: the form that the enrollment has now, or had when it ended.
Verdict second_gate(Scope& scope, const EmittedTouch& touch, const Playbook& playbook) {
  if (!scope.lead.merged_into.empty()) return withheld("exited");  // the person is another lead by now
  if (const auto rule = blocked_by(scope.lead, touch.channel, scope.context.neighbourhood); !rule.empty())
    return withheld(rule);
  if (!has_contact_point(scope.lead, touch.channel)) return withheld("no_contact_point");
  // An enrollment that ended as completed no longer asks its exceptions; any other end cancelled the touch already.
  Enrollment* enrollment = find_enrollment(scope.lead, touch.enrollment);
  if (enrollment) {
    if (scope.lead.interrupted && enrollment == &*scope.lead.interrupted) return held("paused");
    if (auto verdict = ask_enrollment(scope, *enrollment, touch.channel, Asking::second)) return *verdict;
  }
  const Form& form = enrollment ? form_of(*enrollment, scope.context.rulebook) : playbook.form_at(touch.form);
  if (auto verdict = ask_contact_hours(scope, form)) return *verdict;
  return {};
}

}  // namespace

void cancel_touch(Scope& scope, const ActionId& action, std::string_view rule) {
  auto& touches = scope.lead.touches;
  const auto found =
      std::find_if(touches.begin(), touches.end(), [&](const EmittedTouch& t) { return t.action == action; });
  if (found == touches.end()) return;
  const EmittedTouch touch = *found;
  touches.erase(found);
  if (scope.lead.account) scope.context.neighbourhood.remove_account_touch(*scope.lead.account, action);
  if (touch.unanswered && scope.lead.non_replies > 0) --scope.lead.non_replies;
  if (Enrollment* enrollment = find_enrollment(scope.lead, touch.enrollment)) {
    if (enrollment->touches > 0) --enrollment->touches;
    for (StepState& step : enrollment->steps) {
      // It did not go out: it keeps no other step from going out on its date.
      if (step.id == touch.step) step.day.reset();
    }
  }
  Record& record = scope.record(RecordType::touch_cancelled);
  record.playbook = touch.playbook;
  record.enrollment = scope.id_of(touch.enrollment);
  record.step = touch.step;
  record.channel = touch.channel;
  record.action = touch.action;
  record.rule = rule;
  scope.out.effects.emplace_back(CancelTouch{action, touch.channel, std::string(rule)});
}

HandOff decide_hand_off(LeadState& lead, const ActionId& action, const Revision& revision,
                        const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out};
  const auto found =
      std::find_if(lead.touches.begin(), lead.touches.end(), [&](const EmittedTouch& t) { return t.action == action; });
  if (found == lead.touches.end() || found->handed_off)
    return {HandOff::Answer::cancelled, Instant::never(), "unknown_action"};
  const EmittedTouch touch = *found;  // asking may change the list
  const Playbook* playbook = context.rulebook.find(touch.playbook, revision);
  if (!playbook) return {HandOff::Answer::wait, Instant::never(), "unknown_revision"};

  Verdict verdict = second_gate(scope, touch, *playbook);
  set_wake(scope);  // asking may have ended a hold
  const bool waits = verdict.kind == Verdict::Kind::deferred || verdict.kind == Verdict::Kind::held;
  if (context.now > touch.not_after || (waits && context.now >= touch.not_after)) {
    if (verdict.kind != Verdict::Kind::withheld) verdict = withheld("expired");
  }
  switch (verdict.kind) {
    case Verdict::Kind::pass:
      mark_handed_off(lead, action);
      return {HandOff::Answer::go, Instant::never(), {}};
    case Verdict::Kind::withheld:
      cancel_touch(scope, action, verdict.rule);
      return {HandOff::Answer::cancelled, Instant::never(), verdict.rule};
    case Verdict::Kind::deferred:
    case Verdict::Kind::held:
      break;
  }
  return {HandOff::Answer::wait, std::min(verdict.until, touch.not_after), verdict.rule};
}

void mark_handed_off(LeadState& lead, const ActionId& action) {
  // It is the latest one, or close to it.
  for (auto touch = lead.touches.rbegin(); touch != lead.touches.rend(); ++touch) {
    if (touch->action != action) continue;
    touch->handed_off = true;
    return;
  }
}

void take_back(LeadState& lead, const ActionId& action) {
  for (EmittedTouch& touch : lead.touches) {
    if (touch.action == action) touch.handed_off = false;
  }
}

}  // namespace relance::rules
