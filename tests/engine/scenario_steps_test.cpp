// When a step runs, and what keeps it. playbook-language.md: "When a step runs" 2 to 6.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

TEST_CASE("a day step is due N calendar days after the anchor, at the anchor's time of day or at its own") {
  CHECK(touches(R"(
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 1, at: "14:30", channel: task }
  - { id: c, day: 3, channel: task }
)") == lines(R"(
    03-02 09:00 touch.emitted a
    03-03 14:30 touch.emitted b
    03-05 09:00 touch.emitted c
  )"));
}

TEST_CASE("a day step is never due before the anchor") {
  CHECK(touches(
            "steps: [{ id: a, day: 0, at: '08:00', channel: task }, { id: b, day: 1, at: '08:00', channel: task }]") ==
        lines("03-02 09:00 touch.emitted a\n03-03 08:00 touch.emitted b"));
}

TEST_CASE("days are the lead's: in Tokyo the second day begins while Paris still has the first") {
  // 20:00Z is 05:00 of March 3 in Tokyo; one day later at 06:00 there is 21:00Z.
  CHECK(touches("steps: [{ id: a, day: 1, at: '06:00', channel: task }]",
                {{"03-02 20:00", "L", "lead.created", "'timezone':'Asia/Tokyo'"}}) ==
        lines("03-03 21:00 touch.emitted a"));
}

TEST_CASE("a wait counts from the step before it, emitted or not, and the first one from the anchor") {
  CHECK(touches(R"(
steps:
  - { id: a, wait: 30m, channel: task }
  - { id: b, wait: 1d, channel: task, skip_if: 'true' }
  - { id: c, wait: 2h, channel: task }
)") == lines(R"(
    03-02 09:30 touch.emitted a
    03-03 09:30 touch.skipped b skip_if
    03-03 11:30 touch.emitted c
  )"));
  CHECK(touches("contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, wait: 1h, channel: task }]",
                {{"03-07 12:00", "L", "lead.created"}}) == lines("03-09 10:00 touch.emitted a"));
}

TEST_CASE("a step is asked when the one before it is resolved, not before") {
  CHECK(touches(R"(
caps: [{ channel: task, max: 1, per: 3d }]
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 0, channel: task }
  - { id: c, day: 1, channel: social }
)") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:task until 03-05 09:00
    03-05 09:00 touch.emitted b
    03-05 09:00 touch.deferred c spacing until 03-06 00:00
    03-06 00:00 touch.emitted c
  )"));
}

TEST_CASE("a changed time zone moves the days that were not asked yet") {
  // Anchor 2026-03-02 09:00Z: in New York (-05:00) that is 04:00 of the same date, so day 1 at 10:00 is 15:00Z.
  CHECK(touches("steps: [{ id: a, day: 1, at: '10:00', channel: task }]",
                {kArrival, {"03-02 12:00", "L", "lead.updated", "'timezone':'America/New_York'"}}) ==
        lines("03-03 15:00 touch.emitted a"));
}

TEST_CASE("a changed time zone leaves the window, a running deferral and a deferred step's expiry") {
  // Deferred on Tuesday 18:00Z to Wednesday 09:00Z; in Tokyo, told at 20:00Z, Wednesday 09:00Z is 18:00: closed again
  // until Thursday 00:00Z (09:00 there).
  CHECK(story_of({{cadence(R"(
contact_hours: { from: "09:00", to: "17:00" }
touches: { within: 4d }
steps: [{ id: a, day: 1, at: "18:00", channel: task, expires: 2d }]
)")},
                  {kArrival, {"03-03 20:00", "L", "lead.updated", "'timezone':'Asia/Tokyo'"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 18:00 touch.deferred a contact_hours until 03-04 09:00
    03-04 09:00 touch.deferred a contact_hours until 03-05 00:00
    03-05 00:00 touch.emitted a
    03-06 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("skip_if is asked before everything else, and an error in it is false") {
  CHECK(touches("steps: [{ id: a, day: 0, channel: email, skip_if: 'has(lead.vip)' }]",
                {{"03-02 09:00", "L", "lead.created", "'vip':1"}}) == lines("03-02 09:00 touch.skipped a skip_if"));
  CHECK(touches("steps: [{ id: a, day: 0, channel: email, skip_if: 'lead.vip == 1' }]") ==
        lines("03-02 09:00 touch.emitted a"));
}

TEST_CASE("skip_if sees the touches and the steps done so far") {
  CHECK(touches(R"(
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 0, channel: task, skip_if: 'enrollment.touches >= 1' }
  - { id: c, day: 0, channel: task, skip_if: 'enrollment.touches >= 2' }
)") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.skipped b skip_if
    03-02 09:00 touch.emitted c
  )"));
}

TEST_CASE("email needs an email address, call and sms need a phone, other channels need nothing") {
  CHECK(touches(R"(
steps:
  - { id: a, day: 0, channel: email }
  - { id: b, day: 0, channel: call }
  - { id: c, day: 0, channel: sms }
  - { id: d, day: 0, channel: social }
  - { id: e, day: 0, channel: task }
)",
                {{"03-02 09:00", "L", "lead.created"}}) == lines(R"(
    03-02 09:00 touch.skipped a no_contact_point
    03-02 09:00 touch.skipped b no_contact_point
    03-02 09:00 touch.skipped c no_contact_point
    03-02 09:00 touch.emitted d
    03-02 09:00 touch.emitted e
  )"));
}

TEST_CASE("a wrong number makes the phone unusable until the attribute gets another value") {
  const std::string body = R"(
steps:
  - { id: a, day: 0, channel: call }
  - { id: b, day: 1, channel: call }
  - { id: c, day: 2, channel: sms }
  - { id: d, day: 3, channel: call }
)";
  const Given wrong{"03-02 10:00", "L", "touch.completed", "'channel':'call','outcome':'wrong_number'"};
  CHECK(touches(body, {kArrival,
                       wrong,
                       {"03-03 12:00", "L", "lead.updated", "'phone':'+33612345678'"},
                       {"03-04 12:00", "L", "lead.updated", "'phone':'+33612345679'"}}) == lines(R"(
    03-02 09:00 touch.emitted a
    03-03 09:00 touch.skipped b no_contact_point
    03-04 09:00 touch.skipped c no_contact_point
    03-05 09:00 touch.emitted d
  )"));
}

TEST_CASE("a step that expires is withheld once that much has passed since it was due, to the instant") {
  // The cap frees at 03-04 09:00, two days after b was due.
  const auto with = [](const std::string& expires) {
    return touches(
        "caps: [{ channel: task, max: 1, per: 2d }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: "
        "0, channel: task, expires: " +
        expires + " }]");
  };
  CHECK(with("172801s") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:task until 03-04 09:00
    03-04 09:00 touch.emitted b
  )"));
  CHECK(with("2d") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:task until 03-04 09:00
    03-04 09:00 touch.withheld b expired
  )"));
  CHECK(with("1d") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:task until 03-04 09:00
    03-03 09:00 touch.withheld b expired
  )"));
}

TEST_CASE("at its expiry a step is asked from the top: a reason to skip it speaks first") {
  CHECK(touches(R"(
caps: [{ channel: task, max: 1, per: 2d }]
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 0, channel: task, expires: 1d, skip_if: 'has(lead.done)' }
)",
                {kArrival, {"03-02 12:00", "L", "lead.updated", "'done':true"}}) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:task until 03-04 09:00
    03-03 09:00 touch.skipped b skip_if
  )"));
}

TEST_CASE("touches.max withholds what would exceed it, before the gate is asked") {
  CHECK(touches(R"(
touches: { max: 2 }
contact_hours: { from: "09:00", to: "17:00" }
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 0, channel: task }
  - { id: c, day: 0, channel: task, at: "20:00" }
)") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.emitted b
    03-02 20:00 touch.withheld c touches_max
  )"));
}

TEST_CASE("a skipped step is no touch: the minimum is missed and the shortfall told before the exit") {
  CHECK(story_of(
            {{cadence(
                 "touches: { min: 2 }\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: email }]")},
             {{"03-02 09:00", "L", "lead.created"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.skipped b no_contact_point
    03-02 09:00 touches.shortfall p
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("spacing spreads steps of different days that a weekend delayed, one date each") {
  // Friday's day 1 falls on Saturday, day 2 on Sunday, day 3 on Monday: all of them Monday at the earliest.
  CHECK(touches(R"(
contact_hours: { from: "09:00", to: "17:00" }
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 1, channel: task }
  - { id: c, day: 2, channel: task }
  - { id: d, day: 3, channel: task }
)",
                {{"03-06 10:00", "L", "lead.created"}}) == lines(R"(
    03-06 10:00 touch.emitted a
    03-07 10:00 touch.deferred b contact_hours until 03-09 09:00
    03-09 09:00 touch.emitted b
    03-09 09:00 touch.deferred c spacing until 03-10 00:00
    03-10 00:00 touch.deferred c contact_hours until 03-10 09:00
    03-10 09:00 touch.emitted c
    03-10 09:00 touch.deferred d spacing until 03-11 00:00
    03-11 00:00 touch.deferred d contact_hours until 03-11 09:00
    03-11 09:00 touch.emitted d
  )"));
}

TEST_CASE("spacing counts emitted steps only, and two steps of one day may share a date") {
  CHECK(touches(R"(
contact_hours: { from: "09:00", to: "17:00" }
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 1, channel: email }
  - { id: c, day: 2, channel: task }
  - { id: d, day: 2, channel: social }
)",
                {{"03-06 10:00", "L", "lead.created"}}) == lines(R"(
    03-06 10:00 touch.emitted a
    03-07 10:00 touch.skipped b no_contact_point
    03-08 10:00 touch.deferred c contact_hours until 03-09 09:00
    03-09 09:00 touch.emitted c
    03-09 09:00 touch.emitted d
  )"));
}

TEST_CASE("wait steps neither cause nor obey spacing") {
  CHECK(touches(R"(
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, wait: 23h, channel: task }
  - { id: c, day: 1, channel: task }
  - { id: d, wait: 1h, channel: task }
)") == lines(R"(
    03-02 09:00 touch.emitted a
    03-03 08:00 touch.emitted b
    03-03 09:00 touch.emitted c
    03-03 10:00 touch.emitted d
  )"));
}

TEST_CASE("spacing goes by the lead's dates") {
  // 14:30Z is 23:30 in Tokyo; c is due at 15:10Z, which is 00:10 of the next date there. In UTC it is one date.
  const std::string body =
      "steps: [{ id: a, day: 0, at: '23:30', channel: task }, { id: c, day: 1, at: '00:10', channel: task }]";
  CHECK(touches(body, {{"03-02 12:00", "L", "lead.created", "'timezone':'Asia/Tokyo'"}}) ==
        lines("03-02 14:30 touch.emitted a\n03-02 15:10 touch.emitted c"));
}

TEST_CASE("business days count in every span of a playbook") {
  // 2026-03-06 is a Friday, 2026-03-09 a holiday.
  CHECK(story_of({{cadence(R"(
contact_hours: { from: "09:00", to: "17:00", holidays: ["2026-03-09"] }
touches: { within: 3bd }
cool_down: { after: 2, pause: 1bd }
caps: [{ max: 1, per: 1bd }]
steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1bd, channel: task }, { id: c, wait: 1h, channel: task },
  { id: d, wait: 1h, channel: task, expires: 1bd }]
)")},
                  {{"03-06 10:00", "L", "lead.created"}}}) == lines(R"(
    03-06 10:00 lead.enrolled p
    03-06 10:00 touch.emitted a
    03-10 10:00 touch.emitted b
    03-10 10:00 cool_down.started until 03-11 10:00
    03-10 11:00 touch.deferred c cool_down until 03-11 10:00
    03-11 10:00 cool_down.ended
    03-11 10:00 touch.emitted c
    03-11 11:00 touch.deferred d cap:lead:any until 03-12 10:00
    03-12 10:00 touch.emitted d
    03-12 10:00 cool_down.started until 03-13 10:00
    03-12 10:00 lead.exited p completed []
    03-13 10:00 cool_down.ended
  )"));
}

TEST_CASE("work goes by instant, then by lead") {
  Run run(rulebook_of({cadence("steps: [{ id: a, day: 1, channel: task }]")}));
  for (const char* lead : {"C", "A", "B"}) run.handle({"03-02 09:00", lead, "lead.created"});
  run.to_the_end();
  std::string order;
  for (const Line& line : run.ledger()) {
    if (line.record.type == rules::RecordType::touch_emitted) order += line.lead.value;
  }
  CHECK(order == "ABC");
}

TEST_CASE("at one instant events go before due work") {
  CHECK(touches("steps: [{ id: a, day: 1, channel: task }]", {kArrival, {"03-03 09:00", "L", "lead.lost"}}) == "");
  CHECK(touches("steps: [{ id: a, day: 1, channel: task }]", {kArrival, {"03-03 09:00:01", "L", "lead.lost"}}) ==
        lines("03-03 09:00 touch.emitted a"));
}

TEST_CASE("a run until T does the work that is due at T") {
  const std::string text = cadence("steps: [{ id: a, day: 1, channel: task }]");
  CHECK(story_of({{text}, {kArrival}, "03-03 09:00"}, "L", "touch") == lines("03-03 09:00 touch.emitted a"));
  CHECK(story_of({{text}, {kArrival}, "2026-03-03T08:59:59.999Z"}, "L", "touch") == "");
}

TEST_CASE("a duplicate with a later time changes nothing, not even the clock of what follows") {
  const std::string two = cadence("steps: [{ id: a, day: 0, channel: task }, { id: b, day: 3, channel: task }]");
  const Given first{"03-02 09:00", "L", "lead.created", "", "e-1"};
  const Given again{"03-09 09:00", "L", "lead.created", "", "e-1"};
  const Given later{"03-02 10:00", "L", "lead.lost", "", "e-2"};
  CHECK(story_of({{two}, {first, again, later}}) == story_of({{two}, {first, later}}));
}

// Friday 20:00Z is the evening in Paris and Saturday morning in Tokyo, from where a business day is another.
const std::string kWeekdays = "contact_hours: { from: '00:00', to: '24:00' }\n";
const Given kInParis{"03-06 20:00", "L", "lead.created", "'timezone':'Europe/Paris','flags':['vip']"};
const Given kToTokyo{"03-07 09:00", "L", "lead.updated", "'timezone':'Asia/Tokyo'"};

TEST_CASE("a wait in business days stands when the lead moves to another zone") {
  const std::string text =
      cadence(kWeekdays + "steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1bd, channel: task }]");
  CHECK(story_of({{text}, {kInParis, kToTokyo}}, "L", "touch.") ==
        lines("03-06 20:00 touch.emitted a\n03-09 20:00 touch.emitted b"));
}

TEST_CASE("an expiry in business days stands when the lead moves to another zone") {
  const std::string text = cadence(kWeekdays +
                                   "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n"
                                   "steps: [{ id: a, day: 0, channel: task, expires: 1bd }]");
  CHECK(story_of({{text}, {kInParis, kToTokyo}}, "L", "touch.") == lines(R"(
    03-06 20:00 touch.deferred a escalation
    03-09 20:00 touch.withheld a expired
  )"));
}

TEST_CASE("a pause computes a wait in business days anew, where the lead is by then") {
  const std::string text =
      cadence(kWeekdays + "steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1bd, channel: task }]");
  // The wait counts from 20:00Z + 1 h: Saturday in Tokyo, so it is all of Monday there.
  CHECK(story_of({{text},
                  {kInParis,
                   {"03-06 21:00", "L", "playbook.pause"},
                   {"03-06 21:30", "L", "lead.updated", "'timezone':'Asia/Tokyo'"},
                   {"03-06 22:00", "L", "playbook.resume"}}},
                 "L", "touch.") == lines("03-06 20:00 touch.emitted a\n03-09 15:00 touch.emitted b"));
}

TEST_CASE("a step without what it requires is withheld, and the next one goes on") {
  const std::string body =
      "steps: [{ id: a, day: 0, channel: task, requires: '\"intro\" in lead.tags' }, { id: b, day: 1, channel: task, "
      "requires: 'enrollment.touches == 0' }, { id: c, day: 2, channel: task, requires: 'lead.missing > 1' }]";
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L", "lead.created"}}}, "L", "touch") ==
        lines("03-02 09:00 touch.withheld a requires\n03-03 09:00 touch.emitted b\n"
              "03-04 09:00 touch.withheld c requires"));
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L", "lead.created", "'tags':['intro']"}}}, "L", "touch") ==
        lines("03-02 09:00 touch.emitted a\n03-03 09:00 touch.withheld b requires\n"
              "03-04 09:00 touch.withheld c requires"));
}

TEST_CASE("a step that another zone makes due in the past waits for the events of that very instant") {
  const std::string body = "steps: [{ id: a, day: 1, at: '12:00', channel: call }, { id: b, day: 2, channel: task }]";
  const Given arrival{"03-02 10:00", "L", "lead.created", "'phone':'+33612345678','timezone':'America/New_York'"};
  const Given moved{"03-03 11:00", "L", "lead.updated", "'timezone':'Asia/Kolkata'"};
  CHECK(story_of({{cadence(body)}, {arrival, moved, {"03-03 11:00", "L", "optout.received"}}}, "L", "touch") == "");
  CHECK(story_of({{cadence(body)}, {arrival, moved}}, "L", "touch") ==
        lines("03-03 11:00 touch.emitted a\n03-04 10:00 touch.emitted b"));
}

TEST_CASE("late work keeps its instants: after one piece the lead waits where the next one was due") {
  const rules::Rulebook rulebook = rulebook_of({cadence(
      "touches: { within: 9d }\nsla: { first_touch: { within: 1h } }\nsteps: [{ id: a, day: 3, channel: task }]")});
  Run run(rulebook);
  run.handle({"03-02 09:00", "L", "lead.created"});
  rules::LeadState lead = run.lead("L");
  rules::Decision decision;
  REQUIRE(rules::decide_due(lead, {rulebook, run.simulation().store(), instant("03-06 12:00")}, decision));
  CHECK(decision.records.front().type == rules::RecordType::sla_breached);
  CHECK(lead.wake == instant("03-05 09:00"));
}

}  // namespace
}  // namespace relance::tests
