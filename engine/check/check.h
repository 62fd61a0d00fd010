#pragma once
// The proof of `relance check`: does every cadence keep its own promises, for every lead that may arrive? What cannot
// be kept is a finding with the arrival and the timeline that show it. Source: playbook-language.md, "What `relance
// check` refuses, besides syntax"; the rules are listed in engine/check/README.md. Deterministic; reads the files of
// the folder and nothing else. One thread.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/check/source_map.h"
#include "rules/loader.h"

namespace relance::engine {

/// A lead for which a promise is broken.
struct CounterExample {
  rules::Instant arrival;
  rules::Zone zone;                   // the lead's
  std::string lead;                   // "source inbound, no phone"; empty: any
  std::vector<std::string> timeline;  // in that zone
};

struct CheckFinding {
  rules::Finding finding;
  std::optional<CounterExample> example;
};

struct CheckReport {
  std::vector<CheckFinding> findings;  // by file and place
  std::size_t trials = 0;              // leads that were simulated

  bool has_errors() const;
};

/// `folder` is where `rulebook` was loaded from; its templates are read too.
CheckReport check_playbooks(const rules::Rulebook& rulebook, const std::filesystem::path& folder);

/// As it is printed: the finding, the arrival, the timeline.
std::string to_string(const CheckFinding& finding);

}  // namespace relance::engine
