// Attempts: what is repeated, to whom, and what is left to a person. engine/dispatch/outbox.h.

#include "engine/dispatch/outbox.h"

#include <atomic>
#include <chrono>
#include <future>

#include <doctest/doctest.h>

#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using engine::Engine;
using engine::SubmitResult;
using Kind = engine::AttemptResult::Kind;
using namespace std::chrono_literals;

const std::string kMailThenTask = cadence(R"(
steps:
  - { id: mail, day: 0, channel: email, template: mail }
  - { id: task, day: 1, channel: task }
)");

TEST_CASE("a retry goes to the contact point that the lead has by then") {
  EngineDesk desk({.playbooks = {kMail}, .idempotent = false});
  desk.other_side().answers([](const OtherSide::Call& call) {
    return call.attempt == 1 ? answer_of(Kind::retry) : answer_of(Kind::accepted, "sent");
  });
  desk.begin();
  desk.submit(arrives());
  desk.settle_after(1);
  desk.submit({"03-02 09:00", "L", "lead.updated", "'email':'ada@example.com'"});
  desk.set_clock("03-02 09:01");
  desk.settle_after(2);
  REQUIRE(desk.other_side().calls() == 2);
  CHECK(desk.other_side().call(0).action.contact_point == "ada@example.org");
  CHECK(desk.other_side().call(1).action.contact_point == "ada@example.com");
  CHECK(desk.story("L").find("touch.completed mail sent") != std::string::npos);
}

TEST_CASE("a retry to the same contact point is the same to the last octet, whatever else changed") {
  EngineDesk desk({.playbooks = {kMail}});
  desk.other_side().answers([](const OtherSide::Call& call) {
    return answer_of(call.attempt == 1 ? Kind::outcome_unknown : Kind::accepted, "sent");
  });
  desk.begin();
  desk.submit(arrives());
  desk.settle_after(1);
  desk.submit({"03-02 09:00", "L", "lead.updated", "'name':'Ada Martin'"});
  desk.set_clock("03-02 09:01");
  desk.settle_after(2);
  REQUIRE(desk.other_side().calls() == 2);
  CHECK(to_cloud_event(desk.other_side().call(0).action) == to_cloud_event(desk.other_side().call(1).action));
}

TEST_CASE("what may have reached one address is not repeated to another") {
  EngineDesk desk({.playbooks = {kMail}});
  desk.other_side().answers([](const OtherSide::Call&) { return answer_of(Kind::outcome_unknown); });
  desk.begin();
  desk.submit(arrives());
  desk.settle_after(1);
  desk.end();
  desk.begin();
  desk.submit({"03-02 09:00", "L", "lead.updated", "'email':'ada@example.com'"});
  desk.set_clock("03-02 09:01");
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.parked() == 1);
  desk.end();
  desk.begin();
  desk.settle();
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.parked() == 1);
}

TEST_CASE("an action that may have happened is parked when its attempts are used up, not called a failure") {
  EngineDesk desk({.playbooks = {kMail}});
  desk.other_side().answers(
      [](const OtherSide::Call& call) { return answer_of(call.attempt == 1 ? Kind::outcome_unknown : Kind::retry); });
  desk.begin();
  desk.submit(arrives());
  std::size_t calls = 0;
  for (const char* at : {"03-02 09:01", "03-02 09:03", "03-02 09:07", "03-02 09:15"}) {
    desk.settle_after(++calls);
    desk.set_clock(at);
  }
  desk.settle_after(5);
  CHECK(desk.other_side().calls() == 5);
  CHECK(desk.parked() == 1);
  CHECK(desk.story("L").find("touch.completed") == std::string::npos);
}

TEST_CASE("an opt-out that is answered while a call is under way is the last thing that call leads to") {
  for (const bool idempotent : {true, false}) {
    for (const Kind kind : {Kind::retry, Kind::outcome_unknown}) {
      CAPTURE(idempotent);
      CAPTURE(static_cast<int>(kind));
      EngineDesk desk({.playbooks = {kMailThenTask}, .idempotent = idempotent});
      desk.other_side().hold();
      desk.other_side().answers([&](const OtherSide::Call&) { return answer_of(kind); });
      desk.begin();
      desk.submit(arrives());
      REQUIRE(desk.other_side().wait_for_calls(1));
      CHECK(desk.submit(opts_out()).kind == SubmitResult::Kind::durable);
      desk.other_side().release();
      desk.settle_after(1);
      desk.set_clock("03-02 09:30");
      desk.set_clock("03-05 09:00");
      CHECK(desk.other_side().calls() == 1);
      CHECK(desk.under_way() == 0);
      CHECK(desk.parked() == (kind == Kind::outcome_unknown && !idempotent ? 1 : 0));
    }
  }
}

TEST_CASE("what the end of the process cut off is parked where a repetition could be a second message") {
  EngineDesk desk({.playbooks = {kMail}, .idempotent = false});
  desk.other_side().hold();
  desk.begin();
  desk.submit(arrives());
  REQUIRE(desk.other_side().wait_for_calls(1));
  desk.crash();
  desk.begin();
  desk.settle();
  desk.set_clock("03-02 10:00");
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.parked() == 1);
  CHECK(desk.story("L") == lines(R"(
    03-02 09:00 lead.enrolled
    03-02 09:00 touch.emitted mail
    03-02 09:00 lead.exited completed
    03-02 09:00 attempt.started mail
    03-02 09:00 attempt.finished mail outcome_unknown process_ended
  )"));
}

TEST_CASE(
    "what the end of the process cut off is repeated where the other side knows it again, but not after an opt-out") {
  for (const bool opted_out : {false, true}) {
    CAPTURE(opted_out);
    EngineDesk desk({.playbooks = {kMail}});
    desk.other_side().hold();
    desk.begin();
    desk.submit(arrives());
    REQUIRE(desk.other_side().wait_for_calls(1));
    if (opted_out) desk.submit(opts_out());
    desk.crash();
    desk.begin();
    desk.settle();
    if (!opted_out) desk.settle_after(1);
    REQUIRE(desk.other_side().calls() == (opted_out ? 1 : 2));
    if (opted_out) {
      CHECK(desk.story("L").ends_with("03-02 09:00 touch.cancelled mail opt_out\n"));
    } else {
      CHECK(to_cloud_event(desk.other_side().call(0).action) == to_cloud_event(desk.other_side().call(1).action));
      CHECK(desk.other_side().call(1).attempt == 2);
    }
  }
}

TEST_CASE("an escalation that may have reached the manager is told again, as it concerns no contact of the person") {
  const std::string text = cadence(R"(
exceptions: [{ when: '"vip" in lead.flags', do: escalate }]
steps: [{ id: mail, day: 0, channel: email, template: mail }]
)");
  EngineDesk desk({.playbooks = {text}, .idempotent = false});
  desk.other_side().hold();
  desk.begin();
  desk.submit({"03-02 09:00", "L", "lead.created", "'email':'ada@example.org','flags':['vip']"});
  REQUIRE(desk.other_side().wait_for_calls(1));
  desk.crash();
  desk.begin();
  desk.settle_after(1);
  CHECK(desk.other_side().calls() == 2);
  CHECK(desk.other_side().call(1).action.kind == engine::ActionKind::escalate);
  CHECK(desk.parked() == 0);
}

const std::string kResend =
    cadence("steps: [{ id: mail, day: 0, channel: email, template: mail, on_unknown: resend }]");

TEST_CASE("a step that opts in is sent once more after an unknown outcome, and then waits for a person") {
  EngineDesk desk({.playbooks = {kResend}, .idempotent = false});
  desk.other_side().hold();
  desk.begin();
  desk.submit(arrives());
  REQUIRE(desk.other_side().wait_for_calls(1));
  desk.crash();
  desk.other_side().answers([](const OtherSide::Call&) { return answer_of(Kind::outcome_unknown); });
  desk.begin();
  desk.settle_after(1);
  REQUIRE(desk.other_side().calls() == 2);
  CHECK(to_cloud_event(desk.other_side().call(0).action) == to_cloud_event(desk.other_side().call(1).action));
  desk.set_clock("03-02 10:00");
  CHECK(desk.other_side().calls() == 2);
  CHECK(desk.parked() == 1);
}

TEST_CASE("a step that opts in to a resend is not sent again to a person who has opted out") {
  EngineDesk desk({.playbooks = {kResend}, .idempotent = false});
  desk.other_side().hold();
  desk.begin();
  desk.submit(arrives());
  REQUIRE(desk.other_side().wait_for_calls(1));
  desk.submit(opts_out());
  desk.crash();
  desk.begin();
  desk.settle();
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.story("L").ends_with("03-02 09:00 touch.cancelled mail opt_out\n"));
}

TEST_CASE("a queued action outlives restarts, and goes out once") {
  EngineDesk desk({.playbooks = {kMail}});
  const auto held = [](Engine& engine) { engine.hold_dispatch([] { return true; }, 1h); };
  desk.begin(held);
  desk.submit(arrives());
  desk.settle();
  desk.end();
  desk.begin(held);
  desk.settle();
  desk.crash();
  REQUIRE(desk.other_side().calls() == 0);
  desk.begin();
  desk.settle_after(1);
  desk.end();
  desk.begin();
  desk.settle();
  CHECK(desk.other_side().calls() == 1);
}

TEST_CASE("a paused enrollment holds its queued action across a restart until it is resumed") {
  EngineDesk desk({.playbooks = {kMailThenTask}});
  std::atomic<bool> behind = true;
  const auto held = [&](Engine& engine) { engine.hold_dispatch([&] { return behind.load(); }, 1h); };
  desk.begin(held);
  desk.submit(arrives());
  desk.settle();
  desk.submit({"03-02 09:00", "L", "playbook.pause"});
  behind = false;
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  desk.end();
  desk.begin();
  desk.settle();
  desk.set_clock("03-02 15:00");
  CHECK(desk.other_side().calls() == 0);
  desk.submit({"03-02 15:00", "L", "playbook.resume"});
  desk.settle_after(1);
  CHECK(desk.other_side().calls() == 1);
}

TEST_CASE("a hold that an outcome of our own ends lets the waiting action go at once") {
  EngineDesk desk({.playbooks = {cadence(R"(
exceptions: [{ when: '"hold" in lead.flags && !has(event.outcome)', do: escalate }]
steps: [{ id: first, day: 0, channel: task }, { id: second, day: 0, channel: task },
  { id: later, day: 5, channel: task }]
)")}});
  std::promise<void> answered;
  const std::shared_future<void> answer = answered.get_future().share();
  desk.other_side().answers([answer](const OtherSide::Call& call) {
    if (call.action.kind == engine::ActionKind::escalate) return answer_of(Kind::accepted);
    if (call.action.step.value == "first") answer.wait();
    return answer_of(call.action.step.value == "second" && call.attempt == 1 ? Kind::retry : Kind::accepted,
                     "completed");
  });
  desk.begin();
  desk.submit(arrives());
  REQUIRE(desk.other_side().wait_for_calls(2));
  desk.settle_after(1);  // of the second step, which is tried again later
  desk.submit({"03-02 09:00", "L", "flag.set", "'flag':'hold'"});
  REQUIRE(desk.other_side().wait_for_calls(3));  // the escalation
  desk.settle_after(2);
  desk.set_clock("03-02 09:30");
  CHECK(desk.other_side().calls() == 3);
  answered.set_value();
  CHECK(desk.other_side().wait_for_calls(4));
}

}  // namespace
}  // namespace relance::tests
