#pragma once
// The forms of a playbook: what variants and arms make of it. playbook-language.md, "Variants, score, experiments,
// workflows". Computed once, by the loader, so that a decision only looks one up. Pure; any thread.

#include <cstddef>
#include <optional>
#include <vector>

#include "rules/playbook.h"

namespace relance::rules {

/// Fills `replaced_forms` from everything else.
void make_forms(Playbook& playbook);

/// Where the form stands: 0 is the file's own, n is replaced_forms[n - 1].
std::size_t form_place(const Playbook& playbook, std::optional<std::uint32_t> variant,
                       std::optional<std::uint32_t> arm);

/// What is wrong with the steps that changes come to: a step with both `day` and `wait`, a day lower than one before.
struct FormProblem {
  const StepChange* change = nullptr;  // the change that makes it so
  bool both_timings = false;           // otherwise: the order of days
};
std::vector<FormProblem> problems_of_forms(const Playbook& playbook);

}  // namespace relance::rules
