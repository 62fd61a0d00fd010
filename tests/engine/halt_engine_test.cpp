// Halting through the daemon's loop: engine/runtime/engine_halt.cpp, engine/runtime/resume_walk.h.

#include <algorithm>
#include <chrono>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using engine::HaltAnswer;
using engine::HaltOrder;
using rules::Channel;
using rules::HaltScope;
using rules::PlaybookId;

HaltOrder order(HaltScope scope) { return {std::move(scope), "ops", "a test"}; }
HaltScope of_playbook(const std::string& id = "p") { return {PlaybookId(id), std::nullopt}; }
HaltScope on_channel(Channel channel) { return {std::nullopt, channel}; }
HaltScope everything() { return {}; }

nlohmann::json halts(EngineDesk& desk) { return nlohmann::json::parse(desk.engine().halts_json().value_or("")); }

TEST_CASE("nothing of what is halted is emitted, and what was held is asked again when it is resumed") {
  for (const HaltScope& scope : {of_playbook(), on_channel(Channel::task), everything()}) {
    EngineDesk desk({.playbooks = {kTwoTasks}});
    desk.begin();
    REQUIRE(desk.engine().halt(order(scope)) == HaltAnswer::done);
    desk.submit_leads(3);
    desk.settle();
    CHECK(desk.other_side().calls() == 0);
    CHECK(desk.story("L-0").find("touch.deferred first halted") != std::string::npos);
    REQUIRE(desk.engine().resume(order(scope)) == HaltAnswer::done);
    desk.settle_after(3);
    CHECK(desk.other_side().calls() == 3);
    CHECK(desk.story("L-0").find("touch.emitted first") != std::string::npos);
  }
}

TEST_CASE("a halt of something else stops nothing") {
  EngineDesk desk({.playbooks = {kTwoTasks, "playbook: other\nsteps: [{ id: a, day: 0, channel: call }]"}});
  desk.begin();
  REQUIRE(desk.engine().halt(order(of_playbook("other"))) == HaltAnswer::done);
  REQUIRE(desk.engine().halt(order(on_channel(Channel::email))) == HaltAnswer::done);
  desk.submit_leads(1);
  desk.settle_after(1);
  CHECK(desk.other_side().calls() == 1);
}

TEST_CASE("what was emitted and not handed off waits as well") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  std::atomic<bool> behind{true};
  desk.begin(
      [&](engine::Engine& engine) { engine.hold_dispatch([&] { return behind.load(); }, std::chrono::hours(1)); });
  desk.submit_leads(2);
  desk.settle();
  REQUIRE(desk.ready() == 2);
  REQUIRE(desk.engine().halt(order(everything())) == HaltAnswer::done);
  behind = false;
  desk.settle();
  CHECK(desk.ready() == 0);  // asked, and told to wait
  CHECK(desk.other_side().calls() == 0);
  REQUIRE(desk.engine().resume(order(everything())) == HaltAnswer::done);
  desk.settle_after(2);
  CHECK(desk.other_side().calls() == 2);
}

TEST_CASE("where two halts cover a step, it waits for both") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.engine().halt(order(of_playbook()));
  desk.engine().halt(order(everything()));
  desk.submit_leads(1);
  desk.settle();
  REQUIRE(desk.engine().resume(order(everything())) == HaltAnswer::done);
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  REQUIRE(desk.engine().resume(order(of_playbook())) == HaltAnswer::done);
  desk.settle_after(1);
  CHECK(desk.other_side().calls() == 1);
}

TEST_CASE("a halt survives a crash, and so does a resumption that had not reached everybody") {
  constexpr int kLeads = 1200;  // several pages
  EngineDesk desk({.playbooks = {kTwoTasks}, .queue = 5000, .batch = 5000});
  desk.begin();
  REQUIRE(desk.engine().halt(order(everything())) == HaltAnswer::done);
  desk.submit_leads(kLeads);
  desk.crash();
  desk.begin();
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  CHECK(halts(desk)["halts"].size() == 1);
  REQUIRE(desk.engine().resume(order(everything())) == HaltAnswer::done);
  desk.crash();
  desk.begin();
  REQUIRE(desk.other_side().wait_for_calls(kLeads));
  desk.settle();
  CHECK(desk.story("L-0").find("touch.emitted first") != std::string::npos);
  CHECK(desk.story("L-1199").find("touch.emitted first") != std::string::npos);
  CHECK(halts(desk)["halts"].empty());
}

TEST_CASE("doing it twice changes nothing, and a playbook that is not there is named") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  CHECK(desk.engine().resume(order(everything())) == HaltAnswer::nothing);
  CHECK(desk.engine().halt(order(of_playbook("none"))) == HaltAnswer::unknown_playbook);
  CHECK(desk.engine().halt(order(of_playbook())) == HaltAnswer::done);
  CHECK(desk.engine().halt(order(of_playbook())) == HaltAnswer::nothing);
  const auto halt = halts(desk)["halts"].at(0);
  CHECK(halt["playbook"] == "p");
  CHECK(halt["by"] == "ops");
  CHECK(halt["reason"] == "a test");
  CHECK(desk.engine().resume(order(of_playbook())) == HaltAnswer::done);
  CHECK(desk.engine().resume(order(of_playbook())) == HaltAnswer::nothing);
  const std::string ledger = desk.engine().ledger_lines(0, 100);
  CHECK(ledger.find(R"("type":"halted")") != std::string::npos);
  CHECK(ledger.find(R"("type":"resumed")") != std::string::npos);
  CHECK(ledger.find(R"("actor":"ops")") != std::string::npos);
}

TEST_CASE("a playbook whose file is gone can be halted for the leads that it still has") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.submit_leads(1);
  desk.settle_after(1);
  desk.publish({"playbook: other\nsteps: [{ id: a, day: 0, channel: call }]"});
  REQUIRE(desk.engine().halt(order(of_playbook())) == HaltAnswer::done);
  desk.set_clock("03-04 10:00");
  desk.settle();
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.story("L-0").find("touch.deferred second halted") != std::string::npos);
}

TEST_CASE("a guardrail that tripped stands after a restart until it is acknowledged, and then counts anew") {
  const std::string guarded = cadence(
      "guardrails: [{ metric: complaint_rate, above: 10%, over: 7d, min_touches: 2, do: pause, flag: look }]\n"
      "steps: [{ id: first, day: 0, channel: task }, { id: second, day: 1, channel: task }]");
  EngineDesk desk({.playbooks = {guarded}});
  desk.begin();
  desk.submit_leads(3);
  desk.settle_after(3);
  desk.submit({"03-02 09:00", "L-0", "complaint.received", "'channel':'task'"});
  CHECK(halts(desk)["guardrails"].at(0)["metric"] == "complaint_rate");
  desk.end();
  desk.begin();
  CHECK(halts(desk)["guardrails"].at(0)["do"] == "pause");
  CHECK(halts(desk)["guardrails"].at(0)["flag"] == "look");
  desk.set_clock("03-03 10:00");
  desk.settle();
  CHECK(desk.story("L-1").find("touch.deferred second halted") != std::string::npos);
  REQUIRE(desk.engine().resume(order(of_playbook())) == HaltAnswer::done);
  CHECK(halts(desk)["guardrails"].empty());
  desk.settle_after(2);  // of this life: L-1 and L-2
  CHECK(desk.story("L-1").find("touch.emitted second") != std::string::npos);
  // The complaint of Monday was acknowledged: it does not trip the guardrail again.
  CHECK(halts(desk)["guardrails"].empty());
}

}  // namespace
}  // namespace relance::tests
