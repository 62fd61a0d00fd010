#pragma once
// Lead states for the tests of the store: made at random from a seed, and told field by field, so that two states are
// equal exactly when their descriptions are. The bindings name every member: a new one does not compile before it is
// in both.

#include <cstdint>
#include <random>
#include <string>

#include "rules/lead_state.h"

namespace relance::tests {

/// Every optional member is present in some samples and absent in others. Derived members follow the attributes.
rules::LeadState random_lead(std::mt19937& random, std::string id);
rules::cel::Value random_value(std::mt19937& random, int depth);

std::string describe(const rules::LeadState& lead);
std::string describe(const rules::cel::Value& value);

}  // namespace relance::tests
