#pragma once
// The partition store in memory: for the simulator, and as the model that tests hold the durable store against.
// Nothing is ever forgotten but by its owner; commit() always succeeds. Threads: one.
// Memory: by default every lead stays as callers see it, about 4 KiB each with its account. Whoever has more leads than
// memory says how many stay so: commit() packs the others, which takes about 500 octets and some microseconds whenever
// one of them is asked for again. What the store answers does not depend on it.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/ports/partition_store.h"
#include "engine/simulate/hash_index.h"
#include "engine/simulate/row_packer.h"

namespace relance::engine {

class MemoryStore : public PartitionStore {
 public:
  /// Called for every appended entry, with the sequence number of its first record.
  using LedgerSink = std::function<void(std::uint64_t seq, const LedgerContext&, const std::vector<rules::Record>&)>;
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  /// `at_hand`: how many leads, and how many accounts, commit() leaves unpacked.
  explicit MemoryStore(LedgerSink ledger, std::size_t at_hand = kAll) : ledger_(std::move(ledger)), bound_(at_hand) {}

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
  [[nodiscard]] tl::expected<void, StoreError> commit() override;

  /// A lead has an occurrence of a schedule ahead.
  bool any_scheduled() const;
  const std::unordered_map<rules::ActionId, OutboxRow>& outbox() const { return outbox_; }
  const std::vector<DeadLetter>& dead_letters() const { return dead_letters_; }

 private:
  /// Where a lead stands in carriers_ for one of its addresses. Thousands may share one: the index knows the first of
  /// them, each knows the next.
  struct Carrier {
    std::uint32_t hash = 0;  // 0: nowhere
    std::uint32_t next = HashIndex::kNone;
  };
  struct Lead {
    rules::LeadId id;
    rules::Instant queued = rules::Instant::never();
    StoredLead* at_hand = nullptr;  // null: it is packed
    PackedRow packed;
    std::uint32_t number = 0;         // its place in leads_
    std::array<Carrier, 2> carriers;  // by Address::Kind
    bool scheduled = false;           // of a packed lead: what any_scheduled() asks
  };
  struct Account {
    rules::AccountId id;
    std::vector<rules::AccountTouch> touches;
    PackedRow packed;  // holds nothing while the touches are at hand
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
      return lead->id > other.lead->id;
    }
  };

  Lead* find(const rules::LeadId& id);
  rules::LeadState& state_of(Lead& lead);
  StoredLead& bring(Lead& lead);
  void put_away(Lead& lead);
  Account* find(const rules::AccountId& id);
  std::vector<rules::AccountTouch>& touches_of(Account& account);
  void put_away(Account& account);
  void carry(Lead& lead, rules::Address::Kind kind, const std::optional<rules::Address>& address);
  std::uint32_t carrier_hash(const rules::Address& address);
  void queue_wake(Lead& lead);
  Fingerprint suppression_of(const rules::Address& address, rules::ChannelScope scope);

  LedgerSink ledger_;
  std::size_t bound_;
  std::uint64_t next_seq_ = 0;
  std::deque<Lead> leads_;
  std::deque<StoredLead> places_;  // of leads at hand: they never move
  std::vector<StoredLead*> free_places_;
  std::deque<Lead*> leads_at_hand_;  // in the order in which they came, when there is a bound
  std::deque<Account*> accounts_at_hand_;
  RowPacker packer_;
  HashIndex lead_index_;
  Lead* last_lead_ = nullptr;          // the one that was asked for last: it is saved and appended to next
  std::array<HashIndex, 2> carriers_;  // by Address::Kind: the first lead under a carrier_hash()
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
