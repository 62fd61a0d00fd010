#pragma once
// The partition store in memory: for the simulator, and as the model that tests hold the durable store against.
// Nothing is ever forgotten but by its owner; commit() always succeeds. Threads: one.

#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/ports/partition_store.h"

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

  rules::LeadState* find_lead(const rules::LeadId& id) override;
  rules::LeadState& create_lead(const rules::LeadId& id) override;
  void save_lead(rules::LeadState& lead, bool attributes_changed) override;
  std::vector<rules::LeadId> carriers(const rules::Address& address) override;
  std::optional<Wake> next_wake() override;
  bool first_sight(std::string_view source, std::string_view id, rules::Instant now) override;
  void append(const LedgerContext& context, const std::vector<rules::Record>& records) override;
  void append_dead_letter(const DeadLetter& letter) override { dead_letters_.push_back(letter); }
  void put_outbox(const OutboxRow& row) override { outbox_[row.id] = row; }
  void erase_outbox(const rules::ActionId& id) override { outbox_.erase(id); }
  std::optional<OutboxRow> find_outbox(const rules::ActionId& id) override;
  void set_position(const InputPosition& position) override { positions_[position.input] = position.next; }
  tl::expected<void, StoreError> commit() override { return {}; }

  const std::unordered_map<rules::ActionId, OutboxRow>& outbox() const { return outbox_; }
  const std::vector<DeadLetter>& dead_letters() const { return dead_letters_; }

 private:
  struct Lead {
    rules::LeadState state;
    std::vector<std::string> carried;  // keys of the addresses in carriers_
    rules::Instant queued = rules::Instant::never();
  };
  /// 128 bits of (source, id): two different events never share them.
  struct Fingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  };
  struct FingerprintHash {
    std::size_t operator()(const Fingerprint& fingerprint) const noexcept { return fingerprint.low; }
  };
  struct QueuedWake {
    rules::Instant at;
    Lead* lead;
    bool operator>(const QueuedWake& other) const {
      return at != other.at ? at > other.at : lead->state.id > other.lead->state.id;
    }
  };

  LedgerSink ledger_;
  std::uint64_t next_seq_ = 0;
  std::unordered_map<rules::LeadId, std::unique_ptr<Lead>> leads_;
  std::unordered_map<std::string, std::set<rules::LeadId>> carriers_;
  std::unordered_set<std::string> suppressed_;
  std::unordered_map<rules::AccountId, std::vector<rules::AccountTouch>> accounts_;
  std::unordered_set<Fingerprint, FingerprintHash> seen_;
  std::string seen_key_;  // reused
  // Stale entries stay until they surface: a lead's wake is valid when it equals its state's.
  std::priority_queue<QueuedWake, std::vector<QueuedWake>, std::greater<>> wakes_;
  std::unordered_map<rules::ActionId, OutboxRow> outbox_;
  std::unordered_map<std::string, std::int64_t> positions_;
  std::vector<DeadLetter> dead_letters_;
};

}  // namespace relance::engine
