#pragma once
// Runs a scenario on the virtual clock (engine/simulate) and compares what happened with what was expected. Pure.

#include <string>
#include <vector>

#include "engine/scenarios/scenario.h"
#include "engine/simulate/timeline.h"

namespace relance::engine {

struct FailedExpectation {
  const Expectation* expectation = nullptr;  // of the scenario
  std::string got;                           // "it happened at 2026-03-02T09:40:00+01:00", "it never happened"
};

struct ScenarioResult {
  std::vector<FailedExpectation> failures;  // empty: passed
  std::vector<TimelineEntry> timeline;      // everything that happened, in order
};

/// Until nothing is due any more. `scenario` must outlive the result.
ScenarioResult run_scenario(const rules::Rulebook& rulebook, const Scenario& scenario);

bool matches(const RecordPattern& pattern, const rules::Record& record);

}  // namespace relance::engine
