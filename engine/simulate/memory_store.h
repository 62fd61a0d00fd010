#pragma once
// The partition store in memory: for the simulator, and as the model that tests hold the durable store against.
// Nothing is ever forgotten but by its owner; commit() always succeeds. Threads: one.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/ports/partition_store.h"
#include "engine/simulate/hash_index.h"

namespace relance::engine {

class MemoryStore : public PartitionStore {
 public:
  /// Called for every appended entry, with the sequence number of its first record.
  using LedgerSink = std::function<void(std::uint64_t seq, const LedgerContext&, const std::vector<rules::Record>&)>;
  explicit MemoryStore(LedgerSink ledger) : ledger_(std::move(ledger)) {}

  bool is_suppressed(const rules::Address& address, rules::ChannelScope scope) override;
  void suppress(const rules::Suppression& suppression) override;
  const std::vector<rules::AccountTouch>& account_touches(const rules::AccountId& account) override;
  void add_account_touch(const rules::AccountId& account, const rules::AccountTouch& touch,
                         rules::Instant keep_since) override;
  void remove_account_touch(const rules::AccountId& account, const rules::ActionId& action) override;

  const rules::Operations& operations() override { return operations_; }
  rules::Operations& change_operations() override { return operations_; }

  rules::LeadState* find_lead(const rules::LeadId& id) override;
  rules::LeadState& create_lead(const rules::LeadId& id) override;
  void save_lead(rules::LeadState& lead, bool attributes_changed) override;
  std::vector<rules::LeadId> carriers(const rules::Address& address) override;
  std::optional<Wake> next_wake() override;
  bool seen(std::string_view source, std::string_view id, rules::Instant now) override;
  bool first_sight(std::string_view source, std::string_view id, rules::Instant now) override;
  void append(const LedgerContext& context, const std::vector<rules::Record>& records) override;
  void append_dead_letter(const DeadLetter& letter) override { dead_letters_.push_back(letter); }
  void put_outbox(const OutboxRow& row) override { outbox_[row.id] = row; }
  void erase_outbox(const rules::ActionId& id) override { outbox_.erase(id); }
  std::optional<OutboxRow> find_outbox(const rules::ActionId& id) override;
  void set_position(const InputPosition& position) override { positions_[position.input] = position.next; }
  tl::expected<void, StoreError> commit() override { return {}; }

  /// A lead has an occurrence of a schedule ahead.
  bool any_scheduled() const;
  const std::unordered_map<rules::ActionId, OutboxRow>& outbox() const { return outbox_; }
  const std::vector<DeadLetter>& dead_letters() const { return dead_letters_; }

 private:
  struct Lead {
    rules::LeadState state;
    std::optional<rules::Address> email;  // under which it stands in carriers_
    std::optional<rules::Address> phone;
    rules::Instant queued = rules::Instant::never();
  };
  struct Account {
    rules::AccountId id;
    std::vector<rules::AccountTouch> touches;
  };
  /// Many leads wake at one instant, when contact hours begin, so the first octets of the id stand beside it: comparing
  /// them costs nothing, while the lead lies anywhere in memory.
  struct QueuedWake {
    rules::Instant at;
    std::uint64_t id_begin;  // octets 0 to 7 and 8 to 15 of the id as numbers that sort as they do
    std::uint64_t id_middle;
    Lead* lead;
    bool operator>(const QueuedWake& other) const {
      if (at != other.at) return at > other.at;
      if (id_begin != other.id_begin) return id_begin > other.id_begin;
      if (id_middle != other.id_middle) return id_middle > other.id_middle;
      return lead->state.id > other.lead->state.id;
    }
  };

  Lead* find(const rules::LeadId& id);
  Account* find(const rules::AccountId& id);
  void queue_wake(Lead& lead);
  Fingerprint suppression_of(const rules::Address& address, rules::ChannelScope scope);

  LedgerSink ledger_;
  std::uint64_t next_seq_ = 0;
  std::deque<Lead> leads_;
  HashIndex lead_index_;
  Lead* last_lead_ = nullptr;  // the one that was asked for last: it is saved and appended to next
  std::unordered_map<std::string, std::vector<const Lead*>> carriers_;  // by address_key(), in no order
  FingerprintSet suppressed_;
  std::deque<Account> accounts_;
  HashIndex account_index_;
  Account* last_account_ = nullptr;
  FingerprintSet seen_;
  rules::Operations operations_;
  std::string key_;  // reused
  // Stale entries stay until they surface: a lead's wake is valid when it equals its `queued`.
  std::priority_queue<QueuedWake, std::vector<QueuedWake>, std::greater<>> wakes_;
  std::unordered_map<rules::ActionId, OutboxRow> outbox_;
  std::unordered_map<std::string, std::int64_t> positions_;
  std::vector<DeadLetter> dead_letters_;
};

}  // namespace relance::engine
