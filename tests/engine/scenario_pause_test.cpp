// Pauses by auto-replies and by operators, and what moves with them. playbook-language.md: "One event" 7.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const Given kFromParis{"03-02 09:00", "L", "lead.created", "'timezone':'Europe/Paris'"};
const std::string kDayOne = "steps: [{ id: a, day: 1, channel: task }]";

std::string pause_story(const std::string& body, std::vector<Given> events) {
  return after_arrival(body, std::move(events), {}, kFromParis);
}

Given out_of_office(const std::string& at, const std::string& until = {}) {
  return {at, "L", "touch.replied", "'auto':true" + (until.empty() ? until : ",'until':'" + until + "'")};
}

TEST_CASE("an out-of-office until a date pauses to the start of that local date, and the anchor moves by whole days") {
  // 12:00Z to March 5, 00:00 in Paris (23:00Z): 59 hours, three days.
  CHECK(pause_story("touches: { within: 4d }\n" + kDayOne, {out_of_office("03-02 12:00", "2026-03-05")}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-04 23:00
    03-04 23:00 lead.resumed
    03-06 09:00 touch.emitted a
    03-09 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an out-of-office until an instant pauses to it: exactly one day is one day") {
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00", "2026-03-03T13:00:00+01:00")}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-03 12:00
    03-03 12:00 lead.resumed
    03-04 09:00 touch.emitted a
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an out-of-office without a date pauses for seven days, one in the past not at all") {
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00")}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-09 12:00
    03-09 12:00 lead.resumed
    03-10 09:00 touch.emitted a
    03-10 09:00 lead.exited p completed []
  )"));
  const std::string undisturbed = lines("03-03 09:00 touch.emitted a\n03-03 09:00 lead.exited p completed []");
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00", "2026-03-02")}) == undisturbed);
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00", "2026-03-02T11:59:59Z")}) == undisturbed);
}

TEST_CASE("a late auto-reply pauses from now, whenever it was written") {
  CHECK(pause_story(kDayOne, {{"03-02 12:00", "M", "page.viewed"},
                              out_of_office("03-01 12:00", "2026-03-02T13:00:00Z")}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-02 13:00
    03-02 13:00 lead.resumed
    03-04 09:00 touch.emitted a
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a later until replaces an earlier one, and the pause began with the first") {
  // From 03-02 12:00 to 03-05 11:00 are 71 hours: three days, not the two of the second reply.
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00", "2026-03-04T12:00:00Z"),
                              out_of_office("03-03 12:00", "2026-03-05T11:00:00Z"),
                              out_of_office("03-03 13:00", "2026-03-04T12:00:00Z"),
                              out_of_office("03-03 14:00", "2026-03-05T11:00:00Z")}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-04 12:00
    03-03 12:00 lead.paused auto_reply until 03-05 11:00
    03-05 11:00 lead.resumed
    03-06 09:00 touch.emitted a
    03-06 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a manual pause replaces an automatic one, nothing replaces a manual one, and a command resumes any") {
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00", "2026-03-04T12:00:00Z"),
                              {"03-02 13:00", "L", "playbook.pause"},
                              {"03-02 14:00", "L", "playbook.pause"},
                              out_of_office("03-02 15:00"),
                              {"03-10 12:00", "L", "playbook.resume"}}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-04 12:00
    03-02 13:00 lead.paused manual
    03-10 12:00 lead.resumed
    03-11 09:00 touch.emitted a
    03-11 09:00 lead.exited p completed []
  )"));
  CHECK(pause_story(kDayOne, {out_of_office("03-02 12:00"), {"03-02 12:30", "L", "playbook.resume"}}) == lines(R"(
    03-02 12:00 lead.paused auto_reply until 03-09 12:00
    03-02 12:30 lead.resumed
    03-04 09:00 touch.emitted a
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a pause or resume that names a playbook concerns an enrollment in that one only") {
  CHECK(pause_story(kDayOne, {{"03-02 12:00", "L", "playbook.pause", "'playbook':'other'"}}) ==
        lines("03-03 09:00 touch.emitted a\n03-03 09:00 lead.exited p completed []"));
  CHECK(pause_story(kDayOne, {{"03-02 12:00", "L", "playbook.pause", "'playbook':'p'"},
                              {"03-02 12:30", "L", "playbook.resume", "'playbook':'other'"},
                              {"03-02 13:00", "L", "playbook.resume", "'playbook':'p'"}}) == lines(R"(
    03-02 12:00 lead.paused manual
    03-02 13:00 lead.resumed
    03-04 09:00 touch.emitted a
    03-04 09:00 lead.exited p completed []
  )"));
  CHECK(pause_story(kDayOne, {{"03-02 12:00", "L", "playbook.resume"}}) ==
        lines("03-03 09:00 touch.emitted a\n03-03 09:00 lead.exited p completed []"));
}

TEST_CASE("while paused neither a step nor the window's end happens") {
  CHECK(pause_story("touches: { within: 2d }\n" + kDayOne,
                    {{"03-02 12:00", "L", "playbook.pause"}, {"03-20 09:00", "L", "page.viewed"}}) ==
        lines("03-02 12:00 lead.paused manual"));
}

TEST_CASE("a cool-down goes on while the enrollment is paused") {
  CHECK(pause_story(
            "cool_down: { after: 1, pause: 2d }\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 9, channel: "
            "task "
            "}]",
            {{"03-02 12:00", "L", "playbook.pause"}}) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 cool_down.started until 03-04 09:00
    03-02 12:00 lead.paused manual
    03-04 09:00 cool_down.ended
  )"));
}

TEST_CASE("a wait moves by the pause's exact length") {
  CHECK(pause_story("steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1d, channel: task }]",
                    {{"03-02 12:00", "L", "playbook.pause"}, {"03-02 13:30", "L", "playbook.resume"}}) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.paused manual
    03-02 13:30 lead.resumed
    03-03 10:30 touch.emitted b
    03-03 10:30 lead.exited p completed []
  )"));
}

TEST_CASE("a step that became due during the pause goes at its new due instant, never in the past") {
  // Day 1 at 09:00, paused at 08:00 of that day for two hours: D is one day.
  CHECK(pause_story(kDayOne, {{"03-03 08:00", "L", "playbook.pause"}, {"03-03 10:00", "L", "playbook.resume"}}) ==
        lines(R"(
    03-03 08:00 lead.paused manual
    03-03 10:00 lead.resumed
    03-04 09:00 touch.emitted a
    03-04 09:00 lead.exited p completed []
  )"));
}

const std::string kDeferred =
    "caps: [{ max: 1, per: 2d }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task, expires: "
    "60h }]";

TEST_CASE("a deferred step keeps its instant over a pause, or is asked at the end of it") {
  CHECK(pause_story(kDeferred, {{"03-02 12:00", "L", "playbook.pause"}, {"03-03 12:00", "L", "playbook.resume"}}) ==
        lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-04 09:00
    03-02 12:00 lead.paused manual
    03-03 12:00 lead.resumed
    03-04 09:00 touch.emitted b
    03-04 09:00 lead.exited p completed []
  )"));
  // Three days of pause: due 03-05 09:00, so its 60 hours are not over at 03-05 12:00.
  CHECK(pause_story(kDeferred, {{"03-02 12:00", "L", "playbook.pause"}, {"03-05 12:00", "L", "playbook.resume"}}) ==
        lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-04 09:00
    03-02 12:00 lead.paused manual
    03-05 12:00 lead.resumed
    03-05 12:00 touch.emitted b
    03-05 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("a held step expires counted from its new due instant") {
  // Due 03-02 09:00, paused for 30 hours: due 03-04 09:00 now, expired 03-06 09:00.
  CHECK(pause_story(
            "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\nsteps: [{ id: a, day: 0, channel: task, "
            "expires: "
            "2d }]",
            {{"03-02 09:00", "L", "flag.set", "'flag':'vip'"},
             {"03-02 12:00", "L", "playbook.pause"},
             {"03-03 18:00", "L", "playbook.resume"}}) == lines(R"(
    03-02 09:00 lead.escalated exception
    03-02 09:00 touch.deferred a escalation
    03-02 12:00 lead.paused manual
    03-03 18:00 lead.resumed
    03-06 09:00 touch.withheld a expired
    03-06 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an event may end a paused enrollment, and a pause with it") {
  CHECK(pause_story(kDayOne, {{"03-02 12:00", "L", "playbook.pause"}, {"03-02 13:00", "L", "lead.lost"}}) ==
        lines("03-02 12:00 lead.paused manual\n03-02 13:00 lead.exited p lead.lost [a]"));
}

}  // namespace
}  // namespace relance::tests
