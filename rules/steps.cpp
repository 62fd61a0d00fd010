// "When a step runs": one step at a time is asked, when it is due and the one before it is resolved.

#include <algorithm>

#include "rules/forms.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

/// When the step, due then, is too late; never() without `expires`. What was computed when it was first asked stands.
Instant expiry(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step, Instant due) {
  if (!step.expires) return Instant::never();
  if (enrollment.asked && enrollment.asked->expires) return *enrollment.asked->expires;
  return scope.after(due, *step.expires, form);
}

void resolve(Scope& scope, Enrollment& enrollment, StepState& state, StepStatus status) {
  state.status = status;
  enrollment.asked.reset();
  enrollment.wait_from = scope.now();
  enrollment.ready_from = scope.now();
  fix_wait(scope, enrollment, form_of(enrollment, scope.context.rulebook));
}

std::string local_time(const Zone& zone, Instant instant) {
  const LocalDateTime local = zone.local(instant);
  return to_string(local.date) + 'T' + to_string(local.time) + ' ' + zone.name();
}

void start_cool_down(Scope& scope, const Enrollment& enrollment, const Form& form) {
  LeadState& lead = scope.lead;
  if (!form.cool_down || lead.cool_down || lead.non_replies < form.cool_down->after) return;
  lead.cool_down = CoolDownState{scope.after(scope.now(), form.cool_down->pause, form), enrollment.playbook};
  scope.record(RecordType::cool_down_started, enrollment).until = lead.cool_down->until;
}

/// Touches that no cap can count any more, nobody waits for, and no later outcome is likely to mean.
void forget_old_touches(Scope& scope) {
  constexpr std::size_t kKept = 500;
  const Instant keep_since = scope.now() - std::max(scope.context.rulebook.longest_cap_period(), kDay * 30);
  auto& touches = scope.lead.touches;
  std::erase_if(touches, [&](const EmittedTouch& touch) { return touch.at < keep_since && touch.handed_off; });
  if (touches.size() > kKept) touches.erase(touches.begin(), touches.end() - kKept);
}

void emit(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step, StepState& state, Instant due,
          const Verdict& verdict) {
  LeadState& lead = scope.lead;
  EmittedTouch touch;
  touch.at = scope.now();
  touch.channel = step.channel;
  touch.playbook = enrollment.playbook;
  touch.enrollment = enrollment.ordinal;
  touch.step = step.id;
  touch.form = static_cast<std::uint32_t>(
      form_place(playbook_of(enrollment, scope.context.rulebook), enrollment.variant, enrollment.arm));
  touch.action = action_id(enrollment.id, step.id.value, 1);
  touch.due = due;
  // Without a window 24 h from when the touch is due to leave: the gate may have deferred its step for days.
  // One that is asked at the very end of its window still gets the time that a connector takes.
  constexpr Duration kTimeToLeave{15LL * 60 * 1000};
  touch.not_after = std::max(enrollment.window_end.value_or(scope.now() + kDay), scope.now() + kTimeToLeave);
  if (enrollment.release_at) touch.not_after = std::min(touch.not_after, *enrollment.release_at);

  if (const auto* on_day = std::get_if<OnDay>(&step.when)) state.day = on_day->day;
  state.emitted_at = scope.now();
  resolve(scope, enrollment, state, StepStatus::emitted);
  ++enrollment.touches;
  ++lead.non_replies;
  forget_old_touches(scope);
  lead.touches.push_back(touch);
  if (lead.account) {
    scope.context.neighbourhood.add_account_touch(*lead.account, {touch.at, touch.channel, touch.action},
                                                  scope.now() - scope.context.rulebook.longest_cap_period());
  }
  count_for_owner(scope, touch);

  Record& record = scope.record(RecordType::touch_emitted, enrollment, step);
  record.action = touch.action;
  record.local_time = local_time(scope.zone(form), scope.now());
  record.pack = verdict.packs;
  record.legal_basis = verdict.legal_basis;
  scope.out.effects.emplace_back(
      EmitTouch{touch, enrollment.revision, enrollment.id, step.template_name, step.resend_on_unknown});
  start_cool_down(scope, enrollment, form);
  count_touch(scope, enrollment.playbook);
}

/// A record about the step with what the gate said.
Record& record_verdict(Scope& scope, RecordType type, const Enrollment& enrollment, const Step& step,
                       const Verdict& verdict) {
  Record& record = scope.record(type, enrollment, step);
  record.rule = verdict.rule;
  record.reason = verdict.reason;
  record.pack = verdict.packs;
  return record;
}

void withhold(Scope& scope, Enrollment& enrollment, const Step& step, StepState& state, const Verdict& verdict) {
  record_verdict(scope, RecordType::touch_withheld, enrollment, step, verdict);
  resolve(scope, enrollment, state, StepStatus::withheld);
}

void skip(Scope& scope, Enrollment& enrollment, const Step& step, StepState& state, std::string_view rule) {
  scope.record(RecordType::touch_skipped, enrollment, step).rule = rule;
  resolve(scope, enrollment, state, StepStatus::skipped);
}

void wait(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step, Instant due,
          const Verdict& verdict) {
  const bool held = verdict.kind == Verdict::Kind::held;
  std::optional<Instant> expires;
  if (step.expires && step.expires->business_days > 0) expires = expiry(scope, enrollment, form, step, due);
  enrollment.asked =
      Asked{step.id, due, held ? Asked::Waiting::held : Asked::Waiting::deferred, verdict.until, expires};
  Record& record = record_verdict(scope, RecordType::touch_deferred, enrollment, step, verdict);
  if (!held) record.until = verdict.until;
}

/// What keeps a step that is asked from the gate: `visit(refusal)` for each rule that speaks, until it answers false.
template <class Visit>
void for_each_refusal(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step, Instant due,
                      Visit visit) {
  if (step.skip_if && scope.ask(*step.skip_if) == Truth::yes) {
    if (!visit(Refusal{StepStatus::skipped, "skip_if"})) return;
  }
  if (step.requirement && scope.ask(*step.requirement) != Truth::yes) {
    if (!visit(Refusal{StepStatus::withheld, "requires"})) return;
  }
  if (!has_contact_point(scope.lead, step.channel)) {
    if (!visit(Refusal{StepStatus::skipped, "no_contact_point"})) return;
  }
  if (step.expires && scope.now() >= expiry(scope, enrollment, form, step, due)) {
    if (!visit(Refusal{StepStatus::withheld, "expired"})) return;
  }
  if (form.touches.max && enrollment.touches >= *form.touches.max) visit(Refusal{StepStatus::withheld, "touches_max"});
}

}  // namespace

std::vector<Refusal> refusals(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step,
                              Instant due) {
  std::vector<Refusal> all;
  for_each_refusal(scope, enrollment, form, step, due, [&](const Refusal& refusal) {
    all.push_back(refusal);
    return true;
  });
  return all;
}

Instant step_due(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step) {
  const auto* wait_step = std::get_if<AfterWait>(&step.when);
  if (wait_step && wait_step->wait.business_days > 0 && enrollment.wait_due) return *enrollment.wait_due;
  if (wait_step) return scope.after(enrollment.wait_from, wait_step->wait, form);
  const auto& on_day = std::get<OnDay>(step.when);
  const Zone& zone = scope.zone(form);
  const LocalDateTime anchor = zone.local(enrollment.anchor);
  return std::max(zone.resolve({anchor.date + on_day.day, on_day.at.value_or(anchor.time)}), enrollment.anchor);
}

StepState* open_step(Enrollment& enrollment) {
  for (StepState& step : enrollment.steps) {
    if (step.status == StepStatus::open) return &step;
  }
  return nullptr;
}

void fix_wait(const Scope& scope, Enrollment& enrollment, const Form& form) {
  enrollment.wait_due.reset();
  const StepState* state = open_step(enrollment);
  const Step* step = state ? form.find_step(state->id) : nullptr;
  const auto* wait = step ? std::get_if<AfterWait>(&step->when) : nullptr;
  if (wait && wait->wait.business_days > 0) enrollment.wait_due = scope.after(enrollment.wait_from, wait->wait, form);
}

void fix_expiry(const Scope& scope, Enrollment& enrollment, const Form& form, const Step& step) {
  Asked& asked = *enrollment.asked;
  asked.expires.reset();
  if (step.expires && step.expires->business_days > 0) asked.expires = scope.after(asked.due, *step.expires, form);
}

bool has_open_step(const Enrollment& enrollment) {
  return std::any_of(enrollment.steps.begin(), enrollment.steps.end(),
                     [](const StepState& step) { return step.status == StepStatus::open; });
}

Instant step_instant(const Scope& scope, const Enrollment& enrollment, const Form& form) {
  if (enrollment.pause) return Instant::never();
  const StepState* state = open_step(const_cast<Enrollment&>(enrollment));
  if (!state) return Instant::never();
  const Step& step = *form.find_step(state->id);
  Instant at;
  if (enrollment.asked) {
    at = std::min(enrollment.asked->until, expiry(scope, enrollment, form, step, enrollment.asked->due));
  } else {
    at = step_due(scope, enrollment, form, step);
  }
  return std::max(at, enrollment.ready_from);
}

void ask_step(Scope& scope, Enrollment& enrollment) {
  const Form& form = form_of(enrollment, scope.context.rulebook);
  StepState& state = *open_step(enrollment);
  const Step& step = *form.find_step(state.id);
  const Instant due = enrollment.asked ? enrollment.asked->due : step_due(scope, enrollment, form, step);

  std::optional<Refusal> refusal;
  for_each_refusal(scope, enrollment, form, step, due, [&](const Refusal& first) {
    refusal = first;
    return false;
  });
  if (refusal && refusal->status == StepStatus::skipped) {
    skip(scope, enrollment, step, state, refusal->rule);
  } else if (refusal) {
    withhold(scope, enrollment, step, state, {Verdict::Kind::withheld, std::string(refusal->rule)});
  } else {
    const Verdict verdict = gate(scope, enrollment, form, step);
    switch (verdict.kind) {
      case Verdict::Kind::pass:
        emit(scope, enrollment, form, step, state, due, verdict);
        break;
      case Verdict::Kind::withheld:
        withhold(scope, enrollment, step, state, verdict);
        break;
      case Verdict::Kind::deferred:
      case Verdict::Kind::held:
        wait(scope, enrollment, form, step, due, verdict);
        break;
    }
  }
}

}  // namespace relance::rules
