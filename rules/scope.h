#pragma once
// What the parts of one decision share: the lead, the context, the event (null when a timer asks) and the output.
// Internal to rules/; lives on the stack of one decide call.

#include <string_view>

#include "rules/conditions.h"
#include "rules/decide.h"
#include "rules/policy_verdict.h"

namespace relance::rules {

struct Throttle;  // rules/owners.h

struct Scope {
  LeadState& lead;
  const DecisionContext& context;
  Decision& out;
  const Event* event = nullptr;
  /// Ordinals that the lead had given out before this decision.
  std::uint32_t enrollments_before = lead.enrollments;

  Instant now() const { return context.now; }

  /// The zone for step days, calendar caps, spacing and local dates.
  const Zone& zone(const Form& form) const { return lead.zone ? *lead.zone : form.fallback_zone; }
  /// The zone in which the form's contact hours are read.
  const Zone& hours_zone(const Form& form) const {
    const auto& hours = form.contact_hours;
    return hours && hours->fixed_zone ? *hours->fixed_zone : zone(form);
  }
  /// The form's contact hours with the holidays of the lead's country; null: none.
  const ContactHours* hours(const Form& form) const {
    if (!form.contact_hours) return nullptr;
    // Looking an attribute up takes a while, and few playbooks have holidays by country.
    if (form.contact_hours->of_countries.empty()) return &*form.contact_hours;
    return &form.contact_hours->of(lead.attributes.text("country"));
  }
  /// The end of a span that begins at `start`; the form's contact hours say what a business day is.
  Instant after(Instant start, const Span& span, const Form& form) const {
    if (span.business_days == 0 || !form.contact_hours) return start + span.time;
    return business_days_after(*hours(form), hours_zone(form), start, span.business_days);
  }
  Truth ask(const Condition& condition) const { return rules::ask(condition, lead, event, now()); }

  /// The id of the lead's enrollment of that ordinal, whether it still runs or not.
  EnrollmentId id_of(std::uint32_t ordinal) const;

  Record& record(RecordType type) {
    Record& added = out.records.emplace_back();
    added.type = type;
    added.at = now();
    return added;
  }
  /// A record about the enrollment: playbook, revision and enrollment id are set.
  Record& record(RecordType type, const Enrollment& enrollment);
  /// A record about one of its steps.
  Record& record(RecordType type, const Enrollment& enrollment, const Step& step);
};

/// The revision that the enrollment is pinned to; the rulebook must hold it (the store keeps it).
const Playbook& playbook_of(const Enrollment& enrollment, const Rulebook& rulebook);

/// What the enrollment is run by: the playbook as its variant and its arm have it.
const Form& form_of(const Enrollment& enrollment, const Rulebook& rulebook);

/// The lead's enrollment of that ordinal, running or interrupted.
Enrollment* find_enrollment(LeadState& lead, std::uint32_t ordinal);

ActionId action_id(const EnrollmentId& enrollment, std::string_view step, std::int64_t attempt);

/// The next local midnight after `now` that begins a day at least `days` after the local date of `now`.
Instant midnight_after(const Zone& zone, Instant now, LocalDate date);

/// After every change: when something can next happen to the lead without an event.
void set_wake(const Scope& scope);

// consent.cpp: event steps 3 (consent and suppression).
struct ConsentOutcome {
  bool opted_out = false;                             // an opt-out of whatever channel arrived
  std::optional<ChannelScope> newly_opted_out = {};   // its channel, when it added something
  std::optional<ChannelScope> newly_complained = {};  // the lead had not complained there before
  bool newly_bounced = false;                         // the address was not on the list before
  bool complained = false;
  bool hard_bounced = false;
  bool withdrawn = false;        // consent
  std::string_view intake = {};  // of an opt-out
};
ConsentOutcome handle_consent(Scope& scope);
/// Why what happened to consent ends an enrollment; empty when nothing happened.
std::string_view reason_of(const ConsentOutcome& consent);
/// The lead that `from` was merged into: its person has opted out, complained, or asked for erasure, as `from` has.
void take_over(Scope& scope, const LeadState& from, std::string_view intake);
/// When consent for the channel was withdrawn, unless it was granted anew since: for that channel, with evidence.
std::optional<Instant> consent_withdrawn(const LeadState& lead, Channel channel);
/// The channel is opted out of, or suppressed, for this lead: the rule id, or empty.
std::string_view blocked_by(const LeadState& lead, Channel channel, Neighbourhood& neighbourhood);

// outcome.cpp: event steps 4 and 5, and the SLA.
void handle_inbound(Scope& scope);
void handle_outcome(Scope& scope);
void start_sla(Scope& scope, Enrollment& enrollment, const Form& form);
void end_cool_down(Scope& scope);
void sla_at_risk(Scope& scope, Enrollment& enrollment);
void sla_breached(Scope& scope, Enrollment& enrollment);

// exit.cpp: event step 6 and every other end of an enrollment.
void handle_exit(Scope& scope, const ConsentOutcome& consent);
/// The running enrollment and the one it interrupted end, in this order.
void exit_all(Scope& scope, std::string_view reason);
/// The enrollment leaves its place (of the lead); nothing takes it. go_on() afterwards.
void end(Scope& scope, std::optional<Enrollment>& place, std::string_view reason, std::string_view rule = {});
/// After the end of a workflow: what it interrupted resumes there and then, as after a pause.
void go_on(Scope& scope);
/// After an opt-out nothing that is queued on a channel it covers goes out, from whatever enrollment.
void cancel_blocked(Scope& scope);
/// The end of the window or, without `touches.within`, of the last step. What it interrupted goes on.
void close_window(Scope& scope, Enrollment& enrollment);
/// Of the running enrollment, when it has neither a window nor an open step. After a due step its outcome comes first:
/// there the end is work of its own.
void end_if_done(Scope& scope);
PlaybookHistory& history_of(LeadState& lead, const PlaybookId& playbook);

// enrollment.cpp: event steps 11 and 12.
void handle_enrollment(Scope& scope);
/// `running`: the ordinal of the enrollment that ran when the event came and had interrupted none; 0: none.
void handle_workflow(Scope& scope, std::uint32_t running);
/// The lead was let go: it is enrolled there, if all that a trigger asks but `when` allows it. Absent: nothing happens.
void recycle(Scope& scope, const std::optional<PlaybookId>& to);

// qualification.cpp: leads that are let go early, or after the time in which they had to decide.
/// The first condition of the playbook's that holds of a lead that is not in it yet; null: it may come in.
const Disqualification* disqualified_from(Scope& scope, const Playbook& playbook);
/// The same of an enrollment, running or interrupted.
const Disqualification* disqualified(Scope& scope, const Enrollment& enrollment);
/// The running and the interrupted enrollment: ends those of whom a condition holds, begins their time-boxes. After
/// event step 8, and before a step is asked, as time alone may have made a condition true. True: the running one ended.
bool ask_qualification(Scope& scope);
/// The time-boxes of the enrollments that have none yet.
void begin_releases(Scope& scope);
/// The end of the enrollment's time-box.
void release_lead(Scope& scope, Enrollment& enrollment);

/// The occurrences that are due now; of several that one playbook missed, the latest.
void ask_schedules(Scope& scope);

// schedule.cpp: where the lead stands in the schedules.
/// Brings that in line with the rulebook and the attributes. What is new or different it met at `met`: days before
/// count no more.
void follow_schedules(const Scope& scope, Instant met);
/// When that was if no event brought it: at the publication, which leads may follow a while later.
Instant met_now(const DecisionContext& context);
/// The latest occurrence up to now, which is over with this; nullopt when none is due.
std::optional<Instant> take_occurrence(const Scope& scope, const Playbook& playbook);

// score.cpp: event step 8.
void handle_score(Scope& scope);
void handle_handoff(Scope& scope);

// variants.cpp: variants and arms at enrollment, and event step 10.
/// The arm of the lead: the first 8 octets of SHA-256 over id, 0 and unit, modulo the sum of the weights.
std::uint32_t arm_of(const LeadState& lead, const Experiment& experiment);
void choose_form(Scope& scope, Enrollment& enrollment, const Playbook& playbook);
/// The enrollment goes on by another form: steps that are not resolved are asked as if not asked before.
void switch_form(Scope& scope, Enrollment& enrollment, const Form& form);
/// Of the running enrollment, which there is.
void handle_variant(Scope& scope);

// pause.cpp: event step 7.
void handle_pause(Scope& scope);
void resume(Scope& scope, Enrollment& enrollment);

// exceptions.cpp: event step 9.
/// The hold is over: a step that it holds is asked again now.
void release(Scope& scope, Enrollment& enrollment);
void handle_resolution(Scope& scope);
void ask_exceptions(Scope& scope, Enrollment& enrollment);

// steps.cpp: "When a step runs".
Instant step_due(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step);
/// Business days depend on the lead's zone and country: what is computed in them stands from here on. The open `wait:`,
/// and the expiry of the step that was asked, which the enrollment has.
void fix_wait(const Scope& scope, Enrollment& enrollment, const Form& form);
void fix_expiry(const Scope& scope, Enrollment& enrollment, const Form& form, const Step& step);
/// The one step that is asked next; null when none is open.
StepState* open_step(Enrollment& enrollment);
bool has_open_step(const Enrollment& enrollment);
/// When the open step is asked (again); never() when there is none, it is held, or the enrollment is paused.
Instant step_instant(const Scope& scope, const Enrollment& enrollment, const Form& form);
void ask_step(Scope& scope, Enrollment& enrollment);
/// A rule that keeps a step from the gate, and what the step then comes to.
struct Refusal {
  StepStatus status = StepStatus::withheld;
  std::string_view rule;
};
/// Every such rule that speaks now, in order, of a step that was due at `due`: for explaining.
std::vector<Refusal> refusals(const Scope& scope, const Enrollment& enrollment, const Form& form, const Step& step,
                              Instant due);

// gate.cpp: "The gate".
struct Verdict {
  enum class Kind { pass, withheld, deferred, held };
  Kind kind = Kind::pass;
  std::string rule;
  Instant until = Instant::never();
  // Of the legal packs: why, which of them, and what allows the touch.
  std::string_view reason = {};
  std::string packs = {};
  std::string_view legal_basis = {};
};
Verdict gate(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step);
/// What the legal packs say to a touch on the channel at an instant. `touch`: itself, at its second asking.
struct PolicyAsking {
  Channel channel = Channel::email;
  Instant at;
  const ActionId* touch = nullptr;
};
PolicyVerdict ask_policy(const Scope& scope, const Form& form, const PolicyAsking& asking);
/// Every rule that speaks now, in order: for explaining. The first is gate()'s answer.
std::vector<Verdict> gate_rules(Scope& scope, Enrollment& enrollment, const Form& form, const Step& step);
/// The gate's second asking, against the state of now: the form that the enrollment has now, or had when it ended.
Verdict second_gate(Scope& scope, const EmittedTouch& touch, const Playbook& playbook);
/// The contact point that a touch on the channel needs is there and usable.
bool has_contact_point(const LeadState& lead, Channel channel);

// absence.cpp
struct Absence {
  Instant back;   // the midnight that ends it
  Instant until;  // the first instant after it that is open for the touch
};
/// The lead's owner is away, and a touch on the channel is made by a person.
std::optional<Absence> owner_absence(const Scope& scope, const Form& form, Channel channel);
/// The first instant at or after `from` at which the owner is there and contact hours and legal packs are open: they
/// are waited for together. What else the gate asks is asked then.
Instant first_present(const Scope& scope, const Form& form, Channel channel, Instant from);
/// The event gave the lead another owner: a step that waits is asked now. A deferral does not say which rule it comes
/// from; one that still speaks defers the step again.
void handle_new_owner(Scope& scope);

// throttle.cpp
struct FullThrottle {
  std::size_t place = 0;  // among the house's
  Instant frees;
  Instant until;  // the first instant from then on that is open for the touch
};
/// Of the throttles that are full for the touch, the one that frees last.
std::optional<FullThrottle> full_throttle(const Scope& scope, const Form& form, Channel channel);
/// When a full one frees; nullopt: there is room.
std::optional<Instant> throttle_frees(const Throttle& throttle, const Scope& scope, std::string_view owner);
/// The touch was emitted, or will not go out after all. It counts for who owns the lead at that moment.
void count_for_owner(Scope& scope, const EmittedTouch& touch);
void uncount_for_owner(Scope& scope, const ActionId& action);

// guardrails.cpp
/// What the event says for the rates of the playbook whose touch it answers; after event step 5.
void handle_guardrails(Scope& scope, const ConsentOutcome& consent, bool phone_was_unusable);
void count_touch(Scope& scope, const PlaybookId& id);
/// It was cancelled.
void uncount_touch(Scope& scope, const EmittedTouch& touch);

// caps.cpp
struct FullCap {
  std::string rule;
  Instant frees;
};
/// What one cap counts now, oldest first: the newest touches, no more than `max`. Full when it says when it frees.
struct CapCount {
  int max = 0;  // halved while a guardrail says so
  std::vector<Instant> counted;
  std::optional<Instant> frees;
};
CapCount count(const Cap& cap, const Scope& scope, const Enrollment& enrollment, const Form& form);
std::optional<FullCap> full_cap(const Scope& scope, const Enrollment& enrollment, const Form& form, Channel channel);

/// The touch will not go out: touch.cancelled, the effect, and it counts no longer.
struct CancelCause {
  std::string_view rule;
  std::string_view reason = {};
  std::string_view packs = {};
};
void cancel_touch(Scope& scope, const ActionId& action, const CancelCause& cause);

}  // namespace relance::rules
