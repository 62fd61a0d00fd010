#pragma once
// The durable store of a partition: RocksDB, one directory, one process. What is where on disk: FORMAT.md.
//
// Everything is staged in memory and visible at once; commit() writes it in one synced batch. A crash leaves the last
// commit, never a part of one.
// Owner and thread: the processor's. Errors: open() and commit() return them; a failed read is remembered, answers as
// if nothing were there (suppression: as if the address were suppressed), and fails the next commit().
// Memory: the block cache and write buffers (shared by all stores of a process), the decoded leads up to the bounds of
// the options, and what one commit stages. Leads that are only read stay until the next commit() as well: call it also
// when nothing changed, it then writes nothing.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include "engine/ports/durable_store.h"
#include "engine/store/address_index.h"
#include "engine/store/lead_cache.h"
#include "engine/store/ledger_rows.h"
#include "engine/store/rocks_database.h"
#include "engine/store/store_keys.h"
#include "engine/store/suppression_list.h"
#include "engine/store/vault.h"
#include "engine/store/wake_index.h"

namespace relance::engine {

struct RocksStoreOptions {
  /// (source, id) pairs are remembered this long.
  rules::Duration dedup_horizon = rules::kDay * 30;
  /// The keys themselves, or else the directory of their files; empty: `keys` beside the store.
  std::optional<StoreKeys> keys;
  std::filesystem::path key_dir;
  /// Shared by the stores of a process; null: this store has 128 MiB of block cache and 128 MiB of write buffers.
  std::shared_ptr<StoreMemory> memory;
  /// Decoded leads that stay in memory between commits.
  LeadCache::Bounds cached_leads{.leads = 100'000, .bytes = std::size_t{256} << 20U};
  /// How many wakes are read from the disk at once.
  std::size_t wake_page = 1024;
  /// Older dead letters give way.
  std::uint64_t dead_letters_kept = 100'000;
  /// The id that stands for a new person; default: 128 random bits.
  std::function<rules::SubjectId(const rules::LeadId&)> make_subject;
  /// Sees every batch before it is written: for measurements.
  std::function<void(const rocksdb::WriteBatch&)> before_write;
};

class RocksStore final : public DurableStore {
 public:
  /// Opens the store at `path`, or creates it together with its keys. An existing store is refused when one of its
  /// keys is missing, when a newer version of relance wrote it, or while another process has it.
  [[nodiscard]] static tl::expected<std::unique_ptr<RocksStore>, StoreError> open(const std::filesystem::path& path,
                                                                                  RocksStoreOptions options);
  ~RocksStore() override;

  // rules::Neighbourhood
  bool is_suppressed(const rules::Address& address, rules::ChannelScope scope) override;
  std::optional<rules::SuppressionCause> suppression_cause(const rules::Address& address,
                                                           rules::ChannelScope scope) override;
  void suppress(const rules::Suppression& suppression) override;
  const std::vector<rules::AccountTouch>& account_touches(const rules::AccountId& account) override;
  void add_account_touch(const rules::AccountId& account, const rules::AccountTouch& touch,
                         rules::Instant keep_since) override;
  void remove_account_touch(const rules::AccountId& account, const rules::ActionId& action) override;
  const rules::Operations& operations() override { return operations_; }
  rules::Operations& change_operations() override;

  // PartitionStore
  rules::LeadState* find_lead(const rules::LeadId& id) override;
  rules::LeadState& create_lead(const rules::LeadId& id) override;
  void save_lead(rules::LeadState& lead, bool attributes_changed) override;
  std::vector<rules::LeadId> carriers(const rules::Address& address) override;
  std::optional<Wake> next_wake() override;
  bool seen(std::string_view source, std::string_view id, rules::Instant now) override;
  bool first_sight(std::string_view source, std::string_view id, rules::Instant now) override;
  void append(const LedgerContext& context, const std::vector<rules::Record>& records) override;
  void append_dead_letter(const DeadLetter& letter) override;
  void put_outbox(const OutboxRow& row) override;
  void erase_outbox(const rules::ActionId& id) override;
  std::optional<OutboxRow> find_outbox(const rules::ActionId& id) override;
  void set_position(const InputPosition& position) override;
  [[nodiscard]] tl::expected<void, StoreError> commit() override;

  // DurableStore
  std::optional<std::int64_t> position(std::string_view input) override;
  std::vector<OutboxRow> outbox_rows() override;
  std::vector<std::string> revisions() override;
  void put_revision(const rules::Revision& revision, std::string_view canonical) override;
  std::vector<rules::LeadState> leads_after(const rules::LeadId* after, std::size_t limit) override;
  std::vector<std::string> timeline(const rules::LeadId& lead, std::size_t limit) override;
  std::vector<std::pair<std::uint64_t, std::string>> ledger_lines(std::uint64_t from, std::size_t limit) override;
  std::optional<rules::LeadId> resolve_subject(const rules::SubjectId& subject) override;
  std::vector<std::pair<std::uint64_t, DeadLetter>> dead_letters(std::uint64_t from, std::size_t limit) override;
  std::string token_key() override;

  /// A number that survives restarts under a name: how far something else has got. Staged like everything.
  std::optional<std::int64_t> cursor(std::string_view name);
  void set_cursor(std::string_view name, std::int64_t value);

  std::uint64_t next_seq() const { return ledger_.next_seq(); }
  const std::optional<StoreError>& failure() const { return database_->failure(); }

  /// Erasure deletes keys and rows at once; their octets stay in older files until a compaction. This compacts.
  [[nodiscard]] tl::expected<void, StoreError> purge_erased();
  /// A copy of what is committed that can be opened with the same keys, at `target`, which must not exist.
  [[nodiscard]] tl::expected<void, StoreError> checkpoint(const std::filesystem::path& target);
  /// Reads everything and compares the checksums.
  [[nodiscard]] tl::expected<void, StoreError> verify();

 private:
  rules::Instant seen_cutoff(rules::Instant now) const;
  bool was_seen(const std::string& key, rules::Instant cutoff);
  struct Account {
    std::vector<rules::AccountTouch> touches;
    bool changed = false;
  };
  struct Opened {
    std::unique_ptr<RocksDatabase> database;
    std::shared_ptr<Cutoffs> cutoffs;
    StoreKeys keys;
  };
  RocksStore(Opened opened, RocksStoreOptions options);

  CachedLead* load_lead(const rules::LeadId& id);
  CachedLead& cached(const rules::LeadState& lead);
  bool load_attributes(CachedLead& lead);
  Account& account(const rules::AccountId& id);
  void mark_changed(const rules::AccountId& id, Account& account);
  OutboxRow unseal(const rules::ActionId& id, std::string_view row, bool with_payload);

  void stage_leads(rocksdb::WriteBatch& batch);
  void stage_attributes(CachedLead& lead, rocksdb::WriteBatch& batch);
  void stage_outbox(rocksdb::WriteBatch& batch);
  void stage_small_rows(rocksdb::WriteBatch& batch);
  void forget_staged();

  std::unique_ptr<RocksDatabase> database_;
  std::shared_ptr<Cutoffs> cutoffs_;
  RocksStoreOptions options_;
  SecretKey token_key_;

  LeadCodec codec_;
  LeadCache leads_;
  Vault vault_;
  AddressIndex addresses_;
  SuppressionList suppressions_;
  rules::Operations operations_;
  bool operations_changed_ = false;
  WakeIndex wakes_;
  std::optional<Wake> confirmed_wake_;  // its lead was asked; forgotten at any change
  LedgerRows ledger_;

  std::unordered_map<rules::AccountId, Account> accounts_;  // changed ones, and some that were read
  std::vector<rules::AccountId> changed_accounts_;
  std::unordered_map<std::string, rules::Instant> seen_;        // staged, by key
  std::map<rules::ActionId, std::optional<OutboxRow>> outbox_;  // staged; nullopt: erased
  std::map<std::string, std::int64_t, std::less<>> positions_;  // staged
  std::map<std::string, std::int64_t, std::less<>> cursors_;    // staged
  std::map<rules::Revision, std::string> revisions_;            // staged
  std::vector<std::string> dead_letters_;                       // staged, sealed
  std::unique_ptr<rocksdb::WriteBatch> batch_;                  // reused: growing one for every commit takes a while
  std::uint64_t next_dead_letter_ = 0;                          // number of the first staged one
  std::string scratch_;                                         // reused by encodings
};

}  // namespace relance::engine
