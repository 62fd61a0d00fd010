// Workflows: what starts one, what keeps it from starting, and who is asked while it runs. How they end is in
// scenario_workflow_end_test.cpp. playbook-language.md: "Variants, score, experiments, workflows", "One event" 12.

#include <doctest/doctest.h>

#include "workflow_support.h"

namespace relance::tests {
namespace {

const std::string kThree =
    "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }, { id: c, wait: 1d, channel: task }]";

TEST_CASE("an event starts the workflow, the enrollment waits, and goes on as after a pause") {
  // 25 hours are two days for the anchor, and 25 hours for a wait.
  CHECK(
      story_of({{base(kThree), work("steps: [{ id: x, day: 0, channel: task }, { id: y, wait: 25h, channel: task }]")},
                {kCreated, kMissed}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 12:00 touch.emitted x
    03-03 13:00 touch.emitted y
    03-03 13:00 lead.exited work completed []
    03-03 13:00 lead.resumed base
    03-05 09:00 touch.emitted b
    03-06 09:00 touch.emitted c
    03-06 09:00 lead.exited base completed []
  )"));
  CHECK(story_of({{base("steps: [{ id: a, day: 0, channel: task }, { id: c, wait: 1d, channel: task }]"),
                   work("steps: [{ id: y, wait: 25h, channel: task }]")},
                  {kCreated, kMissed}},
                 "L", "touch.") == lines(R"(
    03-02 09:00 touch.emitted a
    03-03 13:00 touch.emitted y
    03-04 10:00 touch.emitted c
  )"));
}

TEST_CASE("the window does not end meanwhile, and moves with the anchor") {
  CHECK(
      story_of({{base("touches: { within: 27h }\n" + kThree), work("touches: { within: 3d }\nsteps: [{ id: x, day: 9, "
                                                                   "channel: task }]")},
                {kCreated, kMissed}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-05 12:00 touch.withheld x expired
    03-05 12:00 lead.exited work completed []
    03-05 12:00 lead.resumed base
    03-06 09:00 touch.emitted b
    03-06 12:00 touch.withheld c expired
    03-06 12:00 lead.exited base completed []
  )"));
}

TEST_CASE("a step that was deferred is asked at the later of its instant and the end of the workflow") {
  const std::string capped =
      "caps: [{ scope: playbook, max: 1, per: 30h }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, "
      "channel: task }]";
  const auto touches = [&](const std::string& wait) {
    return story_of(
        {{base(capped), work("steps: [{ id: x, wait: " + wait + ", channel: task }]")}, {kCreated, kMissed}}, "L",
        "touch.");
  };
  CHECK(touches("1h") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:playbook:any until 03-03 15:00
    03-02 13:00 touch.emitted x
    03-03 15:00 touch.emitted b
  )"));
  CHECK(touches("2d") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:playbook:any until 03-03 15:00
    03-04 12:00 touch.emitted x
    03-04 12:00 touch.emitted b
  )"));
}

TEST_CASE("only the enrollment that ran when the event came is asked") {
  const std::string by_arrival =
      "playbook: base\nenroll: { on: lead.created }\non: { lead.created: { start: work } }\n" + kLong;
  CHECK(story_of({{by_arrival, work(kLong)}, {kCreated}, "03-02 10:00"}) == "03-02 09:00 lead.enrolled base\n");
  // An end by the same event, and another playbook that takes the lead over, leave nothing to ask.
  CHECK(story_of({{base("goal: [meeting.missed]\n" + kLong), work(kLong)}, {kCreated, kMissed}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.exited base goal [far]
  )"));
  const std::string higher = "playbook: higher\npriority: 90\nenroll: { on: meeting.missed }\n" + kLong;
  CHECK(story_of({{base(kLong), work(kLong), higher}, {kCreated, kMissed}, "03-02 13:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.exited base superseded [far]
    03-02 12:00 lead.enrolled higher
  )"));
}

TEST_CASE("a trigger that does not take the lead over is asked before the workflow starts") {
  const std::string lower = "playbook: lower\npriority: 10\nenroll: { on: meeting.missed }\n" + kLong;
  CHECK(story_of({{base(kLong), work(kLong), lower}, {kCreated, kMissed}, "03-02 13:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.not_enrolled lower priority
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
  )"));
}

TEST_CASE("a workflow asks neither the condition nor the priority of what it starts") {
  const std::string never = "priority: 0\nenroll: { on: form.submitted, when: 'false' }\n";
  CHECK(story_of({{base(kLong), work(never + kLong)}, {kCreated, kMissed}, "03-02 13:00"}, "L", "lead.enrolled") ==
        lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.enrolled work
  )"));
}

TEST_CASE("a paused enrollment starts no workflow, also when this very event paused it") {
  CHECK(story_of({{base(kLong), work(kLong)}, {kCreated, {"03-02 10:00", "L", "playbook.pause"}, kMissed}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 10:00 lead.paused base manual
  )"));
  const std::string by_pause =
      "playbook: base\nenroll: { on: lead.created }\non: { playbook.pause: { start: work }, playbook.resume: { start: "
      "work } }\n" +
      kLong;
  CHECK(story_of({{by_pause, work(kLong)},
                  {kCreated, {"03-02 10:00", "L", "playbook.pause"}, {"03-02 11:00", "L", "playbook.resume"}},
                  "03-02 12:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 10:00 lead.paused base manual
    03-02 11:00 lead.resumed base
    03-02 11:00 lead.paused base workflow
    03-02 11:00 lead.enrolled work
  )"));
}

TEST_CASE("a workflow is blocked where every channel of its steps is, and the enrollment goes on") {
  CHECK(story_of({{base(kLong), work("steps: [{ id: x, day: 0, channel: email }]")},
                  {{"03-02 08:00", "L", "optout.received", "'channel':'email'"}, kCreated, kMissed}},
                 "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.not_enrolled work suppressed
    03-22 09:00 lead.exited base completed []
  )"));
}

TEST_CASE("a workflow that was there before comes again only as its own enroll.again says") {
  const std::string once = "steps: [{ id: x, day: 0, channel: task }]";
  const Given later{"03-02 13:00", "L", "meeting.missed"};
  CHECK(story_of({{base(kLong), work(once)}, {kCreated, kMissed, later}, "03-02 14:00"}, "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 12:00 lead.exited work completed []
    03-02 12:00 lead.resumed base
    03-02 13:00 lead.not_enrolled work again
  )"));
  const std::string again = "enroll: { again: { after: 1h, max: 2 } }\n" + once;
  CHECK(story_of(
            {{base(kLong), work(again)},
             {kCreated, kMissed, {"03-02 12:59", "L", "meeting.missed"}, later, {"03-04 13:00", "L", "meeting.missed"}},
             "03-04 14:00"},
            "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 12:00 lead.exited work completed []
    03-02 12:00 lead.resumed base
    03-02 12:59 lead.not_enrolled work again
    03-02 13:00 lead.paused base workflow
    03-02 13:00 lead.enrolled work
    03-02 13:00 lead.exited work completed []
    03-02 13:00 lead.resumed base
    03-04 13:00 lead.not_enrolled work again
  )"));
}

TEST_CASE("a workflow that starts itself is enrolled already") {
  const std::string itself =
      "playbook: base\nenroll: { on: lead.created, again: {} }\non: { meeting.missed: { start: base } }\n" + kLong;
  CHECK(story_of({{itself}, {kCreated, kMissed}, "03-02 13:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.not_enrolled base already_enrolled
  )"));
}

TEST_CASE("there is one level: a workflow with something behind it starts none, and leaves no record of it") {
  const std::string deeper = work("on: { meeting.missed: { start: deepest } }\n" + kLong);
  const std::string deepest = "playbook: deepest\n" + kLong;
  const Given again{"03-02 13:00", "L", "meeting.missed"};
  CHECK(story_of({{base(kLong), deeper, deepest}, {kCreated, kMissed, again}, "03-02 14:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
  )"));
  // Once nothing is behind it any more it is an enrollment like any other.
  CHECK(story_of({{base(kLong), deeper, deepest},
                  {kCreated, kMissed, {"03-02 12:30", "L", "playbook.exit", "'playbook':'base'"}, again},
                  "03-02 14:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 12:30 lead.exited base manual [far]
    03-02 13:00 lead.paused work workflow
    03-02 13:00 lead.enrolled deepest
  )"));
}

TEST_CASE("triggers are judged against the higher priority of the two") {
  const auto taken = [](const std::string& of_base, const std::string& of_work, const std::string& of_taker) {
    const std::string taker = "playbook: taker\npriority: " + of_taker + "\nenroll: { on: form.submitted }\n" + kLong;
    const std::string story =
        story_of({{base(kLong, "priority: " + of_base + "\n"), work("priority: " + of_work + "\n" + kLong), taker},
                  {kCreated, kMissed, {"03-02 13:00", "L", "form.submitted"}},
                  "03-02 14:00"});
    return story.substr(story.find("03-02 13:00"));
  };
  const std::string blocked = "03-02 13:00 lead.not_enrolled taker priority\n";
  CHECK(taken("50", "80", "60") == blocked);
  CHECK(taken("80", "20", "60") == blocked);
  CHECK(taken("50", "20", "50") == blocked);
  CHECK(taken("50", "20", "51") == lines(R"(
    03-02 13:00 lead.exited work superseded [far]
    03-02 13:00 lead.exited base superseded [far]
    03-02 13:00 lead.enrolled taker
  )"));
}

TEST_CASE("a command takes both over whatever their priority, and neither can be entered again meanwhile") {
  const std::string story = story_of(
      {{base(kLong, "priority: 90\n"), work("enroll: { again: {} }\n" + kLong), "playbook: low\npriority: 1\n" + kLong},
       {kCreated,
        kMissed,
        {"03-02 13:00", "L", "playbook.enroll", "'playbook':'base'"},
        {"03-02 13:01", "L", "playbook.enroll", "'playbook':'work'"},
        {"03-02 13:02", "L", "lead.created"},
        {"03-02 13:03", "L", "playbook.enroll", "'playbook':'low'"}},
       "03-02 14:00"});
  CHECK(story.substr(story.find("03-02 13:00")) == lines(R"(
    03-02 13:00 lead.not_enrolled base already_enrolled
    03-02 13:01 lead.not_enrolled work already_enrolled
    03-02 13:02 lead.not_enrolled base already_enrolled
    03-02 13:03 lead.exited work superseded [far]
    03-02 13:03 lead.exited base superseded [far]
    03-02 13:03 lead.enrolled low
  )"));
}

TEST_CASE("a pause concerns the workflow, and what it interrupted waits for its end") {
  const std::string short_work = work("steps: [{ id: x, day: 1, channel: task }]");
  CHECK(story_of({{base(kThree), short_work},
                  {kCreated,
                   kMissed,
                   {"03-02 13:00", "L", "playbook.pause", "'playbook':'base'"},
                   {"03-02 13:10", "L", "playbook.resume"},
                   {"03-02 14:00", "L", "playbook.pause"},
                   {"03-02 14:10", "L", "playbook.resume", "'playbook':'base'"},
                   {"03-02 15:00", "L", "playbook.resume"}}}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 14:00 lead.paused work manual
    03-02 15:00 lead.resumed work
    03-04 12:00 touch.emitted x
    03-04 12:00 lead.exited work completed []
    03-04 12:00 lead.resumed base
    03-05 09:00 touch.emitted b
    03-06 09:00 touch.emitted c
    03-06 09:00 lead.exited base completed []
  )"));
  CHECK(story_of(
            {{base(kThree), short_work},
             {kCreated, kMissed, {"03-02 13:00", "L", "touch.replied", "'auto':true,'until':'2026-03-04T13:00:00Z'"}}},
            "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 13:00 lead.paused work auto_reply until 03-04 13:00
    03-04 13:00 lead.resumed work
    03-05 12:00 lead.exited work completed []
    03-05 12:00 lead.resumed base
    03-07 09:00 lead.exited base completed []
  )"));
}

const std::string kSla = "sla: { first_touch: { within: 1d, warn_at: 50%, channels: [call] } }\n";

TEST_CASE("the timers of the interrupted SLA go on") {
  CHECK(story_of({{base(kSla + kLong), work(kLong)}, {kCreated, kMissed}, "03-04 00:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 21:00 sla.at_risk base until 03-03 09:00
    03-03 09:00 sla.breached base
  )"));
}

TEST_CASE("a first touch meets the SLA of both, the workflow's first") {
  CHECK(
      story_of({{base(kSla + kLong), work(kSla + kLong)},
                {kCreated, kMissed, {"03-02 13:00", "L", "touch.completed", "'channel':'call','outcome':'connected'"}},
                "03-04 00:00"},
               "L", "sla.") == "03-02 13:00 sla.met work\n03-02 13:00 sla.met base\n");
  // It is asked of each by itself: before the workflow began, and on a channel that only one of them counts.
  CHECK(story_of({{base(kSla + kLong), work(kSla + kLong)},
                  {kCreated,
                   kMissed,
                   {"03-02 13:00", "M", "page.viewed"},
                   {"03-02 11:00", "L", "touch.completed", "'channel':'call','outcome':'connected'"}},
                  "03-02 20:00"},
                 "L", "sla.") == "03-02 13:00 sla.met base\n");
  CHECK(
      story_of({{base(kSla + kLong), work("sla: { first_touch: { within: 1h, channels: [task] } }\n" + kLong)},
                {kCreated, kMissed, {"03-02 12:30", "L", "touch.completed", "'channel':'task','outcome':'completed'"}},
                "03-02 20:00"},
               "L", "sla.") == "03-02 12:30 sla.met work\n");
}

TEST_CASE("exceptions and variants are asked of the workflow only, until the other goes on") {
  const std::string asks = R"(
exceptions: [{ when: '"vip" in lead.flags', do: escalate }]
variants: [{ id: hot, when: '"vip" in lead.flags', replace: { touches: { max: 9 } } }]
)";
  CHECK(story_of({{base(asks + kLong), work("steps: [{ id: x, wait: 2h, channel: task }]")},
                  {kCreated, kMissed, {"03-02 13:00", "L", "flag.set", "'flag':'vip'"}},
                  "03-02 15:00"}) == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 14:00 touch.emitted x
    03-02 14:00 lead.exited work completed []
    03-02 14:00 lead.resumed base
    03-02 14:00 lead.escalated base exception
  )"));
}

TEST_CASE("a hold that began before the workflow ends when the other goes on and its condition is false") {
  const std::string held =
      "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\nsteps: [{ id: a, day: 0, channel: task }]";
  const auto story = [&](const std::vector<Given>& more) {
    std::vector<Given> events{{"03-02 09:00", "L", "lead.created", "'flags':['vip']"}, kMissed};
    events.insert(events.end(), more.begin(), more.end());
    return story_of({{base(held), work("steps: [{ id: x, wait: 2h, channel: task }]")}, events, "03-03 00:00"});
  };
  const std::string before = R"(
    03-02 09:00 lead.enrolled base
    03-02 09:00 lead.escalated base exception
    03-02 09:00 touch.deferred a escalation
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work
    03-02 14:00 touch.emitted x
    03-02 14:00 lead.exited work completed []
    03-02 14:00 lead.resumed base
  )";
  CHECK(story({{"03-02 13:00", "L", "flag.cleared", "'flag':'vip'"}}) == lines(before + R"(
    03-02 14:00 touch.emitted a
    03-02 14:00 lead.exited base completed []
  )"));
  CHECK(story({}) == lines(before));
}

TEST_CASE("replies count for both") {
  CHECK(story_of({{base("exit: [opt_out, hard_bounce, complaint]\nsteps: [{ id: a, day: 3, channel: task, skip_if: "
                        "enrollment.replies == 1 }]"),
                   work("exit: [opt_out, hard_bounce, complaint]\nsteps: [{ id: x, day: 1, channel: task, skip_if: "
                        "enrollment.replies == 1 }]")},
                  {kCreated, kMissed, {"03-02 13:00", "L", "touch.replied"}}},
                 "L", "touch.") == lines(R"(
    03-03 12:00 touch.skipped x skip_if
    03-06 09:00 touch.skipped a skip_if
  )"));
}

TEST_CASE("a workflow has its own variant and arm, and a holdout of it is over at once") {
  const std::string varied = work(R"(
variants: [{ id: hot, when: lead.score >= 80, replace: { touches: { max: 9 } } }]
experiment: { id: subject-line, arms: { control: 1, holdout: 1 } }
steps: [{ id: x, day: 1, channel: task }])");
  // L1 is held out; see scenario_experiment_test.cpp.
  CHECK(story_of({{base("steps: [{ id: a, day: 1, channel: task }]"), varied},
                  {{"03-02 09:00", "L1", "lead.created", "'score':90"}, {"03-02 12:00", "L1", "meeting.missed"}}},
                 "L1") == lines(R"(
    03-02 09:00 lead.enrolled base
    03-02 12:00 lead.paused base workflow
    03-02 12:00 lead.enrolled work variant hot
    03-02 12:00 experiment.assigned arm holdout
    03-02 12:00 lead.exited work completed []
    03-02 12:00 lead.resumed base
    03-03 09:00 touch.emitted a
    03-03 09:00 lead.exited base completed []
  )"));
}

}  // namespace
}  // namespace relance::tests
