// The order of one event and of due work; every rule has its own file (see rules/scope.h).

#include "rules/decide.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "rules/scope.h"
#include "rules/sha256.h"

namespace relance::rules {

namespace {

/// Work that becomes due without an event, in the order in which it is done at one instant.
/// `done`: no window, and no open step; the outcome of the last step, an event of that instant, comes first.
enum class DueKind { pause_end, cool_down_end, release, step, done, sla_at_risk, sla_breached, window_end, occurrence };

struct Due {
  Instant at = Instant::never();
  DueKind kind = DueKind::pause_end;
  bool of_interrupted = false;  // otherwise of the running enrollment, or of the lead
};

void consider(Due& first, Instant at, DueKind kind, bool of_interrupted = false) {
  if (at < first.at || (at == first.at && kind < first.kind)) first = {at, kind, of_interrupted};
}

void consider_sla(Due& first, const Enrollment& enrollment, bool of_interrupted) {
  if (!enrollment.sla) return;
  if (enrollment.sla->at_risk) {
    consider(first, std::max(*enrollment.sla->at_risk, enrollment.enrolled_at), DueKind::sla_at_risk, of_interrupted);
  }
  consider(first, std::max(enrollment.sla->deadline, enrollment.enrolled_at), DueKind::sla_breached, of_interrupted);
}

/// The time-box goes on while the enrollment is paused: it is a promise about time.
void consider_ends(Due& first, const Enrollment& enrollment, bool of_interrupted) {
  if (enrollment.release_at) consider(first, *enrollment.release_at, DueKind::release, of_interrupted);
  if (!enrollment.window_end) {
    // No window: it ends as soon as no step is open, also while paused.
    if (!has_open_step(enrollment)) consider(first, enrollment.ready_from, DueKind::done, of_interrupted);
  } else if (!enrollment.pause) {
    consider(first, std::max(*enrollment.window_end, enrollment.ready_from), DueKind::window_end, of_interrupted);
  }
}

/// The first piece of work. A timer whose instant was already past when it was set is due from the moment it was set.
Due first_due(const Scope& scope) {
  const LeadState& lead = scope.lead;
  Due first;
  const auto& enrollment = lead.enrollment;
  if (enrollment && enrollment->pause && enrollment->pause->until)
    consider(first, *enrollment->pause->until, DueKind::pause_end);
  if (lead.cool_down) consider(first, lead.cool_down->until, DueKind::cool_down_end);
  for (const ScheduleState& schedule : lead.schedules) {
    if (schedule.next <= scope.context.occurrences_until) consider(first, schedule.next, DueKind::occurrence);
  }
  if (!enrollment) return first;
  consider(first, step_instant(scope, *enrollment, form_of(*enrollment, scope.context.rulebook)), DueKind::step);
  consider_sla(first, *enrollment, false);
  consider_ends(first, *enrollment, false);
  if (lead.interrupted) {
    consider_sla(first, *lead.interrupted, true);
    consider_ends(first, *lead.interrupted, true);
  }
  return first;
}

/// A daemon that was down finds a window or a time-box that ended meanwhile: nothing more goes out, however long a step
/// was due. The earlier of the two ends the running enrollment, which has a step that is due.
DueKind step_or_end(const Enrollment& enrollment, Instant now) {
  Due end{now, DueKind::step};
  if (enrollment.window_end && *enrollment.window_end < now && enrollment.ready_from < now) {
    end = {*enrollment.window_end, DueKind::window_end};
  }
  if (enrollment.release_at && *enrollment.release_at <= end.at) {
    end.kind = DueKind::release;
  }
  return end.kind;
}

void do_work(Scope& scope, const Due& due) {
  auto& enrollment = due.of_interrupted ? scope.lead.interrupted : scope.lead.enrollment;
  switch (due.kind) {
    case DueKind::pause_end:
      resume(scope, *enrollment);
      break;
    case DueKind::cool_down_end:
      end_cool_down(scope);
      break;
    case DueKind::step:
      if (!ask_qualification(scope)) ask_step(scope, *enrollment);
      break;
    case DueKind::sla_at_risk:
      sla_at_risk(scope, *enrollment);
      break;
    case DueKind::sla_breached:
      sla_breached(scope, *enrollment);
      break;
    case DueKind::release:
      release_lead(scope, *enrollment);
      break;
    case DueKind::done:
    case DueKind::window_end:
      close_window(scope, *enrollment);
      break;
    case DueKind::occurrence:
      ask_schedules(scope);
      break;
  }
}

void fix_account(LeadState& lead, const Event& event) {
  lead.known = true;
  if (event.partition_key && !event.partition_key->empty()) {
    lead.account = AccountId(*event.partition_key);
  } else if (const std::string_view account = event.text("account"); !account.empty()) {
    lead.account = AccountId(std::string(account));
  }
}

void change_flag(LeadState& lead, std::string_view flag, bool set) {
  cel::List flags;
  if (const cel::Value* known = lead.attributes.find("flags"); known && known->list()) flags = *known->list();
  std::erase_if(flags, [&](const cel::Value& value) { return value.string() && *value.string() == flag; });
  if (set) flags.emplace_back(flag);
  lead.attributes.set("flags", cel::Value(std::move(flags)));
}

/// The attribute is one of those that derive() reads.
bool is_derived_from(std::string_view attribute) {
  return attribute == "email" || attribute == "phone" || attribute == "country" || attribute == "timezone";
}

/// Step 2: attributes.
void handle_attributes(Scope& scope) {
  LeadState& lead = scope.lead;
  const Event& event = *scope.event;
  switch (event.type) {
    case EventType::lead_created:
    case EventType::lead_updated: {
      const cel::Map* data = event.data.map();
      if (!data || data->empty()) return;
      const std::string phone(lead.attributes.text("phone"));
      const std::string owner(scope.context.rulebook.house().owners ? lead.attributes.text("owner") : "");
      bool derives = false;
      for (const auto& [key, value] : *data) {
        if (!key.string()) continue;
        derives |= is_derived_from(*key.string());
        lead.attributes.set(*key.string(), value);
      }
      if (lead.phone_unusable && lead.attributes.text("phone") != phone) lead.phone_unusable = false;
      if (derives) derive(lead);  // reading a phone number is slow
      if (!owner.empty() && lead.attributes.text("owner") != owner) handle_new_owner(scope);
      break;
    }
    case EventType::flag_set:
    case EventType::flag_cleared:
      change_flag(lead, event.text("flag"), event.type == EventType::flag_set);
      break;
    case EventType::lead_merged: {
      LeadId into(std::string(event.text("into")));
      const auto& known = lead.merged_into;
      if (std::find(known.begin(), known.end(), into) == known.end()) lead.merged_into.push_back(std::move(into));
      return;
    }
    default:
      return;
  }
  scope.out.attributes_changed = true;
}

/// A merged lead and those that it was merged into are one person: what an event says for the person holds for all.
void tell_merged(Scope& scope, const ConsentOutcome& consent) {
  const Event& event = *scope.event;
  if (event.type == EventType::lead_merged) {
    scope.out.effects.emplace_back(MergeInto{LeadId(std::string(event.text("into"))), {}});
    return;
  }
  MergeNews news;
  news.exit_reason = reason_of(consent);
  if (news.exit_reason.empty() && !consent.withdrawn) return;
  if (!consent.intake.empty()) news.intake = consent.intake;
  if (consent.hard_bounced) news.bounced = scope.lead.email;
  for (const LeadId& into : scope.lead.merged_into) scope.out.effects.emplace_back(MergeInto{into, news});
  for (const LeadId& from : scope.lead.merged_from) scope.out.effects.emplace_back(MergeInto{from, news});
}

/// `no_earlier`: what is due before it was made so by what was done then, and is due then.
void set_wake(const Scope& scope, Instant no_earlier) {
  follow_schedules(scope, scope.event != nullptr ? scope.now() : met_now(scope.context));
  scope.lead.wake = std::max(first_due(scope).at, no_earlier);
}

}  // namespace

/// What an event makes due in the past (another zone) is due now: the events of this very instant go first.
void set_wake(const Scope& scope) { set_wake(scope, scope.now()); }

EnrollmentId Scope::id_of(std::uint32_t ordinal) const {
  const Enrollment* enrollment = find_enrollment(lead, ordinal);
  return enrollment != nullptr ? enrollment->id : enrollment_id(lead.subject, ordinal);
}

Record& Scope::record(RecordType type, const Enrollment& enrollment) {
  Record& added = record(type);
  added.playbook = enrollment.playbook;
  added.revision = enrollment.revision;
  added.enrollment = enrollment.id;
  return added;
}

Record& Scope::record(RecordType type, const Enrollment& enrollment, const Step& step) {
  Record& added = record(type, enrollment);
  added.step = step.id;
  added.channel = step.channel;
  return added;
}

const Playbook& playbook_of(const Enrollment& enrollment, const Rulebook& rulebook) {
  const Playbook* playbook = rulebook.find(enrollment.playbook, enrollment.revision);
  // The store keeps every revision that an enrollment is pinned to; without it no decision about the lead is safe.
  if (!playbook) std::abort();
  return *playbook;
}

const Form& form_of(const Enrollment& enrollment, const Rulebook& rulebook) {
  return playbook_of(enrollment, rulebook).form(enrollment.variant, enrollment.arm);
}

Enrollment* find_enrollment(LeadState& lead, std::uint32_t ordinal) {
  if (lead.enrollment && lead.enrollment->ordinal == ordinal) return &*lead.enrollment;
  if (lead.interrupted && lead.interrupted->ordinal == ordinal) return &*lead.interrupted;
  return nullptr;
}

EnrollmentId enrollment_id(const SubjectId& subject, std::uint32_t ordinal) {
  const auto digest = sha256("relance enrollment " + subject.value + ' ' + std::to_string(ordinal));
  return EnrollmentId(to_hex({digest.data(), 16}));
}

ActionId action_id(const EnrollmentId& enrollment, std::string_view step, std::int64_t attempt) {
  std::string text = "relance action " + enrollment.value + ' ';
  text.append(step).append(1, ' ').append(std::to_string(attempt));
  const auto digest = sha256(text);
  return ActionId(to_hex({digest.data(), 16}));
}

Instant midnight_after(const Zone& zone, Instant now, LocalDate date) {
  Instant midnight = zone.midnight(date);
  // A clock that was set back across midnight enters the same date twice; the first of its midnights may be past.
  while (midnight <= now) {
    date = date + 1;
    midnight = zone.midnight(date);
  }
  return midnight;
}

void decide(LeadState& lead, const Event& event, const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out, &event};
  if (!lead.known) {
    fix_account(lead, event);
  } else if (context.published) {
    follow_schedules(scope, *context.published);  // those that it met before the event, by what was known of it then
  }
  const std::uint32_t running = lead.enrollment ? lead.enrollment->ordinal : 0;
  handle_attributes(scope);
  const ConsentOutcome consent = handle_consent(scope);
  handle_inbound(scope);
  const bool phone_was_unusable = lead.phone_unusable;
  handle_outcome(scope);
  handle_guardrails(scope, consent, phone_was_unusable);
  handle_exit(scope, consent);
  handle_pause(scope);
  handle_score(scope);
  handle_handoff(scope);
  ask_qualification(scope);
  if (lead.enrollment) {
    handle_resolution(scope);
    ask_exceptions(scope, *lead.enrollment);
    handle_variant(scope);
  }
  handle_enrollment(scope);
  handle_workflow(scope, running);
  tell_merged(scope, consent);
  set_wake(scope);
}

bool decide_due(LeadState& lead, const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out};
  Due due = first_due(scope);
  if (due.at > context.now) {
    lead.wake = due.at;
    return false;
  }
  const Instant was_due = due.at;
  if (due.kind == DueKind::step) due.kind = step_or_end(*lead.enrollment, context.now);
  do_work(scope, due);
  set_wake(scope, was_due);  // late work of several leads stays in the order of its instants
  return true;
}

void decide_carrier(LeadState& lead, const DecisionContext& context, Decision& out) {
  Scope scope{lead, context, out};
  exit_all(scope, "opt_out");
  set_wake(scope);
}

void decide_merge(LeadState& lead, const LeadState& from, const MergeNews& news, const DecisionContext& context,
                  Decision& out) {
  Scope scope{lead, context, out};
  if (!lead.known) lead.account = from.account;
  lead.known = true;
  const bool merges = std::find(from.merged_into.begin(), from.merged_into.end(), lead.id) != from.merged_into.end();
  const bool is_new = std::find(lead.merged_from.begin(), lead.merged_from.end(), from.id) == lead.merged_from.end();
  if (merges && is_new) lead.merged_from.push_back(from.id);
  const bool merged = std::find(lead.merged_into.begin(), lead.merged_into.end(), from.id) != lead.merged_into.end();
  if (merged) lead.account = from.account;  // only a merge changes an account: the lead that lives on has its own
  take_over(scope, from, news.intake);
  const bool concerned = news.exit_reason != "hard_bounce" || (lead.email && lead.email == news.bounced);
  std::string_view reason = concerned ? news.exit_reason : std::string_view();
  if (reason.empty() && from.opted_out_of_all) reason = "opt_out";
  if (!reason.empty()) exit_all(scope, reason);
  cancel_blocked(scope);
  set_wake(scope);
}

}  // namespace relance::rules
