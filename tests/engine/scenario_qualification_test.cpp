// Leads that are let go: `qualification` and `release` of the language, see rules/README.md.

#include <doctest/doctest.h>

#include "rules/loader.h"
#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kTaskAndFar = "steps: [{ id: a, day: 0, channel: task }, { id: far, day: 20, channel: task }]\n";
const std::string kFar = "steps: [{ id: far, day: 20, channel: task }]\n";

std::string disqualify(const std::string& rules) { return "qualification: { disqualify: [" + rules + "] }\n"; }
const std::string kBudget = "{ when: 'lead.budget < 5000', reason: budget }";
const std::string kBudgetTo = "{ when: 'lead.budget < 5000', reason: budget, to: nurture }";

std::string nurture() { return "playbook: nurture\npriority: 10\n" + kFar; }

Given update(const std::string& at, const std::string& data) { return {at, "L", "lead.updated", data}; }

TEST_CASE("a lead that does not qualify is let go, with the reason, and what it was to get is not sent") {
  CHECK(story_of({{cadence(kTaskAndFar + disqualify("{ when: 'lead.need == \"none\"', reason: need }, " + kBudget))},
                  {kArrival, update("03-03 10:00", "'budget':5000"), update("03-04 10:00", "'budget':4999")}}) ==
        lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-04 10:00 lead.exited p qualification:budget disqualified [far]
  )"));
}

TEST_CASE("the first condition that holds gives the reason; an error is false") {
  const std::string rules =
      "{ when: 'lead.unknown > 1', reason: first }, { when: 'lead.score >= 3', reason: second }, "
      "{ when: 'lead.score >= 2', reason: third }";
  const auto reason = [&](const std::string& score) {
    return story_of({{cadence(kFar + disqualify(rules))}, {kArrival, update("03-03 10:00", score)}, "03-04 00:00"}, "L",
                    "lead.exited");
  };
  CHECK(reason("'score':1") == "");
  CHECK(reason("'score':2") == "03-03 10:00 lead.exited p qualification:third disqualified [far]\n");
  CHECK(reason("'score':3") == "03-03 10:00 lead.exited p qualification:second disqualified [far]\n");
}

TEST_CASE("ends of step 6 come first, and a score that this very event changed counts") {
  const std::string playbook = cadence(kFar + disqualify("{ when: 'lead.score >= 3', reason: score }"));
  CHECK(story_of({{playbook}, {kArrival, {"03-03 10:00", "L", "lead.lost", "'score':5"}}}, "L", "lead.exited") ==
        "03-03 10:00 lead.exited p lead.lost [far]\n");
  CHECK(story_of({{playbook},
                  {kArrival, {"03-03 10:00", "L", "page.viewed"}},
                  "03-04 00:00",
                  house_of("score: [{ on: page.viewed, points: 3 }]\n")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 10:00 lead.scored score 3
    03-03 10:00 lead.exited p qualification:score disqualified [far]
  )"));
}

TEST_CASE("an event of the past disqualifies as well: it says what the lead is, not what it did") {
  Run run(rulebook_of({cadence(kFar + disqualify(kBudget))}));
  run.handle(kArrival);
  run.handle({"03-03 10:00", "M", "page.viewed"});
  run.handle(update("03-01 10:00", "'budget':1"));
  CHECK(run.story("L", "lead.exited") == "03-03 10:00 lead.exited p qualification:budget disqualified [far]\n");
}

TEST_CASE("time alone may make a condition true: no step is asked of who does not qualify any more") {
  CHECK(story_of({{cadence(disqualify("{ when: 'now > timestamp(\"2026-03-10T00:00:00Z\")', reason: timing }") +
                           "steps: [{ id: a, day: 7, channel: task }, { id: b, day: 9, channel: task }, "
                           "{ id: c, day: 12, channel: task }]\n")},
                  {kArrival}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-09 09:00 touch.emitted a
    03-11 09:00 lead.exited p qualification:timing disqualified [b,c]
  )"));
}

TEST_CASE("what was emitted and not handed off is cancelled, and a disqualified lead passes no second asking") {
  const rules::Rulebook rulebook = rulebook_of({cadence(
      "contact_hours: { from: '09:00', to: '17:00' }\n" +
      disqualify("{ when: 'now > timestamp(\"2026-03-02T12:00:00Z\")', reason: timing }, " + kBudget) + kTaskAndFar)});
  Run run(rulebook);
  run.handle(kArrival);
  run.until("03-02 09:30");
  rules::LeadState& lead = run.lead("L");
  REQUIRE(lead.touches.size() == 1);
  lead.touches.front().handed_off = false;
  const rules::ActionId action = lead.touches.front().action;
  const rules::Revision revision = rulebook.current().front()->revision;
  const auto preview = [&](std::string_view at) {
    return rules::preview_hand_off(lead, action, revision, {rulebook, run.simulation().store(), instant(at)});
  };
  CHECK(preview("03-02 12:00").answer == rules::HandOff::Answer::go);
  CHECK(preview("03-02 12:01").answer == rules::HandOff::Answer::cancelled);
  CHECK(preview("03-02 12:01").rule == "disqualified");
  run.handle(update("03-02 11:00", "'budget':1"));
  CHECK(run.story("L") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 11:00 lead.exited p qualification:budget disqualified [far]
    03-02 11:00 touch.cancelled a exited
  )"));
}

TEST_CASE("the last touch of a completed enrollment does not leave for a lead that has been disqualified since") {
  const rules::Rulebook rulebook =
      rulebook_of({cadence(disqualify(kBudget) + "steps: [{ id: a, day: 0, channel: task }]\n")});
  Run run(rulebook);
  run.handle(kArrival);
  run.until("03-02 09:00");
  rules::LeadState& lead = run.lead("L");
  REQUIRE_FALSE(lead.enrollment.has_value());
  lead.touches.front().handed_off = false;
  const auto preview = [&] {
    return rules::preview_hand_off(lead, lead.touches.front().action, rulebook.current().front()->revision,
                                   {rulebook, run.simulation().store(), instant("03-02 10:00")});
  };
  CHECK(preview().answer == rules::HandOff::Answer::go);
  run.handle(update("03-02 10:00", "'budget':1"));
  CHECK(preview().answer == rules::HandOff::Answer::cancelled);
  CHECK(preview().rule == "disqualified");
}

TEST_CASE("`to` recycles the lead there and then, in the ordinary way") {
  CHECK(story_of({{cadence(kFar + disqualify(kBudgetTo)), nurture()},
                  {kArrival, update("03-03 10:00", "'budget':1")},
                  "03-10 00:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 10:00 lead.exited p qualification:budget disqualified [far]
    03-03 10:00 lead.enrolled nurture
  )"));
}

TEST_CASE("what keeps a lead out of a playbook keeps a recycled one out") {
  Run run(rulebook_of({cadence(kFar + disqualify(kBudgetTo)), nurture()}));
  run.handle(kArrival);
  run.lead("L").history.push_back({rules::PlaybookId("nurture"), 1, instant("02-01 00:00")});
  run.handle(update("03-03 10:00", "'budget':1"));
  run.to_the_end();
  CHECK(run.story("L") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 10:00 lead.exited p qualification:budget disqualified [far]
    03-03 10:00 lead.not_enrolled nurture again
  )"));
}

TEST_CASE("a lead that does not qualify is not enrolled, and recycled the same way") {
  const Given poor{"03-02 09:00", "L", "lead.created", "'budget':1"};
  Run run(rulebook_of({cadence(kFar + disqualify(kBudgetTo)), nurture()}));
  run.handle(poor);
  CHECK(run.story("L") == lines(R"(
    03-02 09:00 lead.not_enrolled p disqualified
    03-02 09:00 lead.enrolled nurture
  )"));
  CHECK(run.ledger().front().record.reason == "budget");
  CHECK(rules::sentence(run.ledger().front().record) ==
        "Not enrolled in playbook p: the lead does not qualify: budget.");
  // By command as well; without `to` it stays where it is.
  CHECK(story_of({{cadence(kFar + disqualify(kBudget))},
                  {{"03-02 08:00", "L", "lead.updated", "'budget':1"},
                   {"03-02 09:00", "L", "playbook.enroll", "'playbook':'p'"}}}) ==
        "03-02 09:00 lead.not_enrolled p disqualified\n");
}

TEST_CASE("recycling takes nobody from a playbook of the same or a higher priority") {
  // Whom `p` does not want goes on in `q`.
  const std::string q = "playbook: q\npriority: 20\nenroll: { on: lead.updated }\n" + kFar;
  CHECK(story_of({{cadence(kFar + disqualify(kBudgetTo)), q, nurture()},
                  {update("03-02 08:00", "'budget':1"), kArrival},
                  "03-03 00:00"}) == lines(R"(
    03-02 08:00 lead.enrolled q
    03-02 09:00 lead.not_enrolled p disqualified
    03-02 09:00 lead.not_enrolled nurture priority
  )"));
}

TEST_CASE("a lead that was recycled by an event keeps its place against the triggers of that event") {
  const std::string q = "playbook: q\npriority: 90\nenroll: { on: lead.updated }\n" + kFar;
  CHECK(story_of({{cadence(kFar + disqualify(kBudgetTo)), q, nurture()},
                  {kArrival, update("03-03 10:00", "'budget':1")},
                  "03-04 00:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 10:00 lead.exited p qualification:budget disqualified [far]
    03-03 10:00 lead.enrolled nurture
    03-03 10:00 lead.not_enrolled q priority
  )"));
}

TEST_CASE("who does not qualify there either goes on from there, and no circle goes round for ever") {
  const std::string b = "playbook: b\n" + kFar + disqualify("{ when: 'true', reason: always, to: nurture }");
  CHECK(story_of({{cadence(kFar + disqualify("{ when: 'lead.budget < 5000', reason: budget, to: b }")), b, nurture()},
                  {kArrival, update("03-03 10:00", "'budget':1")},
                  "03-04 00:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 10:00 lead.exited p qualification:budget disqualified [far]
    03-03 10:00 lead.not_enrolled b disqualified
    03-03 10:00 lead.enrolled nurture
  )"));
  // A folder with a circle does not load; playbooks that are put together otherwise end it by themselves.
  const std::string x = "playbook: x\nenroll: { on: lead.created, again: {} }\n" + kFar +
                        disqualify("{ when: 'true', reason: always, to: y }");
  const std::string y = "playbook: y\n" + kFar + disqualify("{ when: 'true', reason: always, to: x }");
  CHECK(story_of({{x, y}, {kArrival}}) == lines(R"(
    03-02 09:00 lead.not_enrolled x disqualified
    03-02 09:00 lead.not_enrolled y disqualified
    03-02 09:00 lead.not_enrolled x disqualified
  )"));
}

const std::string kWorkflow = "on: { meeting.missed: { start: work } }\n";

TEST_CASE("the interrupted enrollment is asked as well, of its own touches") {
  const std::string rule = disqualify("{ when: 'enrollment.touches == 1 && lead.budget < 5', reason: budget }");
  const std::string work = "playbook: work\n" + kFar;
  const std::vector<Given> events{
      kArrival, {"03-02 12:00", "L", "meeting.missed"}, update("03-03 10:00", "'budget':1")};
  CHECK(story_of({{cadence(kTaskAndFar + kWorkflow + rule), work}, events, "03-04 00:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.paused workflow
    03-02 12:00 lead.enrolled work
    03-03 10:00 lead.exited p qualification:budget disqualified [far]
  )"));
  // The workflow's own: what it interrupted goes on, and recycling respects its priority.
  CHECK(
      story_of({{cadence(kTaskAndFar + kWorkflow), work + disqualify(kBudgetTo), nurture()}, events, "03-04 00:00"}) ==
      lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 12:00 lead.paused workflow
    03-02 12:00 lead.enrolled work
    03-03 10:00 lead.exited work qualification:budget disqualified [far]
    03-03 10:00 lead.resumed
    03-03 10:00 lead.not_enrolled nurture priority
  )"));
  // Both, the workflow first.
  CHECK(story_of(
            {{cadence(kTaskAndFar + kWorkflow + rule), work + disqualify(kBudgetTo), nurture()}, events, "03-04 00:00"},
            "L", "lead.e") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.enrolled work
    03-03 10:00 lead.exited work qualification:budget disqualified [far]
    03-03 10:00 lead.exited p qualification:budget disqualified [far]
    03-03 10:00 lead.enrolled nurture
  )"));
}

TEST_CASE("a workflow is not started for who does not qualify for it") {
  CHECK(story_of({{cadence(kFar + kWorkflow), "playbook: work\n" + kFar + disqualify(kBudgetTo), nurture()},
                  {{"03-02 09:00", "L", "lead.created", "'budget':1"}, {"03-02 12:00", "L", "meeting.missed"}},
                  "03-03 00:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.not_enrolled work disqualified
    03-02 12:00 lead.not_enrolled nurture priority
  )"));
}

// ---- release ----

TEST_CASE("a lead that has not decided in the fixed time is released") {
  CHECK(story_of(
            {{cadence(kTaskAndFar + "release: { after: 7d, to: nurture }\n"), nurture()}, {kArrival}, "03-10 00:00"}) ==
        lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-09 09:00 lead.exited p released [far]
    03-09 09:00 lead.enrolled nurture
  )"));
}

TEST_CASE("the time counts from the anchor, in business days where it says so") {
  const std::string hours = "contact_hours: { from: '09:00', to: '17:00', zone: UTC }\n";
  const Given saturday{"03-07 12:00", "L", "lead.created"};
  CHECK(story_of({{cadence(hours + kFar + "release: { after: 36h }\n")}, {saturday}}, "L", "lead.exited") ==
        "03-10 21:00 lead.exited p released [far]\n");
  CHECK(story_of({{cadence(hours + kFar + "release: { after: 5bd }\n")}, {kArrival}}, "L", "lead.exited") ==
        "03-09 09:00 lead.exited p released [far]\n");
}

TEST_CASE("with `when` the time begins when that first holds, and stands") {
  const std::string playbook = cadence(kFar + "release: { after: 7d, when: 'lead.stage == \"opportunity\"' }\n");
  const auto exit = [&](std::vector<Given> events) {
    events.insert(events.begin(), kArrival);
    return story_of({{playbook}, events}, "L", "lead.exited");
  };
  CHECK(exit({}) == "03-22 09:00 lead.exited p completed []\n");
  CHECK(exit({update("03-03 10:00", "'stage':'opportunity'")}) == "03-10 10:00 lead.exited p released [far]\n");
  CHECK(exit({update("03-03 10:00", "'stage':'opportunity'"), update("03-04 10:00", "'stage':'sql'"),
              update("03-05 10:00", "'stage':'opportunity'")}) == "03-10 10:00 lead.exited p released [far]\n");
  CHECK(story_of({{playbook}, {{"03-02 09:00", "L", "lead.created", "'stage':'opportunity'"}}}, "L", "lead.exited") ==
        "03-09 09:00 lead.exited p released [far]\n");
}

TEST_CASE("a pause, a hold and a cool-down do not stop the time") {
  const std::string release = "release: { after: 7d }\n";
  CHECK(story_of({{cadence(kFar + release)}, {kArrival, {"03-03 09:00", "L", "playbook.pause"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 09:00 lead.paused manual
    03-09 09:00 lead.exited p released [far]
  )"));
  CHECK(story_of({{cadence(kTaskAndFar + release + "cool_down: { after: 1, pause: 9d }\n")}, {kArrival}}, "L",
                 "lead.") == "03-02 09:00 lead.enrolled p\n03-09 09:00 lead.exited p released [far]\n");
  CHECK(story_of({{cadence(kTaskAndFar + release + "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n")},
                  {{"03-02 09:00", "L", "lead.created", "'flags':['vip']"}}},
                 "L", "lead.e") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 lead.escalated exception
    03-09 09:00 lead.exited p released [a,far]
  )"));
}

TEST_CASE("at one instant the release comes first: no step, breach or shortfall is left to it") {
  CHECK(story_of({{cadence("touches: { within: 7d, min: 3 }\nsla: { first_touch: { within: 7d, channels: [call] } }\n"
                           "release: { after: 7d }\nsteps: [{ id: a, day: 7, channel: task }, "
                           "{ id: b, day: 8, channel: task }]\n")},
                  {kArrival}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-09 09:00 lead.exited p released [a,b]
  )"));
}

TEST_CASE("an event at the very instant comes before the release") {
  CHECK(story_of({{cadence(kFar + "release: { after: 7d }\n")}, {kArrival, {"03-09 09:00", "L", "lead.converted"}}}) ==
        "03-02 09:00 lead.enrolled p\n03-09 09:00 lead.exited p goal [far]\n");
}

TEST_CASE("the interrupted enrollment is released while the workflow goes on, and the workflow by its own time") {
  const std::vector<Given> events{kArrival, {"03-02 12:00", "L", "meeting.missed"}};
  CHECK(
      story_of(
          {{cadence(kFar + kWorkflow + "release: { after: 7d }\n"), "playbook: work\n" + kFar}, events, "03-10 00:00"},
          "L", "lead.e") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.enrolled work
    03-09 09:00 lead.exited p released [far]
  )"));
  CHECK(
      story_of({{cadence(kFar + kWorkflow), "playbook: work\nrelease: { after: 2d }\n" + kFar}, events, "03-10 00:00"},
               "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 12:00 lead.paused workflow
    03-02 12:00 lead.enrolled work
    03-04 12:00 lead.exited work released [far]
    03-04 12:00 lead.resumed
  )"));
  // Its time begins while it is interrupted.
  CHECK(story_of({{cadence(kFar + kWorkflow + "release: { after: 7d, when: 'lead.stage == \"opportunity\"' }\n"),
                   "playbook: work\n" + kFar},
                  {events[0], events[1], update("03-03 10:00", "'stage':'opportunity'")},
                  "03-12 00:00"},
                 "L", "lead.exited") == "03-10 10:00 lead.exited p released [far]\n");
}

TEST_CASE("late work: after the release nothing goes out, however long a step was due") {
  const rules::Rulebook rulebook = rulebook_of(
      {cadence("release: { after: 7d }\ntouches: { within: 9d }\nsteps: [{ id: a, day: 3, channel: task }]\n")});
  Run run(rulebook);
  run.handle(kArrival);
  const auto done_at = [&](std::string_view at) {
    rules::LeadState lead = run.lead("L");
    rules::Decision decision;
    while (rules::decide_due(lead, {rulebook, run.simulation().store(), instant(at)}, decision)) {
    }
    std::string text;
    for (const rules::Record& record : decision.records) {
      text += std::string(to_string(record.type)) + " " + std::string(record.reason.view()) + ",";
    }
    return text;
  };
  CHECK(done_at("03-09 08:59") == "touch.emitted ,");
  CHECK(done_at("03-09 09:00") == "lead.exited released,");
  CHECK(done_at("03-09 09:01") == "lead.exited released,");
  CHECK(done_at("03-20 09:00") == "lead.exited released,");
}

TEST_CASE("a touch does not leave after the release, and no attempt is made then") {
  const rules::Rulebook rulebook = rulebook_of({cadence(kTaskAndFar + "release: { after: 2h }\n")});
  Run run(rulebook);
  run.handle(kArrival);
  run.until("03-02 09:00");
  rules::LeadState& lead = run.lead("L");
  REQUIRE(lead.touches.size() == 1);
  CHECK(lead.touches.front().not_after == instant("03-02 11:00"));
  lead.touches.front().handed_off = false;
  const rules::DecisionContext late{rulebook, run.simulation().store(), instant("03-02 11:01")};
  CHECK(rules::preview_hand_off(lead, lead.touches.front().action, rulebook.current().front()->revision, late).answer ==
        rules::HandOff::Answer::cancelled);
}

TEST_CASE("a variant does not move the release") {
  CHECK(story_of({{cadence(kFar + "release: { after: 7d }\ntouches: { within: 30d }\nvariants: [{ id: hot, when: "
                                  "'lead.score > 5', replace: { touches: { within: 10d } } }]\n")},
                  {kArrival, update("03-03 09:00", "'score':9")}},
                 "L", "lead.exited") == "03-09 09:00 lead.exited p released [far]\n");
}

TEST_CASE("a file that changes: what is computed stands while the new one releases, and is computed where it was not") {
  const auto file = [](const std::string& release) { return cadence("in_flight: migrate\n" + kFar + release); };
  const auto exit_after = [&](const std::string& before, const std::string& after) {
    const rules::Rulebook old = rulebook_of({file(before)});
    Run run(old);
    run.handle(kArrival);
    run.until("03-04 00:00");
    rules::Rulebook now = rulebook_of({file(after)});
    now.keep_revisions_of(old);
    rules::LeadState& lead = run.lead("L");
    rules::Decision decision;
    rules::decide_published(lead, {now, run.simulation().store(), instant("03-04 00:00")}, decision);
    const auto& release = lead.enrollment->release_at;
    return release ? short_text(*release) : std::string("never");
  };
  CHECK(exit_after("release: { after: 7d }\n", "release: { after: 9d }\n") == "03-09 09:00");
  CHECK(exit_after("release: { after: 7d }\n", "") == "never");
  CHECK(exit_after("", "release: { after: 9d }\n") == "03-11 09:00");
  CHECK(exit_after("", "release: { after: 1d }\n") == "03-04 00:00");  // past already: now
  CHECK(exit_after("", "release: { after: 9d, when: 'lead.stage == \"x\"' }\n") == "never");
}

}  // namespace
}  // namespace relance::tests
