#pragma once
// Applies decisions to a partition's store: the one loop around rules::decide that daemon, simulator and tests share.
// Stages everything in the store and never commits: whoever owns the store decides how many decisions make a batch.
// Owner: the caller's thread only; store, rulebook in use and effects outlive the processor.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "engine/ports/partition_store.h"

namespace relance::engine {

/// What the surroundings do with the effects of a decision, before the same commit.
class ProcessorEffects {
 public:
  virtual ~ProcessorEffects() = default;
  virtual void emitted(rules::LeadState& lead, const rules::EmitTouch& effect) = 0;
  virtual void escalated(const rules::LeadState& lead, const rules::Escalate& effect) = 0;
  virtual void cancelled(const rules::LeadState& lead, const rules::CancelTouch& effect) = 0;
};

class Processor {
 public:
  Processor(const rules::Rulebook& rulebook, PartitionStore& store, ProcessorEffects& effects)
      : rulebook_(&rulebook), store_(store), effects_(effects) {}

  /// Decides by another rulebook from now on. It must hold every revision that an enrollment is pinned to.
  void use(const rules::Rulebook& rulebook) { rulebook_ = &rulebook; }
  /// Leads follow a folder that was published at that instant; nullopt: all have.
  void following_since(std::optional<rules::Instant> published) { published_ = published; }
  /// Leaves occurrences of schedules that come later.
  void take_occurrences_until(rules::Instant last) { occurrences_until_ = last; }

  /// The engine's clock: the latest instant that was handled. It never runs backwards.
  rules::Instant clock() const { return clock_; }
  /// Moves the clock forward without any work; for a daemon that starts or idles.
  void advance(rules::Instant now) {
    if (now > clock_) clock_ = now;
  }

  enum class Handled { yes, duplicate };
  /// The instant at which the event would be handled: the later of the clock and its time.
  rules::Instant instant_of(const rules::Event& event) const { return std::max(clock_, event.time); }
  /// It was handled already: handling it changes nothing, so no work is due for it either.
  bool is_duplicate(const rules::Event& event);
  /// Handles the event at instant_of(event), dropping a duplicate. Work due strictly before must have been done.
  Handled handle(const rules::Event& event);
  /// The same at the clock as it stands: an event whose time lies ahead does not move it.
  Handled handle_now(const rules::Event& event);
  /// The same without asking for duplicates: an event that the engine itself made (outcomes).
  void handle_own(const rules::Event& event);

  /// When something is due next; nullopt when nothing is.
  std::optional<rules::Instant> next_due();
  /// Does the first piece of due work if its instant is at or before `until`, with the clock at the later of its
  /// instant and `no_earlier_than` (a daemon that is late lives in the present). False when nothing was due.
  bool do_next_due(rules::Instant until, rules::Instant no_earlier_than = rules::Instant::earliest());

  /// The lead's enrollments follow the rulebook, whose folder was published.
  rules::InFlightChanges follow_published(rules::LeadState& lead);

  /// A halt has ended: what it held for the lead is asked again.
  void resume_held(rules::LeadState& lead);

  /// The gate's second asking, for the dispatcher.
  rules::HandOff hand_off(const rules::LeadId& lead, const rules::ActionId& action, const rules::Revision& revision);

  /// What the gate would say if that action came back. Changes nothing.
  rules::HandOff preview_hand_off(const rules::LeadState& lead, const rules::ActionId& action,
                                  const rules::Revision& revision) {
    return rules::preview_hand_off(lead, action, revision, context());
  }

  /// A ledger record about an action that no decision makes (attempts).
  void append(const rules::LeadState& lead, const rules::Record& record, std::string_view cause);

 private:
  void decide_event(const rules::Event& event);
  /// Saves the lead, appends the records and carries the effects out, those that concern other leads included.
  void settle(rules::LeadState& lead, std::string_view cause);
  void end_carriers(const rules::LeadId& by, const std::vector<rules::Address>& addresses, std::string_view cause);
  void merge(const rules::LeadId& from, const rules::MergeInto& effect, std::string_view cause);
  rules::LeadState& lead_of(const rules::LeadId& id);
  rules::DecisionContext context() { return {*rulebook_, store_, clock_, published_, occurrences_until_}; }

  const rules::Rulebook* rulebook_;
  PartitionStore& store_;
  ProcessorEffects& effects_;
  rules::Instant clock_ = rules::Instant::earliest();
  std::optional<rules::Instant> published_;
  rules::Instant occurrences_until_ = rules::Instant::never();
  rules::Decision decision_;  // reused: no allocation per event
};

}  // namespace relance::engine
