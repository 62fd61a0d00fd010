// The daemon's loop: what goes out when, and what never does. engine/runtime/engine.h, engine/dispatch/outbox.h.

#include "engine/runtime/engine.h"

#include <atomic>
#include <chrono>
#include <future>

#include <doctest/doctest.h>
#include <httplib.h>

#include "engine/http/server.h"
#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using engine::Engine;
using engine::SubmitResult;
using namespace std::chrono_literals;

/// Requests that wait in the queue of an engine that does not run yet, in order.
class Requests {
 public:
  Requests(EngineDesk& desk, Engine& engine) : desk_(desk), engine_(engine) {}
  void wait_in_line(const Given& given) {
    const std::size_t before = engine_.queued();
    rules::Event event = event_of(given, answers_.size());
    answers_.push_back(std::async(std::launch::async, [this, event] { return engine_.submit({event}); }));
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (engine_.queued() == before && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    REQUIRE(engine_.queued() == before + 1);
  }
  void all_durable() {
    for (auto& answer : answers_) CHECK(answer.get().kind == SubmitResult::Kind::durable);
    desk_.settle();
  }

 private:
  EngineDesk& desk_;
  Engine& engine_;
  std::vector<std::future<SubmitResult>> answers_;
};

// ---- what holds dispatch back ----

TEST_CASE("after a start nothing goes out until the inputs have caught up: an opt-out may be among what they hold") {
  EngineDesk desk({.playbooks = {kMail}});
  std::atomic<bool> behind = true;
  desk.begin([&](Engine& engine) { engine.hold_dispatch([&] { return behind.load(); }, 1h); });
  desk.submit(arrives("03-02 09:00", "A"));
  desk.submit({"03-02 09:00", "B", "lead.created", "'email':'bob@example.org'"});
  desk.settle();
  CHECK(desk.ready() == 2);
  CHECK(desk.other_side().calls() == 0);

  desk.push(opts_out("03-02 08:00", "A"));
  behind = false;
  desk.settle_after(1);
  CHECK(desk.other_side().calls() == 1);
  CHECK(desk.other_side().call(0).action.lead.value == "B");
  CHECK(desk.story("A").find("attempt.started") == std::string::npos);
}

TEST_CASE("a start waits for its inputs however long they take, and then goes on") {
  EngineDesk desk({.playbooks = {kMail}});
  std::atomic<bool> behind = true;
  desk.begin([&](Engine& engine) { engine.hold_dispatch([&] { return behind.load(); }, 0s); });
  desk.submit(arrives());
  desk.settle();
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  behind = false;
  CHECK(desk.other_side().wait_for_calls(1));
}

TEST_CASE("nothing goes out past an input's event that has arrived: it may be an opt-out") {
  EngineDesk desk({.playbooks = {kMail}, .batch = 1});
  desk.begin([&](Engine&) {
    desk.push(arrives());
    for (int i = 0; i < 20; ++i) desk.push({"03-02 09:00", "M", "lead.updated"});
    desk.push(opts_out());
  });
  while (desk.engine().queued() > 0) desk.settle();
  desk.settle();
  CHECK(desk.other_side().calls() == 0);
  CHECK(desk.story("L").ends_with("03-02 09:00 touch.cancelled mail opt_out\n"));
}

TEST_CASE("nothing goes out past a request that waits: it may be an opt-out") {
  EngineDesk desk({.playbooks = {kMail}, .batch = 1});
  std::unique_ptr<Requests> requests;
  desk.begin([&](Engine& engine) {
    requests = std::make_unique<Requests>(desk, engine);
    requests->wait_in_line(arrives());
    requests->wait_in_line({"03-02 09:00", "M", "lead.updated"});
    requests->wait_in_line({"03-02 09:00", "N", "lead.updated"});
    requests->wait_in_line(opts_out());
  });
  requests->all_durable();
  CHECK(desk.other_side().calls() == 0);
  CHECK(desk.story("L") == lines(R"(
    03-02 09:00 lead.enrolled
    03-02 09:00 touch.emitted mail
    03-02 09:00 lead.exited completed
    03-02 09:00 opt_out.received
    03-02 09:00 opt_out.effective
    03-02 09:00 touch.cancelled mail opt_out
  )"));
}

TEST_CASE("at the bound a sender is told to come back, and nothing of what was taken is lost") {
  EngineDesk desk({.playbooks = {kMail}, .queue = 1});
  std::unique_ptr<Requests> requests;
  std::unique_ptr<engine::HttpServer> http;
  prometheus::Registry registry;
  const auto post = [&](const std::string& id) {
    httplib::Client client("127.0.0.1", http->port());
    client.set_read_timeout(30s);
    return client.Post("/v1/events",
                       R"({"specversion":"1.0","source":"t","type":"lead.updated","subject":"M",)"
                       R"("time":"2026-03-02T09:00:00Z","data":{},"id":")" +
                           id + "\"}",
                       "application/cloudevents+json");
  };
  desk.begin([&](Engine& engine) {
    requests = std::make_unique<Requests>(desk, engine);
    requests->wait_in_line(arrives());
    auto started = engine::HttpServer::start(engine, {}, registry);
    REQUIRE(started.has_value());
    http = std::move(*started);
    const auto refused = post("1");
    REQUIRE(refused);
    CHECK(refused->status == 429);
    CHECK(refused->get_header_value("Retry-After") == "3");
  });
  requests->all_durable();
  const auto taken = post("1");
  REQUIRE(taken);
  CHECK(taken->status == 202);
  CHECK(desk.story("L").find("lead.enrolled") != std::string::npos);
  http->stop();
}
}  // namespace
}  // namespace relance::tests
