// Experiments: who gets which arm, what arms replace, and holdouts. playbook-language.md: "Variants, score,
// experiments, workflows". The arms expected here were computed apart, with Python's hashlib:
//   int.from_bytes(sha256(id + b"\0" + unit).digest()[:8], "big") % sum(weights)

#include <doctest/doctest.h>

#include <utility>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kOneTask = "steps: [{ id: a, day: 0, channel: task }]\n";

std::string experiment(const std::string& arms, const std::string& more = {}, const std::string& id = "subject-line") {
  return "experiment: { id: " + id + ", arms: " + arms + (more.empty() ? "" : ", " + more) + " }\n";
}

/// The arm that the lead gets.
std::string arm_of(const std::string& definition, Given created) {
  created.at = "03-02 09:00";
  created.type = "lead.created";
  const std::string story =
      story_of({{cadence(definition + kOneTask)}, {created}}, created.lead, "experiment.assigned");
  const std::string before = "03-02 09:00 experiment.assigned arm ";
  REQUIRE(story.starts_with(before));
  return story.substr(before.size(), story.size() - before.size() - 1);
}

TEST_CASE("the arm of a lead is drawn by SHA-256 over the experiment's id and the lead's") {
  const std::string even = experiment("{ control: 50, short: 50 }");
  for (const auto& drawn :
       {std::pair{"L", "control"}, {"L1", "control"}, {"L2", "short"}, {"L3", "short"}, {"L5", "control"}}) {
    CAPTURE(drawn.first);
    CHECK(arm_of(even, {{}, drawn.first, {}}) == drawn.second);
  }
  // Another id draws anew.
  const std::string other = experiment("{ a: 1, b: 2, c: 3 }", {}, "e");
  for (const auto& drawn : {std::pair{"L", "c"}, {"L1", "b"}, {"L2", "b"}, {"L6", "a"}}) {
    CAPTURE(drawn.first);
    CHECK(arm_of(other, {{}, drawn.first, {}}) == drawn.second);
  }
}

TEST_CASE("weights divide the whole sum, in the order of the file") {
  const std::string thirds = experiment("{ a: 1, b: 2, c: 3 }");
  CHECK(arm_of(thirds, {{}, "L", {}}) == "c");
  CHECK(arm_of(thirds, {{}, "L4", {}}) == "a");
  CHECK(arm_of(thirds, {{}, "globex", {}}) == "b");
  // 1 of 2 is another draw than 50 of 100.
  CHECK(arm_of(experiment("{ control: 1, short: 1 }"), {{}, "L1", {}}) == "short");
  CHECK(arm_of(experiment("{ short: 1, control: 1 }"), {{}, "L1", {}}) == "control");
}

TEST_CASE("with unit: account a whole account has one arm, and a lead without one has its own") {
  const std::string by_account = experiment("{ control: 50, short: 50 }", "unit: account");
  CHECK(arm_of(by_account, {{}, "L", {}, {}, {}, "acme"}) == "short");
  CHECK(arm_of(by_account, {{}, "L1", {}, {}, {}, "acme"}) == "short");
  CHECK(arm_of(by_account, {{}, "L2", {}, {}, {}, "globex"}) == "control");
  CHECK(arm_of(by_account, {{}, "L2", {}, "'account':'globex'"}) == "control");
  CHECK(arm_of(by_account, {{}, "L2", {}}) == "short");
  CHECK(arm_of(experiment("{ control: 50, short: 50 }", "unit: lead"), {{}, "L", {}, {}, {}, "acme"}) == "control");
}

TEST_CASE("the arm is recorded after the enrollment, and before what the enrollment does") {
  CHECK(story_of({{cadence(experiment("{ control: 50, short: 50 }") + "exceptions: [{ when: 'true', do: escalate }]\n" +
                           kOneTask)},
                  {{"03-02 09:00", "L", "lead.created"}},
                  "03-02 10:00"}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm control
    03-02 09:00 lead.escalated exception
    03-02 09:00 touch.deferred a escalation
  )"));
}

TEST_CASE("a lead that comes again has the same arm") {
  CHECK(story_of({{"playbook: p\nenroll: { on: lead.created, again: {} }\n" + experiment("{ control: 50, short: 50 }") +
                   kOneTask},
                  {{"03-02 09:00", "L2", "lead.created"}, {"03-03 09:00", "L2", "lead.created"}}},
                 "L2", "experiment.assigned") == lines(R"(
    03-02 09:00 experiment.assigned arm short
    03-03 09:00 experiment.assigned arm short
  )"));
}

/// L2 is in `short`, L in `control`.
std::string short_arm(const std::string& replace) {
  return experiment("{ control: 50, short: 50 }", "replace: { short: { " + replace + " } }");
}

TEST_CASE("an arm replaces what its own block says, and nothing for the others") {
  const std::string body = short_arm("steps: [{ id: s, day: 1, channel: task }], touches: { min: 2 }") + kOneTask;
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L2", "lead.created"}}}, "L2") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm short
    03-03 09:00 touch.emitted s
    03-03 09:00 touches.shortfall p
    03-03 09:00 lead.exited p completed []
  )"));
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L", "lead.created"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm control
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.exited p completed []
  )"));
}

const std::string kHotVariant = R"(
variants:
  - id: hot
    when: lead.score >= 80
    replace:
      touches: { min: 1 }
      steps: [{ id: h, day: 1, channel: task }, { id: b, day: 1, channel: task }]
)";
const std::string kTwoSteps = "steps: [{ id: a, day: 2, channel: task }, { id: b, day: 3, channel: task }]\n";

TEST_CASE("an arm comes on top of the variant, and a step that its list lacks is ignored") {
  // Of the changes, `a` is in the file's list and `h` in the variant's.
  const std::string body =
      short_arm("steps: { a: { at: '11:00' }, h: { at: '12:00' }, b: { at: '13:00' } }") + kHotVariant + kTwoSteps;
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L2", "lead.created", "'score':90"}}}, "L2") == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 experiment.assigned arm short
    03-03 12:00 touch.emitted h
    03-03 13:00 touch.emitted b
    03-03 13:00 lead.exited p completed []
  )"));
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L2", "lead.created"}}}, "L2", "touch.") == lines(R"(
    03-04 11:00 touch.emitted a
    03-05 13:00 touch.emitted b
  )"));
}

TEST_CASE("where variant and arm replace the same key, the arm's is what counts") {
  const std::string body =
      short_arm("touches: { min: 3 }, steps: [{ id: s, day: 0, channel: task }]") + kHotVariant + kTwoSteps;
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L2", "lead.created", "'score':90"}}}, "L2") == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 experiment.assigned arm short
    03-02 09:00 touch.emitted s
    03-02 09:00 touches.shortfall p
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a lead keeps its arm when it takes a variant later: its changes come to the new list") {
  const std::string body = short_arm("steps: { b: { at: '13:00' } }") + kHotVariant + kTwoSteps;
  CHECK(story_of({{cadence(body)},
                  {{"03-02 09:00", "L2", "lead.created"}, {"03-02 10:00", "L2", "lead.updated", "'score':90"}}},
                 "L2") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm short
    03-02 10:00 lead.variant variant hot
    03-03 09:00 touch.emitted h
    03-03 13:00 touch.emitted b
    03-03 13:00 lead.exited p completed []
  )"));
}

/// L1 is held out.
const std::string kHoldout = experiment("{ control: 1, holdout: 1 }");

TEST_CASE("a holdout has no step, no SLA and no minimum, and ends at once where there is no window") {
  const std::string rest = "sla: { first_touch: { within: 1h } }\ntouches: { min: 1 }\n" + kOneTask;
  CHECK(story_of({{cadence(kHoldout + rest)}, {{"03-02 09:00", "L1", "lead.created"}}}, "L1") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm holdout
    03-02 09:00 lead.exited p completed []
  )"));
  CHECK(story_of({{cadence(kHoldout + rest)}, {{"03-02 09:00", "L", "lead.created"}}}, "L", "experiment.assigned") ==
        "03-02 09:00 experiment.assigned arm control\n");
}

TEST_CASE("a holdout with a window lasts to its end") {
  CHECK(story_of(
            {{cadence(kHoldout + "sla: { first_touch: { within: 1h } }\ntouches: { min: 1, within: 2d }\n" + kOneTask)},
             {{"03-02 09:00", "L1", "lead.created"}}},
            "L1") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm holdout
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("whatever variant a holdout has or takes, it is sent nothing") {
  const std::string body = kHoldout + kHotVariant + kTwoSteps;
  CHECK(story_of({{cadence(body)}, {{"03-02 09:00", "L1", "lead.created", "'score':90"}}}, "L1") == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 experiment.assigned arm holdout
    03-02 09:00 lead.exited p completed []
  )"));
  CHECK(story_of({{cadence(kHoldout + "touches: { within: 9d }\n" +
                           "variants: [{ id: hot, when: lead.score >= 80, replace: { sla: { first_touch: { within: 1h "
                           "} }, touches: { min: 1, within: 1d } } }]\n" +
                           kTwoSteps)},
                  {{"03-02 09:00", "L1", "lead.created"}, {"03-02 09:10", "L1", "lead.updated", "'score':90"}}},
                 "L1") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 experiment.assigned arm holdout
    03-02 09:10 lead.variant variant hot
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a holdout that has ended within the event keeps the lead from no other playbook") {
  const std::string first = "playbook: first\npriority: 90\nenroll: { on: lead.created }\n" + kHoldout + kOneTask;
  CHECK(story_of({{cadence(kOneTask), first}, {{"03-02 09:00", "L1", "lead.created"}}}, "L1") == lines(R"(
    03-02 09:00 lead.enrolled first
    03-02 09:00 experiment.assigned arm holdout
    03-02 09:00 lead.exited first completed []
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a holdout is enrolled by the same rules: every channel of the file's steps blocked blocks it, too") {
  CHECK(
      story_of({{cadence(kHoldout + "steps: [{ id: a, day: 0, channel: email }]")},
                {{"03-02 08:00", "L1", "optout.received", "'channel':'email'"}, {"03-02 09:00", "L1", "lead.created"}}},
               "L1", "lead.") == "03-02 09:00 lead.not_enrolled p suppressed\n");
}

}  // namespace
}  // namespace relance::tests
