// What of a playbook the report needs, and whether the ledger can tell its arms apart.

#include <algorithm>

#include <fmt/format.h>

#include "engine/check/elements.h"
#include "engine/report/experiments.h"
#include "rules/contains.h"

namespace relance::engine {

using rules::EventType;
using rules::Experiment;
using rules::Playbook;

namespace {

/// How the ledger tells that an enrollment ended by an event of the type; empty when it does not.
std::string reason_for(const Playbook& playbook, EventType type) {
  if (rules::contains(playbook.goal, type)) return "goal";
  if (type == EventType::touch_replied && playbook.exit_on_reply) return "reply";
  if (rules::contains(playbook.exit_types, type)) return std::string(to_string(type));
  return {};
}

/// Fills success_reasons, or says why no reason tells a success.
std::string find_success_reasons(const Playbook& playbook, ExperimentPlan& plan) {
  const std::vector<EventType>& wanted = playbook.experiment->success_goal;
  if (wanted.empty()) {
    plan.success_reasons = {"goal"};
    return {};
  }
  for (const EventType type : wanted) {
    const std::string reason = reason_for(playbook, type);
    if (reason.empty()) {
      return fmt::format(
          "the success {} ends no enrollment, so the ledger does not have it; name it in `goal` or `exit`",
          to_string(type));
    }
    const auto& known = plan.success_reasons;
    if (std::find(known.begin(), known.end(), reason) == known.end()) plan.success_reasons.push_back(reason);
  }
  const bool by_goal =
      std::any_of(wanted.begin(), wanted.end(), [&](auto type) { return rules::contains(playbook.goal, type); });
  for (const EventType goal : playbook.goal) {
    if (!by_goal || rules::contains(wanted, goal)) continue;
    return fmt::format(
        "{} is a goal and no success, and the ledger does not say which goal was reached; make the success "
        "any goal, or let `goal` be the success alone",
        to_string(goal));
  }
  return {};
}

/// An enrollment without a window ends with its last step, and whatever happens then is not seen.
std::string unequal_windows(const Playbook& playbook) {
  const Experiment& experiment = *playbook.experiment;
  const auto window = [&](std::uint32_t arm) { return playbook.form(std::nullopt, arm).touches.within; };
  for (std::uint32_t i = 0; i < experiment.arms.size(); ++i) {
    const std::string& arm = experiment.arms[i].id;
    if (window(i) != window(0)) {
      return fmt::format(
          "the window (`touches.within`) of the arm {} is not that of {}, so they are observed for different "
          "times; give all arms the same",
          arm, experiment.arms[0].id);
    }
    if (experiment.arms[i].is_holdout() && !window(i)) {
      return fmt::format(
          "without a window (`touches.within`) the arm {} ends where it begins, and no success of it is seen; "
          "give the playbook one",
          arm);
    }
    if (experiment.arms[i].replace && !window(i)) {
      return fmt::format(
          "without a window (`touches.within`) an enrollment ends with its last step, and the arm {} may end at "
          "another time than the others; give the playbook a window",
          arm);
    }
  }
  return {};
}

}  // namespace

std::optional<ExperimentPlan> plan_of(const Playbook& playbook, bool in_force) {
  if (!playbook.experiment) return std::nullopt;
  const Experiment& experiment = *playbook.experiment;
  ExperimentPlan plan;
  plan.playbook = std::string(playbook.id.value);
  plan.revision = std::string(playbook.revision.value);
  plan.in_force = in_force;
  plan.experiment = experiment.id;
  plan.by_account = experiment.unit == Experiment::Unit::account;
  plan.min_per_arm = static_cast<std::uint64_t>(std::max(0, experiment.min_per_arm));
  const rules::Arm* control = control_arm(experiment);
  for (const rules::Arm& arm : experiment.arms) {
    plan.arms.push_back({arm.id, static_cast<std::uint64_t>(arm.weight), &arm == control, arm.is_holdout()});
  }
  plan.not_comparable = find_success_reasons(playbook, plan);
  if (plan.not_comparable.empty()) plan.not_comparable = unequal_windows(playbook);
  if (experiment.success_within) {
    plan.success_within = experiment.success_within->time;
    if (experiment.success_within->business_days > 0) {
      plan.success_within.reset();
      if (plan.not_comparable.empty())
        plan.not_comparable =
            "`success.within` in business days ends at another time for every lead; write it in days (`d`)";
    }
  }
  return plan;
}

}  // namespace relance::engine
