// Exceptions: who decides instead of the cadence, and what goes on afterwards. playbook-language.md: "One event" 9.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kVip = "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate, to: manager }]\n";
const std::string kTwo = R"(exceptions:
  - { when: '"vip" in lead.flags', do: escalate, to: manager }
  - { when: '"dispute" in lead.flags', do: escalate, to: legal }
)";
const std::string kTwoTouches = "steps: [{ id: a, day: 1, channel: task }, { id: b, day: 2, channel: social }]";

Given flag(const std::string& at, const std::string& name) { return {at, "L", "flag.set", "'flag':'" + name + "'"}; }
Given cleared(const std::string& at, const std::string& name) {
  return {at, "L", "flag.cleared", "'flag':'" + name + "'"};
}
Given resolved(const std::string& at, const std::string& channel = {}) {
  return {at, "L", "escalation.resolved", channel.empty() ? "" : "'channel':'" + channel + "'"};
}

TEST_CASE("an exception holds every step until it is resolved, and the held step is asked again there and then") {
  CHECK(after_arrival(kVip + kTwoTouches, {flag("03-02 10:00", "vip"), resolved("03-05 12:00")}) == lines(R"(
    03-02 10:00 lead.escalated exception
    03-03 09:00 touch.deferred a escalation
    03-05 12:00 escalation.resolved
    03-05 12:00 touch.emitted a
    03-05 12:00 touch.deferred b spacing until 03-06 00:00
    03-06 00:00 touch.emitted b
    03-06 00:00 lead.exited p completed []
  )"));
}

TEST_CASE("an exception holds and a resolution with a channel withholds the others") {
  CHECK(after_arrival(kVip + kTwoTouches, {flag("03-02 10:00", "vip"), resolved("03-02 12:00", "social")}) == lines(R"(
    03-02 10:00 lead.escalated exception
    03-02 12:00 escalation.resolved
    03-03 09:00 touch.withheld a escalation
    03-04 09:00 touch.emitted b
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a hold whose condition turns false ends without a record") {
  CHECK(after_arrival(kVip + kTwoTouches, {flag("03-02 10:00", "vip"), cleared("03-03 12:00", "vip")}) == lines(R"(
    03-02 10:00 lead.escalated exception
    03-03 09:00 touch.deferred a escalation
    03-03 12:00 touch.emitted a
    03-04 09:00 touch.emitted b
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a resolved exception does not hold again while it stays true, but after it was false it does") {
  CHECK(after_arrival(kVip + kTwoTouches,
                      {flag("03-02 10:00", "vip"), resolved("03-02 11:00"), flag("03-02 12:00", "other"),
                       cleared("03-02 13:00", "vip"), flag("03-02 14:00", "vip")},
                      "03-02 20:00") == lines(R"(
    03-02 10:00 lead.escalated exception
    03-02 11:00 escalation.resolved
    03-02 14:00 lead.escalated exception
  )"));
}

TEST_CASE("while one exception holds no other does; when it ends the next true one holds in the same event") {
  CHECK(after_arrival(kTwo + kTwoTouches,
                      {flag("03-02 10:00", "dispute"), flag("03-02 11:00", "vip"), resolved("03-02 12:00"),
                       resolved("03-02 13:00")},
                      "03-02 20:00") == lines(R"(
    03-02 10:00 lead.escalated exception
    03-02 12:00 escalation.resolved
    03-02 12:00 lead.escalated exception
    03-02 13:00 escalation.resolved
  )"));
  CHECK(after_arrival(kTwo + kTwoTouches,
                      {flag("03-02 10:00", "dispute"), flag("03-02 11:00", "vip"), cleared("03-02 12:00", "dispute")},
                      "03-02 20:00") ==
        lines("03-02 10:00 lead.escalated exception\n03-02 12:00 lead.escalated exception"));
}

TEST_CASE("a resolution without a running hold does nothing, and the last one counts") {
  CHECK(after_arrival(kVip + kTwoTouches, {resolved("03-02 10:00", "social")}) ==
        lines("03-03 09:00 touch.emitted a\n03-04 09:00 touch.emitted b\n03-04 09:00 lead.exited p completed []"));
  // The limit to social of the first resolution is lifted by the second, which names no channel.
  CHECK(after_arrival(kTwo + kTwoTouches,
                      {flag("03-02 10:00", "vip"), resolved("03-02 11:00", "social"), resolved("03-02 12:00"),
                       flag("03-02 13:00", "dispute"), resolved("03-02 14:00")}) == lines(R"(
    03-02 10:00 lead.escalated exception
    03-02 11:00 escalation.resolved
    03-02 13:00 lead.escalated exception
    03-02 14:00 escalation.resolved
    03-03 09:00 touch.emitted a
    03-04 09:00 touch.emitted b
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a held step still expires") {
  CHECK(after_arrival(kVip + "steps: [{ id: a, day: 1, channel: task, expires: 1d }]", {flag("03-02 10:00", "vip")}) ==
        lines(R"(
    03-02 10:00 lead.escalated exception
    03-03 09:00 touch.deferred a escalation
    03-04 09:00 touch.withheld a expired
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a hold does not keep the window open") {
  CHECK(after_arrival("touches: { within: 3d }\n" + kVip + kTwoTouches, {flag("03-02 10:00", "vip")}) == lines(R"(
    03-02 10:00 lead.escalated exception
    03-03 09:00 touch.deferred a escalation
    03-05 09:00 touch.withheld a expired
    03-05 09:00 touch.withheld b expired
    03-05 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("exceptions are asked at enrollment, and their memory is the enrollment's") {
  const std::string text = "playbook: p\nenroll: { on: form.submitted, again: { max: 2 } }\n" + kVip + kTwoTouches;
  CHECK(story_of({{text},
                  {flag("03-02 08:00", "vip"),
                   {"03-02 09:00", "L", "form.submitted"},
                   resolved("03-02 10:00"),
                   {"03-02 11:00", "L", "lead.lost"},
                   {"03-02 12:00", "L", "form.submitted"}},
                  "03-02 20:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 lead.escalated exception
    03-02 10:00 escalation.resolved
    03-02 11:00 lead.exited p lead.lost [a,b]
    03-02 12:00 lead.enrolled p
    03-02 12:00 lead.escalated exception
  )"));
}

TEST_CASE("exceptions are asked in the gate as well: time alone may make one true") {
  CHECK(after_arrival(
            "exceptions: [{ when: 'now >= timestamp(\"2026-03-03T00:00:00Z\")', do: escalate }]\n" + kTwoTouches, {},
            "03-10 00:00") == lines("03-03 09:00 lead.escalated exception\n03-03 09:00 touch.deferred a escalation"));
}

TEST_CASE("an exception whose condition fails does not hold") {
  CHECK(after_arrival("exceptions: [{ when: 'lead.value > 1000', do: escalate }]\n" + kTwoTouches,
                      {flag("03-02 10:00", "x")}, "03-03 00:00") == "");
}

TEST_CASE("a blocked channel speaks before a hold") {
  CHECK(story_of({{"playbook: p\nenroll: { on: form.submitted }\n" + kVip + kTwoTouches},
                  {{"03-02 08:00", "L", "optout.received", "'channel':'task'"},
                   flag("03-02 08:00", "vip"),
                   {"03-02 09:00", "L", "form.submitted"}},
                  "03-10 00:00"},
                 "L",
                 "touch") == lines("03-03 09:00 touch.withheld a opt_out\n03-04 09:00 touch.deferred b escalation"));
}

}  // namespace
}  // namespace relance::tests
