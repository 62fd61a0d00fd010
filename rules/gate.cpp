// The gate: rules in order, the first that speaks wins. Asked when a step is due, and a second time at the last instant
// before a connector is called, without the rules in which the touch itself counts by then. It fails closed.

#include <algorithm>
#include <utility>

#include "rules/owners.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

enum class Pass { first, second };

Verdict withheld(std::string_view rule) { return {Verdict::Kind::withheld, std::string(rule), Instant::never()}; }
Verdict held(std::string_view rule) { return {Verdict::Kind::held, std::string(rule), Instant::never()}; }
Verdict deferred(std::string_view rule, Instant until) { return {Verdict::Kind::deferred, std::string(rule), until}; }

Verdict refusal_of(PolicyVerdict policy) {
  const bool waits = policy.kind == PolicyVerdict::Kind::deferred;
  return {waits ? Verdict::Kind::deferred : Verdict::Kind::withheld, std::move(policy.rule), policy.until,
          policy.reason, std::move(policy.packs)};
}

Verdict permission_of(PolicyVerdict policy) {
  Verdict pass;
  pass.packs = std::move(policy.packs);
  pass.legal_basis = policy.legal_basis;
  return pass;
}

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

bool is_halted(const Scope& scope, const PlaybookId& playbook, Channel channel) {
  return scope.context.neighbourhood.operations().halted(playbook, channel);
}

/// The rules that ask the running enrollment: exceptions, halts, pause.
std::optional<Verdict> ask_enrollment(Scope& scope, Enrollment& enrollment, Channel channel, Pass pass) {
  ask_exceptions(scope, enrollment);
  if (enrollment.holding) return held("escalation");
  if (enrollment.validated_channel && *enrollment.validated_channel != channel) return withheld("escalation");
  if (is_halted(scope, enrollment.playbook, channel)) return held("halted");
  if (pass == Pass::second && enrollment.pause) return held("paused");
  return std::nullopt;
}

/// `by_law`: the first instant that is open here and for the legal packs; they are waited for together.
std::optional<Verdict> ask_contact_hours(const Scope& scope, const Form& form, const std::optional<Instant>& by_law) {
  const ContactHours* hours = scope.hours(form);
  if (!hours) return std::nullopt;
  const auto open = by_law ? by_law : first_open(*hours, scope.hours_zone(form), scope.now());
  if (open && *open == scope.now()) return std::nullopt;
  // Nothing opens within the horizon (holidays only): ask again at its end rather than never.
  return deferred("contact_hours", open.value_or(scope.now() + kDay * 400));
}

std::optional<Verdict> ask_absence(const Scope& scope, const Form& form, Channel channel) {
  const auto absence = owner_absence(scope, form, channel);
  if (!absence) return std::nullopt;
  return deferred("owner_absent", absence->until);
}

std::optional<Verdict> ask_throttles(const Scope& scope, const Form& form, Channel channel) {
  const auto full = full_throttle(scope, form, channel);
  if (!full) return std::nullopt;
  return deferred(rule_id(scope.context.rulebook.house().owners->throttles[full->place]), full->until);
}

}  // namespace

PolicyVerdict ask_policy(const Scope& scope, const Form& form, const PolicyAsking& asking) {
  return ask_policies(scope.context.rulebook.house().policies,
                      {scope.lead, asking.channel, asking.at, scope.zone(form), scope.hours(form),
                       scope.hours_zone(form), asking.touch});
}

bool has_contact_point(const LeadState& lead, Channel channel) {
  const auto kind = address_kind(channel);
  if (!kind) return true;
  if (*kind == Address::Kind::email) return lead.email && lead.email->is_comparable();
  return lead.phone && lead.phone->is_comparable() && !lead.phone_unusable;
}

namespace {

/// The first asking, rule by rule: `visit(verdict)` for each that speaks, until it answers false. What the touch may go
/// out by when none does.
template <class Visit>
Verdict for_each_rule(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step, Visit visit) {
  if (const auto rule = blocked_by(scope.lead, step.channel, scope.context.neighbourhood); !rule.empty()) {
    if (!visit(withheld(rule))) return {};
  }
  PolicyVerdict policy = ask_policy(scope, form, {step.channel, scope.now()});
  if (policy.kind != PolicyVerdict::Kind::pass) {
    if (!visit(refusal_of(policy))) return {};
  }
  if (auto verdict = ask_enrollment(scope, enrollment, step.channel, Pass::first)) {
    if (!visit(std::move(*verdict))) return {};
  }
  if (scope.lead.cool_down && scope.lead.cool_down->until > scope.now()) {
    if (!visit(deferred("cool_down", scope.lead.cool_down->until))) return {};
  }
  if (const auto until = spacing_until(scope, enrollment, form, step)) {
    if (!visit(deferred("spacing", *until))) return {};
  }
  // Before the caps: one that is full on a day on which nobody could call takes no step that says `on_cap: skip`.
  if (auto verdict = ask_absence(scope, form, step.channel)) {
    if (!visit(std::move(*verdict))) return {};
  }
  if (auto full = full_cap(scope, enrollment, form, step.channel)) {
    if (!visit(step.skip_on_cap ? withheld(full->rule) : deferred(full->rule, full->frees))) return {};
  }
  if (auto verdict = ask_throttles(scope, form, step.channel)) {
    if (!visit(std::move(*verdict))) return {};
  }
  if (auto verdict = ask_contact_hours(scope, form, policy.open)) visit(std::move(*verdict));
  return permission_of(std::move(policy));
}

}  // namespace

Verdict gate(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step) {
  std::optional<Verdict> first;
  Verdict permission = for_each_rule(scope, enrollment, form, step, [&](Verdict verdict) {
    first = std::move(verdict);
    return false;
  });
  return first ? *std::move(first) : permission;
}

std::vector<Verdict> gate_rules(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step) {
  std::vector<Verdict> verdicts;
  for_each_rule(scope, enrollment, form, step, [&](Verdict verdict) {
    verdicts.push_back(std::move(verdict));
    return true;
  });
  return verdicts;
}

Verdict second_gate(Scope& scope, const EmittedTouch& touch, const Playbook& playbook) {
  if (!scope.lead.merged_into.empty()) return withheld("exited");  // the person is another lead by now
  if (const auto rule = blocked_by(scope.lead, touch.channel, scope.context.neighbourhood); !rule.empty())
    return withheld(rule);
  if (!has_contact_point(scope.lead, touch.channel)) return withheld("no_contact_point");
  // An enrollment that ended as completed no longer asks its exceptions; any other end cancelled the touch already.
  Enrollment* enrollment = find_enrollment(scope.lead, touch.enrollment);
  const Form& form = enrollment ? form_of(*enrollment, scope.context.rulebook) : playbook.form_at(touch.form);
  PolicyVerdict policy = ask_policy(scope, form, {touch.channel, scope.now(), &touch.action});
  if (policy.kind != PolicyVerdict::Kind::pass) return refusal_of(std::move(policy));
  if (!enrollment && disqualified_from(scope, playbook)) return withheld("disqualified");
  if (!enrollment && is_halted(scope, touch.playbook, touch.channel)) return held("halted");
  if (enrollment) {
    if (enrollment->release_at && *enrollment->release_at < scope.now()) return withheld("exited");
    if (disqualified(scope, *enrollment)) return withheld("disqualified");
    if (scope.lead.interrupted && enrollment == &*scope.lead.interrupted) return held("paused");
    if (auto verdict = ask_enrollment(scope, *enrollment, touch.channel, Pass::second)) return *verdict;
  }
  if (auto verdict = ask_absence(scope, form, touch.channel)) return *verdict;
  if (auto verdict = ask_contact_hours(scope, form, policy.open)) return *verdict;
  return permission_of(std::move(policy));
}

void cancel_touch(Scope& scope, const ActionId& action, const CancelCause& cause) {
  auto& touches = scope.lead.touches;
  const auto found =
      std::find_if(touches.begin(), touches.end(), [&](const EmittedTouch& t) { return t.action == action; });
  if (found == touches.end()) return;
  const EmittedTouch touch = std::move(*found);
  touches.erase(found);
  if (scope.lead.account) scope.context.neighbourhood.remove_account_touch(*scope.lead.account, action);
  uncount_for_owner(scope, action);
  uncount_touch(scope, touch);
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
  record.rule = cause.rule;
  record.reason = cause.reason;
  record.pack = cause.packs;
  scope.out.effects.emplace_back(CancelTouch{action, touch.channel, std::string(cause.rule)});
}

namespace {

/// The second asking, without what follows from it. Asking may change the list that the touch comes from.
HandOff ask_hand_off(Scope& scope, const EmittedTouch& touch, const Revision& revision) {
  const Playbook* playbook = scope.context.rulebook.find(touch.playbook, revision);
  if (!playbook) return {HandOff::Answer::wait, Instant::never(), "unknown_revision"};
  Verdict verdict = second_gate(scope, touch, *playbook);
  set_wake(scope);  // asking may have ended a hold
  const bool waits = verdict.kind == Verdict::Kind::deferred || verdict.kind == Verdict::Kind::held;
  if (scope.now() > touch.not_after || (waits && scope.now() >= touch.not_after)) {
    if (verdict.kind != Verdict::Kind::withheld) verdict = withheld("expired");
  }
  switch (verdict.kind) {
    case Verdict::Kind::pass:
      return {HandOff::Answer::go, Instant::never(), {}};
    case Verdict::Kind::withheld:
      return {HandOff::Answer::cancelled, Instant::never(), verdict.rule, verdict.reason, verdict.packs};
    case Verdict::Kind::deferred:
    case Verdict::Kind::held:
      break;
  }
  return {HandOff::Answer::wait, std::min(verdict.until, touch.not_after), verdict.rule};
}

const EmittedTouch* find_touch(const LeadState& lead, const ActionId& action) {
  const auto found =
      std::find_if(lead.touches.begin(), lead.touches.end(), [&](const EmittedTouch& t) { return t.action == action; });
  return found == lead.touches.end() ? nullptr : &*found;
}

}  // namespace

HandOff decide_hand_off(LeadState& lead, const ActionId& action, const Revision& revision,
                        const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out};
  const EmittedTouch* touch = find_touch(lead, action);
  if (!touch || touch->handed_off) return {HandOff::Answer::cancelled, Instant::never(), "unknown_action"};
  HandOff answer = ask_hand_off(scope, EmittedTouch(*touch), revision);
  if (answer.answer == HandOff::Answer::go) mark_handed_off(lead, action);
  if (answer.answer == HandOff::Answer::cancelled)
    cancel_touch(scope, action, {answer.rule, answer.reason, answer.packs});
  return answer;
}

HandOff preview_hand_off(LeadState lead, const ActionId& action, const Revision& revision,
                         const DecisionContext& context) {
  Decision unused;
  Scope scope{lead, context, unused};
  const EmittedTouch* touch = find_touch(lead, action);
  if (!touch) return {HandOff::Answer::cancelled, Instant::never(), "unknown_action"};
  return ask_hand_off(scope, EmittedTouch(*touch), revision);
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
