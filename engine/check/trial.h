#pragma once
// One lead on the virtual clock (engine/simulate): it arrives, answers nothing, and what becomes of the steps is seen.
// Its calls end at the voicemail, so that every touch that can keep the promise of the first one does. Under legal
// packs it has consented to everything: what remains is what the law says to leads that may be contacted.
// Deterministic. One thread.

#include <string>
#include <vector>

#include "engine/check/arrivals.h"
#include "engine/check/profiles.h"
#include "engine/simulate/simulation.h"
#include "engine/simulate/timeline.h"

namespace relance::engine {

/// How a step ended.
struct StepFate {
  enum class Kind { open, emitted, skipped, withheld };
  Kind kind = Kind::open;
  std::string rule;      // of skipped and withheld; of open ones what ended the enrollment, when that is known
  std::string reason;    // of a rule that has one: a legal pack's
  std::string deferral;  // the rule that deferred it last; empty: none did
};

struct Trial {
  bool enrolled = false;
  bool excepted = false;  // an exception held: a person decides how it goes on
  bool disqualified = false;
  bool released = false;    // its time-box ended first
  bool other_form = false;  // the date or its own touches brought another variant
  bool shortfall = false;
  /// The first touch is promised, and either it came too late or the enrollment ended without one that could be it.
  bool sla_missed = false;
  bool first_touched = false;  // on a channel of the SLA, whenever
  int touches = 0;
  std::vector<StepFate> steps;          // of the form, in its order
  std::vector<TimelineEntry> timeline;  // when it was asked for
};

/// Runs trials of one playbook alone, in one form.
class TrialRunner {
 public:
  /// `arm`: the one that every lead gets. `forced_variant`: the one that every lead gets, whatever its `when` says.
  struct Choice {
    std::optional<std::uint32_t> variant;
    std::optional<std::uint32_t> arm;
    bool force_variant = false;
    /// Every lead's time-box begins as it enters, whatever `release.when` says. Otherwise one with a `when` never does:
    /// it is for leads that have come further than those that answer nothing.
    bool force_release = false;
  };
  TrialRunner(const rules::Rulebook& rulebook, const rules::Playbook& playbook, const Choice& choice);

  const rules::Form& form() const { return *form_; }
  Trial run(const Profile& profile, const LeadArrival& arrival, bool with_timeline = false);
  std::size_t count() const { return count_; }
  /// What the trials cost: the records they wrote.
  std::size_t records() const { return records_; }

 private:
  bool is_first_touch(rules::Channel channel) const;
  void note(const rules::Record& record, Trial& trial) const;
  void grant_consent(Simulation& simulation, rules::Instant at) const;

  rules::Rulebook rulebook_;
  const rules::Form* form_ = nullptr;
  std::string variant_;  // its id; empty: none
  rules::EventType trigger_;
  Outcomes outcomes_;
  std::size_t count_ = 0;
  std::size_t records_ = 0;
};

}  // namespace relance::engine
