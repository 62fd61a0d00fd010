#pragma once
// Why a lead gets no touch at this instant, or that it gets one, and what comes next if nothing happens. Asks the code
// that decides (steps, gate, caps), on a copy of the lead: nothing is changed, nothing is decided a second way.
// Pure; holds no reference to what it was made from. Threads: the neighbourhood's.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rules/decide.h"
#include "rules/owners.h"

namespace relance::rules {

/// Where the author wrote the rule: keys of maps, and ids or places of items of lists.
struct RulePlace {
  enum class File { none, playbook, house };
  File file = File::none;
  std::vector<std::string> keys;  // {"caps", "0"}, {"steps", "intro-call", "skip_if"}
};

/// A touch that a cap counts.
struct CountedTouch {
  Instant at;
  std::optional<Channel> channel;  // absent: of another lead of the account
  std::string playbook;
  std::string step;
};

/// What a rule looked at.
struct OptOutFacts {
  bool all_channels = false;
  std::optional<Instant> withdrawn;  // no opt-out: consent was withdrawn then
};
struct PolicyFacts {
  std::string clause;  // PolicyVerdict::reason
  std::string packs;   // those that apply
};
struct SuppressedFacts {
  struct Row {
    Address::Kind kind = Address::Kind::email;
    ChannelScope scope;
    std::optional<SuppressionCause> cause;  // absent: the list does not say
  };
  bool complained = false;  // this lead itself
  std::vector<Row> rows;
};
struct HoldFacts {
  std::string condition;  // of the exception that holds; empty: only `validated` is open
  std::string to;
  std::optional<Channel> validated;
};
struct PauseFacts {
  Instant since;
  bool manual = false;
};
struct CoolDownFacts {
  std::string playbook;
  int non_replies = 0;
};
struct SpacingFacts {
  std::string step;  // of an earlier day, emitted on this local date
  Instant at;
};
struct AbsenceFacts {
  std::string owner;
  Instant back;  // the midnight that ends the absence; the touch may have to wait longer for open hours
};
struct ThrottleFacts {
  std::string owner;
  Throttle throttle;
};
struct CapFacts {
  Cap cap;
  std::vector<CountedTouch> counted;  // oldest first
};
struct HoursFacts {
  Instant now;
  Zone zone;
  bool day_is_open = true;
  bool holiday = false;
  std::vector<OpenWindow> windows;
};
struct DueFacts {
  Instant due;
};
struct ConditionFacts {
  std::string condition;
};
struct LimitFacts {
  int limit = 0;
};
using RuleFacts =
    std::variant<std::monostate, OptOutFacts, SuppressedFacts, HoldFacts, PauseFacts, CoolDownFacts, SpacingFacts,
                 CapFacts, HoursFacts, DueFacts, ConditionFacts, LimitFacts, PolicyFacts, AbsenceFacts, ThrottleFacts>;

/// One thing that stands between now and the touch.
struct Obstacle {
  enum class Effect {
    waits,     // until `until`
    held,      // until an event or a person ends it
    withheld,  // the step would be given up
    skipped,   // the same, by its own rule
    ended,     // there is no step to ask
  };
  Effect effect = Effect::waits;
  /// A rule id of the language page, or: qualification:<reason>, not_enrolled, merged, no_open_step, not_due,
  /// asked_later.
  std::string rule;
  std::optional<Instant> until;
  RuleFacts facts;
  RulePlace place;
};

struct WhyStep {
  std::string id;
  Channel channel = Channel::email;
  Instant due;
  Instant asked_at = Instant::never();  // when it is asked (again); never() while held or paused
  bool was_asked = false;               // and deferred or held
  RulePlace place;
};

struct WhyEnrollment {
  PlaybookId playbook;
  Revision revision;
  std::string variant;  // empty: none
  std::string arm;
  std::optional<std::uint32_t> variant_index;
  std::optional<std::uint32_t> arm_index;
  Instant enrolled_at;
  Instant anchor;
  std::optional<Instant> window_end;
  int touches = 0;
  int min = 0;
  std::optional<int> max;
  std::optional<Instant> sla_deadline;  // of a promise that still runs
  std::optional<Instant> release_at;    // the end of the time-box, once it has begun
  std::vector<std::string> unknown;     // attributes of `qualification.fields` that the lead does not have yet
};

/// A touch that was emitted and not handed off: what the gate's second asking says of it now.
struct WaitingTouch {
  std::string playbook;
  std::string step;
  Channel channel = Channel::email;
  Instant emitted_at;
  Instant not_after;
  std::string rule;  // empty: it may go
  std::optional<Instant> until;
  bool cancelled = false;  // it would be
};

/// When a schedule would enroll the lead next, if its `when` holds then and nothing blocks.
struct WhySchedule {
  PlaybookId playbook;
  Instant next;
};

struct Why {
  Instant now;
  Zone zone;  // of the lead
  std::optional<WhyEnrollment> enrollment;
  std::optional<PlaybookId> interrupted;
  std::optional<WhyStep> step;
  /// Everything that speaks now, in the order in which it is asked; empty: the touch goes out now.
  std::vector<Obstacle> obstacles;
  std::vector<WaitingTouch> waiting;
  std::vector<WhySchedule> schedules;
  /// What will be written down if no event comes: up to the next touch that goes out, and no more than 12 records.
  std::vector<Record> next;
};

/// `lead` must be known. What it says holds for this very instant, after the work that is due now.
Why explain(const LeadState& lead, const DecisionContext& context);

/// Where the author wrote the rule that a record names; `step`: of the record.
RulePlace place_of(std::string_view rule, std::string_view step, const Form& form, const House& house);

/// A deferral by a cap in the past, as the ledger has it.
struct PastDeferral {
  EnrollmentId enrollment;
  Instant at;
  std::string rule;
  Instant until;
};
/// What the cap had counted then, from what is still remembered: the first cap of that rule that, asked again with the
/// touches of before, frees at the very instant that was recorded. nullopt when that is no longer known (an enrollment
/// that has ended, touches that were cancelled since).
struct Recount {
  CapFacts facts;
  RulePlace place;
};
std::optional<Recount> recount(const LeadState& lead, const PastDeferral& deferral, const DecisionContext& context);

}  // namespace relance::rules
