// Score and hand-off, which are the house's. playbook-language.md: "Variants, score, experiments, workflows",
// "One event" 8.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kIdle = cadence("steps: [{ id: a, day: 9, channel: task }]");
/// Not `p`, so that a story names it.
const std::string kInbound = R"(playbook: inbound
enroll: { on: lead.created }
steps: [{ id: a, day: 9, channel: task }])";

Given viewed(const std::string& at, const std::string& path = "/") {
  return {at, "L", "page.viewed", "'path':'" + path + "'"};
}

std::string scores(const std::string& house, const std::vector<Given>& events) {
  return story_of({{kIdle}, events, {}, house_of(house)}, "L", "lead.scored");
}

TEST_CASE("every rule gives its points in order, and one record says what they come to") {
  const std::string house = R"(score:
  - { on: page.viewed, when: lead.score >= 15, points: 100 }
  - { on: [form.submitted, page.viewed], points: 15 }
  - { on: page.viewed, when: lead.score >= 15, points: 1000 })";
  CHECK(scores(house, {viewed("03-02 09:00")}) == "03-02 09:00 lead.scored score 1015\n");
  CHECK(scores(house, {{"03-02 09:00", "L", "form.submitted"}, {"03-02 09:01", "L", "meeting.booked"}}) ==
        "03-02 09:00 lead.scored score 15\n");
}

TEST_CASE("a lead that no playbook has is scored as well") {
  CHECK(story_of({{kIdle}, {viewed("03-02 09:00")}, {}, house_of("score: [{ on: page.viewed, points: 5 }]")}) ==
        "03-02 09:00 lead.scored score 5\n");
}

TEST_CASE("a rule gives a lead no more than its maximum in all: the last addition is cut, then none is recorded") {
  const std::string house =
      R"(score: [{ on: page.viewed, when: 'event.path.startsWith("/pricing")', points: 15, max: 40 }])";
  CHECK(scores(house, {viewed("03-02 09:00", "/pricing"), viewed("03-02 09:01", "/pricing/eu"),
                       viewed("03-02 09:02", "/pricing"), viewed("03-02 09:03", "/pricing")}) == lines(R"(
    03-02 09:00 lead.scored score 15
    03-02 09:01 lead.scored score 30
    03-02 09:02 lead.scored score 40
  )"));
}

TEST_CASE("a maximum below the points cuts the first addition") {
  CHECK(scores("score: [{ on: page.viewed, points: 15, max: 4 }]", {viewed("03-02 09:00"), viewed("03-02 09:01")}) ==
        "03-02 09:00 lead.scored score 4\n");
}

TEST_CASE("a maximum is one rule's and one lead's own") {
  const std::string house = R"(score:
  - { on: page.viewed, points: 10, max: 15 }
  - { on: page.viewed, points: 10, max: 25 })";
  const Scenario scenario{{kIdle},
                          {viewed("03-02 09:00"),
                           viewed("03-02 09:01"),
                           viewed("03-02 09:02"),
                           viewed("03-02 09:03"),
                           {"03-02 09:04", "M", "page.viewed"}},
                          {},
                          house_of(house)};
  CHECK(story_of(scenario, "L") == lines(R"(
    03-02 09:00 lead.scored score 20
    03-02 09:01 lead.scored score 35
    03-02 09:02 lead.scored score 40
  )"));
  CHECK(story_of(scenario, "M") == "03-02 09:04 lead.scored score 20\n");
}

TEST_CASE("a condition of a score rule that fails is no") {
  CHECK(scores("score: [{ on: page.viewed, when: event.visits > 3, points: 15 }]", {viewed("03-02 09:00")}).empty());
}

TEST_CASE("a lead event may set the score, the points add to it, and the maximum remembers what was given") {
  CHECK(scores("score: [{ on: page.viewed, points: 15, max: 40 }]", {score("03-02 09:00", "10"),
                                                                     viewed("03-02 09:01"),
                                                                     score("03-02 09:02", "0"),
                                                                     viewed("03-02 09:03"),
                                                                     viewed("03-02 09:04"),
                                                                     score("03-02 09:05", "1"),
                                                                     viewed("03-02 09:06"),
                                                                     score("03-02 09:07", "null"),
                                                                     {"03-02 09:08", "L", "page.viewed"}}) == lines(R"(
    03-02 09:01 lead.scored score 25
    03-02 09:03 lead.scored score 15
    03-02 09:04 lead.scored score 25
  )"));
}

TEST_CASE("only what the rules change is recorded: an event that sets the score is not, unless a rule adds to it") {
  CHECK(scores("score: [{ on: page.viewed, points: 15 }]", {score("03-02 09:00", "70")}).empty());
  CHECK(scores("score: [{ on: lead.updated, points: 5 }]", {score("03-02 09:00", "70")}) ==
        "03-02 09:00 lead.scored score 75\n");
}

TEST_CASE("points may be taken away, and points that cancel each other out change nothing") {
  CHECK(scores("score: [{ on: page.viewed, points: 5 }, { on: touch.opened, points: -8 }]", {viewed("03-02 09:00")}) ==
        "03-02 09:00 lead.scored score 5\n");
  CHECK(scores("score: [{ on: meeting.missed, points: -8 }]", {{"03-02 09:00", "L", "meeting.missed"}}) ==
        "03-02 09:00 lead.scored score -8\n");
  CHECK(scores("score: [{ on: page.viewed, points: 5 }, { on: page.viewed, points: -5 }]", {viewed("03-02 09:00")})
            .empty());
}

TEST_CASE("a score with a fraction stays one") {
  CHECK(scores("score: [{ on: page.viewed, points: 15 }]", {score("03-02 09:00", "1.5"), viewed("03-02 09:01")}) ==
        "03-02 09:01 lead.scored score 16.5\n");
}

TEST_CASE("a score beyond all bounds stays at its bound") {
  CHECK(scores("score: [{ on: page.viewed, points: 15 }]",
               {score("03-02 09:00", "9223372036854775800"), viewed("03-02 09:01"), viewed("03-02 09:02")}) ==
        "03-02 09:01 lead.scored score 9223372036854775807\n");
}

TEST_CASE("a duplicate gives no points") {
  const Given once{"03-02 09:00", "L", "page.viewed", {}, "same"};
  CHECK(scores("score: [{ on: page.viewed, points: 15 }]", {once, once}) == "03-02 09:00 lead.scored score 15\n");
}

TEST_CASE("within one event the score comes before exceptions, variants and enrollment") {
  const std::string by_score = R"(playbook: p
enroll: { on: page.viewed, when: lead.score == 15 }
exceptions: [{ when: lead.score == 30, do: escalate }]
variants: [{ id: hot, when: lead.score == 30, replace: { touches: { max: 1 } } }]
steps: [{ id: a, day: 9, channel: task }])";
  CHECK(story_of({{by_score},
                  {viewed("03-02 09:00"), viewed("03-02 09:01")},
                  "03-02 10:00",
                  house_of("score: [{ on: page.viewed, points: 15 }]")}) == lines(R"(
    03-02 09:00 lead.scored score 15
    03-02 09:00 lead.enrolled p
    03-02 09:01 lead.scored score 30
    03-02 09:01 lead.escalated exception
    03-02 09:01 lead.variant variant hot
  )"));
}

TEST_CASE("within one event the score comes after the exit and the pause") {
  const std::string body =
      "on: { playbook.pause: { start: p } }\ngoal: [page.viewed]\nsteps: [{ id: a, day: 9, channel: task }]";
  CHECK(story_of({{cadence(body)},
                  {{"03-02 09:00", "L", "lead.created"}, {"03-02 10:00", "L", "playbook.pause"}, viewed("03-02 11:00")},
                  {},
                  house_of("score: [{ on: [page.viewed, playbook.pause], points: 15 }]")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 10:00 lead.paused manual
    03-02 10:00 lead.scored score 15
    03-02 11:00 lead.exited p goal [a]
    03-02 11:00 lead.scored score 30
  )"));
}

std::string handed_over(const std::string& handoff, const std::vector<Given>& events) {
  return story_of({{kInbound}, events, "03-03 00:00", house_of("handoff: " + handoff)});
}

TEST_CASE("the score that is reached hands the lead over once, however it got there, and the cadence goes on") {
  CHECK(handed_over("{ at: 80 }", {{"03-02 09:00", "L", "lead.created", "'score':79.5"},
                                   score("03-02 10:00", "80"),
                                   score("03-02 11:00", "10"),
                                   score("03-02 12:00", "90")}) == lines(R"(
    03-02 09:00 lead.enrolled inbound
    03-02 10:00 lead.escalated inbound handoff
  )"));
  CHECK(
      story_of(
          {{kInbound},
           {{"03-02 09:00", "L", "lead.created"}, viewed("03-02 10:00"), viewed("03-02 11:00"), viewed("03-02 12:00")},
           "03-03 00:00",
           house_of("handoff: { at: 80, then: continue }\nscore: [{ on: page.viewed, points: 40 }]")}) == lines(R"(
    03-02 09:00 lead.enrolled inbound
    03-02 10:00 lead.scored score 40
    03-02 11:00 lead.scored score 80
    03-02 11:00 lead.escalated inbound handoff
    03-02 12:00 lead.scored score 120
  )"));
  CHECK(handed_over("{ at: 80 }", {{"03-02 09:00", "L", "lead.updated", "'score':80.0"}}) ==
        "03-02 09:00 lead.escalated handoff\n");
}

TEST_CASE("the hand-off comes before the enrollment by the same event, which it does not keep from happening") {
  CHECK(handed_over("{ at: 80, then: exit }", {{"03-02 09:00", "L", "lead.created", "'score':80"}}) == lines(R"(
    03-02 09:00 lead.escalated handoff
    03-02 09:00 lead.enrolled inbound
  )"));
}

TEST_CASE("then: exit ends the running enrollment, before its exceptions and its variant are asked") {
  const std::string body = R"(
exceptions: [{ when: lead.score >= 80, do: escalate }]
variants: [{ id: hot, when: lead.score >= 80, replace: { touches: { max: 1 } } }]
steps: [{ id: a, day: 0, channel: task }, { id: b, day: 3, channel: task }])";
  const std::vector<Given> events{{"03-02 09:00", "L", "lead.created"}, score("03-02 10:00", "80")};
  CHECK(story_of({{cadence(body)}, events, {}, house_of("handoff: { at: 80, then: exit }")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 10:00 lead.escalated handoff
    03-02 10:00 lead.exited p handoff [b]
  )"));
  CHECK(story_of({{cadence(body)}, events, "03-02 12:00", house_of("handoff: { at: 80, then: continue }")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 10:00 lead.escalated handoff
    03-02 10:00 lead.escalated exception
    03-02 10:00 lead.variant variant hot
  )"));
}

TEST_CASE("then: exit ends the workflow first, then what it interrupted, which does not go on in between") {
  const std::string base = R"(playbook: inbound
enroll: { on: lead.created }
on: { meeting.missed: { start: no-show } }
steps: [{ id: a, day: 9, channel: task }])";
  const std::string no_show = "playbook: no-show\nsteps: [{ id: x, day: 9, channel: task }]";
  CHECK(story_of(
            {{base, no_show},
             {{"03-02 09:00", "L", "lead.created"}, {"03-02 10:00", "L", "meeting.missed"}, score("03-02 11:00", "80")},
             {},
             house_of("handoff: { at: 80, then: exit }")}) == lines(R"(
    03-02 09:00 lead.enrolled inbound
    03-02 10:00 lead.paused inbound workflow
    03-02 10:00 lead.enrolled no-show
    03-02 11:00 lead.escalated no-show handoff
    03-02 11:00 lead.exited no-show handoff [x]
    03-02 11:00 lead.exited inbound handoff [a]
  )"));
}

TEST_CASE("an event that ends the enrollment and reaches the score hands over a lead without one") {
  CHECK(story_of({{kInbound},
                  {{"03-02 09:00", "L", "lead.created"}, {"03-02 10:00", "L", "lead.converted"}},
                  {},
                  house_of("handoff: { at: 80 }\nscore: [{ on: lead.converted, points: 80 }]")}) == lines(R"(
    03-02 09:00 lead.enrolled inbound
    03-02 10:00 lead.exited inbound goal [a]
    03-02 10:00 lead.scored score 80
    03-02 10:00 lead.escalated handoff
  )"));
}

TEST_CASE("a hand-off ends a pause's wait and a cool-down goes on: only the enrollment is over") {
  const std::string body =
      "cool_down: { after: 1, pause: 2d }\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }]";
  CHECK(story_of(
            {{cadence(body)},
             {{"03-02 09:00", "L", "lead.created"}, {"03-02 10:00", "L", "playbook.pause"}, score("03-02 11:00", "80")},
             {},
             house_of("handoff: { at: 80, then: exit }")}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 cool_down.started until 03-04 09:00
    03-02 10:00 lead.paused manual
    03-02 11:00 lead.escalated handoff
    03-02 11:00 lead.exited p handoff [b]
    03-04 09:00 cool_down.ended
  )"));
}

}  // namespace
}  // namespace relance::tests
