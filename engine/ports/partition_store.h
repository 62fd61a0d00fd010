#pragma once
// What the processor remembers: one store per partition, one writer. Two implementations: engine/store (RocksDB, the
// daemon) and engine/simulate (memory). Between two commits every call sees the effect of the earlier ones; commit()
// makes all of them durable in one synced atomic batch, or none.
// Threads: all calls from the processor's thread only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/ports/connector.h"
#include "rules/decide.h"

namespace relance::engine {

struct Wake {
  rules::Instant at;
  rules::LeadId lead;
  friend auto operator<=>(const Wake&, const Wake&) = default;
};

/// Where an input goes on after a restart: `next` is the next record's offset (Kafka) or byte (file).
struct InputPosition {
  std::string input;  // "kafka:relance.events:3", "file:leads.jsonl"
  std::int64_t next = 0;
};

/// Bytes that were no event. They may hold personal data: the store keeps them sealed.
struct DeadLetter {
  std::string reason;  // stable code and sentence: "unknown_type: ..."
  std::string input;   // where it came from: "http", "kafka:relance.events:3@17", "file:day.jsonl:12"
  std::string bytes;   // at most 256 KiB kept; longer input is cut and the reason says so
  rules::Instant at;
};

enum class OutboxState : std::uint8_t {
  queued = 0,   // decided, not handed off; `not_before` delays a retry or a wait
  started = 1,  // attempt.started is durable; `payload` is what is delivered, identical on every retry
  parked = 2,   // unknown outcome, waits for a person
};

/// An action on its way out. Committed with the decision; erased with its outcome.
struct OutboxRow {
  rules::ActionId id;
  ActionKind kind = ActionKind::task;
  OutboxState state = OutboxState::queued;
  rules::LeadId lead;
  rules::PlaybookId playbook;
  rules::Revision revision;
  rules::StepId step;
  std::optional<rules::Channel> channel;
  std::string template_name;  // empty: none
  std::string reason;         // escalate, cancel
  std::string to;             // escalate: who is told; cancel: the action it takes back
  rules::Instant created;
  rules::Instant due;
  rules::Instant not_after = rules::Instant::never();
  rules::Instant not_before = rules::Instant::earliest();
  std::int32_t attempts = 0;       // started so far
  bool may_have_happened = false;  // one of them had an unknown outcome, and nobody has said that it did not happen
  bool was_unknown = false;        // one of them had an unknown outcome, whatever somebody said
  std::string payload;             // the serialised Action, set with state `started`; personal data, stored sealed
  bool resend_on_unknown = false;  // the step opts in to another attempt after an unknown outcome
  rules::Instant parked_at = rules::Instant::never();
  std::string parked_because;  // what the last attempt said; no personal data
};

struct StoreError {
  std::string message;  // what failed, in words an operator can act on
};

/// What a ledger line carries besides the record.
struct LedgerContext {
  const rules::LeadState* lead = nullptr;  // null: operation records
  std::string cause;                       // the event's id, "timer", or an operator's command
};

class PartitionStore : public rules::Neighbourhood {
 public:
  /// The lead, or nullptr when it was never seen. The pointer stays valid until the next commit().
  virtual rules::LeadState* find_lead(const rules::LeadId& id) = 0;
  /// A new lead with its subject id; it must not exist.
  virtual rules::LeadState& create_lead(const rules::LeadId& id) = 0;
  /// Stages the state (the object find_lead or create_lead returned), its wake and, when `attributes_changed`, its
  /// vault row and the address index.
  virtual void save_lead(rules::LeadState& lead, bool attributes_changed) = 0;
  /// Leads that carry the address now, in order of their ids.
  virtual std::vector<rules::LeadId> carriers(const rules::Address& address) = 0;

  /// The earliest wake by (instant, lead id).
  virtual std::optional<Wake> next_wake() = 0;

  /// (source, id) was seen within the configured horizon; remembers nothing.
  virtual bool seen(std::string_view source, std::string_view id, rules::Instant now) = 0;
  /// True at the first sight of (source, id) within the configured horizon; remembers it.
  virtual bool first_sight(std::string_view source, std::string_view id, rules::Instant now) = 0;

  /// Appends the records as one ledger entry of this partition: sequence numbers without gaps.
  virtual void append(const LedgerContext& context, const std::vector<rules::Record>& records) = 0;
  virtual void append_dead_letter(const DeadLetter& letter) = 0;

  virtual void put_outbox(const OutboxRow& row) = 0;
  virtual void erase_outbox(const rules::ActionId& id) = 0;
  virtual std::optional<OutboxRow> find_outbox(const rules::ActionId& id) = 0;

  virtual void set_position(const InputPosition& position) = 0;

  /// Everything since the last commit, durable in one atomic batch. After an error the store refuses every later call
  /// to commit(): the process must restart from what is durable.
  [[nodiscard]] virtual tl::expected<void, StoreError> commit() = 0;
};

}  // namespace relance::engine
