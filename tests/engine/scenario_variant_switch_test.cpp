// Variants that a running enrollment takes, and what stays as it was. playbook-language.md: "One event" 10, "Variants,
// score, experiments, workflows".

#include <doctest/doctest.h>

#include "variant_support.h"

namespace relance::tests {
namespace {

TEST_CASE(
    "a running enrollment takes the first variant that holds: resolved steps stay, the new list is open in order") {
  const std::string body = R"(
variants:
  - { id: never, when: lead.missing > 1, replace: { steps: [{ id: x, day: 0, channel: task }] } }
  - id: hot
    when: lead.score >= 80
    replace:
      steps:
        - { id: d, day: 0, channel: task }
        - { id: a, day: 0, channel: task }
        - { id: c, day: 1, channel: task }
        - { id: b, day: 1, channel: task }
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 2, channel: task }
  - { id: gone, day: 3, channel: task }
  - { id: c, day: 4, channel: task })";
  CHECK(cadence_story(body, {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-02 12:00 touch.emitted d
    03-03 09:00 touch.emitted c
    03-03 09:00 touch.emitted b
    03-03 09:00 lead.exited p completed []
  )"));
  // What is left is what the new list has open, in its order.
  CHECK(cadence_story(body, {kCold, score("03-02 12:00", "80"), {"03-02 12:01", "L", "lead.lost"}}, "03-02 13:00") ==
        lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-02 12:00 touch.emitted d
    03-02 12:01 lead.exited p lead.lost [c,b]
  )"));
}

TEST_CASE("skipped and withheld steps stay resolved, too") {
  CHECK(cadence_story(hot("steps: { a: { channel: task }, b: { channel: task } }") + R"(
touches: { max: 1 }
steps:
  - { id: a, day: 0, channel: email }
  - { id: t, day: 0, channel: task }
  - { id: b, day: 0, channel: social }
  - { id: c, day: 1, channel: task })",
                      {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.skipped a no_contact_point
    03-02 09:00 touch.emitted t
    03-02 09:00 touch.withheld b touches_max
    03-02 12:00 lead.variant variant hot
    03-03 09:00 touch.withheld c touches_max
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("after a switch a wait counts from the last resolution, not from the switch") {
  CHECK(cadence_story(hot("steps: { b: { wait: 2d } }") +
                          "steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 5d, channel: task }]",
                      {kCold, score("03-03 20:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-03 20:00 lead.variant variant hot
    03-04 09:00 touch.emitted b
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("after a switch a first wait counts from the old anchor") {
  // Saturday; the anchor is Monday 09:00, and stays so under hours that open earlier.
  CHECK(cadence_story(
            "contact_hours: { from: '09:00', to: '17:00' }\n" +
                hot("contact_hours: { days: [sun, mon], from: '06:00', to: '17:00' }, steps: { a: { wait: 2h } }") +
                "steps: [{ id: a, wait: 5h, channel: task }]",
            {{"02-28 12:00", "L", "lead.created"}, score("02-28 13:00", "80")}) == lines(R"(
    02-28 12:00 lead.enrolled p
    02-28 13:00 lead.variant variant hot
    03-02 11:00 touch.emitted a
    03-02 11:00 lead.exited p completed []
  )"));
}

TEST_CASE("a switch asks a deferred step as if it had not been asked before") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task }]";
  CHECK(cadence_story("caps: [{ max: 1, per: week }]\n" + hot("caps: []") + steps,
                      {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-09 00:00
    03-02 12:00 lead.variant variant hot
    03-02 12:00 touch.emitted b
    03-02 12:00 lead.exited p completed []
  )"));
  // Nothing of the deferral is left: the step is due when the new list says so.
  CHECK(cadence_story("caps: [{ max: 1, per: week }]\n" + hot("caps: [], steps: { b: { day: 9 } }") + steps,
                      {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-09 00:00
    03-02 12:00 lead.variant variant hot
    03-11 09:00 touch.emitted b
    03-11 09:00 lead.exited p completed []
  )"));
  // It counts its expiry from when it is due, which the switch does not move.
  CHECK(cadence_story("caps: [{ max: 1, per: week }]\n" + hot("caps: [], steps: { b: { expires: 2h } }") + steps,
                      {kCold, score("03-02 11:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-09 00:00
    03-02 11:00 lead.variant variant hot
    03-02 11:00 touch.withheld b expired
    03-02 11:00 lead.exited p completed []
  )"));
}

TEST_CASE("after a switch the window ends at the anchor plus the new within") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }]";
  CHECK(cadence_story("contact_hours: { from: '09:00', to: '17:00' }\ntouches: { within: 10d }\n" +
                          hot("touches: { within: 2d }") + steps,
                      {{"02-28 12:00", "L", "lead.created"}, score("03-02 12:00", "80")}) == lines(R"(
    02-28 12:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-04 09:00 touch.withheld b expired
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a window that a switch ends in the past ends now, by the new minimum, after a step that is due") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }]";
  CHECK(cadence_story("touches: { within: 10d }\n" + hot("touches: { min: 2, within: 1d }") + steps,
                      {kCold, score("03-05 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-05 12:00 lead.variant variant hot
    03-05 12:00 touch.withheld b expired
    03-05 12:00 touches.shortfall p
    03-05 12:00 lead.exited p completed []
  )"));
  CHECK(cadence_story("touches: { within: 10d }\n" + hot("touches: { within: 1d }, steps: { b: { day: 1 } }") + steps,
                      {kCold, score("03-05 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-05 12:00 lead.variant variant hot
    03-05 12:00 touch.emitted b
    03-05 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("a variant may bring a window, or take it away") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }]";
  CHECK(cadence_story(hot("touches: { within: 3d }") + steps, {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-03 09:00 touch.emitted b
    03-05 09:00 lead.exited p completed []
  )"));
  CHECK(cadence_story("touches: { within: 3d }\n" + hot("touches: { min: 1 }") + steps,
                      {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-03 09:00 touch.emitted b
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a switch to a list without an open step and without a window ends the enrollment there and then") {
  const std::string body = hot("touches: { min: 2 }, steps: [{ id: a, day: 0, channel: task }]") +
                           "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }]";
  CHECK(cadence_story(body, {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-02 12:00 touches.shortfall p
    03-02 12:00 lead.exited p completed []
  )"));
  CHECK(cadence_story(body, {kCold, {"03-02 11:00", "L", "playbook.pause"}, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 11:00 lead.paused manual
    03-02 12:00 lead.variant variant hot
    03-02 12:00 touches.shortfall p
    03-02 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("an enrollment that a switch has ended keeps the lead from no other playbook in the same event") {
  const std::string low = "playbook: low\npriority: 1\nenroll: { on: lead.updated }\n";
  const std::string body = hot("steps: [{ id: a, day: 0, channel: task }]") +
                           "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }]";
  CHECK(story_of({{cadence(body), low + "steps: [{ id: x, day: 9, channel: task }]"},
                  {kCold, score("03-02 12:00", "80")},
                  "03-02 13:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.variant variant hot
    03-02 12:00 lead.exited p completed []
    03-02 12:00 lead.enrolled low
  )"));
}

TEST_CASE("a running SLA stands as it was, and a variant starts none") {
  const std::string steps = "steps: [{ id: a, day: 4, channel: task }]";
  const std::string sla = "sla: { first_touch: { within: 2d, warn_at: 50%, channels: [call], on_breach: escalate } }\n";
  CHECK(cadence_story(sla + hot("sla: { first_touch: { within: 1h, channels: [task] } }") + steps,
                      {kCold,
                       score("03-02 12:00", "80"),
                       {"03-02 13:00", "L", "touch.completed", "'channel':'task','outcome':'completed'"}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.variant variant hot
    03-03 09:00 sla.at_risk until 03-04 09:00
    03-04 09:00 sla.breached
    03-04 09:00 lead.escalated sla
    03-06 09:00 touch.emitted a
    03-06 09:00 lead.exited p completed []
  )"));
  CHECK(cadence_story(hot("sla: { first_touch: { within: 1h } }") + steps, {kCold, score("03-02 09:10", "80")}) ==
        lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:10 lead.variant variant hot
    03-06 09:00 touch.emitted a
    03-06 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a variant never goes, neither back nor to another") {
  const std::string body = R"(
variants:
  - { id: hot, when: lead.score >= 80, replace: { steps: [{ id: h, day: 1, channel: task }] } }
  - { id: cold, when: lead.score < 5, replace: { steps: [{ id: c, day: 1, channel: task }] } }
steps: [{ id: a, day: 1, channel: task }])";
  CHECK(cadence_story(body, {kCold, score("03-02 12:00", "80"), score("03-02 13:00", "50"),
                             score("03-02 14:00", "1")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.variant variant hot
    03-03 09:00 touch.emitted h
    03-03 09:00 lead.exited p completed []
  )"));
  CHECK(cadence_story(body, {kHot, score("03-02 12:00", "1")}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-03 09:00 touch.emitted h
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a paused enrollment takes a variant, and its steps wait for the end of the pause") {
  // Two hours are one day: the anchor is March 3, 09:00 then.
  CHECK(cadence_story("touches: { within: 9d }\n" +
                          hot("touches: { within: 2d }, steps: [{ id: b, day: 0, channel: task }, "
                              "{ id: c, day: 1, channel: task }]") +
                          "steps: [{ id: a, day: 3, channel: task }]",
                      {kCold,
                       {"03-02 10:00", "L", "playbook.pause"},
                       score("03-02 11:00", "80"),
                       {"03-02 12:00", "L", "playbook.resume"}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 10:00 lead.paused manual
    03-02 11:00 lead.variant variant hot
    03-02 12:00 lead.resumed
    03-03 09:00 touch.emitted b
    03-04 09:00 touch.emitted c
    03-05 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an exception that holds goes on holding after a switch: the new step is asked and held") {
  const std::string body = "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n" +
                           hot("steps: [{ id: b, day: 0, channel: task }]") +
                           "steps: [{ id: a, day: 0, channel: task }]";
  CHECK(cadence_story(body, {{"03-02 09:00", "L", "lead.created", "'flags':['vip']"},
                             score("03-02 11:00", "80"),
                             {"03-02 12:00", "L", "flag.cleared", "'flag':'vip'"}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 lead.escalated exception
    03-02 09:00 touch.deferred a escalation
    03-02 11:00 lead.variant variant hot
    03-02 11:00 touch.deferred b escalation
    03-02 12:00 touch.emitted b
    03-02 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("a channel that a resolution named limits the new list as well") {
  CHECK(cadence_story("exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n" +
                          hot("steps: [{ id: b, day: 1, channel: social }, { id: c, day: 1, channel: task }]") +
                          "steps: [{ id: a, day: 1, channel: task }]",
                      {{"03-02 09:00", "L", "lead.created", "'flags':['vip']"},
                       {"03-02 10:00", "L", "escalation.resolved", "'channel':'task'"},
                       score("03-02 11:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 lead.escalated exception
    03-02 10:00 escalation.resolved
    03-02 11:00 lead.variant variant hot
    03-03 09:00 touch.withheld b escalation
    03-03 09:00 touch.emitted c
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("within one event exceptions come before the variant, and the variant before the next enrollment") {
  const std::string high = R"(playbook: high
priority: 90
enroll: { on: lead.updated }
steps: [{ id: x, day: 9, channel: task }])";
  const std::string body = "exceptions: [{ when: lead.score >= 80, do: escalate }]\n" + hot("touches: { within: 9d }") +
                           "steps: [{ id: a, day: 3, channel: task }]";
  CHECK(story_of({{cadence(body), high}, {kCold, score("03-02 12:00", "80")}, "03-02 13:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.escalated exception
    03-02 12:00 lead.variant variant hot
    03-02 12:00 lead.exited p superseded [a]
    03-02 12:00 lead.enrolled high
  )"));
}

TEST_CASE("an event that ends the enrollment gives it no variant") {
  CHECK(
      cadence_story(hot("touches: { within: 1d }") + "goal: [lead.updated]\nsteps: [{ id: a, day: 3, channel: task }]",
                    {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.exited p goal [a]
  )"));
}

TEST_CASE("touches from before a switch count in the new form's maximum and caps") {
  const std::string steps =
      "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task }, { id: c, day: 2, channel: task }]";
  CHECK(cadence_story(hot("touches: { max: 2 }") + steps, {kCold, score("03-02 12:00", "80")})
            .find("touch.withheld c touches_max") != std::string::npos);
  CHECK(cadence_story(hot("caps: [{ scope: playbook, max: 2, per: 3d }]") + steps,
                      {kCold, score("03-02 12:00", "80")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.emitted b
    03-02 12:00 lead.variant variant hot
    03-04 09:00 touch.deferred c cap:playbook:any until 03-05 09:00
    03-05 09:00 touch.emitted c
    03-05 09:00 lead.exited p completed []
  )"));
}

}  // namespace
}  // namespace relance::tests
