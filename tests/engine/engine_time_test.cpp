// Which clock decides: an emitter's that is fast, the machine's that is set back. engine/README.md, "Which time
// counts".

#include <atomic>
#include <chrono>

#include <doctest/doctest.h>

#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using engine::Engine;
using namespace std::chrono_literals;

const std::string kTasks =
    cadence("steps: [{ id: task, day: 0, channel: task }, { id: again, day: 1, channel: task }]");
const std::string kTaskInHours = cadence(
    "contact_hours: { from: '09:00', to: '17:00' }\n"
    "steps: [{ id: task, day: 0, channel: task }]");

TEST_CASE("an event from the future makes nothing that is due later happen now") {
  for (const auto mode : {engine::ClockConfig::Mode::system, engine::ClockConfig::Mode::accelerated}) {
    EngineDesk desk({.playbooks = {kTasks}, .clock = mode});
    desk.begin();
    desk.submit(arrives("03-02 09:00"));
    desk.settle_after(1);
    desk.set_clock("03-03 08:57");
    desk.submit({"03-03 09:01", "M", "lead.updated"});
    desk.settle();
    CHECK(desk.engine().now() == instant("03-03 08:57"));
    CHECK(desk.other_side().calls() == 1);
    CHECK(desk.story("L").find("touch.emitted again") == std::string::npos);
    desk.set_clock("03-03 09:00");
    CHECK(desk.other_side().wait_for_calls(2));
    CHECK(desk.story("L").find("03-03 09:00 touch.emitted again") != std::string::npos);
  }
}

TEST_CASE("a duplicate with a later time moves no clock, and nothing is done for it") {
  EngineDesk desk({.playbooks = {kTasks}, .clock = engine::ClockConfig::Mode::events});
  desk.begin();
  rules::Event event = event_of({"03-02 09:00", "L", "lead.created", "", "e-1"});
  desk.engine().submit({event});
  event.time = instant("03-09 09:00");
  desk.engine().submit({event});
  desk.settle();
  CHECK(desk.engine().now() == instant("03-02 09:00"));
  CHECK(desk.other_side().calls() == 0);  // events of the same instant may still come
  desk.submit({"03-02 10:00", "M", "lead.updated", "", "e-2"});
  desk.settle_after(1);
  CHECK(desk.engine().now() == instant("03-02 10:00"));
  CHECK(desk.other_side().calls() == 1);
}

TEST_CASE("an event from the future opens no contact hours for an action that waits for them") {
  EngineDesk desk({.playbooks = {kTaskInHours}, .begins = "03-02 16:59"});
  std::atomic<bool> behind = true;
  desk.begin([&](Engine& engine) { engine.hold_dispatch([&] { return behind.load(); }, 1h); });
  desk.submit(arrives("03-02 16:59"));
  desk.settle();
  REQUIRE(desk.ready() == 1);
  desk.set_clock("03-03 08:58");
  behind = false;
  desk.settle();
  desk.submit({"03-03 09:02", "M", "lead.updated"});
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  desk.set_clock("03-03 09:00");
  CHECK(desk.other_side().wait_for_calls(1));
}

TEST_CASE("a lead that an event from the future enrolls is enrolled for that instant, and is touched no earlier") {
  EngineDesk desk({.playbooks = {cadence("touches: { within: 10d }\nsteps: [{ id: task, day: 0, channel: task }]")}});
  desk.begin();
  desk.submit(arrives("03-02 09:04"));
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  desk.set_clock("03-02 09:03");
  CHECK(desk.other_side().calls() == 0);
  desk.set_clock("03-02 09:04");
  CHECK(desk.other_side().wait_for_calls(1));
}

TEST_CASE("while the machine's clock is set back behind what was handled, nothing goes out") {
  EngineDesk desk({.playbooks = {kTaskInHours}, .begins = "03-03 10:00"});
  desk.begin();
  desk.submit(arrives("03-03 10:00", "M"));
  desk.settle_after(1);
  desk.end();
  desk.set_clock("03-02 22:00");
  desk.begin();
  desk.submit(arrives("03-02 22:00"));
  desk.settle();
  CHECK(desk.ready() == 1);
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.story("L").find("03-03 10:00 lead.enrolled") != std::string::npos);
  desk.set_clock("03-03 10:00");
  CHECK(desk.other_side().wait_for_calls(2));
}
}  // namespace
}  // namespace relance::tests
