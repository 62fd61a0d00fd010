#pragma once
// One function per block of the playbook language. Each reports what is wrong and gives the block when it can be used;
// a playbook is only made when nothing was reported at all. Internal to the loader. One thread.

#include <optional>
#include <vector>

#include "rules/loader_values.h"
#include "rules/owners.h"
#include "rules/playbook.h"

namespace relance::rules {

/// What `exit` says: the named reasons are always there but `reply`.
struct ExitReasons {
  std::vector<EventType> types;
  bool on_reply = true;
};

std::optional<Enroll> read_enroll(LoadContext& context, const Field& field);
std::optional<Schedule> read_schedule(LoadContext& context, const Field& field);
std::optional<ExitReasons> read_exit(LoadContext& context, const Field& field);
std::optional<Sla> read_sla(LoadContext& context, const Field& field);
std::optional<Touches> read_touches(LoadContext& context, const Field& field);
std::optional<ContactHours> read_contact_hours(LoadContext& context, const Field& field);
/// What the dates of an .ics file are for: the rule of findings, and what the value should have been.
struct CalendarUse {
  std::string_view rule;
  std::string_view expected;
};
/// The dates of the .ics file that the field names, which lies beside the file that is read; none when reported.
std::vector<LocalDate> read_calendar(LoadContext& context, const Field& field, const CalendarUse& use);
std::optional<PolicyWindow> read_policy_window(LoadContext& context, const Field& field);
std::optional<std::vector<Cap>> read_caps(LoadContext& context, const Field& field);
std::optional<CoolDown> read_cool_down(LoadContext& context, const Field& field);
std::optional<std::vector<Step>> read_steps(LoadContext& context, const Field& field);
std::vector<StepChange> read_step_changes(LoadContext& context, const Field& field);
std::vector<Variant> read_variants(LoadContext& context, const Field& field);
std::optional<Experiment> read_experiment(LoadContext& context, const Field& field);
std::vector<Workflow> read_workflows(LoadContext& context, const Field& field);
/// What variants and arms come to, once all of the playbook is read: changes name existing steps and keep the order.
void check_forms(LoadContext& context, const Playbook& playbook);
std::vector<ScoreRule> read_score(LoadContext& context, const Field& field);
std::optional<Handoff> read_handoff(LoadContext& context, const Field& field);
/// `zone`: of those who have none of their own.
std::map<std::string, OwnerCalendar, std::less<>> read_owners(LoadContext& context, const Field& field,
                                                              const Zone& zone);
std::vector<Throttle> read_throttles(LoadContext& context, const Field& field);
std::vector<Guardrail> read_guardrails(LoadContext& context, const Field& field);
Qualification read_qualification(LoadContext& context, const Field& field);
std::optional<Release> read_release(LoadContext& context, const Field& field);
std::optional<std::vector<Exception>> read_exceptions(LoadContext& context, const Field& field);
std::optional<InFlight> read_in_flight(LoadContext& context, const Field& field);

}  // namespace relance::rules
