#pragma once
// Everything the engine remembers of one lead between two events. A value: decide() takes it and changes it, the store
// and the simulator keep it. Personal data is in `LeadAttributes` and the two addresses only (the vault); the rest may
// stand in the store's plain rows. The encoding on disk is engine/store/lead_codec (field numbers never reused).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/address.h"
#include "rules/cel/value.h"
#include "rules/channel.h"
#include "rules/ids.h"
#include "rules/playbook.h"
#include "rules/time.h"
#include "rules/zone.h"

namespace relance::rules {

/// The lead's attributes: JSON values by name. Small, looked up by scanning. Personal data.
class LeadAttributes {
 public:
  using Entries = std::vector<std::pair<std::string, cel::Value>>;
  const cel::Value* find(std::string_view name) const;
  /// Sets or replaces; a null value removes the attribute (RFC 7396 at the top level).
  void set(std::string_view name, cel::Value value);
  std::string_view text(std::string_view name) const;  // empty when absent or no string
  const Entries& entries() const { return entries_; }
  void clear() { entries_.clear(); }

 private:
  Entries entries_;
};

/// An emitted touch that still matters: it counts in caps, an outcome may belong to it, or it is not handed off yet.
struct EmittedTouch {
  Instant at;
  Channel channel = Channel::email;
  PlaybookId playbook;
  std::uint32_t enrollment = 0;  // ordinal of the enrollment that emitted it
  StepId step;
  ActionId action;
  Instant due;              // when the step was due
  Instant not_after;        // after this it is cancelled (`expired`) instead of handed off
  std::uint32_t form = 0;   // Playbook::form_at() of its revision, when it was emitted
  bool handed_off = false;  // attempt.started was written: an exit cancels it no more
  bool unanswered = true;   // counts in the non-replies: no inbound interaction was handled since
};

enum class StepStatus : std::uint8_t { open = 0, emitted = 1, skipped = 2, withheld = 3 };

struct StepState {
  StepId id;
  StepStatus status = StepStatus::open;
  std::optional<std::int32_t> day;  // the `day:` it was emitted for: spacing
  std::optional<Instant> emitted_at;
};

/// The one step that has been asked and is not resolved: when it was due, and when it is asked again.
struct Asked {
  enum class Waiting : std::uint8_t { deferred = 0, held = 1 };
  StepId step;
  Instant due;
  Waiting waiting = Waiting::deferred;
  Instant until;  // deferred: the computed instant; held: never, or the instant at which the hold ended
  std::optional<Instant> expires = {};  // when it is too late, for `expires` in business days: it stands
};

struct Pause {
  bool manual = false;
  Instant since;
  std::optional<Instant> until;  // absent for a manual pause
};

struct SlaState {
  Instant started;                 // `time` of the enrolling event
  Instant deadline;                // never() when the hours do not hold that much open time
  std::optional<Instant> at_risk;  // absent once written, or without warn_at
  // As they were when it began to run: a variant that the lead takes later changes a running promise no more.
  ChannelSet channels = ChannelSet::every();
  bool escalate_on_breach = false;
};

struct ExceptionState {
  bool held_since_false = false;  // it has held since its `when` was last false
};

struct Enrollment {
  EnrollmentId id;  // enrollment_id() of subject and ordinal, kept because every record names it
  PlaybookId playbook;
  Revision revision;
  std::optional<std::uint32_t> variant;  // places in the lists of that revision
  std::optional<std::uint32_t> arm;
  std::uint32_t ordinal = 0;  // counts the lead's enrollments from 1
  Instant enrolled_at;
  Instant triggered_at;  // `time` of the enrolling event
  Instant anchor;
  std::optional<Instant> window_end;
  std::vector<StepState> steps;          // in the order of the file
  Instant wait_from;                     // from where an open `wait:` counts: last resolution, or the anchor
  std::optional<Instant> wait_due = {};  // when an open `wait:` in business days is due: it stands
  Instant ready_from;  // the open step is asked no earlier: enrollment, last resolution, end of a pause
  std::optional<Asked> asked;
  int touches = 0;              // emitted and not cancelled
  int replies = 0;              // not automatic ones, during this enrollment
  std::optional<SlaState> sla;  // absent when there is none, or it is met or breached
  std::vector<ExceptionState> exceptions;
  std::optional<std::uint32_t> holding;      // index of the exception that holds
  std::optional<Channel> validated_channel;  // escalation.resolved said so
  std::optional<Pause> pause;
  std::optional<Instant> release_at = {};  // the end of the time-box, once it has begun: it stands
};

struct PlaybookHistory {
  PlaybookId playbook;
  std::uint32_t enrollments = 0;
  std::optional<Instant> last_exit;
};

/// What one rule of the house's score has given the lead so far; only for rules with a `max`.
struct ScoreGiven {
  std::uint64_t rule = 0;  // ScoreRule::key
  std::int64_t points = 0;
};

struct CoolDownState {
  Instant until;
  PlaybookId playbook;
};

/// What the person said about being contacted, or what the law reads from the circumstances: the latest of each kind,
/// scope and proof. Kept whether or not a pack asks for it.
struct ConsentMark {
  /// Numbers are stored on disk: never reuse one. The first three are those of ConsentBasis.
  enum class Kind : std::uint8_t { express = 0, implied = 1, customer = 2, withdrawn = 3, refused = 4 };
  Kind kind = Kind::express;
  ChannelScope channels;
  Instant at;  // when it was said
  std::optional<Instant> expires;
  bool proven = false;  // there is evidence
};

/// Where the lead stands in the schedule of a playbook, from the moment when it first met it.
struct ScheduleState {
  PlaybookId playbook;
  LocalDate over;                   // occurrences up to this local date are over
  Instant next = Instant::never();  // the first one after it
  std::uint64_t basis = 0;          // of what `next` was computed from; 0: there was no start
};

struct LeadState {
  LeadId id;
  SubjectId subject;
  bool known = false;                // an event was handled: account and first_seen are fixed
  std::optional<AccountId> account;  // absent: the lead alone
  LeadAttributes attributes;
  std::optional<Address> email;  // derived from the attributes, normalised
  std::optional<Address> phone;
  bool phone_unusable = false;  // wrong_number, until the attribute gets another value
  std::optional<Zone> zone;     // derived: `timezone`, when the database knows it

  ChannelSet opted_out;  // single channels
  bool opted_out_of_all = false;
  ChannelSet complained;
  bool complained_of_all = false;
  bool erased = false;
  std::vector<ConsentMark> consent;
  /// The leads that this one was merged into, in order: what protects the person is theirs, too, and this id starts
  /// nothing any more.
  std::vector<LeadId> merged_into;
  std::vector<LeadId> merged_from;  // the leads that were merged into this one

  int non_replies = 0;
  std::optional<CoolDownState> cool_down;
  std::vector<EmittedTouch> touches;  // in order of time; pruned by decide()
  std::uint32_t enrollments = 0;      // ordinals given out
  std::vector<PlaybookHistory> history;
  std::optional<Enrollment> enrollment;   // the running one
  std::optional<Enrollment> interrupted;  // waits, paused, until the workflow that runs has ended; never without one
  std::vector<ScoreGiven> score_given;
  bool handed_over = false;              // the house's hand-off has happened, which it does once
  std::vector<ScheduleState> schedules;  // of playbooks for which it has, or had, a start

  /// The earliest instant at which something can happen to this lead without an event; never() when nothing can.
  Instant wake = Instant::never();
};

/// Derived from the subject and the ordinal of one of its enrollments.
EnrollmentId enrollment_id(const SubjectId& subject, std::uint32_t ordinal);

/// Brings the derived members (addresses, zone) in line with the attributes.
void derive(LeadState& lead);
/// The zone alone: for a store, which keeps the addresses beside the attributes (reading a phone number is slow).
void derive_zone(LeadState& lead);

}  // namespace relance::rules
