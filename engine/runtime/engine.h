#pragma once
// The daemon's heart: one loop, one writer. Each turn takes what arrived, does the work that is due, asks the gate for
// actions that may go, commits all of it in one synced batch, and only then answers senders and calls connectors.
//
// Threads: run() owns the store, the processor and the outbox. submit(), push(), call() and the queries may be called
// from any thread; connector results arrive from the pools' threads. Failure: when the store cannot commit, nothing
// that was staged is answered or handed off, the loop ends and run() says why: the process restarts from what is
// durable.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/dispatch/outbox.h"
#include "engine/explain/playbook_places.h"
#include "engine/ports/durable_store.h"
#include "engine/ports/engine_service.h"
#include "engine/ports/halt_service.h"
#include "engine/ports/parked_actions.h"
#include "engine/runtime/arrival_queue.h"
#include "engine/runtime/engine_clock.h"
#include "engine/runtime/engine_metrics.h"
#include "engine/runtime/lead_walk.h"
#include "engine/runtime/resume_walk.h"

namespace relance::engine {

struct EngineSettings {
  IntakeConfig intake;
  rules::Duration retry_after;
  /// Where the playbooks are: explanations name their files and lines. Empty: they do not.
  std::filesystem::path playbooks{};
};

class Engine final : public EngineService, public HaltService, public ParkedActions {
 public:
  struct Parts {
    DurableStore& store;
    std::shared_ptr<const rules::Rulebook> rulebook;  // with every revision that the store keeps
    EngineClock& clock;
    EngineMetrics& metrics;
    Outbox& outbox;  // its pools' results must reach finished()
  };
  Engine(Parts parts, EngineSettings settings);
  /// The engine's clock when it last committed; nullopt in a new store.
  static std::optional<rules::Instant> last_clock(DurableStore& store);

  /// From a connector's thread.
  void finished(DeliveryResult result);

  /// Runs until stop() and drains: queued arrivals are handled, calls under way get `drain` to end. The error is why
  /// the store failed.
  [[nodiscard]] tl::expected<void, std::string> run(std::chrono::seconds drain);
  /// Before run(): after a restart nothing goes out while `behind` answers true, however long that takes: any event
  /// that waited in an input may be an opt-out. The log says so after every `patience`. Not in events mode, where
  /// inputs and actions take turns anyway.
  void hold_dispatch(std::function<bool()> behind, std::chrono::seconds patience);
  /// Any thread, also a signal handler's executor; idempotent.
  void stop();
  boost::asio::io_context& context() { return context_; }

  // Producers
  /// The door of files and topics. Requests have a door of their own, so that an opt-out by link never waits behind a
  /// backlog; inputs have no order among each other anyway.
  ArrivalQueue& arrivals() { return inputs_.queue; }
  /// Runs `job` between two decisions and waits for it. False when the loop has ended: the job did not run.
  bool call(const std::function<void()>& job);
  /// The same for a job that may stage changes and answers whether it did: they are durable when this returns. False
  /// when the loop has ended: nothing is certain.
  bool call_durably(const std::function<bool()>& job);
  std::optional<std::int64_t> position(const std::string& input);
  /// Arrivals that wait, at both doors.
  std::size_t queued() const { return requests_.queue.size() + inputs_.queue.size(); }

  // Publishing (engine_publish.cpp)
  struct Publication {
    std::shared_ptr<const rules::Rulebook> rulebook;  // with every revision of the one before
    TemplateSet templates;
    PublishCause cause;
  };
  /// The playbooks in force; null when the loop has ended.
  std::shared_ptr<const rules::Rulebook> rulebook();
  /// Decides by these playbooks from now on and waits until every lead has followed: what became of them. nullopt when
  /// the loop ended first; the next start goes on. One caller at a time.
  std::optional<InFlightTally> publish(Publication publication);
  /// Writes down that a folder was refused. False when the loop has ended.
  bool reject(const std::string& reason, const PublishCause& cause);
  /// What publishing `rulebook` would do now, events going on meanwhile. nullopt when the loop has ended.
  std::optional<InFlightTally> count_in_flight(const rules::Rulebook& rulebook);

  // HaltService (engine_halt.cpp)
  HaltAnswer halt(const HaltOrder& order) override;
  HaltAnswer resume(const HaltOrder& order) override;
  std::optional<std::string> halts_json() override;

  // EngineService
  SubmitResult submit(std::vector<Arrival> arrivals) override;
  std::optional<std::string> lead_json(const rules::LeadId& lead) override;
  std::optional<std::string> why_json(const rules::LeadId& lead) override;
  std::string ledger_lines(std::uint64_t from, std::size_t limit) override;
  bool ready(std::string& why) override;
  rules::Instant now() override;
  std::optional<rules::Instant> arrival_clock() override;

  // ParkedActions (engine_parked.cpp)
  std::optional<std::string> parked_json(std::size_t limit) override;
  ReleaseAnswer release(const ParkedRelease& release) override;

 private:
  /// Staged decisions after which a turn commits, however much more is due (Monday, 09:00).
  static constexpr std::size_t kMaxStaged = 5000;

  struct Taken {
    ArrivalGroup group;
    std::size_t next = 0;  // arrival to handle next
  };
  struct Door {
    ArrivalQueue queue;
    std::optional<Taken> taken;  // a group that is not finished
    bool waiting() const { return taken || queue.size() > 0; }
  };

  void wake();
  void schedule_turn();
  void turn();
  void handle_results();
  /// False when something that waited at the door is left for the next turn.
  bool handle_arrivals(Door& door);
  void answer_all(Door& door);
  bool handle_group(Taken& taken);
  void handle_arrival(const Arrival& arrival);
  rules::Instant instant_of(const rules::Event& event);
  bool do_due_work();
  bool may_dispatch(bool caught_up);
  bool clock_was_set_back();
  bool work_before(rules::Instant instant);
  bool may_move_to(rules::Instant instant) const;
  void begin_walk(const PublishCause& cause);
  void walk_on();
  void begin_resuming();
  bool commit();
  void arm_timer();
  void run_jobs();
  void fail(const std::string& why);

  Parts parts_;
  const EngineSettings settings_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_guard_;
  boost::asio::steady_timer timer_;
  Door requests_;
  Door inputs_;
  Processor processor_;

  std::mutex mutex_;  // results_ and jobs_
  std::vector<DeliveryResult> results_;
  std::vector<std::packaged_task<void()>> jobs_;
  std::atomic<bool> turn_posted_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> ended_ = false;

  std::vector<ArrivalGroup> to_answer_;  // handled, answered after the commit
  std::size_t staged_ = 0;               // decisions since the last commit
  rules::Instant committed_clock_ = rules::Instant::earliest();
  struct Hold {
    std::function<bool()> behind;
    std::chrono::seconds patience;
    std::chrono::steady_clock::time_point warn_at;
  };
  std::optional<Hold> hold_;
  std::optional<LeadWalk> walk_;           // leads that follow what was published
  std::optional<ResumeWalk> resume_walk_;  // leads that a halt held
  bool set_back_ = false;                  // said so in the log
  OutboxStatistics counted_;               // what the metrics know of the outbox
  PlaybookPlaces places_;                  // has its own lock
  std::optional<std::string> failure_;
  std::chrono::steady_clock::time_point drain_until_ = std::chrono::steady_clock::time_point::max();
  std::chrono::seconds drain_{0};
};

}  // namespace relance::engine
