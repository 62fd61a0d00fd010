// The end of a workflow, and of what it interrupted. playbook-language.md: "Variants, score, experiments, workflows",
// "One event" 6.

#include <doctest/doctest.h>

#include "workflow_support.h"

namespace relance::tests {
namespace {

/// What follows `events`, which come after 12:00, when `work` has interrupted `base`.
std::string after_interruption(const std::string& of_base, const std::string& of_work, std::vector<Given> events,
                               const std::string& data = {}) {
  events.insert(events.begin(), {{"03-02 09:00", "L", "lead.created", data}, kMissed});
  const std::string all = story_of({{base(of_base + kLong), work(of_work + kLong)}, events, "03-03 00:00"});
  const std::string before = lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
  )");
  REQUIRE(all.starts_with(before));
  return all.substr(before.size());
}

TEST_CASE("the goal of the workflow is the goal of both, whatever else would end the other") {
  const Given booked{"03-02 13:00", "L", "meeting.booked"};
  const std::string both = lines(R"(
    03-02 13:00 lead.exited work goal [far]
    03-02 13:00 lead.exited base goal [far]
  )");
  CHECK(after_interruption("", "goal: [meeting.booked]\n", {booked}) == both);
  CHECK(after_interruption("exit: [opt_out, hard_bounce, complaint, meeting.booked]\n", "goal: [meeting.booked]\n",
                           {booked}) == both);
}

TEST_CASE("the goal of the interrupted one ends it alone") {
  CHECK(after_interruption("goal: [meeting.booked]\n", "",
                           {{"03-02 13:00", "L", "meeting.booked"}, {"03-02 14:00", "L", "lead.lost"}}) == lines(R"(
    03-02 13:00 lead.exited base goal [far]
    03-02 14:00 lead.exited work lead.lost [far]
  )"));
}

TEST_CASE("every other end is asked of each by itself, of the workflow first") {
  const std::string no_reply = "exit: [opt_out, hard_bounce, complaint]\n";
  const Given reply{"03-02 13:00", "L", "touch.replied"};
  CHECK(after_interruption("", "", {reply}) == lines(R"(
    03-02 13:00 lead.exited work reply [far]
    03-02 13:00 lead.exited base reply [far]
  )"));
  CHECK(after_interruption(no_reply, "", {reply}) == lines(R"(
    03-02 13:00 lead.exited work reply [far]
    03-02 13:00 lead.resumed base
  )"));
  CHECK(after_interruption("", no_reply, {reply}) == "03-02 13:00 lead.exited base reply [far]\n");
  // The reasons may differ: the goal of one is a reason of the other's list.
  CHECK(after_interruption("goal: [page.viewed]\n", "exit: [opt_out, hard_bounce, complaint, page.viewed]\n",
                           {{"03-02 13:00", "L", "page.viewed"}}) == lines(R"(
    03-02 13:00 lead.exited work page.viewed [far]
    03-02 13:00 lead.exited base goal [far]
  )"));
}

TEST_CASE("a late event ends only what was enrolled when it happened") {
  CHECK(after_interruption("", "", {{"03-02 13:00", "M", "page.viewed"}, {"03-02 11:00", "L", "touch.replied"}}) ==
        "03-02 13:00 lead.exited base reply [far]\n");
  CHECK(after_interruption("goal: [meeting.booked]\n", "goal: [meeting.booked]\n",
                           {{"03-02 13:00", "M", "page.viewed"}, {"03-02 11:00", "L", "meeting.booked"}}) ==
        "03-02 13:00 lead.exited base goal [far]\n");
}

TEST_CASE("playbook.exit ends the one that it names, or both") {
  const auto exit = [](const std::string& data) {
    return after_interruption("", "", {{"03-02 13:00", "L", "playbook.exit", data}});
  };
  CHECK(exit("") == lines(R"(
    03-02 13:00 lead.exited work manual [far]
    03-02 13:00 lead.exited base manual [far]
  )"));
  CHECK(exit("'playbook':'work'") == lines(R"(
    03-02 13:00 lead.exited work manual [far]
    03-02 13:00 lead.resumed base
  )"));
  CHECK(exit("'playbook':'base'") == "03-02 13:00 lead.exited base manual [far]\n");
  CHECK(exit("'playbook':'other'").empty());
}

TEST_CASE("objections end both, whatever their channel and time") {
  const auto both = [](const std::string& reason) {
    return "03-02 13:00 lead.exited work " + reason + " [far]\n03-02 13:00 lead.exited base " + reason + " [far]\n";
  };
  const auto ends = [](const Given& event) {
    const std::string all =
        after_interruption("", "", {{"03-02 13:00", "M", "page.viewed"}, event}, "'email':'a@example.org'");
    return all.substr(all.find("03-02 13:00 lead.exited"));
  };
  CHECK(ends({"03-02 08:00", "L", "optout.received"}) == both("opt_out"));
  CHECK(ends({"03-02 08:00", "L", "optout.received", "'channel':'sms'"}) == both("opt_out"));
  CHECK(ends({"03-02 08:00", "L", "complaint.received"}) == both("complaint"));
  CHECK(ends({"03-02 08:00", "L", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"}) ==
        both("hard_bounce"));
}

TEST_CASE("an objection comes before the goal, for both") {
  const std::string all =
      after_interruption("", "goal: [optout.received]\n", {{"03-02 13:00", "L", "optout.received", "'channel':'sms'"}});
  CHECK(all.ends_with(lines(R"(
    03-02 13:00 lead.exited work opt_out [far]
    03-02 13:00 lead.exited base opt_out [far]
  )")));
}

TEST_CASE("the opt-out from all of a lead with the same address ends both") {
  CHECK(after_interruption(
            "", "",
            {{"03-02 12:30", "M", "lead.updated", "'email':'a@example.org'"}, {"03-02 13:00", "M", "optout.received"}},
            "'email':'a@example.org'") == lines(R"(
    03-02 13:00 lead.exited work opt_out [far]
    03-02 13:00 lead.exited base opt_out [far]
  )"));
}

TEST_CASE("a merge ends both, and an objection of the merged lead ends both of the one that lives on") {
  CHECK(after_interruption("", "", {{"03-02 13:00", "L", "lead.merged", "'into':'M'"}}) == lines(R"(
    03-02 13:00 lead.exited work lead.merged [far]
    03-02 13:00 lead.exited base lead.merged [far]
  )"));
  const std::string all = after_interruption(
      "", "", {{"03-02 12:30", "M", "optout.received"}, {"03-02 13:00", "M", "lead.merged", "'into':'L'"}});
  CHECK(all.ends_with(lines(R"(
    03-02 13:00 lead.exited work opt_out [far]
    03-02 13:00 lead.exited base opt_out [far]
  )")));
}

TEST_CASE("the interrupted one does not start another workflow by the event that ended the first") {
  CHECK(after_interruption("", "enroll: { again: {} }\nexit: [opt_out, hard_bounce, complaint, meeting.missed]\n",
                           {{"03-02 13:00", "L", "meeting.missed"}}) == lines(R"(
    03-02 13:00 lead.exited work meeting.missed [far]
    03-02 13:00 lead.resumed base
  )"));
}

TEST_CASE("what goes on is the running enrollment for the rest of the event") {
  // Exit (6), pause (7), exceptions (9), variant (10).
  const std::string asks = R"(
exceptions: [{ when: event.by == "ops", do: escalate }]
variants: [{ id: hot, when: event.by == "ops", replace: { touches: { max: 9 } } }]
)";
  CHECK(after_interruption(asks, "exit: [opt_out, hard_bounce, complaint, playbook.pause]\n",
                           {{"03-02 13:00", "L", "playbook.pause", "'by':'ops'"}}) == lines(R"(
    03-02 13:00 lead.exited work playbook.pause [far]
    03-02 13:00 lead.resumed base
    03-02 13:00 lead.escalated base exception
    03-02 13:00 lead.paused base manual
    03-02 13:00 lead.variant variant hot
  )"));
}

TEST_CASE(
    "an interrupted enrollment without a window and without an open step ends by itself, and the workflow goes on") {
  // The completion of the only step comes at the instant of the step, before the end that is due then.
  const std::string by_touch =
      "playbook: base\nenroll: { on: lead.created }\non: { touch.completed: { start: work } }\ntouches: { min: 2 }\n"
      "steps: [{ id: a, day: 0, channel: task }]";
  CHECK(story_of({{by_touch, "playbook: work\nsteps: [{ id: x, day: 1, channel: task }]"}, {kCreated}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.paused base workflow
    03-02 09:00 lead.enrolled work
    03-02 09:00 touches.shortfall base
    03-02 09:00 lead.exited base completed []
    03-03 09:00 touch.emitted x
    03-03 09:00 lead.exited work completed []
  )"));
}

TEST_CASE("with a window it waits, and its window ends after it went on") {
  const std::string by_touch =
      "playbook: base\nenroll: { on: lead.created }\non: { touch.completed: { start: work } }\n"
      "touches: { min: 2, within: 2d }\nsteps: [{ id: a, day: 0, channel: task }]";
  CHECK(story_of({{by_touch, "playbook: work\nsteps: [{ id: x, day: 3, channel: task }]"}, {kCreated}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.paused base workflow
    03-02 09:00 lead.enrolled work
    03-05 09:00 touch.emitted x
    03-05 09:00 lead.exited work completed []
    03-05 09:00 lead.resumed base
    03-07 09:00 touches.shortfall base
    03-07 09:00 lead.exited base completed []
  )"));
}

TEST_CASE("after the workflow its playbook counts as left: enroll.again waits from there") {
  const std::string all =
      story_of({{base(kLong), "playbook: work\nenroll: { on: form.submitted, again: { after: 1d } }\n" + kLong},
                {kCreated,
                 kMissed,
                 {"03-02 13:00", "L", "playbook.exit"},
                 {"03-03 12:59", "L", "form.submitted"},
                 {"03-03 13:00", "L", "form.submitted"}},
                "03-04 00:00"});
  CHECK(all.ends_with(lines(R"(
    03-03 12:59 lead.not_enrolled work again
    03-03 13:00 lead.enrolled work
  )")));
}

}  // namespace
}  // namespace relance::tests
