#pragma once
// The keys of the playbook language, one table per block. The loader reads by these tables and the JSON Schemas in
// rules/schema are written from them, so neither can know a key that the other does not.
// Adding a key: a line here, a line in the block's reader (rules/loader_blocks.cpp), and the schemas written anew.

#include <span>
#include <string_view>

namespace relance::rules {

/// What a key's value must be. Each has one reader in the loader and one definition in the schema.
enum class ValueType {
  playbook_id,
  step_id,
  title,
  priority,
  enroll,
  event_types,  // one or a list
  triggers,     // the same, or schedule
  schedule,
  recurrence,
  schedule_start,
  condition,
  again,
  duration,           // 0s is fine
  positive_duration,  // 0s would stop everything
  count,              // 0 is fine
  positive_count,     // 0 would stop everything
  in_flight,
  exit_reasons,
  sla,
  first_touch,
  clock,
  warn_at,
  on_breach,
  channel,
  channel_or_any,
  channels,
  touches,
  contact_hours,
  days,
  time_of_day,
  hours,
  zone,
  zone_or_lead,
  holidays,
  holiday_country,
  holiday_dates,
  holidays_by_country,
  caps,
  cap_scope,
  cap_period,
  cool_down,
  steps,
  day,
  template_name,
  on_cap,
  on_unknown,
  exceptions,
  exception_action,
  recipient,
  variants,
  variant_id,
  replacement,
  steps_or_changes,
  workflows,
  existing_playbook,
  experiment,
  experiment_unit,
  arms,
  arm_replacements,
  success,
  success_goal,
  score,
  points,
  handoff,
  handoff_then,
  guardrails,
  guardrail_metric,
  guardrail_action,
  rate,
  policy_names,
  policy_id,
  revision_number,
  date,
  sources,
  honour_max,
  policy_scope,
  country,
  policy_rules,
  policy_match,
  regions,
  one_or_more_channels,
  subject_kind,
  consent,
  consent_mode,
  plain_duration,  // positive, no business days
  consent_exceptions,
  consent_basis,
  policy_window,
  window_zone,
  zones,
  policy_holidays,
  attempts,
  yes_or_no,
  refusal,
  refusal_scope,
  registers,
  register_name,
  content,
  qualification,
  disqualifications,
  attribute_names,
  release,
  owners,
  absences,
  calendar_file,
  throttle,
  anything,  // read by other means
};

struct KeySpec {
  enum class Presence { optional, required };
  std::string_view name;
  ValueType type;
  Presence presence;
  std::string_view description;  // for the help of editors
};

struct BlockSpec {
  std::string_view name;  // as messages and the schema call it
  std::span<const KeySpec> keys;
  std::string_view description;

  const KeySpec* find(std::string_view key) const;
};

extern const BlockSpec kPlaybookBlock;
extern const BlockSpec kHouseBlock;
extern const BlockSpec kEnrollBlock;
extern const BlockSpec kScheduleBlock;
extern const BlockSpec kAgainBlock;
extern const BlockSpec kSlaBlock;
extern const BlockSpec kFirstTouchBlock;
extern const BlockSpec kTouchesBlock;
extern const BlockSpec kContactHoursBlock;
extern const BlockSpec kHolidaysBlock;
extern const BlockSpec kCapBlock;
extern const BlockSpec kCoolDownBlock;
extern const BlockSpec kStepBlock;
extern const BlockSpec kExceptionBlock;
extern const BlockSpec kVariantBlock;
extern const BlockSpec kReplacementBlock;
extern const BlockSpec kStepChangeBlock;
extern const BlockSpec kWorkflowBlock;
extern const BlockSpec kExperimentBlock;
extern const BlockSpec kSuccessBlock;
extern const BlockSpec kScoreBlock;
extern const BlockSpec kHandoffBlock;
extern const BlockSpec kOwnerBlock;
extern const BlockSpec kThrottleBlock;
extern const BlockSpec kGuardrailBlock;
extern const BlockSpec kQualificationBlock;
extern const BlockSpec kDisqualificationBlock;
extern const BlockSpec kReleaseBlock;
extern const BlockSpec kPolicyBlock;
extern const BlockSpec kPolicyScopeBlock;
extern const BlockSpec kPolicyRuleBlock;
extern const BlockSpec kPolicyMatchBlock;
extern const BlockSpec kConsentBlock;
extern const BlockSpec kConsentExceptionBlock;
extern const BlockSpec kPolicyWindowBlock;
extern const BlockSpec kAttemptsBlock;
extern const BlockSpec kRefusalBlock;
extern const BlockSpec kRegisterBlock;

std::span<const BlockSpec* const> all_blocks();

// Bounds. Far above what anyone writes; they keep sums and lists small enough to compute with.
constexpr int kHighestPriority = 100;
constexpr int kLastDay = 3650;
constexpr int kHighestCount = 1'000'000;
constexpr int kMostSteps = 200;
constexpr int kMostCaps = 50;
constexpr int kMostThrottles = 20;
constexpr int kMostExceptions = 50;
constexpr int kMostVariants = 20;
constexpr int kMostArms = 10;
constexpr int kMostScoreRules = 200;
constexpr int kMostGuardrails = 20;
constexpr int kMostDisqualifications = 50;
constexpr int kMostFields = 50;
constexpr int kMostPoints = 1'000'000;
constexpr int kMostHolidays = 5000;
constexpr int kMostCountries = 250;
constexpr int kMostOwners = 2000;
constexpr int kMostAbsences = 500;     // of one owner, besides those of a calendar
constexpr int kLongestAbsence = 1100;  // days: three years
constexpr int kMostWindows = 48;
constexpr int kMostEventTypes = 64;
constexpr int kMostPlaybooks = 1000;
constexpr int kMostPolicies = 50;  // packs, and rules of one
constexpr int kMostSources = 20;
constexpr int kMostRegisters = 10;
constexpr int kMostZones = 20;
constexpr int kMostRegions = 100;
constexpr int kLongestId = 64;
/// Besides event types, what `enroll.on` may name.
constexpr std::string_view kScheduleTrigger = "schedule";
/// What the names of attributes begin with.
constexpr std::string_view kAttributePrefix = "lead.";
constexpr int kLongestText = 200;  // titles, template names, recipients; bytes

// The closed lists of words, in the order in which messages name them.
std::span<const std::string_view> clock_names();             // wall, business
std::span<const std::string_view> in_flight_names();         // pin, migrate, end
std::span<const std::string_view> cap_scope_names();         // lead, account, playbook
std::span<const std::string_view> calendar_period_names();   // day, week
std::span<const std::string_view> on_cap_names();            // defer, skip
std::span<const std::string_view> on_unknown_names();        // park, resend
std::span<const std::string_view> on_breach_names();         // escalate
std::span<const std::string_view> exception_action_names();  // escalate
std::span<const std::string_view> experiment_unit_names();   // lead, account
std::span<const std::string_view> handoff_then_names();      // continue, exit
std::span<const std::string_view> guardrail_metric_names();  // complaint_rate, hard_bounce_rate, ...
std::span<const std::string_view> guardrail_action_names();  // halve_caps, pause
std::span<const std::string_view> holiday_country_names();   // lead, and the countries that we ship
std::span<const std::string_view> weekday_names();           // mon to sun
std::span<const std::string_view> channel_names();
std::span<const std::string_view> subject_kind_names();    // consumer, business
std::span<const std::string_view> consent_mode_names();    // opt_in, opt_out
std::span<const std::string_view> consent_basis_names();   // implied, customer: what stands in for express consent
std::span<const std::string_view> yes_or_no_names();       // true, false
std::span<const std::string_view> refusal_scope_names();   // channel, all
std::span<const std::string_view> policy_content_names();  // sender, postal_address, opt_out, ...
/// What `exit` may name besides event types: reply, opt_out, hard_bounce, complaint.
std::span<const std::string_view> exit_reason_names();

}  // namespace relance::rules
