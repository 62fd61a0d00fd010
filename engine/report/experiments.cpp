#include "engine/report/experiments.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace relance::engine {

using rules::Instant;
using Kind = LedgerFact::Kind;

namespace {

/// A lead or an account in one revision of an experiment.
struct Unit {
  std::size_t arm = 0;
  Instant assigned;
  bool in_two_arms = false;
  bool converted = false;
  bool opted_out = false;
  bool complained = false;
  std::uint64_t touches = 0;
};

/// A name that only the ledger has may be anything: it stays on its line.
std::string printable(std::string_view name) {
  std::string text(name);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return text;
}

/// What the ledger has of one revision.
struct Tally {
  const ExperimentPlan* plan = nullptr;  // nullptr: unknown
  Name playbook = 0;
  Name revision = 0;
  std::vector<std::string> arms;
  std::vector<std::map<std::string, std::uint64_t>> exits;  // by arm
  std::unordered_map<Name, Unit> units;
  std::optional<Instant> first;
  std::optional<Instant> last;

  std::size_t place_of(std::string_view arm) {
    const auto found = std::find(arms.begin(), arms.end(), arm);
    if (found != arms.end()) return static_cast<std::size_t>(found - arms.begin());
    arms.emplace_back(arm);
    return arms.size() - 1;
  }
};

/// Where an enrollment, or a person's latest one, counts.
struct Place {
  std::size_t tally = 0;
  Name unit = 0;
};

class Counter {
 public:
  Counter(const std::vector<ExperimentPlan>& plans, const LedgerFacts& facts) : facts_(facts) {
    for (const ExperimentPlan& plan : plans) {
      Tally& tally = tallies_.emplace_back();
      tally.plan = &plan;
      tally.playbook = facts.find(plan.playbook);
      tally.revision = facts.find(plan.revision);
      for (const ExperimentPlan::Arm& arm : plan.arms) tally.place_of(arm.id);
    }
  }

  void count(const LedgerFact& fact) {
    if (fact.kind == Kind::assigned) {
      assign(fact);
    } else if (fact.kind == Kind::opted_out || fact.kind == Kind::complained) {
      if (Unit* unit = unit_at(people_, fact.person)) {
        (fact.kind == Kind::opted_out ? unit->opted_out : unit->complained) = true;
      }
    } else if (Unit* unit = unit_at(enrollments_, fact.enrollment)) {
      if (fact.kind == Kind::touched) ++unit->touches;
      if (fact.kind == Kind::untouched && unit->touches > 0) --unit->touches;
      if (fact.kind == Kind::exited) exit(*unit, tallies_[enrollments_.at(fact.enrollment).tally], fact);
    }
  }

  std::vector<Tally>& tallies() { return tallies_; }

 private:
  Unit* unit_at(const std::unordered_map<Name, Place>& places, Name name) {
    const auto place = name == 0 ? places.end() : places.find(name);
    return place == places.end() ? nullptr : &tallies_[place->second.tally].units.at(place->second.unit);
  }

  std::size_t tally_of(const LedgerFact& fact) {
    const auto found = std::find_if(tallies_.begin(), tallies_.end(), [&](const Tally& tally) {
      // A plan whose revision no record names has the name 0, like a record without one.
      return tally.playbook == fact.playbook && tally.revision == fact.revision &&
             (fact.revision != 0 || tally.plan == nullptr);
    });
    if (found != tallies_.end()) return static_cast<std::size_t>(found - tallies_.begin());
    Tally& tally = tallies_.emplace_back();
    tally.playbook = fact.playbook;
    tally.revision = fact.revision;
    return tallies_.size() - 1;
  }

  void assign(const LedgerFact& fact) {
    if (fact.person == 0) return;  // nobody
    const std::size_t at = tally_of(fact);
    Tally& tally = tallies_[at];
    const bool by_account = tally.plan != nullptr && tally.plan->by_account;
    const Name name = by_account && fact.account != 0 ? fact.account : fact.person;
    const std::size_t arm = tally.place_of(facts_.text(fact.word));
    const auto [unit, is_new] = tally.units.try_emplace(name);
    if (is_new) {
      unit->second.arm = arm;
      unit->second.assigned = fact.at;
    } else if (unit->second.arm != arm) {
      unit->second.in_two_arms = true;
    }
    if (!tally.first) tally.first = fact.at;
    tally.last = fact.at;
    enrollments_[fact.enrollment] = {at, name};
    people_[fact.person] = {at, name};
  }

  void exit(Unit& unit, Tally& tally, const LedgerFact& fact) {
    const std::string reason = printable(facts_.text(fact.word));
    tally.exits.resize(tally.arms.size());
    ++tally.exits[unit.arm][reason];
    if (tally.plan == nullptr) return;
    const ExperimentPlan& plan = *tally.plan;
    const auto& reasons = plan.success_reasons;
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) return;
    if (!plan.success_within || fact.at <= unit.assigned + *plan.success_within) unit.converted = true;
  }

  const LedgerFacts& facts_;
  std::vector<Tally> tallies_;
  std::unordered_map<Name, Place> enrollments_;
  std::unordered_map<Name, Place> people_;
};

std::vector<ArmResult> count_arms(const Tally& tally, Instant until, std::vector<std::uint64_t>& converted) {
  std::vector<ArmResult> arms;
  double weights = 0;
  for (std::size_t i = 0; i < tally.arms.size(); ++i) {
    ArmResult& arm = arms.emplace_back();
    arm.id = printable(tally.arms[i]);
    // Records may name an arm that the revision does not have: its weight is 0.
    if (tally.plan == nullptr || i >= tally.plan->arms.size()) continue;
    arm.weight = tally.plan->arms[i].weight;
    arm.is_control = tally.plan->arms[i].is_control;
    arm.is_holdout = tally.plan->arms[i].is_holdout;
    weights += static_cast<double>(arm.weight);
  }
  converted.assign(arms.size(), 0);
  for (const auto& [name, unit] : tally.units) {
    ArmResult& arm = arms[unit.arm];
    ++arm.assigned;
    arm.touches += unit.touches;
    arm.opted_out += unit.opted_out ? 1 : 0;
    arm.complained += unit.complained ? 1 : 0;
    const bool has_within = tally.plan != nullptr && tally.plan->success_within;
    if (has_within && unit.assigned + *tally.plan->success_within > until) continue;
    ++arm.observed;
    converted[unit.arm] += unit.converted ? 1 : 0;
  }
  for (ArmResult& arm : arms) {
    if (weights > 0) arm.expected = static_cast<double>(tally.units.size()) * static_cast<double>(arm.weight) / weights;
  }
  return arms;
}

/// An arm that the revision does not have is the worst mismatch there is.
std::optional<GoodnessOfFit> ratio_of(const std::vector<ArmResult>& arms) {
  std::vector<Share> shares;
  for (const ArmResult& arm : arms) {
    if (arm.weight == 0) return GoodnessOfFit{std::numeric_limits<double>::infinity(), arms.size() - 1, 0};
    shares.push_back({arm.assigned, arm.weight});
  }
  return goodness_of_fit(shares);
}

std::string units_of(const ExperimentResult& result) { return result.by_account ? "accounts" : "leads"; }

std::string missing_text(const ExperimentResult& result) {
  std::string text;
  for (const ArmResult& arm : result.arms) {
    if (arm.observed >= result.min_per_arm) continue;
    text += fmt::format("{}{} more in {}", text.empty() ? "" : ", ", result.min_per_arm - arm.observed, arm.id);
  }
  return text;
}

void judge(const ExperimentPlan& plan, ExperimentResult& result) {
  result.ratio = ratio_of(result.arms);
  if (result.ratio && result.ratio->p_value < kMismatchBelow) {
    result.verdict = Verdict::mismatch;
    result.message = fmt::format(
        "Chance alone does not explain these shares, so nothing is said about an effect. Look for "
        "{} that one arm lost before they were assigned or counted: a trigger or a condition that the treatment itself "
        "changes, an import or a merge of part of them, a folder that was not published as it stands, records that are "
        "missing here. Mend the cause and begin again under a new experiment id.",
        units_of(result));
    return;
  }
  if (!plan.not_comparable.empty()) {
    result.verdict = Verdict::not_comparable;
    result.message = "Nothing is said about an effect: " + plan.not_comparable + ".";
    return;
  }
  const std::string missing = missing_text(result);
  const bool nobody = std::any_of(result.arms.begin(), result.arms.end(), [](auto& arm) { return arm.observed == 0; });
  if (!missing.empty() || nobody || !result.ratio) {
    result.verdict = Verdict::too_few;
    result.message =
        missing.empty()
            ? fmt::format("Too early: too few {} to check the sample ratio. Nothing is said about an effect.",
                          units_of(result))
            : fmt::format("Too early: {}, to come to {} {} per arm{}. Nothing is said about an effect.", missing,
                          result.min_per_arm, units_of(result),
                          result.success_within
                              ? fmt::format(" that were observed for {}", rules::to_string(*result.success_within))
                              : "");
    return;
  }
  result.verdict = Verdict::effect;
}

void add_effects(const Tally& tally, const std::vector<std::uint64_t>& converted, ExperimentResult& result) {
  std::optional<Proportion> control;
  std::size_t comparisons = 0;
  for (std::size_t i = 0; i < result.arms.size(); ++i) {
    if (result.arms[i].is_control) control = Proportion{converted[i], result.arms[i].observed};
  }
  for (std::size_t i = 0; i < result.arms.size(); ++i) {
    ArmResult& arm = result.arms[i];
    const Proportion proportion{converted[i], arm.observed};
    ArmEffect& effect = arm.effect.emplace();
    effect.converted = converted[i];
    effect.interval = wilson_interval(proportion);
    if (i < tally.exits.size()) effect.exits = tally.exits[i];
    if (!control || arm.is_control) continue;
    effect.to_control = difference(proportion, *control);
    ++comparisons;
  }
  result.message =
      !control
          ? "No arm is the control, so nothing is compared."
          : "The intervals are at 95 %. The p-value is for one look at the day that was planned: who looks every day "
            "finds differences that are none.";
  if (comparisons > 1) {
    result.message += fmt::format(
        " With {} comparisons, a difference counts when its p-value is below {:.4f} (0.05 divided by their number).",
        comparisons, 0.05 / static_cast<double>(comparisons));
  }
}

ExperimentResult result_of(const Tally& tally, const LedgerFacts& facts, Instant until) {
  ExperimentResult result;
  std::vector<std::uint64_t> converted;
  result.arms = count_arms(tally, until, converted);
  result.first = tally.first;
  result.last = tally.last;
  for (const auto& [name, unit] : tally.units) result.in_two_arms += unit.in_two_arms ? 1 : 0;
  if (tally.plan == nullptr) {
    result.playbook = printable(facts.text(tally.playbook));
    result.revision = printable(facts.text(tally.revision));
    result.verdict = Verdict::unknown_revision;
    result.message =
        "No folder has this revision, so its weights are unknown and nothing is checked or compared; name the folder "
        "as it was with --earlier.";
    return result;
  }
  const ExperimentPlan& plan = *tally.plan;
  result.playbook = plan.playbook;
  result.revision = plan.revision;
  result.in_force = plan.in_force;
  result.experiment = plan.experiment;
  result.by_account = plan.by_account;
  result.min_per_arm = plan.min_per_arm;
  result.success_within = plan.success_within;
  judge(plan, result);
  if (result.verdict == Verdict::effect) add_effects(tally, converted, result);
  return result;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::unknown_revision:
      return "unknown_revision";
    case Verdict::mismatch:
      return "sample_ratio_mismatch";
    case Verdict::not_comparable:
      return "not_comparable";
    case Verdict::too_few:
      return "too_few";
    case Verdict::effect:
      return "effect";
  }
  return {};
}

bool ExperimentReport::alarm() const {
  return std::any_of(experiments.begin(), experiments.end(),
                     [](const ExperimentResult& result) { return result.verdict == Verdict::mismatch; });
}

tl::expected<ExperimentReport, std::string> report_experiments(const std::vector<ExperimentPlan>& plans,
                                                               const LedgerFacts& facts, std::optional<Instant> until) {
  const auto in_order = facts.in_order();
  if (!in_order) return tl::unexpected(in_order.error());
  ExperimentReport report;
  // Nobody was observed beyond the end of the ledger, whatever `until` says.
  if (facts.last() != Instant::earliest()) report.until = std::min(until.value_or(facts.last()), facts.last());
  const Instant end = report.until.value_or(Instant::earliest());
  Counter counter(plans, facts);
  for (const LedgerFact& fact : *in_order) {
    if (fact.at <= end) counter.count(fact);
  }
  for (const Tally& tally : counter.tallies()) {
    // An earlier revision without anybody is a folder that was never in force.
    if (tally.units.empty() && tally.plan != nullptr && !tally.plan->in_force) continue;
    report.experiments.push_back(result_of(tally, facts, end));
  }
  std::sort(report.experiments.begin(), report.experiments.end(), [](const auto& a, const auto& b) {
    if (a.playbook != b.playbook) return a.playbook < b.playbook;
    if (a.in_force != b.in_force) return a.in_force;
    return std::pair(b.last, b.revision) < std::pair(a.last, a.revision);
  });
  return report;
}

}  // namespace relance::engine
