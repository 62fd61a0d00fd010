#include "engine/store/rocks_store.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <stdexcept>
#include <utility>

#include <rocksdb/write_batch.h>

#include "engine/store/id_octets.h"
#include "engine/store/lead_pages.h"
#include "engine/store/row_codec.h"
#include "engine/store/row_keys.h"
#include "engine/store/store_meta.h"
#include "rules/sha256.h"

namespace relance::engine {
namespace {

using rules::Instant;
using rules::LeadId;
using rules::LeadState;

constexpr std::size_t kSubjectOctets = 16;
constexpr std::size_t kDefaultMemory = std::size_t{128} << 20U;
constexpr std::size_t kAccountsKept = 10'000;

constexpr std::string_view kAttributesContext = "attributes";
constexpr std::string_view kDeadLetterContext = "dead_letter";

/// Last octet of a key of column family `vault`.
enum class VaultRow : char { attributes = 0, lead = 1 };

std::string vault_key(const rules::SubjectId& subject, VaultRow row) {
  std::string key = to_id_octets(subject.value);
  key += static_cast<char>(row);
  return key;
}

std::string payload_context(const rules::ActionId& action) { return "outbox/" + action.value; }

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

rules::SubjectId random_subject() {
  const std::string octets = random_octets(kSubjectOctets);
  return rules::SubjectId(
      rules::to_hex(std::span(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size())));
}

/// Decoded, a lead takes about this much: its members, and its texts and vectors as blocks of their own.
std::size_t footprint(std::size_t row_bytes, std::size_t attribute_bytes) {
  return sizeof(CachedLead) + 256 + 4 * row_bytes + 4 * attribute_bytes;
}

/// Rows in the order of their keys are written faster: RocksDB begins where the last one went.
std::vector<std::pair<const std::string*, Instant>> sorted(const std::unordered_map<std::string, Instant>& rows) {
  std::vector<std::pair<const std::string*, Instant>> in_order;
  in_order.reserve(rows.size());
  for (const auto& [key, at] : rows) in_order.emplace_back(&key, at);
  std::sort(in_order.begin(), in_order.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
  return in_order;
}

/// Erased, and nothing was learnt of the person since.
bool is_forgotten(const LeadState& lead) { return lead.erased && lead.attributes.entries().empty(); }

tl::unexpected<StoreError> error_of(tl::expected<void, StoreError>& result) { return tl::unexpected(result.error()); }

}  // namespace

// ---- opening ----

tl::expected<std::unique_ptr<RocksStore>, StoreError> RocksStore::open(const std::filesystem::path& path,
                                                                       RocksStoreOptions options) {
  const bool existing = RocksDatabase::exists(path);
  if (!options.keys) {
    if (options.key_dir.empty()) options.key_dir = std::filesystem::absolute(path).parent_path() / "keys";
    auto keys = load_keys(options.key_dir, !existing);
    if (!keys) return tl::unexpected(keys.error());
    options.keys = std::move(*keys);
  }
  if (!options.memory) options.memory = std::make_shared<StoreMemory>(kDefaultMemory, kDefaultMemory);
  if (!options.make_subject) options.make_subject = [](const LeadId&) { return random_subject(); };

  Opened opened;
  opened.cutoffs = std::make_shared<Cutoffs>();
  auto database = RocksDatabase::open(path, *options.memory, opened.cutoffs);
  if (!database) return tl::unexpected(database.error());
  opened.database = std::move(*database);
  opened.keys = std::move(*options.keys);
  options.keys.reset();
  if (auto checked = check_meta(*opened.database, opened.keys); !checked) return error_of(checked);
  std::unique_ptr<RocksStore> store(new RocksStore(std::move(opened), std::move(options)));
  if (store->failure()) return tl::unexpected(*store->failure());
  return store;
}

RocksStore::RocksStore(Opened opened, RocksStoreOptions options)
    : database_(std::move(opened.database)),
      cutoffs_(std::move(opened.cutoffs)),
      options_(std::move(options)),
      token_key_(opened.keys.token),
      leads_(options_.cached_leads),
      vault_(*database_, opened.keys.vault),
      addresses_(*database_, opened.keys.vault),
      suppressions_(*database_, opened.keys),
      wakes_(*database_, options_.wake_page, wake_floor(*database_), cutoffs_->wakes),
      ledger_(*database_, meta_number(*database_, kNextSeq)),
      batch_(std::make_unique<rocksdb::WriteBatch>()),
      next_dead_letter_(meta_number(*database_, kNextDeadLetter)) {
  rocksdb::PinnableSlice row;
  if (!database_->get(Family::meta, kOperations, row)) return;
  auto operations = decode_operations({row.data(), row.size()});
  if (operations) {
    operations_ = std::move(*operations);
  } else {
    database_->fail("the row `operations` of the store cannot be read: restore the store from a copy");
  }
}

RocksStore::~RocksStore() = default;

// ---- suppression and accounts ----

bool RocksStore::is_suppressed(const rules::Address& address, rules::ChannelScope scope) {
  return suppressions_.contains(address, scope);
}

std::optional<rules::SuppressionCause> RocksStore::suppression_cause(const rules::Address& address,
                                                                     rules::ChannelScope scope) {
  auto entry = suppressions_.find(address, scope);
  if (!entry) return std::nullopt;
  return rules::SuppressionCause{std::move(entry->cause), std::move(entry->intake), entry->at};
}

void RocksStore::suppress(const rules::Suppression& suppression) { suppressions_.add(suppression); }

rules::Operations& RocksStore::change_operations() {
  operations_changed_ = true;
  return operations_;
}

RocksStore::Account& RocksStore::account(const rules::AccountId& id) {
  if (const auto known = accounts_.find(id); known != accounts_.end()) return known->second;
  Account& account = accounts_[id];
  rocksdb::PinnableSlice row;
  if (!database_->get(Family::accounts, id.value, row)) return account;
  auto touches = decode_account({row.data(), row.size()});
  if (touches) {
    account.touches = std::move(*touches);
  } else {
    database_->fail("a row of the store (account) cannot be read");
  }
  return account;
}

const std::vector<rules::AccountTouch>& RocksStore::account_touches(const rules::AccountId& id) {
  return account(id).touches;
}

void RocksStore::add_account_touch(const rules::AccountId& id, const rules::AccountTouch& touch, Instant keep_since) {
  Account& changed = account(id);
  const auto kept = std::find_if(changed.touches.begin(), changed.touches.end(),
                                 [&](const auto& earlier) { return earlier.at >= keep_since; });
  changed.touches.erase(changed.touches.begin(), kept);
  changed.touches.push_back(touch);
  mark_changed(id, changed);
}

void RocksStore::remove_account_touch(const rules::AccountId& id, const rules::ActionId& action) {
  Account& changed = account(id);
  if (std::erase_if(changed.touches, [&](const auto& touch) { return touch.action == action; }) > 0) {
    mark_changed(id, changed);
  }
}

void RocksStore::mark_changed(const rules::AccountId& id, Account& account) {
  if (!account.changed) changed_accounts_.push_back(id);
  account.changed = true;
}

// ---- leads ----

CachedLead* RocksStore::load_lead(const LeadId& id) {
  if (CachedLead* lead = leads_.find(id)) return lead;
  rocksdb::PinnableSlice row;
  if (!database_->get(Family::leads, id.value, row)) return nullptr;
  CachedLead& lead = leads_.insert(id);
  lead.on_disk = true;
  lead.row = digest_of({row.data(), row.size()});
  if (auto decoded = codec_.decode({row.data(), row.size()}, lead.stored); !decoded) {
    database_->fail(decoded.error().message);
    return &lead;
  }
  lead.indexed_wake = lead.stored.state.wake;
  leads_.set_bytes(lead, footprint(row.size(), 0));
  if (lead.stored.has_vault_row && !load_attributes(lead)) {
    database_->fail("a row of the store (vault) cannot be read");
  }
  lead.resolvable = !is_forgotten(lead.stored.state);
  return &lead;
}

bool RocksStore::load_attributes(CachedLead& lead) {
  LeadState& state = lead.stored.state;
  rocksdb::PinnableSlice row;
  if (!database_->get(Family::vault, vault_key(state.subject, VaultRow::attributes), row)) return false;
  const auto plain = vault_.open(state.subject, kAttributesContext, {row.data(), row.size()});
  if (!plain || !codec_.decode_attributes(*plain, state)) return false;
  leads_.set_bytes(lead, lead.bytes + footprint(0, row.size()) - footprint(0, 0));
  return true;
}

LeadState* RocksStore::find_lead(const LeadId& id) {
  CachedLead* lead = load_lead(id);
  return lead != nullptr ? &lead->stored.state : nullptr;
}

LeadState& RocksStore::create_lead(const LeadId& id) {
  CachedLead& lead = leads_.insert(id);
  lead.stored.state.subject = options_.make_subject(id);
  leads_.set_bytes(lead, footprint(0, 0));
  return lead.stored.state;
}

CachedLead& RocksStore::cached(const LeadState& state) {
  CachedLead* lead = load_lead(state.id);
  if (lead == nullptr || &lead->stored.state != &state) {
    throw std::logic_error("a lead state that this store did not hand out since its last commit");
  }
  return *lead;
}

void RocksStore::save_lead(LeadState& state, bool attributes_changed) {
  CachedLead& lead = cached(state);
  leads_.mark_changed(lead);
  if (state.wake != lead.indexed_wake) {
    if (lead.indexed_wake != Instant::never()) wakes_.remove({lead.indexed_wake, lead.id});
    if (state.wake != Instant::never()) wakes_.add({state.wake, lead.id});
    lead.indexed_wake = state.wake;
    confirmed_wake_.reset();
  }
  if (!attributes_changed) return;
  lead.attributes_changed = true;
  std::vector<std::string> hashes = addresses_.hashes_of(state);
  addresses_.move(lead.id, lead.stored.address_hashes, hashes);
  lead.stored.address_hashes = std::move(hashes);
}

std::vector<LeadId> RocksStore::carriers(const rules::Address& address) { return addresses_.carriers(address); }

std::optional<Wake> RocksStore::next_wake() {
  while (const Wake* first = wakes_.first()) {
    if (*first == confirmed_wake_) return *first;
    const CachedLead* lead = load_lead(first->lead);
    if (lead != nullptr && lead->indexed_wake == first->at) {
      confirmed_wake_ = *first;
    } else {
      wakes_.remove(Wake(*first));
    }
    if (failure()) break;
  }
  return std::nullopt;
}

// ---- deduplication, ledger, dead letters ----

/// What was seen before it may be forgotten.
Instant RocksStore::seen_cutoff(Instant now) const {
  const std::int64_t horizon = options_.dedup_horizon.ms;
  const bool bounded = now.ms >= std::numeric_limits<std::int64_t>::min() + horizon;
  return bounded ? now - options_.dedup_horizon : Instant::earliest();
}

bool RocksStore::was_seen(const std::string& key, Instant cutoff) {
  if (const auto staged = seen_.find(key); staged != seen_.end()) return staged->second >= cutoff;
  rocksdb::PinnableSlice row;
  if (!database_->get(Family::seen, key, row)) return false;
  const auto at = parse_number_key({row.data(), row.size()});
  return at && static_cast<std::int64_t>(*at) >= cutoff.ms;
}

bool RocksStore::seen(std::string_view source, std::string_view id, Instant now) {
  return was_seen(seen_key(source, id), seen_cutoff(now));
}

bool RocksStore::first_sight(std::string_view source, std::string_view id, Instant now) {
  const Instant cutoff = seen_cutoff(now);
  cutoffs_->seen.store(cutoff.ms, std::memory_order_relaxed);
  std::string key = seen_key(source, id);
  if (was_seen(key, cutoff)) return false;
  seen_[std::move(key)] = now;
  return true;
}

void RocksStore::append(const LedgerContext& context, const std::vector<rules::Record>& records) {
  if (records.empty()) return;
  LedgerRows::Entry entry;
  entry.cause = context.cause;
  if (context.lead == nullptr) {
    ledger_.append(entry, records);
    return;
  }
  CachedLead& lead = cached(*context.lead);
  entry.previous = lead.stored.last_ledger_entry;
  entry.subject = context.lead->subject.value;
  if (context.lead->account) entry.account = context.lead->account->value;
  lead.stored.last_ledger_entry = ledger_.append(entry, records) + 1;
  leads_.mark_changed(lead);
}

std::vector<std::string> RocksStore::timeline(const LeadId& id, std::size_t limit) {
  const CachedLead* lead = load_lead(id);
  if (lead == nullptr) return {};
  return ledger_.timeline(lead->stored.last_ledger_entry, limit);
}

std::vector<std::pair<std::uint64_t, std::string>> RocksStore::ledger_lines(std::uint64_t from, std::size_t limit) {
  return ledger_.lines(from, limit);
}

std::optional<LeadId> RocksStore::resolve_subject(const rules::SubjectId& subject) {
  for (const CachedLead* lead : leads_.changed()) {
    if (lead->stored.state.subject != subject) continue;
    if (is_forgotten(lead->stored.state)) return std::nullopt;
    return lead->id;
  }
  auto row = database_->get(Family::vault, vault_key(subject, VaultRow::lead));
  if (!row) return std::nullopt;
  return LeadId(*row);
}

void RocksStore::append_dead_letter(const DeadLetter& letter) {
  dead_letters_.push_back(vault_.seal_for_store(kDeadLetterContext, encode_dead_letter(letter)));
}

std::vector<std::pair<std::uint64_t, DeadLetter>> RocksStore::dead_letters(std::uint64_t from, std::size_t limit) {
  std::vector<std::pair<std::uint64_t, DeadLetter>> letters;
  database_->scan(Family::dead_letters, {.first = number_key(from), .end = {}},
                  [&](std::string_view key, std::string_view value) {
                    if (letters.size() == limit) return false;
                    const auto plain = vault_.open_for_store(kDeadLetterContext, value);
                    auto letter = plain ? decode_dead_letter(*plain) : std::nullopt;
                    if (!letter) {
                      database_->fail("a row of the store (dead letter) cannot be read");
                      return false;
                    }
                    letters.emplace_back(parse_number_key(key).value_or(0), std::move(*letter));
                    return true;
                  });
  return letters;
}

// ---- outbox ----

void RocksStore::put_outbox(const OutboxRow& row) { outbox_[row.id] = row; }

void RocksStore::erase_outbox(const rules::ActionId& id) { outbox_[id] = std::nullopt; }

OutboxRow RocksStore::unseal(const rules::ActionId& id, std::string_view bytes, bool with_payload) {
  auto sealed = decode_outbox(bytes);
  if (!sealed) {
    database_->fail("a row of the store (outbox) cannot be read");
    sealed.emplace();
  }
  OutboxRow& row = sealed->row;
  row.id = id;
  if (with_payload && !row.payload.empty()) {
    // Without the person's key (erased since) there is nothing left to deliver.
    const std::string context = payload_context(id);
    auto payload = sealed->subject.empty() ? vault_.open_for_store(context, row.payload)
                                           : vault_.open(sealed->subject, context, row.payload);
    row.payload = std::move(payload).value_or(std::string());
  } else {
    row.payload.clear();
  }
  return std::move(row);
}

std::optional<OutboxRow> RocksStore::find_outbox(const rules::ActionId& id) {
  if (const auto staged = outbox_.find(id); staged != outbox_.end()) return staged->second;
  rocksdb::PinnableSlice row;
  if (!database_->get(Family::outbox, to_id_octets(id.value), row)) return std::nullopt;
  return unseal(id, {row.data(), row.size()}, true);
}

std::vector<OutboxRow> RocksStore::outbox_rows() {
  std::vector<OutboxRow> rows;
  database_->scan(Family::outbox, {}, [&](std::string_view key, std::string_view value) {
    const rules::ActionId id(from_id_octets(key));
    if (!outbox_.contains(id)) rows.push_back(unseal(id, value, false));
    return true;
  });
  for (const auto& [id, row] : outbox_) {
    if (row) rows.push_back(*row);
  }
  return rows;
}

// ---- small rows ----

void RocksStore::set_position(const InputPosition& position) { positions_[position.input] = position.next; }

std::optional<std::int64_t> RocksStore::position(std::string_view input) {
  if (const auto staged = positions_.find(input); staged != positions_.end()) return staged->second;
  const auto row = database_->get(Family::positions, input);
  const auto number = row ? parse_number_key(*row) : std::nullopt;
  if (!number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<std::int64_t> RocksStore::cursor(std::string_view name) {
  if (const auto staged = cursors_.find(name); staged != cursors_.end()) return staged->second;
  const auto row = database_->get(Family::meta, std::string(kCursorPrefix).append(name));
  const auto number = row ? parse_number_key(*row) : std::nullopt;
  if (!number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

void RocksStore::set_cursor(std::string_view name, std::int64_t value) { cursors_[std::string(name)] = value; }

std::vector<LeadState> RocksStore::leads_after(const LeadId* after, std::size_t limit) {
  return read_leads_after(*database_, codec_, after, limit);
}

void RocksStore::put_revision(const rules::Revision& revision, std::string_view canonical) {
  revisions_[revision] = std::string(canonical);
}

std::vector<std::string> RocksStore::revisions() {
  std::map<rules::Revision, std::string> all = revisions_;
  all.merge(read_revisions(*database_));
  std::vector<std::string> canonical;
  canonical.reserve(all.size());
  for (auto& [revision, form] : all) canonical.push_back(std::move(form));
  return canonical;
}

std::string RocksStore::token_key() {
  const auto octets = token_key_.octets();
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// ---- committing ----

void RocksStore::stage_attributes(CachedLead& lead, rocksdb::WriteBatch& batch) {
  const LeadState& state = lead.stored.state;
  rocksdb::ColumnFamilyHandle* family = database_->handle(Family::vault);
  const bool erased = is_forgotten(state);
  // The row from the subject to the lead is there from the first commit on, and again after an erased lead came back.
  if (!erased && !lead.resolvable) {
    batch.Put(family, vault_key(state.subject, VaultRow::lead), slice(lead.id.value));
    lead.resolvable = true;
  }
  if (!lead.attributes_changed) return;
  const std::string key = vault_key(state.subject, VaultRow::attributes);
  lead.stored.has_vault_row = !state.attributes.entries().empty();
  if (lead.stored.has_vault_row) {
    codec_.encode_attributes(state, scratch_);
    batch.Put(family, key, vault_.seal(state.subject, kAttributesContext, scratch_));
    return;
  }
  batch.Delete(family, key);
  if (!erased) return;
  batch.Delete(family, vault_key(state.subject, VaultRow::lead));
  lead.resolvable = false;
  vault_.forget(state.subject);
}

void RocksStore::stage_leads(rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* family = database_->handle(Family::leads);
  for (CachedLead* lead : leads_.changed_in_order()) {
    scratch_.clear();
    stage_attributes(*lead, batch);
    const std::size_t attribute_bytes = lead->attributes_changed ? scratch_.size() : 0;
    codec_.encode(lead->stored, scratch_);
    // Most events are noise that changes nothing.
    const RowDigest row = digest_of(scratch_);
    if (lead->on_disk && lead->row == row) continue;
    batch.Put(family, slice(lead->id.value), scratch_);
    lead->on_disk = true;
    lead->row = row;
    leads_.set_bytes(*lead, std::max(lead->bytes, footprint(scratch_.size(), attribute_bytes)));
  }
}

void RocksStore::stage_outbox(rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* family = database_->handle(Family::outbox);
  for (const auto& [id, row] : outbox_) {
    const std::string key = to_id_octets(id.value);
    if (!row) {
      batch.Delete(family, key);
      continue;
    }
    SealedOutboxRow sealed{*row, {}};
    if (!row->payload.empty()) {
      const std::string context = payload_context(id);
      if (const CachedLead* lead = load_lead(row->lead)) sealed.subject = lead->stored.state.subject;
      sealed.row.payload = sealed.subject.empty() ? vault_.seal_for_store(context, row->payload)
                                                  : vault_.seal(sealed.subject, context, row->payload);
    }
    batch.Put(family, key, encode_outbox(sealed));
  }
}

void RocksStore::stage_small_rows(rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* meta = database_->handle(Family::meta);
  std::sort(changed_accounts_.begin(), changed_accounts_.end());
  for (const rules::AccountId& id : changed_accounts_) {
    const Account& account = accounts_.at(id);
    if (account.touches.empty()) {
      batch.Delete(database_->handle(Family::accounts), slice(id.value));
    } else {
      batch.Put(database_->handle(Family::accounts), slice(id.value), encode_account(account.touches));
    }
  }
  for (const auto& [key, at] : sorted(seen_)) {
    batch.Put(database_->handle(Family::seen), *key, number_key(static_cast<std::uint64_t>(at.ms)));
  }
  for (const auto& [input, next] : positions_) {
    batch.Put(database_->handle(Family::positions), input, number_key(static_cast<std::uint64_t>(next)));
  }
  for (const auto& [name, value] : cursors_) {
    batch.Put(meta, std::string(kCursorPrefix).append(name), number_key(static_cast<std::uint64_t>(value)));
  }
  for (const auto& [revision, canonical] : revisions_) {
    batch.Put(database_->handle(Family::revisions), to_id_octets(revision.value), canonical);
  }
  rocksdb::ColumnFamilyHandle* letters = database_->handle(Family::dead_letters);
  std::uint64_t number = next_dead_letter_;
  for (const std::string& sealed : dead_letters_) {
    batch.Put(letters, number_key(number), sealed);
    if (number >= options_.dead_letters_kept) batch.Delete(letters, number_key(number - options_.dead_letters_kept));
    ++number;
  }
  if (!dead_letters_.empty()) batch.Put(meta, slice(kNextDeadLetter), number_key(number));
  if (operations_changed_) batch.Put(meta, slice(kOperations), encode_operations(operations_));
  if (ledger_.changed()) batch.Put(meta, slice(kNextSeq), number_key(ledger_.next_seq()));
}

void RocksStore::forget_staged() {
  vault_.committed();
  addresses_.committed();
  suppressions_.committed();
  operations_changed_ = false;
  wakes_.committed();
  ledger_.committed();
  leads_.shrink();
  if (accounts_.size() > kAccountsKept) accounts_.clear();
  for (const rules::AccountId& id : changed_accounts_) {
    if (const auto account = accounts_.find(id); account != accounts_.end()) account->second.changed = false;
  }
  changed_accounts_.clear();
  seen_.clear();
  outbox_.clear();
  positions_.clear();
  cursors_.clear();
  revisions_.clear();
  next_dead_letter_ += dead_letters_.size();
  dead_letters_.clear();
}

tl::expected<void, StoreError> RocksStore::commit() {
  if (failure()) return tl::unexpected(*failure());
  rocksdb::WriteBatch& batch = *batch_;
  batch.Clear();
  stage_leads(batch);
  stage_outbox(batch);
  addresses_.stage(batch);
  suppressions_.stage(batch);
  wakes_.stage(batch);
  ledger_.stage(batch);
  stage_small_rows(batch);
  vault_.stage(batch);  // last: sealing the rows above may have made keys
  if (batch.Count() > 0) {
    if (options_.before_write) options_.before_write(batch);
    if (auto written = database_->write(batch); !written) return written;
  }
  forget_staged();
  return {};
}

// ---- upkeep ----

tl::expected<void, StoreError> RocksStore::purge_erased() {
  for (const Family family : {Family::vault, Family::subject_keys, Family::outbox}) {
    if (auto rewritten = database_->rewrite(family); !rewritten) return rewritten;
  }
  return {};
}

tl::expected<void, StoreError> RocksStore::checkpoint(const std::filesystem::path& target) {
  return database_->checkpoint(target);
}

tl::expected<void, StoreError> RocksStore::verify() { return database_->verify(); }

}  // namespace relance::engine
