// What happens to enrolled leads when a file changes: playbook-language.md, "Guardrails, publishing".

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

InFlightChange change_of(const std::optional<Enrollment>& enrollment, const Rulebook& rulebook) {
  if (!enrollment) return InFlightChange::none;
  const Playbook* current = rulebook.find(enrollment->playbook);
  if (!current) return InFlightChange::pinned;
  if (current->revision == enrollment->revision) return InFlightChange::none;
  switch (current->in_flight) {
    case InFlight::pin:
      return InFlightChange::pinned;
    case InFlight::migrate:
      return InFlightChange::migrated;
    case InFlight::end:
      return InFlightChange::ended;
  }
  return InFlightChange::pinned;
}

/// The place of the item of that id; nullopt when it is gone.
template <class Item>
std::optional<std::uint32_t> place_of(const std::vector<Item>& items, const std::string& id) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.id == id; });
  if (found == items.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - items.begin());
}

/// The arm stays while the experiment has it; a new experiment draws anew, and none has no arms.
std::optional<std::uint32_t> arm_under(const LeadState& lead, const Enrollment& enrollment, const Playbook& before,
                                       const Playbook& after) {
  if (!after.experiment) return std::nullopt;
  if (enrollment.arm && before.experiment->id == after.experiment->id) {
    const auto same = place_of(after.experiment->arms, before.experiment->arms[*enrollment.arm].id);
    if (same) return same;
  }
  return arm_of(lead, *after.experiment);
}

/// The variant stays while the new file has it.
std::optional<std::uint32_t> variant_under(const Enrollment& enrollment, const Playbook& before,
                                           const Playbook& after) {
  if (!enrollment.variant) return std::nullopt;
  return place_of(after.variants, before.variants[*enrollment.variant].id);
}

/// What is next under the old file is not there under the new one.
bool loses_step(const LeadState& lead, const Enrollment& enrollment, const Rulebook& rulebook) {
  const auto next = std::find_if(enrollment.steps.begin(), enrollment.steps.end(),
                                 [](const StepState& step) { return step.status == StepStatus::open; });
  if (next == enrollment.steps.end()) return false;
  const Playbook& before = playbook_of(enrollment, rulebook);
  const Playbook& after = *rulebook.find(enrollment.playbook);
  const Form& form = after.form(variant_under(enrollment, before, after), arm_under(lead, enrollment, before, after));
  return form.find_step(next->id) == nullptr;
}

/// An exception is the same while its condition is: what it remembers, and whether it holds.
void move_exceptions(Scope& scope, Enrollment& enrollment, const Playbook& before, const Playbook& after) {
  std::vector<ExceptionState> states(after.exceptions.size());
  std::optional<std::uint32_t> holding;
  for (std::uint32_t i = 0; i < after.exceptions.size(); ++i) {
    for (std::uint32_t j = 0; j < before.exceptions.size(); ++j) {
      if (before.exceptions[j].when.expression.text() != after.exceptions[i].when.expression.text()) continue;
      states[i] = enrollment.exceptions[j];
      if (enrollment.holding == j) holding = i;
      break;
    }
  }
  enrollment.exceptions = std::move(states);
  if (enrollment.holding && !holding) release(scope, enrollment);
  enrollment.holding = holding;
}

void migrate(Scope& scope, Enrollment& enrollment) {
  const Rulebook& rulebook = scope.context.rulebook;
  const Playbook& before = playbook_of(enrollment, rulebook);
  const Playbook& after = *rulebook.find(enrollment.playbook);
  const std::optional<std::uint32_t> arm = arm_under(scope.lead, enrollment, before, after);
  const bool same_arm = arm && enrollment.arm && before.experiment->id == after.experiment->id &&
                        before.experiment->arms[*enrollment.arm].id == after.experiment->arms[*arm].id;
  enrollment.variant = variant_under(enrollment, before, after);
  enrollment.arm = arm;
  enrollment.revision = after.revision;
  Record& record = scope.record(RecordType::lead_migrated, enrollment);
  if (enrollment.variant) record.variant = after.variants[*enrollment.variant].id;
  if (arm && !same_arm) {
    scope.record(RecordType::experiment_assigned, enrollment).arm = after.experiment->arms[*arm].id;
  }
  move_exceptions(scope, enrollment, before, after);
  switch_form(scope, enrollment, after.form(enrollment.variant, enrollment.arm));
  // What is computed stands, unless there is nothing any more that it was computed for.
  if (!after.release) enrollment.release_at.reset();
}

}  // namespace

InFlightChanges in_flight_changes(const LeadState& lead, const Rulebook& rulebook) {
  InFlightChanges changes{change_of(lead.enrollment, rulebook), change_of(lead.interrupted, rulebook)};
  changes.running_loses_step =
      changes.running == InFlightChange::migrated && loses_step(lead, *lead.enrollment, rulebook);
  changes.interrupted_loses_step =
      changes.interrupted == InFlightChange::migrated && loses_step(lead, *lead.interrupted, rulebook);
  return changes;
}

InFlightChanges decide_published(LeadState& lead, const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out};
  const InFlightChanges changes = in_flight_changes(lead, context.rulebook);
  follow_schedules(scope, met_now(context));
  if (changes.running == InFlightChange::migrated) migrate(scope, *lead.enrollment);
  if (changes.interrupted == InFlightChange::migrated) migrate(scope, *lead.interrupted);
  if (changes.running == InFlightChange::ended) end(scope, lead.enrollment, "withdrawn");
  if (changes.interrupted == InFlightChange::ended) end(scope, lead.interrupted, "withdrawn");
  go_on(scope);
  if (changes.running == InFlightChange::migrated || changes.interrupted == InFlightChange::migrated) {
    begin_releases(scope);
  }
  if (lead.enrollment && changes.running == InFlightChange::migrated) ask_exceptions(scope, *lead.enrollment);
  end_if_done(scope);
  set_wake(scope);
  return changes;
}

}  // namespace relance::rules
