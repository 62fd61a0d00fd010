#pragma once
// What the tests of variants share: a variant for hot leads, and leads that are hot or not.

#include <string>

#include "simulation_support.h"

namespace relance::tests {

inline const Given kCold{"03-02 09:00", "L", "lead.created", "'score':10"};
inline const Given kHot{"03-02 09:00", "L", "lead.created", "'score':90"};

/// A variant `hot` for leads with a score of 80.
inline std::string hot(const std::string& replace) {
  return "variants: [{ id: hot, when: lead.score >= 80, replace: { " + replace + " } }]\n";
}

}  // namespace relance::tests
