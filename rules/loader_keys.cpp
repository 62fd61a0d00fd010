#include "rules/loader_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "rules/channel.h"
#include "rules/public_holidays.h"

namespace relance::rules {

namespace {

using Presence = KeySpec::Presence;
constexpr auto kOptional = Presence::optional;
constexpr auto kRequired = Presence::required;

constexpr std::array kPlaybookKeys{
    KeySpec{"playbook", ValueType::playbook_id, kRequired, "The id, unique in the folder: small letters, digits and -"},
    KeySpec{"title", ValueType::title, kOptional, "What people call it; the id when absent"},
    KeySpec{"priority", ValueType::priority, kOptional, "Who wins a lead that two playbooks want; default 50"},
    KeySpec{"enroll", ValueType::enroll, kOptional, "Which leads come in; without it only playbook.enroll does it"},
    KeySpec{"in_flight", ValueType::in_flight, kOptional, "What happens to enrolled leads when this file changes"},
    KeySpec{"goal", ValueType::event_types, kOptional, "Event types that end it as a success; default lead.converted"},
    KeySpec{"exit", ValueType::exit_reasons, kOptional,
            "What else ends it; default reply, opt_out, hard_bounce, complaint, lead.lost"},
    KeySpec{"sla", ValueType::sla, kOptional, "Promises about the time to the first touch"},
    KeySpec{"touches", ValueType::touches, kOptional, "How many touches, within which time"},
    KeySpec{"contact_hours", ValueType::contact_hours, kOptional, "When a touch may happen"},
    KeySpec{"caps", ValueType::caps, kOptional, "The most touches per channel and period"},
    KeySpec{"cool_down", ValueType::cool_down, kOptional, "A pause after touches without reply"},
    KeySpec{"steps", ValueType::steps, kRequired, "The touches, in order"},
    KeySpec{"exceptions", ValueType::exceptions, kOptional, "When a person must take over"},
    KeySpec{"variants", ValueType::variants, kOptional, "Other steps, touches or limits for some leads"},
    KeySpec{"on", ValueType::workflows, kOptional, "Event types that start another playbook for an enrolled lead"},
    KeySpec{"experiment", ValueType::experiment, kOptional, "An A/B test"},
    KeySpec{"guardrails", ValueType::guardrails, kOptional, "Rates that must stay low, and what happens otherwise"},
    KeySpec{"qualification", ValueType::qualification, kOptional, "Which leads are worth the effort"},
    KeySpec{"release", ValueType::release, kOptional, "The time in which a lead has to decide; then it is let go"},
};

constexpr std::array kHouseKeys{
    KeySpec{"zone", ValueType::zone, kOptional, "The zone of leads that name none; default UTC"},
    KeySpec{"caps", ValueType::caps, kOptional, "Caps of every playbook, before its own"},
    KeySpec{"score", ValueType::score, kOptional, "Points for what leads do"},
    KeySpec{"handoff", ValueType::handoff, kOptional, "The score at which a person takes over"},
    KeySpec{"policies", ValueType::policy_names, kOptional,
            "Legal packs that apply: files of policies/, without ending"},
    KeySpec{"owners", ValueType::owners, kOptional,
            "When the people who own leads (attribute owner) are away: calls, social, tasks and meetings wait"},
    KeySpec{"throttle", ValueType::throttle, kOptional,
            "What one owner can do: the most touches per channel and period"},
};

constexpr std::array kThrottleKeys{
    KeySpec{"channel", ValueType::channel_or_any, kOptional, "Which touches count; default any"},
    KeySpec{"max", ValueType::positive_count, kRequired,
            "The most touches of one owner per period, over all its leads"},
    KeySpec{"per", ValueType::cap_period, kRequired, "day, week (of the owner's calendar) or a rolling duration"},
};

constexpr std::array kOwnerKeys{
    KeySpec{"absent", ValueType::absences, kOptional, "Whole days: dates, and ranges such as 2026-08-03/2026-08-14"},
    KeySpec{"calendar", ValueType::calendar_file, kOptional,
            "More of them: an .ics file beside house.yaml; every day that one of its events touches"},
    KeySpec{"zone", ValueType::zone, kOptional, "The zone of the days; default the house's"},
};

constexpr std::array kEnrollKeys{
    KeySpec{"on", ValueType::triggers, kOptional, "Event types that may enroll; or schedule, alone"},
    KeySpec{"schedule", ValueType::schedule, kOptional, "When `on: schedule` enrolls"},
    KeySpec{"when", ValueType::condition, kOptional, "A condition (CEL) that must hold"},
    KeySpec{"again", ValueType::again, kOptional, "Re-enrollment; without it once per lead, or as the schedule says"},
};

constexpr std::array kScheduleKeys{
    KeySpec{"rrule", ValueType::recurrence, kRequired, "On which local dates: a rule of RFC 5545, by days or slower"},
    KeySpec{"start", ValueType::schedule_start, kRequired, "From where it counts: a date, or lead.NAME that has one"},
    KeySpec{"at", ValueType::time_of_day, kOptional, "The local time of day; default 00:00"},
};

constexpr std::array kAgainKeys{
    KeySpec{"after", ValueType::duration, kOptional, "Time since the last exit; default 0s"},
    KeySpec{"max", ValueType::positive_count, kOptional, "Enrollments in all; default unlimited"},
};

constexpr std::array kSlaKeys{
    KeySpec{"first_touch", ValueType::first_touch, kRequired, "Time to the first effective touch"},
};

constexpr std::array kFirstTouchKeys{
    KeySpec{"within", ValueType::positive_duration, kRequired, "The promised time"},
    KeySpec{"clock", ValueType::clock, kOptional, "wall counts all time, business contact hours only; default wall"},
    KeySpec{"warn_at", ValueType::warn_at, kOptional, "The part of the time after which sla.at_risk is recorded"},
    KeySpec{"on_breach", ValueType::on_breach, kOptional, "What a breach does besides being recorded"},
    KeySpec{"channels", ValueType::channels, kOptional, "Channels whose touches count; default all"},
};

constexpr std::array kTouchesKeys{
    KeySpec{"min", ValueType::count, kOptional, "Fewer are a shortfall; default 0"},
    KeySpec{"max", ValueType::positive_count, kOptional, "More are withheld; default unlimited"},
    KeySpec{"within", ValueType::positive_duration, kOptional, "The window from the anchor; default open"},
};

constexpr std::array kContactHoursKeys{
    KeySpec{"days", ValueType::days, kOptional, "Open days; default mon to fri"},
    KeySpec{"from", ValueType::time_of_day, kOptional, "Start of the day's one window"},
    KeySpec{"to", ValueType::time_of_day, kOptional, "End of the day's one window; 24:00 ends the day"},
    KeySpec{"hours", ValueType::hours, kOptional, "Several windows a day, instead of from and to"},
    KeySpec{"zone", ValueType::zone_or_lead, kOptional, "The zone of days, holidays and times; default lead"},
    KeySpec{"fallback_zone", ValueType::zone, kOptional, "The zone of leads that name none"},
    KeySpec{"holidays", ValueType::holidays, kOptional,
            "Closed dates: a list, an .ics file beside the playbook, or the public holidays of a country"},
};

constexpr std::array kHolidaysKeys{
    KeySpec{"country", ValueType::holiday_country, kOptional,
            "Public holidays that we ship; lead: of the lead's country"},
    KeySpec{"dates", ValueType::holiday_dates, kOptional,
            "Closed for all: a list, or an .ics file beside the playbook"},
    KeySpec{"by_country", ValueType::holidays_by_country, kOptional,
            "Closed for leads of a country, instead of what we ship"},
};

constexpr std::array kCapKeys{
    KeySpec{"scope", ValueType::cap_scope, kOptional, "Whose touches count; default lead"},
    KeySpec{"channel", ValueType::channel_or_any, kOptional, "Which touches count; default any"},
    KeySpec{"max", ValueType::positive_count, kRequired, "The most touches per period"},
    KeySpec{"per", ValueType::cap_period, kRequired, "day, week (of the lead's calendar) or a rolling duration"},
};

constexpr std::array kCoolDownKeys{
    KeySpec{"after", ValueType::positive_count, kRequired, "Touches without reply"},
    KeySpec{"pause", ValueType::positive_duration, kRequired, "How long nothing is sent"},
};

constexpr std::array kStepKeys{
    KeySpec{"id", ValueType::step_id, kRequired, "Unique in the file"},
    KeySpec{"day", ValueType::day, kOptional, "Calendar days after the anchor; either this or wait"},
    KeySpec{"at", ValueType::time_of_day, kOptional, "Local time of a `day:` step; default the anchor's"},
    KeySpec{"wait", ValueType::duration, kOptional, "Time after the step before; either this or day"},
    KeySpec{"channel", ValueType::channel, kRequired, "How the lead is touched"},
    KeySpec{"template", ValueType::template_name, kOptional, "The file under templates/, without its ending"},
    KeySpec{"expires", ValueType::positive_duration, kOptional, "Not sent when this much later than due"},
    KeySpec{"skip_if", ValueType::condition, kOptional, "A condition (CEL) under which it is left out"},
    KeySpec{"requires", ValueType::condition, kOptional, "A condition (CEL) without which it is withheld"},
    KeySpec{"on_cap", ValueType::on_cap, kOptional, "What a full cap does; default defer"},
    KeySpec{"on_unknown", ValueType::on_unknown, kOptional,
            "When nobody knows whether it went out; resend may mean twice; default park"},
};

constexpr std::array kExceptionKeys{
    KeySpec{"when", ValueType::condition, kRequired, "A condition (CEL) that holds everything"},
    KeySpec{"do", ValueType::exception_action, kRequired, "What happens then"},
    KeySpec{"to", ValueType::recipient, kOptional, "Who is told; default manager"},
};

constexpr std::array kVariantKeys{
    KeySpec{"id", ValueType::variant_id, kRequired, "Unique in the file"},
    KeySpec{"when", ValueType::condition, kRequired, "A condition (CEL): the first variant whose condition holds"},
    KeySpec{"replace", ValueType::replacement, kRequired, "What it replaces"},
};

constexpr std::array kReplacementKeys{
    KeySpec{"touches", ValueType::touches, kOptional, "How many touches, within which time"},
    KeySpec{"steps", ValueType::steps_or_changes, kOptional, "Other steps, or changed keys of single steps by id"},
    KeySpec{"caps", ValueType::caps, kOptional, "The most touches per channel and period, besides the house's"},
    KeySpec{"cool_down", ValueType::cool_down, kOptional, "A pause after touches without reply"},
    KeySpec{"sla", ValueType::sla, kOptional, "Promises about the time to the first touch"},
    KeySpec{"contact_hours", ValueType::contact_hours, kOptional, "When a touch may happen"},
};

constexpr std::array kGuardrailKeys{
    KeySpec{"metric", ValueType::guardrail_metric, kRequired, "What is counted over the touches emitted"},
    KeySpec{"above", ValueType::rate, kRequired, "The rate that trips it when exceeded"},
    KeySpec{"over", ValueType::positive_duration, kRequired,
            "How far back it looks, 1h to 90d; business days do not fit"},
    KeySpec{"min_touches", ValueType::positive_count, kRequired, "Fewer touches say nothing"},
    KeySpec{"do", ValueType::guardrail_action, kOptional,
            "halve_caps: half of each cap; pause: the playbook is halted; both until a person resumes it"},
    KeySpec{"flag", ValueType::variant_id, kOptional, "A word for the people who look after it; this, `do` or both"},
};

constexpr std::array kQualificationKeys{
    KeySpec{"fields", ValueType::attribute_names, kOptional,
            "Attributes that people are to find out, such as budget, authority, need and timing"},
    KeySpec{"disqualify", ValueType::disqualifications, kOptional, "Which leads are let go early, in order"},
};

constexpr std::array kDisqualificationKeys{
    KeySpec{"when", ValueType::condition, kRequired, "A condition (CEL) under which the lead is let go"},
    KeySpec{"reason", ValueType::variant_id, kRequired, "What the records call it"},
    KeySpec{"to", ValueType::existing_playbook, kOptional, "The playbook that the lead is recycled into; default none"},
};

constexpr std::array kReleaseKeys{
    KeySpec{"after", ValueType::positive_duration, kRequired, "The time that the lead has to decide"},
    KeySpec{"when", ValueType::condition, kOptional,
            "A condition (CEL): the time begins when it first holds; default at the anchor"},
    KeySpec{"to", ValueType::existing_playbook, kOptional, "The playbook that the lead is recycled into; default none"},
};

constexpr std::array kStepChangeKeys{
    KeySpec{"day", ValueType::day, kOptional, "Calendar days after the anchor"},
    KeySpec{"at", ValueType::time_of_day, kOptional, "Local time of a `day:` step"},
    KeySpec{"wait", ValueType::duration, kOptional, "Time after the step before"},
    KeySpec{"channel", ValueType::channel, kOptional, "How the lead is touched"},
    KeySpec{"template", ValueType::template_name, kOptional, "The file under templates/, without its ending"},
    KeySpec{"expires", ValueType::positive_duration, kOptional, "Not sent when this much later than due"},
    KeySpec{"skip_if", ValueType::condition, kOptional, "A condition (CEL) under which it is left out"},
    KeySpec{"requires", ValueType::condition, kOptional, "A condition (CEL) without which it is withheld"},
    KeySpec{"on_cap", ValueType::on_cap, kOptional, "What a full cap does"},
    KeySpec{"on_unknown", ValueType::on_unknown, kOptional, "When nobody knows whether it went out"},
};

constexpr std::array kWorkflowKeys{
    KeySpec{"start", ValueType::existing_playbook, kRequired, "The playbook that runs in between"},
};

constexpr std::array kExperimentKeys{
    KeySpec{"id", ValueType::variant_id, kRequired, "Which arm a lead gets depends on it: another id draws anew"},
    KeySpec{"unit", ValueType::experiment_unit, kOptional, "Who gets an arm: a lead or a whole account; default lead"},
    KeySpec{"arms", ValueType::arms, kRequired, "The arms and their weights; the arm `holdout` is sent nothing"},
    KeySpec{"replace", ValueType::arm_replacements, kOptional, "What each arm replaces"},
    KeySpec{"success", ValueType::success, kOptional, "What counts as a success"},
    KeySpec{"min_per_arm", ValueType::count, kOptional, "Leads per arm before a report speaks of an effect; default 0"},
};

constexpr std::array kSuccessKeys{
    KeySpec{"goal", ValueType::success_goal, kOptional, "any (goal of the playbook) or event types; default any"},
    KeySpec{"within", ValueType::positive_duration, kOptional, "Time after enrollment; default unlimited"},
};

constexpr std::array kScoreKeys{
    KeySpec{"on", ValueType::event_types, kRequired, "Event types that give points"},
    KeySpec{"when", ValueType::condition, kOptional, "A condition (CEL) that must hold"},
    KeySpec{"points", ValueType::points, kRequired, "Added to lead.score; may be negative"},
    KeySpec{"max", ValueType::positive_count, kOptional, "The most that this rule ever gives one lead"},
};

constexpr std::array kHandoffKeys{
    KeySpec{"at", ValueType::positive_count, kRequired, "The score at which a person takes over, once per lead"},
    KeySpec{"to", ValueType::recipient, kOptional, "Who gets the task; default owner"},
    KeySpec{"then", ValueType::handoff_then, kOptional, "Whether the cadence goes on; default continue"},
};

constexpr std::array kPolicyKeys{
    KeySpec{"id", ValueType::policy_id, kRequired, "The name of the file, without its ending"},
    KeySpec{"rev", ValueType::revision_number, kRequired, "Counts the versions that counsel signed"},
    KeySpec{"title", ValueType::title, kOptional, "What people call it; the id when absent"},
    KeySpec{"match", ValueType::policy_scope, kRequired, "Whose law it is"},
    KeySpec{"effective_from", ValueType::date, kOptional, "The first day in force, in the recipient's zone"},
    KeySpec{"effective_to", ValueType::date, kOptional, "The last day in force"},
    KeySpec{"sources", ValueType::sources, kRequired, "Laws and dates that it rests on"},
    KeySpec{"honour_max", ValueType::honour_max, kOptional, "How long an opt-out may take by law; ours is at once"},
    KeySpec{"rules", ValueType::policy_rules, kRequired, "What is asked; all that match apply, the strictest wins"},
};

constexpr std::array kPolicyScopeKeys{
    KeySpec{"jurisdiction", ValueType::country, kRequired, "Country of the recipient, ISO 3166-1"},
};

constexpr std::array kPolicyRuleKeys{
    KeySpec{"id", ValueType::step_id, kRequired, "Unique in the file"},
    KeySpec{"match", ValueType::policy_match, kOptional, "Which touches; default every direct channel, all persons"},
    KeySpec{"effective_from", ValueType::date, kOptional, "The first day in force, in the recipient's zone"},
    KeySpec{"effective_to", ValueType::date, kOptional, "The last day in force"},
    KeySpec{"sources", ValueType::sources, kOptional, "Laws and dates besides those of the pack"},
    KeySpec{"consent", ValueType::consent, kOptional, "Whether the person must have said yes; default no"},
    KeySpec{"window", ValueType::policy_window, kOptional, "When a touch may happen"},
    KeySpec{"attempts", ValueType::attempts, kOptional, "The most touches on the channel, over all playbooks"},
    KeySpec{"refusal", ValueType::refusal, kOptional, "Silence after a refused call"},
    KeySpec{"registers", ValueType::registers, kOptional, "Lists that must have been asked lately, without consent"},
    KeySpec{"content", ValueType::content, kOptional, "What a touch must say"},
};

constexpr std::array kPolicyMatchKeys{
    KeySpec{"region", ValueType::regions, kOptional, "Parts of the country; a lead without `region` may be in any"},
    KeySpec{"channel", ValueType::one_or_more_channels, kOptional, "Default email, call, social and sms"},
    KeySpec{"subject_kind", ValueType::subject_kind, kOptional, "Default both"},
};

constexpr std::array kConsentKeys{
    KeySpec{"mode", ValueType::consent_mode, kRequired, "opt_in: nothing without consent. opt_out: until objection"},
    KeySpec{"max_age", ValueType::plain_duration, kOptional, "How old express consent may be; default any"},
    KeySpec{"exceptions", ValueType::consent_exceptions, kOptional, "What stands in for express consent"},
};

constexpr std::array kConsentExceptionKeys{
    KeySpec{"basis", ValueType::consent_basis, kRequired, "As consent.granted names it"},
    KeySpec{"max_age", ValueType::plain_duration, kOptional, "How old it may be; default any"},
};

constexpr std::array kPolicyWindowKeys{
    KeySpec{"zone", ValueType::window_zone, kOptional, "recipient, or a fixed zone; default recipient"},
    KeySpec{"unknown_zones", ValueType::zones, kOptional,
            "Where a recipient without a zone may be: open is what is open in all of them"},
    KeySpec{"days", ValueType::days, kOptional, "Open days; default every day"},
    KeySpec{"hours", ValueType::hours, kRequired, "Open windows of a day"},
    KeySpec{"holidays", ValueType::policy_holidays, kOptional,
            "Closed dates: a list, an .ics file beside the pack, or the public holidays of a country"},
};

constexpr std::array kAttemptsKeys{
    KeySpec{"max", ValueType::positive_count, kRequired, "The most touches in the period"},
    KeySpec{"per", ValueType::plain_duration, kRequired, "A rolling period"},
    KeySpec{"count_unanswered", ValueType::yes_or_no, kOptional,
            "Whether touches without an answer count; default true"},
};

constexpr std::array kRefusalKeys{
    KeySpec{"cool_off", ValueType::plain_duration, kRequired, "How long nothing is sent"},
    KeySpec{"scope", ValueType::refusal_scope, kOptional, "The refused channel, or all; default channel"},
};

constexpr std::array kRegisterKeys{
    KeySpec{"name", ValueType::register_name, kRequired, "A key of the lead's attribute `screened`"},
    KeySpec{"max_age", ValueType::plain_duration, kRequired, "How old the comparison may be"},
};

constexpr std::array<std::string_view, 2> kSubjectKinds{"consumer", "business"};
constexpr std::array<std::string_view, 2> kConsentModes{"opt_in", "opt_out"};
constexpr std::array<std::string_view, 2> kConsentBases{"implied", "customer"};
constexpr std::array<std::string_view, 2> kYesOrNo{"true", "false"};
constexpr std::array<std::string_view, 2> kRefusalScopes{"channel", "all"};
constexpr std::array<std::string_view, 5> kPolicyContent{"sender", "postal_address", "opt_out", "caller_number",
                                                         "purpose"};
constexpr std::array<std::string_view, 2> kClocks{"wall", "business"};
constexpr std::array<std::string_view, 3> kInFlight{"pin", "migrate", "end"};
constexpr std::array<std::string_view, 3> kCapScopes{"lead", "account", "playbook"};
constexpr std::array<std::string_view, 2> kCalendarPeriods{"day", "week"};
constexpr std::array<std::string_view, 2> kOnCap{"defer", "skip"};
constexpr std::array<std::string_view, 2> kOnUnknown{"park", "resend"};
constexpr std::array<std::string_view, 1> kEscalate{"escalate"};
constexpr std::array<std::string_view, 2> kUnits{"lead", "account"};
constexpr std::array<std::string_view, 2> kHandoffThen{"continue", "exit"};
constexpr std::array<std::string_view, 7> kWeekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::array<std::string_view, 4> kGuardrailMetrics{"complaint_rate", "hard_bounce_rate", "opt_out_rate",
                                                            "wrong_number_rate"};
constexpr std::array<std::string_view, 2> kGuardrailActions{"halve_caps", "pause"};
constexpr std::array<std::string_view, 4> kExitReasons{"reply", "opt_out", "hard_bounce", "complaint"};

}  // namespace

const BlockSpec kPlaybookBlock{"playbook", kPlaybookKeys, "One playbook"};
const BlockSpec kHouseBlock{"house", kHouseKeys, "What is true for all playbooks of the folder"};
const BlockSpec kEnrollBlock{"enroll", kEnrollKeys, "Which leads come in"};
const BlockSpec kScheduleBlock{"schedule", kScheduleKeys, "When leads are enrolled without an event"};
const BlockSpec kAgainBlock{"again", kAgainKeys, "Re-enrollment"};
const BlockSpec kSlaBlock{"sla", kSlaKeys, "Promises"};
const BlockSpec kFirstTouchBlock{"first_touch", kFirstTouchKeys, "The promised time to the first effective touch"};
const BlockSpec kTouchesBlock{"touches", kTouchesKeys, "How many touches, within which time"};
const BlockSpec kContactHoursBlock{"contact_hours", kContactHoursKeys, "When a touch may happen"};
const BlockSpec kHolidaysBlock{"holidays", kHolidaysKeys, "Closed dates"};
const BlockSpec kCapBlock{"cap", kCapKeys, "The most touches per channel and period"};
const BlockSpec kCoolDownBlock{"cool_down", kCoolDownKeys, "A pause after touches without reply"};
const BlockSpec kStepBlock{"step", kStepKeys, "One touch"};
const BlockSpec kExceptionBlock{"exception", kExceptionKeys, "When a person must take over"};
const BlockSpec kVariantBlock{"variant", kVariantKeys, "The playbook for some of its leads"};
const BlockSpec kReplacementBlock{"replacement", kReplacementKeys, "Keys that come in the place of the file's"};
const BlockSpec kStepChangeBlock{"step_change", kStepChangeKeys, "Keys that come in the place of one step's"};
const BlockSpec kWorkflowBlock{"workflow", kWorkflowKeys, "What an event starts"};
const BlockSpec kExperimentBlock{"experiment", kExperimentKeys, "An A/B test"};
const BlockSpec kSuccessBlock{"success", kSuccessKeys, "What counts as a success"};
const BlockSpec kScoreBlock{"score_rule", kScoreKeys, "Points for an event"};
const BlockSpec kGuardrailBlock{"guardrail", kGuardrailKeys, "A rate that must stay low"};
const BlockSpec kQualificationBlock{"qualification", kQualificationKeys, "Which leads are worth the effort"};
const BlockSpec kDisqualificationBlock{"disqualification", kDisqualificationKeys, "Which leads are let go early"};
const BlockSpec kReleaseBlock{"release", kReleaseKeys, "The time in which a lead has to decide"};
const BlockSpec kHandoffBlock{"handoff", kHandoffKeys, "When a person takes over"};
const BlockSpec kOwnerBlock{"owner", kOwnerKeys, "When a person who owns leads is away"};
const BlockSpec kThrottleBlock{"throttle", kThrottleKeys, "What one owner can do"};

const BlockSpec kPolicyBlock{"policy", kPolicyKeys, "The law of one country, as data"};
const BlockSpec kPolicyScopeBlock{"policy_scope", kPolicyScopeKeys, "Whose law it is"};
const BlockSpec kPolicyRuleBlock{"policy_rule", kPolicyRuleKeys, "What is asked of some touches"};
const BlockSpec kPolicyMatchBlock{"policy_match", kPolicyMatchKeys, "Which touches a rule is about"};
const BlockSpec kConsentBlock{"consent", kConsentKeys, "Whether the person must have said yes"};
const BlockSpec kConsentExceptionBlock{"consent_exception", kConsentExceptionKeys,
                                       "What stands in for express consent"};
const BlockSpec kPolicyWindowBlock{"window", kPolicyWindowKeys, "When a touch may happen by law"};
const BlockSpec kAttemptsBlock{"attempts", kAttemptsKeys, "The most touches in a period"};
const BlockSpec kRefusalBlock{"refusal", kRefusalKeys, "Silence after a refusal"};
const BlockSpec kRegisterBlock{"register", kRegisterKeys, "A list that must have been asked lately"};

std::span<const BlockSpec* const> all_blocks() {
  static constexpr std::array<const BlockSpec*, 38> kAll{&kPolicyBlock,        &kPolicyScopeBlock,
                                                         &kPolicyRuleBlock,    &kPolicyMatchBlock,
                                                         &kConsentBlock,       &kConsentExceptionBlock,
                                                         &kPolicyWindowBlock,  &kAttemptsBlock,
                                                         &kRefusalBlock,       &kRegisterBlock,
                                                         &kHolidaysBlock,      &kPlaybookBlock,
                                                         &kHouseBlock,         &kEnrollBlock,
                                                         &kAgainBlock,         &kSlaBlock,
                                                         &kFirstTouchBlock,    &kTouchesBlock,
                                                         &kCapBlock,           &kContactHoursBlock,
                                                         &kCoolDownBlock,      &kStepBlock,
                                                         &kExceptionBlock,     &kVariantBlock,
                                                         &kReplacementBlock,   &kStepChangeBlock,
                                                         &kWorkflowBlock,      &kExperimentBlock,
                                                         &kSuccessBlock,       &kScoreBlock,
                                                         &kHandoffBlock,       &kGuardrailBlock,
                                                         &kQualificationBlock, &kDisqualificationBlock,
                                                         &kReleaseBlock,       &kScheduleBlock,
                                                         &kOwnerBlock,         &kThrottleBlock};
  return kAll;
}

const KeySpec* BlockSpec::find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const KeySpec& spec) { return spec.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::span<const std::string_view> clock_names() { return kClocks; }
std::span<const std::string_view> in_flight_names() { return kInFlight; }
std::span<const std::string_view> cap_scope_names() { return kCapScopes; }
std::span<const std::string_view> calendar_period_names() { return kCalendarPeriods; }
std::span<const std::string_view> on_cap_names() { return kOnCap; }
std::span<const std::string_view> on_unknown_names() { return kOnUnknown; }
std::span<const std::string_view> on_breach_names() { return kEscalate; }
std::span<const std::string_view> exception_action_names() { return kEscalate; }
std::span<const std::string_view> experiment_unit_names() { return kUnits; }
std::span<const std::string_view> handoff_then_names() { return kHandoffThen; }
std::span<const std::string_view> guardrail_metric_names() { return kGuardrailMetrics; }
std::span<const std::string_view> guardrail_action_names() { return kGuardrailActions; }
std::span<const std::string_view> holiday_country_names() {
  static const auto kNames = [] {
    std::vector<std::string_view> names{"lead"};
    names.insert(names.end(), countries_with_holidays().begin(), countries_with_holidays().end());
    return names;
  }();
  return kNames;
}
std::span<const std::string_view> weekday_names() { return kWeekdays; }
std::span<const std::string_view> exit_reason_names() { return kExitReasons; }
std::span<const std::string_view> subject_kind_names() { return kSubjectKinds; }
std::span<const std::string_view> consent_mode_names() { return kConsentModes; }
std::span<const std::string_view> consent_basis_names() { return kConsentBases; }
std::span<const std::string_view> yes_or_no_names() { return kYesOrNo; }
std::span<const std::string_view> refusal_scope_names() { return kRefusalScopes; }
std::span<const std::string_view> policy_content_names() { return kPolicyContent; }

std::span<const std::string_view> channel_names() {
  static const auto kNames = [] {
    std::array<std::string_view, kChannels.size()> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = to_string(kChannels[i]);
    return names;
  }();
  return kNames;
}

}  // namespace relance::rules
