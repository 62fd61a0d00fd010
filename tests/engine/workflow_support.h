#pragma once
// What the tests of workflows share: the cadence `base`, and the workflow `work` that interrupts it.

#include <string>

#include "simulation_support.h"

namespace relance::tests {

inline const Given kCreated{"03-02 09:00", "L", "lead.created"};
inline const Given kMissed{"03-02 12:00", "L", "meeting.missed"};

/// `base`: enrolls on lead.created, and a missed meeting starts `work`.
inline std::string base(const std::string& body, const std::string& head = {}) {
  return "playbook: base\n" + head + "enroll: { on: lead.created }\non: { meeting.missed: { start: work } }\n" + body;
}
inline std::string work(const std::string& body) { return "playbook: work\n" + body; }

inline const std::string kLong = "steps: [{ id: far, day: 20, channel: task }]";

}  // namespace relance::tests
