#pragma once
// What a ledger says about experiments: who was assigned to which arm, whether the arms got the shares that they should
// have got, and, only then and only with enough leads, what they came to. Pure; any thread. How the figures are
// computed and where that comes from: engine/report/statistics.h.
//
// What is counted is the experiment's unit: leads, or accounts. Arms are drawn by unit, so only units are independent
// of each other. A unit counts once in a revision, in the arm that it was assigned to first.
//
// A success is an enrollment that ended by what the experiment calls one, in `success.within` of the unit's assignment.
// With `within`, only units count that were assigned that long before the end of the ledger: a lead of yesterday has
// not failed yet. What happens after an enrollment has ended leaves no record of it and is not known here.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "engine/report/ledger_facts.h"
#include "engine/report/statistics.h"
#include "rules/playbook.h"

namespace relance::engine {

/// Below it chance alone is no explanation for shares that differ from the weights: the assignment, or what was
/// counted, is broken.
constexpr double kMismatchBelow = 0.001;

/// What the report must know of an experiment, from one revision of a playbook.
struct ExperimentPlan {
  struct Arm {
    std::string id;
    std::uint64_t weight = 1;
    bool is_control = false;
    bool is_holdout = false;
  };
  std::string playbook;
  std::string revision;
  bool in_force = true;  // false: an earlier revision
  std::string experiment;
  bool by_account = false;
  std::vector<Arm> arms;
  /// Reasons of lead.exited that are a success.
  std::vector<std::string> success_reasons;
  std::optional<rules::Duration> success_within;
  std::uint64_t min_per_arm = 0;
  /// Why the ledger cannot compare the arms, for a person; empty when it can.
  std::string not_comparable;
};

/// nullopt: the playbook has no experiment.
std::optional<ExperimentPlan> plan_of(const rules::Playbook& playbook, bool in_force);

enum class Verdict {
  unknown_revision,  // none of the folders has it: no weights, no min_per_arm
  mismatch,          // the alarm: the shares are not those of the weights
  not_comparable,    // the arms are not observed alike
  too_few,           // fewer than min_per_arm, or too few to check the ratio
  effect,
};
std::string_view to_string(Verdict verdict);

/// Only there where the verdict is `effect`.
struct ArmEffect {
  std::uint64_t converted = 0;  // of `observed`
  Interval interval;            // of converted / observed
  std::optional<Difference> to_control;
  std::map<std::string, std::uint64_t> exits;  // enrollments, by reason
};

struct ArmResult {
  std::string id;
  bool is_control = false;
  bool is_holdout = false;
  std::uint64_t weight = 0;  // 0: the revision is unknown
  std::uint64_t assigned = 0;
  double expected = 0;           // of `assigned`, by the weights
  std::uint64_t observed = 0;    // for all of success.within
  std::uint64_t touches = 0;     // that were not taken back
  std::uint64_t opted_out = 0;   // units with an opt-out of any channel since, complaints apart
  std::uint64_t complained = 0;  // units
  std::optional<ArmEffect> effect;
};

struct ExperimentResult {
  std::string experiment;  // empty: the revision is unknown
  std::string playbook;
  std::string revision;
  bool in_force = false;
  bool by_account = false;
  std::uint64_t min_per_arm = 0;
  std::optional<rules::Duration> success_within;
  std::optional<rules::Instant> first;  // assignment
  std::optional<rules::Instant> last;
  std::uint64_t in_two_arms = 0;  // units that were assigned to another arm later; they count in the first
  std::optional<GoodnessOfFit> ratio;
  Verdict verdict = Verdict::too_few;
  std::string message;          // what it means and what to do, for a person
  std::vector<ArmResult> arms;  // in order of the file
};

struct ExperimentReport {
  std::optional<rules::Instant> until;        // of the last record that counts; nullopt: there is none
  std::vector<ExperimentResult> experiments;  // by playbook; the revision in force first, then the latest
  bool alarm() const;                         // a mismatch
};

/// `until`: leaves out what came later; absent: the last record's instant. The error is in_order()'s.
[[nodiscard]] tl::expected<ExperimentReport, std::string> report_experiments(const std::vector<ExperimentPlan>& plans,
                                                                             const LedgerFacts& facts,
                                                                             std::optional<rules::Instant> until);

/// What the command does not report yet, for every form of the report.
extern const std::string_view kOnlyExperiments;

/// For people, for programs, for a spreadsheet (RFC 4180), and as one page that needs nothing from outside.
std::string experiments_text(const ExperimentReport& report);
std::string experiments_json(const ExperimentReport& report);
std::string experiments_csv(const ExperimentReport& report);
std::string experiments_html(const ExperimentReport& report);

}  // namespace relance::engine
