#pragma once
// Actions on their way out: the durable rows, which of them are ready, and what became of each attempt. Every attempt
// asks the gate again, writes attempt.started before the connector is called and attempt.finished after it; what a
// crash left between the two is an unknown outcome. Source: architecture.md, decision 7.
//
// Owner and thread: the engine's loop. Stages in the store; the engine commits, then calls deliver_started().

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/dispatch/action_builder.h"
#include "engine/dispatch/connector_pool.h"
#include "engine/ports/durable_store.h"
#include "engine/ports/parked_actions.h"
#include "engine/processor/processor.h"

namespace relance::engine {

/// Where actions of one kind go, and how fast.
struct Route {
  ConnectorPool* pool = nullptr;
  bool wants_cancels = false;  // the other side sees actions before they are carried out: tell it about cancels
  double per_second = 0;       // 0: unlimited
};

struct OutboxStatistics {
  std::uint64_t started = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t retried = 0;
  std::uint64_t unknown = 0;
  std::uint64_t cancelled = 0;
};

/// Actions that concern the person pass the gate; telling a colleague or taking something back does not.
bool passes_gate(const OutboxRow& row);

class Outbox final : public ProcessorEffects {
 public:
  struct Parts {
    DurableStore& store;
    ActionBuilder builder;
    DispatchConfig dispatch;
    std::map<ActionKind, Route> routes;
  };
  explicit Outbox(Parts parts);

  /// What is built from now on is rendered from these; what was built stays as it is on every retry.
  void use_templates(TemplateSet templates) { parts_.builder.use_templates(std::move(templates)); }

  /// After a restart: takes up every row; an attempt without a result becomes an unknown outcome.
  void recover(Processor& processor);

  // ProcessorEffects
  void emitted(rules::LeadState& lead, const rules::EmitTouch& effect) override;
  void escalated(const rules::LeadState& lead, const rules::Escalate& effect) override;
  void cancelled(const rules::LeadState& lead, const rules::CancelTouch& effect) override;

  /// Asks the gate for what is ready and has a free connector; what may go is marked as started. How many were asked.
  std::size_t start_ready(Processor& processor);
  /// After the commit: hands what start_ready() marked to the connectors.
  void deliver_started();
  void finished(const DeliveryResult& result, Processor& processor);
  /// Something happened to the lead: what is held for it is asked again.
  void lead_changed(const rules::LeadId& lead);
  /// A halt has ended: everything that is held is asked again.
  void ask_held();
  /// What waits for an instant up to `now` is ready.
  void release(rules::Instant now);

  // Actions with an unknown outcome, for a person to decide (parked_actions.cpp)
  /// The oldest, at most `limit`.
  std::vector<OutboxRow> parked_rows(std::size_t limit) const;
  ReleaseAnswer release_parked(const ParkedRelease& release, Processor& processor);
  /// An event told what became of an action: there is nothing left to decide about it.
  void outcome_told(const rules::Event& event, Processor& processor);

  std::optional<rules::Instant> next_release() const;
  /// Real time until a connector that is at its rate may be called again; nullopt when none keeps anything waiting.
  std::optional<std::chrono::milliseconds> next_start() const;
  /// start_ready() would find something to do now.
  bool has_startable() const;
  /// Nothing is ready or under way (rows may wait for an instant, for an event or for a person).
  bool idle() const { return ready_count_ == 0 && under_way_ == 0; }
  bool busy_with(const rules::LeadId& lead) const { return leads_busy_.contains(lead); }
  std::size_t under_way() const { return under_way_; }
  std::size_t ready() const { return ready_count_; }
  std::size_t parked() const { return parked_.size(); }
  const OutboxStatistics& statistics() const { return statistics_; }

 private:
  using Real = std::chrono::steady_clock;
  struct Queue {
    double per_second = 0;
    std::deque<rules::ActionId> ready;
    std::size_t under_way = 0;
    Real::time_point next_start{};
    bool startable(const ConnectorPool& pool, Real::time_point now) const {
      return !ready.empty() && under_way < pool.capacity() && next_start <= now;
    }
  };
  struct Known {
    rules::LeadId lead;
    ConnectorPool* pool = nullptr;
    enum class Place { none, ready, waiting, under_way } place = Place::none;
    rules::Instant until = rules::Instant::never();  // waiting: the key in waiting_
    bool held = false;                               // waiting: for an event of the lead, too
  };

  Known& add(const OutboxRow& row);
  void place(const rules::ActionId& action, Known& known, typename Known::Place place);
  void make_ready(const rules::ActionId& action);
  void make_wait(const rules::ActionId& action, rules::Instant until, bool held);
  void forget(const rules::ActionId& action);
  void start(const rules::ActionId& action, Processor& processor);
  void give_up(OutboxRow row, const AttemptResult& result, Processor& processor);
  bool may_repeat(OutboxRow& row) const;
  void try_again(OutboxRow row, rules::LeadState& lead, const AttemptResult& result, Processor& processor);
  void park(OutboxRow row, std::string_view because, rules::Instant now);
  void take_back_there(const OutboxRow& row, std::string_view why);
  void record_resolution(const OutboxRow& row, const rules::LeadState& lead, rules::Record record, Processor& processor,
                         std::string_view cause);
  void complete(const OutboxRow& row, std::string_view outcome, const AttemptResult& result, Processor& processor);
  void record_attempt(rules::RecordType type, const OutboxRow& row, const rules::LeadState& lead,
                      const AttemptResult* result, Processor& processor);
  rules::Duration backoff(const OutboxRow& row, const AttemptResult& result) const;
  const Route& route(const OutboxRow& row) const;

  Parts parts_;
  std::unordered_map<rules::ActionId, Known> known_;
  std::map<ConnectorPool*, Queue> queues_;
  std::set<std::pair<rules::Instant, rules::ActionId>> waiting_;
  std::unordered_map<rules::LeadId, std::set<rules::ActionId>> held_;
  std::unordered_map<rules::LeadId, int> leads_busy_;  // ready or under way
  std::vector<std::pair<ConnectorPool*, Delivery>> started_;
  std::size_t ready_count_ = 0;
  std::size_t under_way_ = 0;
  std::map<rules::ActionId, rules::Instant> parked_;  // when they were decided
  bool recovering_ = false;
  OutboxStatistics statistics_;
};

}  // namespace relance::engine
