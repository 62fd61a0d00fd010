#pragma once
// What happened to leads in a simulation, as lines that a person reads: used where a promise or an expectation is shown
// to be broken. Values; any thread.

#include <string>
#include <vector>

#include "rules/ids.h"
#include "rules/record.h"
#include "rules/zone.h"

namespace relance::engine {

struct TimelineEntry {
  rules::LeadId lead;
  rules::Record record;
};

/// RFC 3339 with the zone's offset, as an author would write it: 2026-03-02T09:10:00+01:00; milliseconds only where
/// there are any.
std::string local_text(rules::Instant at, const rules::Zone& zone);

/// One record without its lead: "2026-03-02T09:10:00+01:00  touch.emitted  Step intro-call was emitted: call."
std::string timeline_line(const rules::Record& record, const rules::Zone& zone);

}  // namespace relance::engine
