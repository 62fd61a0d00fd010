#pragma once
// The decision: what one event, or one instant, does to one lead. Pure and deterministic: no clock, no I/O, no
// randomness; the same inputs give the same records on every machine. Daemon, simulator, backtest and tests call this
// and nothing else. Source: playbook-language.md, "One event, in this order", "When a step runs", "The gate".
//
// Threads: one writer per neighbourhood (partition); no global state.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event.h"
#include "rules/lead_state.h"
#include "rules/operations.h"
#include "rules/playbook.h"
#include "rules/record.h"

namespace relance::rules {

/// What the caller must make happen, in order, in the same atomic commit as the records.
struct EmitTouch {
  EmittedTouch touch;
  Revision revision;
  EnrollmentId enrollment;
  std::optional<std::string> template_name;
  bool resend_on_unknown = false;  // another attempt after an unknown outcome, at the risk of a second message
};
/// Tell a person: `relance.action.escalate`.
struct Escalate {
  ActionId action;
  PlaybookId playbook;
  Revision revision;
  std::string rule;    // "exception", "sla"
  std::string to;      // "manager", ...
  std::string reason;  // one sentence
  Instant at;
};
/// An emitted touch that was not handed off will not go out: `relance.action.cancel`.
struct CancelTouch {
  ActionId action;
  Channel channel;
  std::string rule;
};
/// Every other lead that carries one of these addresses: call decide_carrier() for each, in order of their ids, before
/// the next event. Only an opt-out from all asks for it.
struct EndCarriers {
  std::vector<Address> addresses;
};
/// What the causing event says for the person beyond the lead that it names; empty for the merge itself.
struct MergeNews {
  std::string_view exit_reason = {};  // "opt_out", "complaint", "hard_bounce": ends the other's enrollment
  std::string_view intake = "agent";
  std::optional<Address> bounced = {};  // a hard bounce concerns only who has that address
};
/// The lead was merged into `into`, now or earlier: call decide_merge() for it, and for all that it was merged into in
/// turn, each once, before the next event.
struct MergeInto {
  LeadId into;
  MergeNews news;
};
using Effect = std::variant<EmitTouch, Escalate, CancelTouch, EndCarriers, MergeInto>;

/// Reasons and dates of a suppression row; the address itself is stored as a keyed hash only.
struct Suppression {
  Address address;
  ChannelScope scope;
  std::string_view cause;  // "opt_out", "hard_bounce", "complaint", "erasure"
  std::string_view intake;
  Instant at;
};

/// What the list knows of a row: why it is there.
struct SuppressionCause {
  std::string cause;
  std::string intake;
  Instant at;
};

/// A touch as the account's caps count it.
struct AccountTouch {
  Instant at;
  Channel channel = Channel::email;
  ActionId action;
};

/// What one decision may look at and change beyond its own lead. Implemented by the store and by the simulator; calls
/// see the effect of earlier calls in the same decision. Not thread-safe: one writer.
class Neighbourhood {
 public:
  virtual ~Neighbourhood() = default;
  /// A row for exactly this address and scope exists.
  virtual bool is_suppressed(const Address& address, ChannelScope scope) = 0;
  /// Why that row is there, for people; nullopt when there is none, or the list does not remember.
  virtual std::optional<SuppressionCause> suppression_cause(const Address&, ChannelScope) { return std::nullopt; }
  /// Adds the row; no effect when it is there.
  virtual void suppress(const Suppression& suppression) = 0;
  /// Touches of all leads of the account, in order of time; the reference stays valid until the next call.
  virtual const std::vector<AccountTouch>& account_touches(const AccountId& account) = 0;
  /// Appends the touch (never earlier than the last one) and may forget those before `keep_since`.
  virtual void add_account_touch(const AccountId& account, const AccountTouch& touch, Instant keep_since) = 0;
  /// The touch was cancelled: it no longer counts.
  virtual void remove_account_touch(const AccountId& account, const ActionId& action) = 0;
  /// Halts and rates of the partition.
  virtual const Operations& operations() = 0;
  /// The same, to be changed: part of the next commit. The reference stays valid until then.
  virtual Operations& change_operations() = 0;
};

struct Decision {
  std::vector<Record> records;
  std::vector<Effect> effects;
  bool attributes_changed = false;  // the vault row must be written; the address index as well

  void clear() {
    records.clear();
    effects.clear();
    attributes_changed = false;
  }
};

struct DecisionContext {
  const Rulebook& rulebook;
  Neighbourhood& neighbourhood;
  Instant now;  // the engine's clock: never before an earlier call's
  /// While leads still follow a folder: when it was published. Who was known then met its schedules at that instant.
  std::optional<Instant> published = {};
  /// Occurrences of schedules after this instant are left: nothing else would ever end a simulation.
  Instant occurrences_until = Instant::never();
};

/// Handles one event that is no duplicate. `lead` may be new (`known` false; id and subject set by the caller). Appends
/// to `out`, changes `lead` (its `wake` included).
void decide(LeadState& lead, const Event& event, const DecisionContext& context, Decision& out);

/// Does one piece of the work that is due at `context.now` (first kind in the language's order: end of a pause, end of
/// a cool-down, release, due step, end without a window, sla.at_risk, sla.breached, end of the window, occurrence of a
/// schedule). False, and nothing changed but perhaps `wake`, when nothing is due. Call again while `lead.wake <= now`;
/// events of this very instant go between two calls.
bool decide_due(LeadState& lead, const DecisionContext& context, Decision& out);

/// `lead` carries an address that another lead's opt-out from all covers: its enrollment ends as `opt_out`.
void decide_carrier(LeadState& lead, const DecisionContext& context, Decision& out);

/// `from` was merged into `lead`: what protects the person (opt-outs, complaints, an erasure) moves along.
void decide_merge(LeadState& lead, const LeadState& from, const MergeNews& news, const DecisionContext& context,
                  Decision& out);

/// What a published folder does to one enrollment: `in_flight` of the current file, when it is not the one that the
/// enrollment is run by. A file that is gone pins.
enum class InFlightChange { none, pinned, migrated, ended };
struct InFlightChanges {
  InFlightChange running = InFlightChange::none;
  InFlightChange interrupted = InFlightChange::none;
  /// Migrated, and the step that would be next is not in the new file.
  bool running_loses_step = false;
  bool interrupted_loses_step = false;
};
/// What decide_published() would do; changes nothing.
InFlightChanges in_flight_changes(const LeadState& lead, const Rulebook& rulebook);
/// The folder was published: the lead's enrollments follow it. Doing it twice changes nothing.
InFlightChanges decide_published(LeadState& lead, const DecisionContext& context, Decision& out);

/// The lead stands in every schedule of the rulebook as its attributes have it, and in no other.
bool follows_schedules(const LeadState& lead, const Rulebook& rulebook);

/// A step of the lead is held because something is halted.
bool waits_for_resume(const LeadState& lead);
/// A halt has ended: such a step is asked again now, and held again when another halt covers it. Doing it twice changes
/// nothing.
void decide_resumed(LeadState& lead, const DecisionContext& context, Decision& out);

/// The gate's second asking, at the last instant before a connector is called.
struct HandOff {
  enum class Answer { go, wait, cancelled };
  Answer answer = Answer::cancelled;
  Instant until;     // wait: ask again then at the latest (never() while only an event can end the wait)
  std::string rule;  // wait and cancelled
  // Of the legal packs, when they cancel: why, and which.
  std::string_view reason = {};
  std::string packs = {};
};
/// `revision`: the one that emitted the action. `go`: the touch is marked as handed off and the caller must write
/// attempt.started durably before the connector is called. `cancelled`: touch.cancelled is in `out` and the touch
/// counts no longer. `wait`: nothing is recorded. An action that the state does not know (any more) is `cancelled`
/// without a record: it fails closed.
HandOff decide_hand_off(LeadState& lead, const ActionId& action, const Revision& revision,
                        const DecisionContext& context, Decision& out);

/// What that would answer for an action that was handed off already, if it came back. Changes nothing.
HandOff preview_hand_off(LeadState lead, const ActionId& action, const Revision& revision,
                         const DecisionContext& context);

/// The touch left without a second asking (the simulator, where it completes at the instant it is emitted).
void mark_handed_off(LeadState& lead, const ActionId& action);
/// The attempt came to nothing, or nobody knows to what: before another one the gate is asked again.
void take_back(LeadState& lead, const ActionId& action);

/// The lead's variables in a condition, for templates, `relance eval` and explain: `lead`, `account`, `enrollment`.
cel::Value lead_variable(const LeadState& lead);
cel::Value account_variable(const LeadState& lead);
cel::Value enrollment_variable(const LeadState& lead);

}  // namespace relance::rules
