// Enrollment by triggers and commands, exits, and the end of an enrollment: steps 6 and 11 of "One event, in this
// order".

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

template <class T>
bool contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Why the event ends the running enrollment; empty when it does not. The first that fits.
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

PlaybookHistory& history_of(LeadState& lead, const PlaybookId& playbook) {
  for (PlaybookHistory& history : lead.history) {
    if (history.playbook == playbook) return history;
  }
  return lead.history.emplace_back(PlaybookHistory{playbook, 0, std::nullopt});
}

/// Actions that were not handed off do not go out once the cadence has ended before its time.
void cancel_queued(Scope& scope, std::string_view rule, std::optional<std::uint32_t> enrollment) {
  std::vector<ActionId> queued;
  for (const EmittedTouch& touch : scope.lead.touches) {
    if (!touch.handed_off && (!enrollment || touch.enrollment == *enrollment)) queued.push_back(touch.action);
  }
  for (const ActionId& action : queued) cancel_touch(scope, action, rule);
}

bool every_channel_blocked(const Scope& scope, const Playbook& playbook) {
  return std::all_of(playbook.steps.begin(), playbook.steps.end(), [&](const Step& step) {
    return !blocked_by(scope.lead, step.channel, scope.context.neighbourhood).empty();
  });
}

bool again_blocks(const Scope& scope, const Playbook& playbook) {
  const auto& all = scope.lead.history;
  const auto history = std::find_if(all.begin(), all.end(), [&](const auto& h) { return h.playbook == playbook.id; });
  if (history == all.end() || history->enrollments == 0) return false;
  if (!playbook.enroll.again) return true;
  const Again& again = *playbook.enroll.again;
  if (again.max && history->enrollments >= static_cast<std::uint32_t>(*again.max)) return true;
  return history->last_exit && scope.now() - *history->last_exit < again.after;
}

struct Asking {
  bool by_command = false;  // playbook.enroll: no `when`, no priority
  bool enrolled_by_this_event = false;
};

/// The first rule that keeps the lead out of the playbook; empty when none does.
std::string_view blocked_from(const Scope& scope, const Playbook& playbook, const Asking& asking) {
  const auto& running = scope.lead.enrollment;
  if (!scope.lead.merged_into.empty()) return "merged";
  if (scope.lead.opted_out_of_all) return "opt_out";
  if (every_channel_blocked(scope, playbook)) return "suppressed";
  if (running && running->playbook == playbook.id) return "already_enrolled";
  if (again_blocks(scope, playbook)) return "again";
  if (running && !asking.by_command) {
    const int held_by = playbook_of(*running, scope.context.rulebook).priority;
    if (asking.enrolled_by_this_event || playbook.priority <= held_by) return "priority";
  }
  return {};
}

void enroll(Scope& scope, const Playbook& playbook) {
  LeadState& lead = scope.lead;
  if (lead.enrollment) exit_enrollment(scope, "superseded");
  // An event that a daemon's clock has not reached yet enrolls for its own time.
  const Instant enrolled_at = std::max(scope.now(), scope.event->time);
  Enrollment enrollment;
  enrollment.playbook = playbook.id;
  enrollment.revision = playbook.revision;
  enrollment.ordinal = ++lead.enrollments;
  enrollment.enrolled_at = enrolled_at;
  enrollment.triggered_at = scope.event->time;
  enrollment.anchor = enrolled_at;
  if (playbook.contact_hours) {
    enrollment.anchor =
        first_open(*playbook.contact_hours, scope.hours_zone(playbook), enrolled_at).value_or(enrolled_at);
  }
  if (playbook.touches.within) enrollment.window_end = enrollment.anchor + *playbook.touches.within;
  enrollment.wait_from = enrollment.anchor;
  enrollment.ready_from = enrolled_at;
  enrollment.steps.reserve(playbook.steps.size());
  for (const Step& step : playbook.steps)
    enrollment.steps.push_back({step.id, StepStatus::open, std::nullopt, std::nullopt});
  enrollment.exceptions.resize(playbook.exceptions.size());
  ++history_of(lead, playbook.id).enrollments;
  lead.enrollment = std::move(enrollment);

  scope.record(RecordType::lead_enrolled, *lead.enrollment);
  start_sla(scope, *lead.enrollment, playbook);
  ask_exceptions(scope, *lead.enrollment, playbook);
}

/// True when the lead is enrolled; otherwise lead.not_enrolled says why.
bool try_enroll(Scope& scope, const Playbook& playbook, const Asking& asking) {
  const std::string_view rule = blocked_from(scope, playbook, asking);
  if (rule.empty()) {
    enroll(scope, playbook);
    return true;
  }
  Record& record = scope.record(RecordType::lead_not_enrolled);
  record.playbook = playbook.id;
  record.revision = playbook.revision;
  record.rule = rule;
  return false;
}

/// What every end shares after its steps are settled.
void complete(Scope& scope, Enrollment& enrollment, const Playbook& playbook) {
  if (enrollment.touches < playbook.touches.min) scope.record(RecordType::touches_shortfall, enrollment);
  exit_enrollment(scope, "completed");
}

}  // namespace

void cancel_blocked(Scope& scope) {
  std::vector<std::pair<ActionId, std::string_view>> queued;
  for (const EmittedTouch& touch : scope.lead.touches) {
    if (touch.handed_off) continue;
    const auto rule = blocked_by(scope.lead, touch.channel, scope.context.neighbourhood);
    if (!rule.empty()) queued.emplace_back(touch.action, rule);
  }
  for (const auto& [action, rule] : queued) cancel_touch(scope, action, rule);
}

void exit_enrollment(Scope& scope, std::string_view reason) {
  LeadState& lead = scope.lead;
  const Enrollment ended = std::move(*lead.enrollment);
  lead.enrollment.reset();
  history_of(lead, ended.playbook).last_exit = scope.now();

  Record& record = scope.record(RecordType::lead_exited, ended);
  record.reason = reason;
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

void handle_exit(Scope& scope, const ConsentOutcome& consent) {
  if (scope.lead.enrollment) {
    const std::string_view reason = exit_reason(scope, consent, *scope.lead.enrollment);
    if (!reason.empty()) exit_enrollment(scope, reason);
  }
  if (!reason_of(consent).empty()) cancel_blocked(scope);
  if (scope.event->type == EventType::lead_merged) cancel_queued(scope, "exited", std::nullopt);
}

void handle_enrollment(Scope& scope) {
  const Event& event = *scope.event;
  const Rulebook& rulebook = scope.context.rulebook;
  if (event.type == EventType::playbook_enroll) {
    const Playbook* playbook = rulebook.find(PlaybookId(std::string(event.text("playbook"))));
    if (playbook) try_enroll(scope, *playbook, {.by_command = true});
    return;
  }
  Asking asking;
  for (const Playbook* playbook : rulebook.candidates(event.type)) {
    const Truth when = playbook->enroll.when ? scope.ask(*playbook->enroll.when) : Truth::yes;
    if (when == Truth::no) continue;
    if (when == Truth::error) {
      Record& record = scope.record(RecordType::lead_not_enrolled);
      record.playbook = playbook->id;
      record.revision = playbook->revision;
      record.rule = "condition_error";
      continue;
    }
    if (try_enroll(scope, *playbook, asking)) asking.enrolled_by_this_event = true;
  }
}

void close_window(Scope& scope, Enrollment& enrollment, const Playbook& playbook) {
  for (StepState& state : enrollment.steps) {
    if (state.status != StepStatus::open) continue;
    scope.record(RecordType::touch_withheld, enrollment, *playbook.find_step(state.id)).rule = "expired";
    state.status = StepStatus::withheld;
  }
  complete(scope, enrollment, playbook);
}

}  // namespace relance::rules
