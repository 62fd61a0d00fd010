#pragma once
// When leads arrive, as far as it makes a difference: every hour of the week, in a plain week and in those around
// holidays and clock changes, in several zones; of the hours after which the same follows, one. Pure but for zone
// files.

#include <string>
#include <vector>

#include "rules/playbook.h"
#include "rules/zone.h"

namespace relance::engine {

struct LeadArrival {
  rules::Instant at;
  rules::Zone zone;  // the lead's
};

struct ArrivalOptions {
  std::vector<rules::Zone> zones;  // to try
  /// Conditions look at the date: no two arrivals are alike.
  bool by_date = false;
  /// Conditions look at the lead's zone.
  bool by_zone = false;
  /// The lead's, for public holidays.
  std::string country = {};
  /// Leads arrive at its occurrences only.
  const rules::Schedule* schedule = nullptr;
};

/// The zones that leads are tried in: the form's own, one whose clocks change in spring and one where they do in
/// autumn, one west of them and one that never changes and is off by half an hour.
std::vector<rules::Zone> trial_zones(const rules::Form& form);

/// In the order in which they are tried: the plain week first, from Monday midnight on.
std::vector<LeadArrival> arrivals_of(const rules::Form& form, const ArrivalOptions& options);

}  // namespace relance::engine
