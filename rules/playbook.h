#pragma once
// The playbook model: what a file of the language says, checked and complete, as values. Built only by the loader
// (rules/loader.h); everything here is immutable once loaded, so it may be read from any thread.
// Source: playbook-language.md; units: Duration is milliseconds, rates are parts per million.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rules/cel/expression.h"
#include "rules/channel.h"
#include "rules/contact_hours.h"
#include "rules/event.h"
#include "rules/ids.h"
#include "rules/policy.h"
#include "rules/recurrence.h"
#include "rules/time.h"
#include "rules/zone.h"

namespace relance::rules {

/// Where something stands in the author's files: 1-based; `file` as given to the loader.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};

/// The variables of a condition, in the order in which Bindings::variable numbers them.
enum class ConditionVariable : std::size_t { lead = 0, account = 1, event = 2, now = 3, enrollment = 4 };
const std::vector<cel::Variable>& condition_variables();

struct Condition {
  cel::Expression expression;
  Position position;
};

struct Again {
  Span after;
  std::optional<int> max;  // enrollments in all; absent: unlimited
};

/// `schedule:` of enroll: the local dates on which leads are enrolled without an event.
struct Schedule {
  Recurrence recurrence;
  std::variant<LocalDate, std::string> start;  // a date, or the name of the lead's attribute that has one
  LocalTime at;
  std::uint64_t key = 0;  // of all this: knows a schedule that has changed
};

struct Enroll {
  std::vector<EventType> on;
  std::optional<Schedule> schedule;  // then `on` is empty
  std::optional<Condition> when;
  std::optional<Again> again;  // absent: once per lead, or as often as the schedule says
};

enum class InFlight { pin, migrate, end };

struct Sla {
  enum class Clock { wall, business };
  Span within;
  Clock clock = Clock::wall;
  std::optional<std::int32_t> warn_at_ppm;  // 750'000 for 75%
  bool escalate_on_breach = false;
  ChannelSet channels = ChannelSet::every();
};

struct Touches {
  int min = 0;
  std::optional<int> max;
  std::optional<Span> within;
};

struct Cap {
  enum class Scope { lead, account, playbook };
  enum class Calendar { day, week };
  Scope scope = Scope::lead;
  std::optional<Channel> channel;  // absent: any
  int max = 0;                     // >= 1
  std::variant<Calendar, Span> per;
};
/// "cap:lead:any", "cap:account:email": the rule id that a record carries.
std::string rule_id(const Cap& cap);

struct CoolDown {
  int after = 0;
  Span pause;
};

struct OnDay {
  int day = 0;
  std::optional<LocalTime> at;
};
struct AfterWait {
  Span wait;
};

struct Step {
  StepId id;
  Channel channel = Channel::email;
  std::variant<OnDay, AfterWait> when;
  std::optional<Span> expires;
  std::optional<Condition> skip_if;
  std::optional<Condition> requirement;      // `requires`: without it the step is withheld
  bool skip_on_cap = false;                  // `on_cap: skip`; default defer
  bool resend_on_unknown = false;            // `on_unknown: resend`; default park
  std::optional<std::string> template_name;  // "smb-inbound/context"
  Position position;
};

struct Exception {
  Condition when;
  std::string to;  // who is told; default "manager"
};

/// The part of a playbook that variants and arms may replace: what an enrollment is run by.
struct Form {
  std::optional<Sla> sla;
  Touches touches;
  std::optional<ContactHours> contact_hours;
  std::vector<Cap> caps;  // the house's first, then the playbook's own
  std::optional<CoolDown> cool_down;
  std::vector<Step> steps;
  Zone fallback_zone;  // contact_hours.fallback_zone, else the house's zone, else UTC

  const Step* find_step(const StepId& id) const;
};

/// Keys that come in the place of a single step's.
struct StepChange {
  StepId id;
  std::optional<Channel> channel;
  std::optional<int> day;
  std::optional<LocalTime> at;
  std::optional<Span> wait;
  std::optional<Span> expires;
  std::optional<Condition> skip_if;
  std::optional<Condition> requirement;  // `requires`: without it the step is withheld
  std::optional<bool> skip_on_cap;
  std::optional<bool> resend_on_unknown;
  std::optional<std::string> template_name;
  Position position;
};

/// `replace:` of a variant or an arm: whole keys, or keys of single steps.
struct Replacement {
  std::optional<Sla> sla;
  std::optional<Touches> touches;
  std::optional<ContactHours> contact_hours;  // with a fallback_zone: the house's when it names none
  std::optional<std::vector<Cap>> caps;       // the house's first
  std::optional<CoolDown> cool_down;
  std::optional<std::vector<Step>> steps;
  std::vector<StepChange> step_changes;  // never together with `steps`
};

struct Variant {
  std::string id;
  Condition when;
  Replacement replace;
  Position position;
};

struct Arm {
  std::string id;
  int weight = 1;
  std::optional<Replacement> replace;
  Position position;

  /// Nothing is sent to its leads: what would have happened anyway.
  bool is_holdout() const { return id == "holdout"; }
};

struct Experiment {
  enum class Unit { lead, account };
  std::string id;
  Unit unit = Unit::lead;
  std::vector<Arm> arms;  // in the order of the file; the choice depends on it
  /// What counts as a success; no type: any goal of the playbook.
  std::vector<EventType> success_goal;
  std::optional<Span> success_within;
  int min_per_arm = 0;
  Position position;
};

/// `on:`: the event starts another playbook for a lead that is enrolled in this one.
struct Workflow {
  EventType on = EventType::lead_created;
  PlaybookId start;
  Position position;
};

/// `guardrails:`: a rate over the playbook's leads, and what happens when it is above a limit.
struct Guardrail {
  /// What is counted, over the touches emitted.
  enum class Metric { complaint_rate, hard_bounce_rate, opt_out_rate, wrong_number_rate };
  enum class Action { halve_caps, pause };
  Metric metric = Metric::complaint_rate;
  std::int32_t above_ppm = 0;
  Duration over;        // looks back that far, in whole hours
  int min_touches = 1;  // fewer touches say nothing
  std::optional<Action> action;
  std::string flag;  // for people, empty: none; one of the two is there
  Position position;
};

/// `qualification`: which leads are worth the effort. One of whom a condition holds is let go early, with a reason.
struct Disqualification {
  Condition when;
  std::string reason;            // an id: "budget"
  std::optional<PlaybookId> to;  // the playbook that the lead is recycled into
};
struct Qualification {
  std::vector<std::string> fields;  // attributes that people are to find out; they decide nothing
  std::vector<Disqualification> disqualify;
};

/// `release`: the time in which a lead has to decide. Then it is let go.
struct Release {
  Span after;
  std::optional<Condition> when;  // the time begins when it first holds; absent: at the anchor
  std::optional<PlaybookId> to;
};

struct Playbook : Form {
  PlaybookId id;
  Revision revision;
  std::string title;
  int priority = 50;
  Enroll enroll;
  InFlight in_flight = InFlight::pin;
  std::vector<EventType> goal;
  std::vector<EventType> exit_types;  // event types that `exit` lists besides the named ones below
  bool exit_on_reply = true;
  std::vector<Variant> variants;
  std::vector<Exception> exceptions;
  std::vector<Workflow> workflows;
  std::optional<Experiment> experiment;
  std::vector<Guardrail> guardrails;
  Qualification qualification;
  std::optional<Release> release;
  Position position;
  /// The canonical form (JSON, one line) whose SHA-256 is `revision`: what the store keeps for pinned enrollments. It
  /// includes what the house adds (caps, zone) and holiday dates read from .ics files.
  std::string canonical;
  /// Every form but the file's own, by variant and arm; see form(). Filled by the loader (rules/forms.h).
  std::vector<Form> replaced_forms;

  /// What an enrollment with this variant and arm (places in the lists above) is run by.
  const Form& form(std::optional<std::uint32_t> variant, std::optional<std::uint32_t> arm) const;
  /// The form at a place (rules/forms.h); the file's own when there is no such place.
  const Form& form_at(std::size_t place) const;
  const Workflow* find_workflow(EventType type) const;
};

/// `score:` of the house: points for what leads do.
struct ScoreRule {
  std::vector<EventType> on;
  std::optional<Condition> when;
  int points = 0;
  std::optional<int> max;  // of the sum that the rule ever gives one lead
  /// Knows the rule again when the house file changes: of `on`, `when`, and how many rules before it have both.
  std::uint64_t key = 0;
};

/// `handoff:` of the house: the score at which a person takes over.
struct Handoff {
  int at = 0;
  std::string to = "owner";
  bool exit = false;  // `then: exit`
};

struct Owners;  // rules/owners.h

/// What is true for all playbooks of a folder.
struct House {
  Zone zone;
  std::vector<Cap> caps{};
  std::vector<ScoreRule> score{};
  std::optional<Handoff> handoff{};
  /// The legal packs that apply, in the order in which they are named. They belong to no revision: law changes on its
  /// date for enrollments that began before it, too. Records of touches name the content that decided.
  std::vector<std::shared_ptr<const PolicyPack>> policies{};
  /// What is known of the people who own leads; null: nothing. No part of any revision either: who is away is away for
  /// every lead.
  std::shared_ptr<const Owners> owners{};
};

/// Every playbook that decisions may need: the current ones, and older revisions that enrollments are pinned to.
class Rulebook {
 public:
  Rulebook() = default;
  Rulebook(House house, std::vector<Playbook> current);

  /// Adds a revision that only pinned enrollments use; no effect when it is known already.
  void add_pinned(Playbook playbook);
  /// The same for every revision that the other one knows.
  void keep_revisions_of(const Rulebook& earlier);

  const House& house() const { return house_; }
  /// Sorted by priority (high first), then id.
  const std::vector<std::shared_ptr<const Playbook>>& current() const { return current_; }
  /// Current playbooks that `type` may enroll into, in the order in which they are judged.
  const std::vector<const Playbook*>& candidates(EventType type) const;
  /// Current playbooks with a schedule, in the order in which they are judged.
  const std::vector<const Playbook*>& scheduled() const { return scheduled_; }
  const Playbook* find(const PlaybookId& id) const;  // current revision
  /// A current playbook, or one that pinned enrollments may still use, has this id.
  bool knows(const PlaybookId& id) const;
  const Playbook* find(const PlaybookId& id, const Revision& revision) const;
  /// How far back emitted touches of the scope count in any rolling cap; at least 8 days (calendar weeks).
  Duration longest_cap_period() const { return longest_cap_period_; }

 private:
  House house_;
  std::vector<std::shared_ptr<const Playbook>> current_;
  std::vector<std::pair<PlaybookId, const Playbook*>> by_id_;  // current only; owned by current_; ids are unique
  std::map<Revision, std::shared_ptr<const Playbook>> by_revision_;
  std::array<std::vector<const Playbook*>, kEventTypeCount> candidates_;
  std::vector<const Playbook*> scheduled_;
  Duration longest_cap_period_ = kDay * 8;
};

}  // namespace relance::rules
