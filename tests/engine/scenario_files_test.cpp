// Scenario files: what an author may write, and what a broken expectation says.

#include <doctest/doctest.h>

#include "engine/scenarios/scenario_reader.h"
#include "engine/scenarios/scenario_run.h"
#include "simulation_support.h"

namespace relance::engine {
namespace {

constexpr std::string_view kPlaybook = R"(
playbook: p
enroll: { on: lead.created }
contact_hours: { from: "09:00", to: "17:00" }
steps:
  - { id: hello, day: 0, channel: call }
  - { id: news, day: 1, channel: email, skip_if: 'lead.score > 1.5' }
)";

/// "passed", or what the broken expectations say.
std::string outcome_of(const std::string& given, const std::string& expect, const std::string& more = "") {
  const auto rulebook = tests::rulebook_of({std::string(kPlaybook)});
  const std::string yaml =
      "- scenario: s\n  zone: Europe/Paris\n  given:\n    - " + given + "\n  expect:\n    - " + expect + "\n" + more;
  const auto scenarios = read_scenarios(yaml, "s.test.yaml", rulebook);
  if (!scenarios) return rules::to_string(scenarios.error().front());
  REQUIRE(scenarios->size() == 1);
  const ScenarioResult result = run_scenario(rulebook, scenarios->front());
  return result.failures.empty() ? "passed" : result.failures.front().got;
}

const std::string kArrivedLead =
    R"({ at: "2026-03-02T10:00", event: lead.created, lead: { id: L, phone: "+33612345678", email: a@example.com } })";

TEST_CASE("times without an offset are those of the scenario's zone, and so is the zone of the leads") {
  CHECK(outcome_of(kArrivedLead, R"({ at: "2026-03-02T10:00:00+01:00", touch.emitted: hello })") == "passed");
  CHECK(outcome_of(kArrivedLead, R"({ at: "2026-03-02 10:00:00", touch.emitted: hello })") == "passed");
  CHECK(outcome_of(R"({ at: "2026-03-02T18:00", event: lead.created, lead: { id: L, phone: "+33612345678" } })",
                   R"({ at: "2026-03-03T09:00:00+01:00", touch.emitted: hello })") == "passed");
}

TEST_CASE("`at` is one instant, `by` is up to it, `after` is later than it") {
  CHECK(outcome_of(kArrivedLead, R"({ at: "2026-03-03T09:59", touch.emitted: news })") ==
        "it happened at 2026-03-03T10:00:00+01:00");
  CHECK(outcome_of(kArrivedLead, R"({ by: "2026-03-03T10:00", touch.emitted: news })") == "passed");
  CHECK(outcome_of(kArrivedLead, R"({ by: "2026-03-03T09:59", touch.emitted: news })") ==
        "it happened at 2026-03-03T10:00:00+01:00");
  CHECK(outcome_of(kArrivedLead, R"({ after: "2026-03-03T09:59", touch.emitted: news })") == "passed");
  CHECK(outcome_of(kArrivedLead, R"({ after: "2026-03-03T10:00", touch.emitted: news })") ==
        "it happened at 2026-03-03T10:00:00+01:00");
}

TEST_CASE("`never` names a type, a group of types, a rule or one touch") {
  CHECK(outcome_of(kArrivedLead, "{ never: touch.withheld }") == "passed");
  CHECK(outcome_of(kArrivedLead, "{ never: touch.emitted }").starts_with("it happened at"));
  CHECK(outcome_of(kArrivedLead, "{ never: opt_out }") == "passed");
  CHECK(outcome_of(kArrivedLead, "{ never: completed }").starts_with("it happened at"));
  CHECK(outcome_of(kArrivedLead, "{ never: { touch.emitted: news } }") == "it happened at 2026-03-03T10:00:00+01:00");
  CHECK(outcome_of(kArrivedLead, R"({ by: "2026-03-02T23:59", never: { touch.emitted: news } })") == "passed");
  CHECK(outcome_of(kArrivedLead, "{ touch.emitted: false }").starts_with("it happened at"));
}

TEST_CASE("`never: opt_out` sees an opt-out that nothing follows") {
  CHECK(outcome_of(kArrivedLead + "\n    - { at: \"2026-03-20T10:00\", event: optout.received, lead: L }",
                   "{ never: opt_out }") == "it happened at 2026-03-20T10:00:00+01:00 and 2026-03-20T10:00:00+01:00");
}

TEST_CASE("`count` counts, within a time when one is given") {
  CHECK(outcome_of(kArrivedLead, "{ count: 2, touch.emitted: any }") == "passed");
  CHECK(outcome_of(kArrivedLead, R"({ count: 1, by: "2026-03-02T23:59", touch.emitted: any })") == "passed");
  CHECK(outcome_of(kArrivedLead, "{ count: 3, touch.emitted: any }") ==
        "it happened 2 times, at 2026-03-02T10:00:00+01:00 and 2026-03-03T10:00:00+01:00");
  CHECK(outcome_of(kArrivedLead, "{ count: 1, touch.skipped: any }") == "it never happened");
}

TEST_CASE("plain values are what JSON says, everything else is text") {
  const auto with_score = [](const std::string& score) {
    return R"({ at: "2026-03-02T10:00", event: lead.created, lead: { id: L, phone: "+33612345678", email: a@example.com, score: )" +
           score + " } }";
  };
  CHECK(outcome_of(with_score("2"), "{ touch.skipped: news }") == "passed");
  CHECK(outcome_of(with_score("1.25"), "{ touch.emitted: news }") == "passed");
  CHECK(outcome_of(with_score("\"2\""), "{ touch.emitted: news }").find("`score` to be a number") != std::string::npos);
  CHECK(outcome_of(R"({ at: "2026-03-02T10:00", event: lead.created, lead: { id: 010, phone: +33612345678 } })",
                   "{ lead: 010, touch.emitted: hello }") == "passed");
}

TEST_CASE("an outcome comes after its touch, and in the place of the usual one") {
  const std::string outcomes = "  outcomes:\n    - { step: hello, after: 5m, outcome: refused }\n";
  CHECK(outcome_of(kArrivedLead, R"({ at: "2026-03-02T10:05", lead.exited: opt_out })", outcomes) == "passed");
  CHECK(outcome_of(kArrivedLead, "{ never: no_answer }", outcomes) == "passed");
  const std::string reply = "  outcomes:\n    - { step: hello, after: 1h, event: touch.replied }\n";
  CHECK(outcome_of(kArrivedLead, R"({ at: "2026-03-02T11:00", lead.exited: reply })", reply) == "passed");
}

TEST_CASE("an event that is told twice changes nothing the second time") {
  const std::string exit = R"({ at: "2026-03-02T11:00", id: e-1, event: playbook.exit, lead: L })";
  CHECK(outcome_of(kArrivedLead + "\n    - " + exit + "\n    - " + exit, "{ count: 1, lead.exited: manual }") ==
        "passed");
}

}  // namespace
}  // namespace relance::engine
