#pragma once
// What simulated leads show of one playbook: its minimum of touches, its first touch, its steps. Internal to the check.

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "engine/check/check.h"
#include "engine/check/trial.h"

namespace relance::engine {

/// Tries the playbook in every form and adds what its promises come to.
class PromiseCheck {
 public:
  PromiseCheck(const rules::Rulebook& rulebook, const rules::Playbook& playbook, SourceMap& sources,
               CheckReport& report)
      : rulebook_(rulebook), playbook_(playbook), sources_(sources), report_(report) {}
  void run();

 private:
  /// What became of one step over all trials of a form.
  struct StepHistory {
    bool emitted = false;
    std::map<std::string, std::size_t> endings;  // "withheld expired", and how often
    const Profile* profile = nullptr;            // of the first trial that it did not go out in
    LeadArrival arrival;
    StepFate fate;  // in that trial
  };
  /// What became of one step for the leads of one country and kind.
  struct LawHistory {
    bool emitted = false;
    const Profile* profile = nullptr;  // of the first trial in which a legal pack kept it back
    LeadArrival arrival;
    StepFate fate;
  };
  struct FormTrials {
    FormOf form;
    TrialRunner& runner;
    std::vector<StepHistory> steps;
    std::map<std::pair<std::string, std::string>, std::vector<LawHistory>> law{};  // by country and kind
    std::size_t trials = 0;
    bool minimum_broken = false;
    bool sla_broken = false;
    bool cut = false;  // there was more to try
  };

  void check_reachable();
  void check_disqualifications();
  void try_form(const TrialRunner::Choice& choice);
  void try_leads(FormTrials& trials, const std::vector<const Profile*>& profiles);
  ArrivalOptions arrival_options(const rules::Form& form, const std::string& country) const;
  /// A step that goes out for none of them may be the reserve for leads who lack a contact point that no condition asks
  /// for: they prove no minimum, but that it is reachable.
  void try_reserves(FormTrials& trials, const std::vector<const Profile*>& profiles);
  void try_arrivals(FormTrials& trials, const std::vector<const Profile*>& profiles,
                    const std::vector<LeadArrival>& arrivals);
  void judge(FormTrials& trials, const Profile& profile, const LeadArrival& arrival);
  void check_steps(FormTrials& trials);
  void note_law(FormTrials& trials, const Profile& profile, const LeadArrival& arrival, const Trial& trial);
  /// A step that no lead of some country and kind may lawfully get, though they have all consented.
  void check_law(FormTrials& trials);
  void report_step(FormTrials& trials, const rules::Step& step, const StepHistory& history);
  void check_times(const FormOf& form, const rules::Form& settings);

  void broken_minimum(FormTrials& trials, const Profile& profile, const LeadArrival& arrival, const Trial& trial);
  /// The time-box of leads in this form ends before the window does, where it begins as early as it can.
  void try_release(const TrialRunner::Choice& choice, const std::vector<const Profile*>& profiles);
  void check_release();
  /// False: the breach is not the playbook's fault.
  bool broken_sla(FormTrials& trials, const Profile& profile, const LeadArrival& arrival);
  std::string in_form(const FormOf& form) const;
  /// Adds the finding unless this place has one of that rule; false then.
  bool add(rules::Finding finding);
  void add(rules::Finding finding, TrialRunner& runner, const Profile& profile, const LeadArrival& arrival);

  const rules::Rulebook& rulebook_;
  const rules::Playbook& playbook_;
  SourceMap& sources_;
  CheckReport& report_;
  Facts facts_;
  Profiles profiles_;
  std::size_t trials_ = 0;
  std::size_t share_ = 0;  // of records, for each form
  bool out_of_trials_ = false;
  bool releases_ = false;  // somebody's time-box ends while the enrollment runs
  /// Steps whose skip_if kept them back in some form: findings once no form lets them go.
  std::map<std::pair<int, std::string>, bool> emitted_anywhere_;
  std::vector<std::pair<std::pair<int, std::string>, std::function<void()>>> skipped_steps_;
};

}  // namespace relance::engine
