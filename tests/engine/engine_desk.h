#pragma once
// The daemon's real loop with a real store, a clock that the test moves, and a connector that the test answers for:
// what engine/runtime and engine/dispatch do between an event and a call. Nothing here waits for time to pass.
//
// The desk outlives the lives of its daemon: begin(), then end() or crash(), then begin() again on the same store.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/runtime/engine.h"
#include "tests/engine/simulation_support.h"
#include "tests/engine/store_fixture.h"

namespace relance::tests {

/// What the other side sees and answers. Threads: any.
class OtherSide {
 public:
  struct Call {
    engine::Action action;
    int attempt = 0;
  };
  using Answer = std::function<engine::AttemptResult(const Call&)>;

  /// How calls are answered from now on; until then they are accepted, with the outcome `completed`.
  void answers(Answer answer);
  /// Calls wait for release().
  void hold();
  void release();
  engine::AttemptResult deliver(const engine::Action& action, int attempt);

  std::size_t calls() const;
  Call call(std::size_t index) const;
  /// Until that many calls came; false after half a minute.
  bool wait_for_calls(std::size_t count);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_;
  bool held_ = false;
  std::vector<Call> calls_;
};

engine::AttemptResult answer_of(engine::AttemptResult::Kind kind, std::string outcome = {});

/// One email at once, with a template that desks have.
inline const std::string kMail = cadence("steps: [{ id: mail, day: 0, channel: email, template: mail }]");
inline const std::string kTwoTasks =
    cadence("steps: [{ id: first, day: 0, channel: task }, { id: second, day: 2, channel: task }]");

Given arrives(const std::string& at = "03-02 09:00", const std::string& lead = "L");
Given opts_out(const std::string& at = "03-02 09:00", const std::string& lead = "L");

struct DeskSettings {
  std::vector<std::string> playbooks;
  std::string begins = "03-02 09:00";
  engine::ClockConfig::Mode clock = engine::ClockConfig::Mode::system;
  bool idempotent = true;  // the connector
  int queue = 1000;
  int batch = 1000;
  rules::House house = {};
};

class EngineDesk {
 public:
  explicit EngineDesk(DeskSettings settings);
  ~EngineDesk();
  EngineDesk(const EngineDesk&) = delete;
  EngineDesk& operator=(const EngineDesk&) = delete;

  /// A daemon on what the store holds; `before_run` may prepare its engine.
  void begin(const std::function<void(engine::Engine&)>& before_run = {});
  /// An orderly end: calls under way are waited for.
  void end();
  /// The process dies: calls under way have happened or not, and nobody writes down which.
  void crash();

  engine::Engine& engine();
  OtherSide& other_side() { return other_side_; }
  void set_clock(std::string_view at);

  /// Over HTTP, as it were: returns when it is durable.
  engine::SubmitResult submit(const Given& given);
  /// Leads L-0 to L-<count - 1> arrive, in one request.
  void submit_leads(int count, const std::string& at = "03-02 09:00");
  /// From a file or a topic: returns when it waits in the queue.
  void push(const Given& given);
  /// Until the loop has taken what waits, done what is due and called whom it may. What calls come to is not waited
  /// for.
  void settle();
  /// settle(), after that many calls have come to an end in this life.
  void settle_after(std::size_t finished_calls);

  /// Other playbooks from now on, here and in later lives: what became of the leads in flight. A life that ends
  /// meanwhile answers nothing.
  std::optional<engine::InFlightTally> publish(const std::vector<std::string>& playbooks);
  /// What that would do.
  engine::InFlightTally preview(const std::vector<std::string>& playbooks);
  /// The process has died: the next life finds these playbooks in its folder.
  void change_folder(const std::vector<std::string>& playbooks);
  engine::RocksStore& store() { return *store_; }
  std::filesystem::path store_path() const { return store_.path(); }

  std::size_t ready();
  std::size_t under_way();
  std::size_t parked();
  /// The id of the only action that is parked.
  rules::ActionId parked_action();
  engine::ReleaseAnswer release(const rules::ActionId& action, engine::ParkedDecision decision);
  /// The ledger's records of one lead: "03-02 09:00 attempt.started mail", with rule, outcome or reason.
  std::string story(std::string_view lead);

 private:
  struct Life;
  rules::Event event_of(const Given& given) { return tests::event_of(given, events_++); }
  std::shared_ptr<const rules::Rulebook> following(const std::vector<std::string>& playbooks) const;
  std::size_t ask(const std::function<std::size_t(engine::Outbox&)>& question);

  const DeskSettings settings_;
  std::shared_ptr<const rules::Rulebook> rulebook_;
  TemporaryDirectory templates_;
  StoreFixture store_;
  std::atomic<std::int64_t> clock_;
  OtherSide other_side_;
  std::size_t events_ = 0;
  std::unique_ptr<Life> life_;
};

}  // namespace relance::tests
