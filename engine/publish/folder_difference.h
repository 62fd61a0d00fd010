#pragma once
// What tells two folders of playbooks apart, and the report that `relance diff`, POST /v1/playbooks and `relance
// publish` give. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/publish/in_flight_tally.h"

namespace relance::engine {

struct PlaybookDifference {
  enum class Kind { same, changed, added, gone };
  rules::PlaybookId playbook;
  Kind kind = Kind::same;
  std::vector<std::string> keys;             // changed: top-level keys, in alphabetical order
  std::optional<rules::InFlight> in_flight;  // of the new file; absent when it is gone
};

/// "pin", "migrate", "end"
std::string_view name_of(rules::InFlight in_flight);

/// Every playbook of either folder, in order of the ids. What the house adds to playbooks (caps, zone) counts as
/// theirs.
std::vector<PlaybookDifference> differences(const rules::Rulebook& before, const rules::Rulebook& after);

/// Keys of house.yaml that differ and belong to no playbook.
std::vector<std::string> house_differences(const rules::House& before, const rules::House& after);

/// {"playbooks":[{"playbook","change","keys","in_flight","leads":{...}}]}; `leads` only with a tally. Playbooks that
/// are in neither folder and still have leads stand among them as `gone`.
std::string report_json(const std::vector<PlaybookDifference>& playbooks, const InFlightTally* tally);

}  // namespace relance::engine
