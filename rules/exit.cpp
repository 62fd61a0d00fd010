// The ends of enrollments: step 6 of "One event, in this order", the end of the window, and what goes on after a
// workflow.

#include <algorithm>

#include "rules/contains.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

/// Why the event ends the enrollment; empty when it does not. The first that fits.
std::string_view exit_reason(const Scope& scope, const ConsentOutcome& consent, const Enrollment& enrollment) {
  const Event& event = *scope.event;
  if (const auto reason = reason_of(consent); !reason.empty()) return reason;
  // A merge says what the lead is, not what happened to it: its time does not matter.
  if (event.time < enrollment.enrolled_at) return event.type == EventType::lead_merged ? "lead.merged" : "";
  const Playbook& playbook = playbook_of(enrollment, scope.context.rulebook);
  const bool automatic = event.type == EventType::touch_replied && event.flag("auto");  // no reply, whatever names it
  if (!automatic && contains(playbook.goal, event.type)) return "goal";
  if (event.type == EventType::touch_replied && !automatic && playbook.exit_on_reply) return "reply";
  if (!automatic && contains(playbook.exit_types, event.type)) return to_string(event.type);
  if (event.type == EventType::lead_merged) return to_string(event.type);
  if (event.type == EventType::playbook_exit) {
    const std::string_view named = event.text("playbook");
    if (named.empty() || named == enrollment.playbook.value) return "manual";
  }
  return {};
}

/// Actions that were not handed off do not go out once the cadence has ended before its time.
void cancel_queued(Scope& scope, std::string_view rule, std::optional<std::uint32_t> enrollment) {
  std::vector<ActionId> queued;
  for (const EmittedTouch& touch : scope.lead.touches) {
    if (!touch.handed_off && (!enrollment || touch.enrollment == *enrollment)) queued.push_back(touch.action);
  }
  for (const ActionId& action : queued) cancel_touch(scope, action, {rule});
}

}  // namespace

PlaybookHistory& history_of(LeadState& lead, const PlaybookId& playbook) {
  for (PlaybookHistory& history : lead.history) {
    if (history.playbook == playbook) return history;
  }
  return lead.history.emplace_back(PlaybookHistory{playbook, 0, std::nullopt});
}

void end(Scope& scope, std::optional<Enrollment>& place, std::string_view reason, std::string_view rule) {
  LeadState& lead = scope.lead;
  const Enrollment ended = std::move(*place);
  place.reset();
  history_of(lead, ended.playbook).last_exit = scope.now();

  Record& record = scope.record(RecordType::lead_exited, ended);
  record.reason = reason;
  record.rule = rule;
  auto& left = record.steps_left.emplace();
  for (const StepState& step : ended.steps) {
    if (step.status == StepStatus::open) left.push_back(step.id);
  }
  // A completed cadence's last touch still goes out; every other end means that nothing more shall, nor be tried again.
  if (reason == "completed") return;
  cancel_queued(scope, reason == "opt_out" ? "opt_out" : "exited", ended.ordinal);
  for (EmittedTouch& touch : lead.touches) {
    if (touch.enrollment == ended.ordinal) touch.not_after = std::min(touch.not_after, scope.now() - Duration{1});
  }
}

void go_on(Scope& scope) {
  LeadState& lead = scope.lead;
  if (lead.enrollment || !lead.interrupted) return;
  lead.enrollment = std::move(lead.interrupted);
  lead.interrupted.reset();
  resume(scope, *lead.enrollment);
  ask_exceptions(scope, *lead.enrollment);
}

void cancel_blocked(Scope& scope) {
  std::vector<std::pair<ActionId, std::string_view>> queued;
  for (const EmittedTouch& touch : scope.lead.touches) {
    if (touch.handed_off) continue;
    const auto rule = blocked_by(scope.lead, touch.channel, scope.context.neighbourhood);
    if (!rule.empty()) queued.emplace_back(touch.action, rule);
  }
  for (const auto& [action, rule] : queued) cancel_touch(scope, action, {rule});
}

void exit_all(Scope& scope, std::string_view reason) {
  if (scope.lead.enrollment) end(scope, scope.lead.enrollment, reason);
  if (scope.lead.interrupted) end(scope, scope.lead.interrupted, reason);
}

void handle_exit(Scope& scope, const ConsentOutcome& consent) {
  auto& running = scope.lead.enrollment;
  auto& interrupted = scope.lead.interrupted;
  const std::string_view reason = running ? exit_reason(scope, consent, *running) : "";
  std::string_view reason_behind = interrupted ? exit_reason(scope, consent, *interrupted) : "";
  if (interrupted && reason == "goal") reason_behind = "goal";
  if (!reason.empty()) end(scope, running, reason);
  if (!reason_behind.empty()) end(scope, interrupted, reason_behind);
  go_on(scope);
  if (!reason_of(consent).empty() || consent.withdrawn) cancel_blocked(scope);
  if (scope.event->type == EventType::lead_merged) cancel_queued(scope, "exited", std::nullopt);
}

void close_window(Scope& scope, Enrollment& enrollment) {
  const Form& form = form_of(enrollment, scope.context.rulebook);
  for (StepState& state : enrollment.steps) {
    if (state.status != StepStatus::open) continue;
    scope.record(RecordType::touch_withheld, enrollment, *form.find_step(state.id)).rule = "expired";
    state.status = StepStatus::withheld;
  }
  if (enrollment.touches < form.touches.min) scope.record(RecordType::touches_shortfall, enrollment);
  LeadState& lead = scope.lead;
  const bool is_running = lead.enrollment && lead.enrollment->ordinal == enrollment.ordinal;
  end(scope, is_running ? lead.enrollment : lead.interrupted, "completed");
  go_on(scope);
}

void end_if_done(Scope& scope) {
  auto& running = scope.lead.enrollment;
  if (running && !running->window_end && !has_open_step(*running)) close_window(scope, *running);
}

}  // namespace relance::rules
