// Owners' calendars: what waits while a lead's owner is away. rules/README.md, "Owners".

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kOwnedLead = "'email':'a@example.org','phone':'+33612345678','owner':'rep-7'";
const Given kOwnedArrival{"03-02 09:00", "L", "lead.created", kOwnedLead};
const std::string kAway = "owners: { rep-7: { absent: [2026-03-03/2026-03-05] } }";

std::string touches_under(const std::string& body, const std::string& house = kAway,
                          std::vector<Given> events = {kOwnedArrival}) {
  return story_of({{cadence(body)}, std::move(events), {}, house_of(house)}, "L", "touch");
}

TEST_CASE("what a person makes waits for the owner to be back and for open hours, what goes out by itself does not") {
  const auto step = [](const std::string& channel) {
    return "contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, day: 1, channel: " + channel + " }]";
  };
  for (const std::string channel : {"call", "social", "task", "meeting"}) {
    CHECK(touches_under(step(channel)) ==
          lines("03-03 09:00 touch.deferred a owner_absent until 03-06 09:00\n03-06 09:00 touch.emitted a"));
  }
  CHECK(touches_under(step("email")) == lines("03-03 09:00 touch.emitted a"));
  CHECK(touches_under(step("sms")) == lines("03-03 09:00 touch.emitted a"));
}

TEST_CASE("absence, weekend and holiday are waited for in one deferral") {
  CHECK(touches_under("contact_hours: { from: '09:00', to: '17:00', holidays: ['2026-03-09'] }\n"
                      "steps: [{ id: a, day: 1, channel: call }]",
                      "owners: { rep-7: { absent: [2026-03-03/2026-03-06, 2026-03-10] } }") ==
        lines("03-03 09:00 touch.deferred a owner_absent until 03-11 09:00\n03-11 09:00 touch.emitted a"));
}

TEST_CASE("the days are the owner's, the hours the lead's") {
  // rep-7's Tuesday in Auckland (UTC+13) begins on Monday at 11:00Z and ends on Tuesday at 11:00Z.
  CHECK(touches_under("steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 2h, channel: task }]",
                      "owners: { rep-7: { absent: [2026-03-03], zone: Pacific/Auckland } }") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 11:00 touch.deferred b owner_absent until 03-03 11:00
    03-03 11:00 touch.emitted b
  )"));
}

TEST_CASE("another owner, none, and one of whom the house knows nothing are never absent") {
  const std::string call = "steps: [{ id: a, day: 1, channel: call }]";
  for (const std::string owner : {"'owner':'rep-8'", "'owner':'Rep-7'", "'owner':7", "'size':'smb'"}) {
    CHECK(touches_under(call, kAway, {{"03-02 09:00", "L", "lead.created", "'phone':'+33612345678'," + owner}}) ==
          lines("03-03 09:00 touch.emitted a"));
  }
}

TEST_CASE("an absence in the middle of a cadence keeps the order of the steps, and expiries and the window go on") {
  CHECK(touches_under(R"(
touches: { min: 4, within: 6d }
steps:
  - { id: first, day: 0, channel: call }
  - { id: second, day: 1, channel: call, expires: 2d }
  - { id: mail, day: 2, channel: email }
  - { id: third, day: 4, channel: call }
  - { id: never, day: 6, channel: call }
)",
                      "owners: { rep-7: { absent: [2026-03-03/2026-03-05, 2026-03-08/2026-03-20] } }") == lines(R"(
    03-02 09:00 touch.emitted first
    03-03 09:00 touch.deferred second owner_absent until 03-06 00:00
    03-05 09:00 touch.withheld second expired
    03-05 09:00 touch.emitted mail
    03-06 09:00 touch.emitted third
    03-08 09:00 touch.deferred never owner_absent until 03-21 00:00
    03-08 09:00 touch.withheld never expired
    03-08 09:00 touches.shortfall p
  )"));
}

TEST_CASE("a cap that is full while the owner is away takes no step that would be left out") {
  const std::string steps =
      "caps: [{ channel: call, max: 1, per: 36h }]\n"
      "steps: [{ id: a, day: 0, channel: call }, { id: b, day: 1, channel: call, on_cap: skip }]";
  CHECK(touches_under(steps, "zone: UTC") ==
        lines("03-02 09:00 touch.emitted a\n03-03 09:00 touch.withheld b cap:lead:call"));
  CHECK(touches_under(steps) == lines(R"(
    03-02 09:00 touch.emitted a
    03-03 09:00 touch.deferred b owner_absent until 03-06 00:00
    03-06 00:00 touch.emitted b
  )"));
}

TEST_CASE("the clock of the first touch does not stop, and the escalation is not held") {
  const std::string body =
      "sla: { first_touch: { within: 4h, on_breach: escalate, channels: [call] } }\n"
      "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n"
      "steps: [{ id: a, day: 0, channel: call }]";
  const std::vector<Given> events{{"03-03 09:00", "L", "lead.created", kOwnedLead},
                                  {"03-03 14:00", "L", "flag.set", "'flag':'vip'"}};
  CHECK(story_of({{cadence(body)}, events, "03-03 15:00", house_of(kAway)}) == lines(R"(
    03-03 09:00 lead.enrolled p
    03-03 09:00 touch.deferred a owner_absent until 03-06 00:00
    03-03 13:00 sla.breached
    03-03 13:00 lead.escalated sla
    03-03 14:00 lead.escalated exception
  )"));
}

TEST_CASE("a lead that gets another owner is not kept waiting for the one before") {
  const std::string call = "contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, day: 1, channel: call }]";
  CHECK(touches_under(call, kAway, {kOwnedArrival, {"03-04 10:00", "L", "lead.updated", "'owner':'rep-8'"}}) ==
        lines(R"(
    03-03 09:00 touch.deferred a owner_absent until 03-06 09:00
    03-04 10:00 touch.emitted a
  )"));
  // The new owner is away as well, for longer; the same owner once more changes nothing.
  const std::string both =
      "owners: { rep-7: { absent: 2026-03-03/2026-03-05 }, rep-8: { absent: 2026-03-04/2026-03-09 } }";
  CHECK(touches_under(call, both,
                      {kOwnedArrival,
                       {"03-03 12:00", "L", "lead.updated", "'owner':'rep-7'"},
                       {"03-04 10:00", "L", "lead.updated", "'owner':'rep-8'"}}) == lines(R"(
    03-03 09:00 touch.deferred a owner_absent until 03-06 09:00
    03-04 10:00 touch.deferred a owner_absent until 03-10 09:00
    03-10 09:00 touch.emitted a
  )"));
}

TEST_CASE("another owner moves no step that waits for something else") {
  // The cool-down, which holds until 03-04 09:00, is asked again and says the same.
  CHECK(touches_under("cool_down: { after: 1, pause: 2d }\n"
                      "steps: [{ id: a, day: 0, channel: email }, { id: b, day: 1, channel: call }]",
                      kAway, {kOwnedArrival, {"03-03 12:00", "L", "lead.updated", "'owner':'rep-8'"}}) == lines(R"(
    03-02 09:00 touch.emitted a
    03-03 09:00 touch.deferred b cool_down until 03-04 09:00
    03-03 12:00 touch.deferred b cool_down until 03-04 09:00
    03-04 09:00 touch.emitted b
  )"));
}

TEST_CASE("another owner who comes between two absences of the one before has the step asked as well") {
  // Two working weeks in a row: on Saturday rep-7 is not away, and the step waits for the Monday after next.
  CHECK(touches_under("contact_hours: { days: [mon, tue, wed, thu, fri], from: '09:00', to: '17:00' }\n"
                      "touches: { min: 1, within: 7d }\nsteps: [{ id: a, day: 1, channel: call }]",
                      "owners: { rep-7: { absent: [2026-03-05/2026-03-06, 2026-03-09/2026-03-13] } }",
                      {{"03-04 09:00", "L", "lead.created", kOwnedLead},
                       {"03-07 10:00", "L", "lead.updated", "'owner':'rep-8','timezone':'America/New_York'"}}) ==
        lines(R"(
    03-05 09:00 touch.deferred a owner_absent until 03-16 09:00
    03-07 10:00 touch.deferred a contact_hours until 03-09 13:00
    03-09 13:00 touch.emitted a
  )"));
}

TEST_CASE("where the owner is away again when the hours open, the wait is for the time after that") {
  CHECK(touches_under("contact_hours: { days: [mon, fri], from: '10:00', to: '17:00' }\n"
                      "steps: [{ id: a, day: 0, channel: task }]",
                      "owners: { rep-7: { absent: [2026-03-02, 2026-03-06/2026-03-08] } }",
                      {{"03-02 10:00", "L", "lead.created", kOwnedLead}}) ==
        lines("03-02 10:00 touch.deferred a owner_absent until 03-09 10:00\n03-09 10:00 touch.emitted a"));
}

}  // namespace
}  // namespace relance::tests
