#pragma once
// In how many elements the arms of an experiment differ from control: an experiment that changes two things at once
// cannot say which of them worked. Pure.

#include <string>
#include <vector>

#include "rules/playbook.h"

namespace relance::engine {

/// "touches", "the channel of intro-call", "the step extra": one entry for each element that differs.
std::vector<std::string> differing_elements(const rules::Form& control, const rules::Form& arm);

/// The arm that the others are compared with: `control`, else the first that replaces nothing and sends something; none
/// when every arm replaces something.
const rules::Arm* control_arm(const rules::Experiment& experiment);

}  // namespace relance::engine
