// Enrollment by triggers, by schedule, by command and by workflow: steps 11 and 12 of "One event, in this order".

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

bool every_channel_blocked(const Scope& scope, const Playbook& playbook) {
  return std::all_of(playbook.steps.begin(), playbook.steps.end(), [&](const Step& step) {
    return !blocked_by(scope.lead, step.channel, scope.context.neighbourhood).empty();
  });
}

bool again_blocks(const Scope& scope, const Playbook& playbook) {
  const auto& all = scope.lead.history;
  const auto history = std::find_if(all.begin(), all.end(), [&](const auto& h) { return h.playbook == playbook.id; });
  if (history == all.end() || history->enrollments == 0) return false;
  if (!playbook.enroll.again) return !playbook.enroll.schedule;  // that says how often
  const Again& again = *playbook.enroll.again;
  if (again.max && history->enrollments >= static_cast<std::uint32_t>(*again.max)) return true;
  return history->last_exit && scope.now() < scope.after(*history->last_exit, again.after, playbook);
}

struct EnrollmentRequest {
  /// All but triggers ask neither `when` nor the priority; an occurrence of a schedule is a trigger.
  enum class By { trigger, command, workflow };
  By by = By::trigger;
  Instant triggered_at;      // `time` of the event, or the occurrence
  std::size_t recycled = 0;  // how many playbooks have let the lead go already
};

/// The priority that holds the lead: of a workflow and what it interrupted, the higher one.
int priority_of(const Scope& scope) {
  const Rulebook& rulebook = scope.context.rulebook;
  const auto& interrupted = scope.lead.interrupted;
  const int behind = interrupted ? playbook_of(*interrupted, rulebook).priority : 0;
  return std::max(behind, playbook_of(*scope.lead.enrollment, rulebook).priority);
}

/// The first rule that keeps the lead out of the playbook; empty when none does.
std::string_view blocked_from(const Scope& scope, const Playbook& playbook, const EnrollmentRequest& request) {
  const LeadState& lead = scope.lead;
  if (!lead.merged_into.empty()) return "merged";
  if (lead.opted_out_of_all) return "opt_out";
  if (every_channel_blocked(scope, playbook)) return "suppressed";
  const auto is_in = [&](const auto& enrollment) { return enrollment && enrollment->playbook == playbook.id; };
  if (is_in(lead.enrollment) || is_in(lead.interrupted)) return "already_enrolled";
  if (again_blocks(scope, playbook)) return "again";
  if (lead.enrollment && request.by == EnrollmentRequest::By::trigger) {
    // What this very event enrolled keeps the lead.
    const bool is_new = lead.enrollment->ordinal > scope.enrollments_before;
    if (is_new || playbook.priority <= priority_of(scope)) return "priority";
  }
  return {};
}

/// The running enrollment waits, as in a pause, until the playbook that comes now has ended.
void interrupt(Scope& scope) {
  LeadState& lead = scope.lead;
  lead.interrupted = std::move(lead.enrollment);
  lead.enrollment.reset();
  lead.interrupted->pause = Pause{false, scope.now(), std::nullopt};
  scope.record(RecordType::lead_paused, *lead.interrupted).rule = "workflow";
}

void enroll(Scope& scope, const Playbook& playbook, Instant triggered_at) {
  LeadState& lead = scope.lead;
  // An event that a daemon's clock has not reached yet enrolls for its own time.
  const Instant enrolled_at = std::max(scope.now(), triggered_at);
  Enrollment& enrollment = lead.enrollment.emplace();
  enrollment.playbook = playbook.id;
  enrollment.revision = playbook.revision;
  enrollment.ordinal = ++lead.enrollments;
  enrollment.id = enrollment_id(lead.subject, enrollment.ordinal);
  enrollment.enrolled_at = enrolled_at;
  enrollment.triggered_at = triggered_at;
  enrollment.exceptions.resize(playbook.exceptions.size());
  ++history_of(lead, playbook.id).enrollments;
  choose_form(scope, enrollment, playbook);

  const Form& form = playbook.form(enrollment.variant, enrollment.arm);
  enrollment.anchor = enrolled_at;
  if (const ContactHours* hours = scope.hours(form)) {
    enrollment.anchor = first_open(*hours, scope.hours_zone(form), enrolled_at).value_or(enrolled_at);
  }
  if (form.touches.within) enrollment.window_end = scope.after(enrollment.anchor, *form.touches.within, form);
  enrollment.wait_from = enrollment.anchor;
  enrollment.ready_from = enrolled_at;
  enrollment.steps.reserve(form.steps.size());
  for (const Step& step : form.steps)
    enrollment.steps.push_back({step.id, StepStatus::open, std::nullopt, std::nullopt});
  fix_wait(scope, enrollment, form);

  Record& record = scope.record(RecordType::lead_enrolled, enrollment);
  if (enrollment.variant) record.variant = playbook.variants[*enrollment.variant].id;
  if (enrollment.arm) {
    scope.record(RecordType::experiment_assigned, enrollment).arm = playbook.experiment->arms[*enrollment.arm].id;
  }
  start_sla(scope, enrollment, form);
  if (playbook.release) begin_releases(scope);
  ask_exceptions(scope, enrollment);
  end_if_done(scope);
}

/// Otherwise lead.not_enrolled says why. Who does not qualify is recycled.
void try_enroll(Scope& scope, const Playbook& playbook, const EnrollmentRequest& request) {
  const std::string_view blocked = blocked_from(scope, playbook, request);
  const Disqualification* failed = blocked.empty() ? disqualified_from(scope, playbook) : nullptr;
  if (blocked.empty() && !failed) {
    if (request.by == EnrollmentRequest::By::workflow) {
      interrupt(scope);
    } else {
      exit_all(scope, "superseded");
    }
    enroll(scope, playbook, request.triggered_at);
    return;
  }
  Record& record = scope.record(RecordType::lead_not_enrolled);
  record.playbook = playbook.id;
  record.revision = playbook.revision;
  record.rule = failed ? "disqualified" : blocked;
  if (!failed) return;
  record.reason = failed->reason;
  // No folder has circles; should a rulebook have one, it is left where it began.
  const Playbook* next = failed->to ? scope.context.rulebook.find(*failed->to) : nullptr;
  if (!next || request.recycled >= scope.context.rulebook.current().size()) return;
  try_enroll(scope, *next, {.triggered_at = request.triggered_at, .recycled = request.recycled + 1});
}

/// The trigger fired: `when` is asked, then the rules that block.
void trigger(Scope& scope, const Playbook& playbook, Instant triggered_at) {
  const Truth when = playbook.enroll.when ? scope.ask(*playbook.enroll.when) : Truth::yes;
  if (when == Truth::no) return;
  if (when == Truth::error) {
    Record& record = scope.record(RecordType::lead_not_enrolled);
    record.playbook = playbook.id;
    record.revision = playbook.revision;
    record.rule = "condition_error";
    return;
  }
  try_enroll(scope, playbook, {.triggered_at = triggered_at});
}

}  // namespace

void handle_enrollment(Scope& scope) {
  const Event& event = *scope.event;
  const Rulebook& rulebook = scope.context.rulebook;
  if (event.type == EventType::playbook_enroll) {
    const Playbook* playbook = rulebook.find(PlaybookId(std::string(event.text("playbook"))));
    if (playbook) try_enroll(scope, *playbook, {.by = EnrollmentRequest::By::command, .triggered_at = event.time});
    return;
  }
  for (const Playbook* playbook : rulebook.candidates(event.type)) trigger(scope, *playbook, event.time);
}

void ask_schedules(Scope& scope) {
  follow_schedules(scope, met_now(scope.context));
  for (const Playbook* playbook : scope.context.rulebook.scheduled()) {
    if (const auto occurrence = take_occurrence(scope, *playbook)) trigger(scope, *playbook, *occurrence);
  }
}

void recycle(Scope& scope, const std::optional<PlaybookId>& to) {
  // A pinned revision may name what the folder no longer has.
  const Playbook* playbook = to ? scope.context.rulebook.find(*to) : nullptr;
  const Instant triggered_at = scope.event ? scope.event->time : scope.now();
  if (playbook) try_enroll(scope, *playbook, {.triggered_at = triggered_at});
}

void handle_workflow(Scope& scope, std::uint32_t running) {
  const LeadState& lead = scope.lead;
  if (!lead.enrollment || lead.enrollment->ordinal != running) return;
  if (lead.enrollment->pause || lead.interrupted) return;
  const Rulebook& rulebook = scope.context.rulebook;
  const Workflow* workflow = playbook_of(*lead.enrollment, rulebook).find_workflow(scope.event->type);
  // A pinned revision may start what the folder no longer has.
  const Playbook* playbook = workflow ? rulebook.find(workflow->start) : nullptr;
  if (playbook) {
    try_enroll(scope, *playbook, {.by = EnrollmentRequest::By::workflow, .triggered_at = scope.event->time});
  }
}

}  // namespace relance::rules
