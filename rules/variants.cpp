// Which form an enrollment is run by: variants and arms at enrollment, and step 10 of "One event, in this order".

#include <algorithm>
#include <numeric>
#include <string>

#include "rules/scope.h"
#include "rules/sha256.h"

namespace relance::rules {

namespace {

std::optional<std::uint32_t> first_that_holds(const Scope& scope, const std::vector<Variant>& variants) {
  for (std::uint32_t i = 0; i < variants.size(); ++i) {
    if (scope.ask(variants[i].when) == Truth::yes) return i;
  }
  return std::nullopt;
}

/// Resolved steps stay resolved; the others of the form are open, in its order.
std::vector<StepState> steps_under(const Form& form, const std::vector<StepState>& before) {
  std::vector<StepState> steps;
  for (const StepState& state : before) {
    if (state.status != StepStatus::open && !form.find_step(state.id)) steps.push_back(state);
  }
  for (const Step& step : form.steps) {
    const auto known =
        std::find_if(before.begin(), before.end(), [&](const StepState& state) { return state.id == step.id; });
    const bool resolved = known != before.end() && known->status != StepStatus::open;
    steps.push_back(resolved ? *known : StepState{step.id, StepStatus::open, std::nullopt, std::nullopt});
  }
  return steps;
}

}  // namespace

std::uint32_t arm_of(const LeadState& lead, const Experiment& experiment) {
  const bool by_account = experiment.unit == Experiment::Unit::account && lead.account;
  const Text& unit = by_account ? lead.account->value : lead.id.value;
  const std::uint64_t sum = std::accumulate(
      experiment.arms.begin(), experiment.arms.end(), std::uint64_t{0},
      [](std::uint64_t weights, const Arm& arm) { return weights + static_cast<std::uint64_t>(arm.weight); });
  std::uint64_t rest = first_eight_octets(sha256(experiment.id + '\0' + unit)) % sum;
  for (std::uint32_t i = 0; i < experiment.arms.size(); ++i) {
    const auto weight = static_cast<std::uint64_t>(experiment.arms[i].weight);
    if (rest < weight) return i;
    rest -= weight;
  }
  return 0;
}

void choose_form(Scope& scope, Enrollment& enrollment, const Playbook& playbook) {
  enrollment.variant = first_that_holds(scope, playbook.variants);
  if (playbook.experiment) enrollment.arm = arm_of(scope.lead, *playbook.experiment);
}

void switch_form(Scope& scope, Enrollment& enrollment, const Form& form) {
  enrollment.steps = steps_under(form, enrollment.steps);
  enrollment.asked.reset();
  enrollment.ready_from = scope.now();
  fix_wait(scope, enrollment, form);
  enrollment.window_end.reset();
  if (form.touches.within) enrollment.window_end = scope.after(enrollment.anchor, *form.touches.within, form);
}

void handle_variant(Scope& scope) {
  Enrollment& enrollment = *scope.lead.enrollment;
  if (enrollment.variant) return;
  const Playbook& playbook = playbook_of(enrollment, scope.context.rulebook);
  enrollment.variant = first_that_holds(scope, playbook.variants);
  if (!enrollment.variant) return;
  scope.record(RecordType::lead_variant, enrollment).variant = playbook.variants[*enrollment.variant].id;
  switch_form(scope, enrollment, playbook.form(enrollment.variant, enrollment.arm));
  end_if_done(scope);
}

}  // namespace relance::rules
