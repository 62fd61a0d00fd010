// What a person decides about an action whose outcome nobody knows: engine/dispatch/parked_actions.cpp.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using engine::ParkedDecision;
using engine::ReleaseAnswer;
using Kind = engine::AttemptResult::Kind;
using Answer = engine::ReleaseAnswer::Kind;

const std::string kMailInTenDays = cadence(R"(
touches: { within: 10d }
steps: [{ id: mail, day: 0, channel: email, template: mail }]
)");
const std::string kMailWithSla = cadence(R"(
sla: { first_touch: { within: 2h } }
touches: { within: 10d }
steps: [{ id: mail, day: 0, channel: email, template: mail }]
)");

/// A desk whose first call has an unknown outcome, and every later one is accepted.
struct ParkedDesk : EngineDesk {
  explicit ParkedDesk(const std::string& playbook = kMail)
      : EngineDesk({.playbooks = {playbook}, .idempotent = false}) {
    other_side().answers([](const OtherSide::Call& call) {
      return answer_of(call.attempt == 1 ? Kind::outcome_unknown : Kind::accepted, "sent");
    });
    begin();
    submit(arrives());
    settle_after(1);
    REQUIRE(parked() == 1);
  }
};

TEST_CASE("what is declared delivered is not sent again, and counts as the first touch") {
  ParkedDesk desk(kMailWithSla);
  CHECK(desk.release(desk.parked_action(), ParkedDecision::delivered).kind == Answer::done);
  CHECK(desk.parked() == 0);
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.story("L").ends_with(lines(R"(
    03-02 09:00 attempt.resolved mail delivered looked it up in the server's log
    03-02 09:00 touch.completed mail sent
    03-02 09:00 sla.met
  )")));
  desk.end();
  desk.begin();
  desk.settle();
  CHECK(desk.parked() == 0);
  CHECK(desk.other_side().calls() == 1);
}

TEST_CASE("what is declared not delivered is sent again as the same action, to the last octet") {
  ParkedDesk desk;
  CHECK(desk.release(desk.parked_action(), ParkedDecision::resend).kind == Answer::done);
  desk.settle_after(2);
  REQUIRE(desk.other_side().calls() == 2);
  CHECK(desk.other_side().call(1).attempt == 2);
  CHECK(to_cloud_event(desk.other_side().call(0).action) == to_cloud_event(desk.other_side().call(1).action));
  CHECK(desk.parked() == 0);
  CHECK(desk.story("L").ends_with(lines(R"(
    03-02 09:00 attempt.resolved mail resend looked it up in the server's log
    03-02 09:00 attempt.started mail
    03-02 09:00 attempt.finished mail accepted
    03-02 09:00 touch.completed mail sent
  )")));
}

TEST_CASE("what is to be sent again outlives the process, and is sent once") {
  ParkedDesk desk;
  const auto action = desk.parked_action();
  desk.other_side().hold();
  CHECK(desk.release(action, ParkedDecision::resend).kind == Answer::done);
  REQUIRE(desk.other_side().wait_for_calls(2));
  desk.crash();
  desk.begin();
  desk.settle();
  // The second one may have happened, too: it is parked again.
  CHECK(desk.other_side().calls() == 2);
  CHECK(desk.parked_action() == action);
}

TEST_CASE("nothing is sent again to a person who has opted out, replied or gone since") {
  struct Case {
    const char* type;
    const char* data;
    const char* rule;
  };
  for (const Case& given :
       {Case{"optout.received", "", "opt_out"}, Case{"touch.replied", "'channel':'email'", "expired"},
        Case{"erasure.requested", "", "opt_out"}, Case{"lead.updated", "'email':null", "no_contact_point"},
        Case{"lead.merged", "'into':'M'", "exited"}}) {
    CAPTURE(given.type);
    ParkedDesk desk(kMailInTenDays);
    const auto action = desk.parked_action();
    desk.submit({"03-02 09:00", "L", given.type, given.data});
    const std::string before = desk.story("L");
    const ReleaseAnswer answer = desk.release(action, ParkedDecision::resend);
    CHECK(answer.kind == Answer::refused);
    CHECK(answer.rule == given.rule);
    desk.settle();
    CHECK(desk.other_side().calls() == 1);
    CHECK(desk.story("L") == before);
    CHECK(desk.parked_action() == action);
    CHECK(desk.release(action, ParkedDecision::drop).kind == Answer::done);
    CHECK(desk.parked() == 0);
  }
}

TEST_CASE("what is sent again waits for the gate, and an opt-out meanwhile cancels it") {
  ParkedDesk desk(kMailInTenDays);
  const auto action = desk.parked_action();
  desk.submit({"03-02 09:00", "L", "playbook.pause"});
  CHECK(desk.release(action, ParkedDecision::resend).kind == Answer::done);
  desk.settle();
  CHECK(desk.other_side().calls() == 1);
  desk.submit({"03-02 09:00", "L", "optout.received"});
  desk.settle();
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.story("L").find("touch.cancelled mail opt_out") != std::string::npos);
}

TEST_CASE("what nobody decided about in time is not sent again") {
  ParkedDesk desk;
  const auto action = desk.parked_action();
  desk.set_clock("03-03 09:01");
  CHECK(desk.release(action, ParkedDecision::resend).rule == "expired");
  CHECK(desk.release(action, ParkedDecision::delivered).kind == Answer::done);
}

TEST_CASE("a dropped action is gone, is not sent again, and its touch still counts") {
  ParkedDesk desk(kMailInTenDays);
  const auto action = desk.parked_action();
  CHECK(desk.release(action, ParkedDecision::drop).kind == Answer::done);
  desk.end();
  desk.begin();
  desk.settle();
  CHECK(desk.parked() == 0);
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.story("L").ends_with("attempt.resolved mail drop looked it up in the server's log\n"));
  const auto lead = nlohmann::json::parse(*desk.engine().lead_json(rules::LeadId("L")));
  CHECK(lead["non_replies"] == 1);
  CHECK(desk.release(action, ParkedDecision::resend).kind == Answer::not_found);
}

TEST_CASE("only what is parked is decided about, and only once") {
  ParkedDesk desk;
  const auto action = desk.parked_action();
  CHECK(desk.release(rules::ActionId("00"), ParkedDecision::delivered).kind == Answer::not_found);
  CHECK(desk.release(action, ParkedDecision::delivered).kind == Answer::done);
  CHECK(desk.release(action, ParkedDecision::delivered).kind == Answer::not_found);
}

TEST_CASE("an event that tells what became of a parked action leaves nothing to decide") {
  for (const char* type : {"touch.completed", "touch.delivered", "touch.opened"}) {
    CAPTURE(type);
    ParkedDesk desk;
    const auto action = desk.parked_action();
    desk.submit({"03-02 09:00", "M", type, "'channel':'email','outcome':'sent','action':'" + action.value + "'"});
    CHECK(desk.parked() == 1);  // another lead's
    desk.submit({"03-02 09:00", "L", type, "'channel':'email','outcome':'sent','action':'" + action.value + "'"});
    CHECK(desk.parked() == 0);
    CHECK(desk.release(action, ParkedDecision::resend).kind == Answer::not_found);
    CHECK(desk.story("L").find("attempt.resolved mail known " + std::string(type)) != std::string::npos);
  }
}

TEST_CASE("what turns out to have arrived while its next attempt waits is not sent again") {
  for (const char* type : {"touch.completed", "touch.delivered", "touch.opened"}) {
    CAPTURE(type);
    ParkedDesk desk(kMailInTenDays);
    const auto action = desk.parked_action();
    const engine::HaltOrder everything{{}, "ops", "a test"};
    REQUIRE(desk.engine().halt(everything) == engine::HaltAnswer::done);
    CHECK(desk.release(action, ParkedDecision::resend).kind == Answer::done);
    desk.settle();
    desk.submit({"03-02 09:00", "L", type, "'channel':'email','outcome':'sent','action':'" + action.value + "'"});
    REQUIRE(desk.engine().resume(everything) == engine::HaltAnswer::done);
    desk.end();
    desk.begin();
    desk.settle();
    CHECK(desk.other_side().calls() == 1);
    CHECK(desk.story("L").find("attempt.resolved mail known " + std::string(type)) != std::string::npos);
  }
}

TEST_CASE("the list of parked actions says what a person needs to find out, and names no address") {
  ParkedDesk desk(kMailInTenDays);
  const auto text = desk.engine().parked_json(10);
  REQUIRE(text.has_value());
  CHECK(text->find('@') == std::string::npos);
  const auto list = nlohmann::json::parse(*text);
  CHECK(list["total"] == 1);
  const auto& action = list["parked"][0];
  CHECK(action["lead"] == "L");
  CHECK(action["kind"] == "email");
  CHECK(action["step"] == "mail");
  CHECK(action["attempts"] == 1);
  CHECK(action["parked_at"] == action["created"]);
  CHECK(nlohmann::json::parse(*desk.engine().parked_json(0))["parked"].empty());
}

}  // namespace
}  // namespace relance::tests
