// The first touch: what is effective, and the SLA's timers. playbook-language.md: "Counting", First touch.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

std::string sla_story(const std::string& sla, std::vector<Given> events, const std::string& more = {}) {
  return story_of({{cadence("sla: { first_touch: " + sla + " }\ntouches: { within: 20d }\n" + more +
                            "steps: [{ id: a, day: 10, channel: social }]")},
                   std::move(events),
                   "03-11 00:00"},
                  "L", "sla.");
}

Given completed(const std::string& at, const std::string& channel, const std::string& outcome) {
  return {at, "L", "touch.completed", "'channel':'" + channel + "','outcome':'" + outcome + "'"};
}

TEST_CASE("a wall-clock promise warns at its share and is breached at its deadline") {
  CHECK(sla_story("{ within: 2h, warn_at: 75% }", {kArrival}) ==
        lines("03-02 10:30 sla.at_risk until 03-02 11:00\n03-02 11:00 sla.breached"));
  CHECK(sla_story("{ within: 2h }", {kArrival}) == lines("03-02 11:00 sla.breached"));
}

TEST_CASE("a promise in business time counts open hours only") {
  const std::string hours = "contact_hours: { from: '09:00', to: '17:00' }\n";
  // Friday 16:30: half an hour on Friday, the rest on Monday.
  const Given friday{"03-06 16:30", "L", "lead.created"};
  CHECK(sla_story("{ within: 2h, clock: business, warn_at: 75% }", {friday}, hours) ==
        lines("03-09 10:00 sla.at_risk until 03-09 10:30\n03-09 10:30 sla.breached"));
  // The first instant by which that much has passed is the closing time itself.
  CHECK(sla_story("{ within: 30m, clock: business }", {friday}, hours) == lines("03-06 17:00 sla.breached"));
  CHECK(sla_story("{ within: 2h, clock: business }", {{"03-07 12:00", "L", "lead.created"}}, hours) ==
        lines("03-09 11:00 sla.breached"));
  CHECK(sla_story("{ within: 2h }", {friday}, hours) == lines("03-06 18:30 sla.breached"));
}

TEST_CASE("an effective first touch meets the promise and stops both timers") {
  const std::string sla = "{ within: 2h, warn_at: 75% }";
  const auto with = [&](const std::string& channel, const std::string& outcome) {
    return sla_story(sla, {kArrival, completed("03-02 10:00", channel, outcome)});
  };
  const std::string met = lines("03-02 10:00 sla.met");
  CHECK(with("email", "sent") == met);
  CHECK(with("call", "connected") == met);
  CHECK(with("call", "voicemail") == met);
  CHECK(with("social", "completed") == met);
  CHECK(with("sms", "completed") == met);
  CHECK(with("task", "completed") == met);
  const std::string breached = lines("03-02 10:30 sla.at_risk until 03-02 11:00\n03-02 11:00 sla.breached");
  CHECK(with("email", "bounced") == breached);
  CHECK(with("email", "failed") == breached);
  CHECK(with("call", "no_answer") == breached);
  CHECK(with("call", "busy") == breached);
  CHECK(with("call", "wrong_number") == breached);
  CHECK(with("call", "failed") == breached);
  CHECK(with("social", "failed") == breached);
}

TEST_CASE("only the channels that the promise names count") {
  const std::string sla = "{ within: 2h, channels: [call] }";
  CHECK(sla_story(sla, {kArrival, completed("03-02 10:00", "email", "sent")}) == lines("03-02 11:00 sla.breached"));
  CHECK(sla_story(sla, {kArrival, completed("03-02 10:00", "call", "voicemail")}) == lines("03-02 10:00 sla.met"));
}

TEST_CASE("a touch between the enrolling event and the deadline counts, both included, if it is handled in time") {
  const std::string sla = "{ within: 2h }";
  const auto reached = [&](const std::string& at) {
    return sla_story(sla, {kArrival, completed(at, "call", "connected")});
  };
  CHECK(reached("03-02 09:00") == lines("03-02 09:00 sla.met"));
  CHECK(reached("03-02 11:00") == lines("03-02 11:00 sla.met"));
  CHECK(reached("03-02 11:00:01") == lines("03-02 11:00 sla.breached"));
  CHECK(reached("03-02 08:59:59") == lines("03-02 11:00 sla.breached"));
  // Happened in time, but the engine hears of it only afterwards.
  CHECK(
      sla_story(sla, {kArrival, {"03-02 12:00", "M", "page.viewed"}, completed("03-02 10:00", "call", "connected")}) ==
      lines("03-02 11:00 sla.breached"));
  // Late, but before the deadline.
  CHECK(
      sla_story(sla, {kArrival, {"03-02 10:30", "M", "page.viewed"}, completed("03-02 09:30", "call", "connected")}) ==
      lines("03-02 10:30 sla.met"));
}

TEST_CASE(
    "the promise runs from the event's own time: one that arrives late may be due at once, after its first step") {
  CHECK(
      story_of(
          {{cadence("sla: { first_touch: { within: 2h, warn_at: 50%, on_breach: escalate } }\nsteps: [{ id: a, day: 0, "
                    "channel: call }, { id: b, day: 1, channel: task }]")},
           {{"03-02 12:00", "M", "page.viewed"}, kArrival}}) == lines(R"(
    03-02 12:00 lead.enrolled p
    03-02 12:00 touch.emitted a
    03-02 12:00 sla.at_risk until 03-02 11:00
    03-02 12:00 sla.breached
    03-02 12:00 lead.escalated sla
    03-03 12:00 touch.emitted b
    03-03 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("a breach escalates when the playbook says so, and holds nothing") {
  CHECK(story_of(
            {{cadence(
                 "sla: { first_touch: { within: 2h, on_breach: escalate, channels: [call] } }\nsteps: [{ id: a, day: "
                 "1, channel: task }]")},
             {kArrival}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 11:00 sla.breached
    03-02 11:00 lead.escalated sla
    03-03 09:00 touch.emitted a
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a touch of ours meets the promise when it completes") {
  CHECK(story_of({{cadence("sla: { first_touch: { within: 2h } }\nsteps: [{ id: a, day: 0, channel: email }]")},
                  {kArrival}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 sla.met
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an enrollment that ends leaves no timer behind") {
  CHECK(sla_story("{ within: 2h, warn_at: 75% }", {kArrival, {"03-02 10:00", "L", "lead.lost"}}) == "");
}

TEST_CASE("a pause does not stop the promise") {
  CHECK(sla_story("{ within: 2h }", {kArrival, {"03-02 10:00", "L", "playbook.pause"}}) ==
        lines("03-02 11:00 sla.breached"));
}

TEST_CASE("the order at one instant: cool-down, step, breach, end of the window") {
  CHECK(story_of({{cadence(R"(
sla: { first_touch: { within: 1d, channels: [call] } }
cool_down: { after: 1, pause: 1d }
touches: { within: 1d }
steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: social }, { id: c, day: 5, channel: task }]
)")},
                  {kArrival},
                  "03-03 09:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 cool_down.started until 03-03 09:00
    03-03 09:00 cool_down.ended
    03-03 09:00 touch.emitted b
    03-03 09:00 cool_down.started until 03-04 09:00
    03-03 09:00 sla.breached
    03-03 09:00 touch.withheld c expired
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an enrollment that has no window and no open step is over before the promise that ends at that instant") {
  const std::string expected = lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 09:00 touch.emitted a
    03-03 09:00 lead.exited p completed []
  )");
  CHECK(story_of({{cadence("sla: { first_touch: { within: 1d, channels: [call], on_breach: escalate } }\n"
                           "steps: [{ id: a, day: 1, channel: task }]")},
                  {kArrival}}) == expected);
}

}  // namespace
}  // namespace relance::tests
