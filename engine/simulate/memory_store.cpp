#include "engine/simulate/memory_store.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "rules/sha256.h"

namespace relance::engine {

using rules::LeadId;
using rules::LeadState;

namespace {

std::string address_key(const rules::Address& address) {
  return (address.kind() == rules::Address::Kind::email ? "e:" : "p:") + address.reveal();
}

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

Fingerprint fingerprint_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

/// Eight octets from `from` as a number that sorts as they do; what is missing at the end counts as zeros.
std::uint64_t sortable(std::string_view text, std::size_t from) {
  std::uint64_t number = 0;
  for (std::size_t i = from; i < from + 8; ++i) {
    number = number << 8U | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  }
  return number;
}

}  // namespace

// ---- suppression and accounts ----

Fingerprint MemoryStore::suppression_of(const rules::Address& address, rules::ChannelScope scope) {
  key_.assign(to_string(scope)).append(address.kind() == rules::Address::Kind::email ? "|e:" : "|p:");
  key_.append(address.reveal());
  return fingerprint_of(key_);
}

bool MemoryStore::is_suppressed(const rules::Address& address, rules::ChannelScope scope) {
  return !suppressed_.empty() && suppressed_.contains(suppression_of(address, scope));
}

void MemoryStore::suppress(const rules::Suppression& suppression) {
  suppressed_.insert(suppression_of(suppression.address, suppression.scope));
}

MemoryStore::Account* MemoryStore::find(const rules::AccountId& id) {
  if (last_account_ != nullptr && last_account_->id == id) return last_account_;
  const auto found = account_index_.find(hash_of(id.value), [&](auto number) { return accounts_[number].id == id; });
  if (found == HashIndex::kNone) return nullptr;
  last_account_ = &accounts_[found];
  return last_account_;
}

const std::vector<rules::AccountTouch>& MemoryStore::account_touches(const rules::AccountId& id) {
  static const std::vector<rules::AccountTouch> kNoTouches;
  const Account* account = find(id);
  return account == nullptr ? kNoTouches : account->touches;
}

void MemoryStore::add_account_touch(const rules::AccountId& id, const rules::AccountTouch& touch,
                                    rules::Instant keep_since) {
  Account* account = find(id);
  if (account == nullptr) {
    account_index_.insert(hash_of(id.value), static_cast<std::uint32_t>(accounts_.size()));
    account = last_account_ = &accounts_.emplace_back(Account{id, {}});
  }
  auto& touches = account->touches;
  const auto first_kept =
      std::find_if(touches.begin(), touches.end(), [&](const auto& t) { return t.at >= keep_since; });
  touches.erase(touches.begin(), first_kept);
  touches.push_back(touch);
}

void MemoryStore::remove_account_touch(const rules::AccountId& id, const rules::ActionId& action) {
  if (Account* account = find(id)) {
    std::erase_if(account->touches, [&](const auto& touch) { return touch.action == action; });
  }
}

// ---- leads ----

MemoryStore::Lead* MemoryStore::find(const LeadId& id) {
  if (last_lead_ != nullptr && last_lead_->state.id == id) return last_lead_;
  const auto found = lead_index_.find(hash_of(id.value), [&](auto number) { return leads_[number].state.id == id; });
  if (found == HashIndex::kNone) return nullptr;
  last_lead_ = &leads_[found];
  return last_lead_;
}

LeadState* MemoryStore::find_lead(const LeadId& id) {
  Lead* lead = find(id);
  return lead == nullptr ? nullptr : &lead->state;
}

LeadState& MemoryStore::create_lead(const LeadId& id) {
  lead_index_.insert(hash_of(id.value), static_cast<std::uint32_t>(leads_.size()));
  last_lead_ = &leads_.emplace_back();
  LeadState& state = last_lead_->state;
  state.id = id;
  const auto digest = rules::sha256("relance simulated subject " + id.value);
  state.subject = rules::SubjectId(rules::to_hex({digest.data(), 16}));
  return state;
}

void MemoryStore::save_lead(LeadState& state, bool attributes_changed) {
  Lead& lead = *find(state.id);
  if (attributes_changed) {
    const auto move = [&](std::optional<rules::Address>& from, const std::optional<rules::Address>& to) {
      if (from == to) return;
      if (from) std::erase(carriers_[address_key(*from)], &lead);
      if (to) carriers_[address_key(*to)].push_back(&lead);
      from = to;
    };
    move(lead.email, state.email);
    move(lead.phone, state.phone);
  }
  if (state.wake != lead.queued) queue_wake(lead);
}

std::vector<LeadId> MemoryStore::carriers(const rules::Address& address) {
  std::vector<LeadId> ids;
  const auto found = carriers_.find(address_key(address));
  if (found == carriers_.end()) return ids;
  for (const Lead* lead : found->second) ids.push_back(lead->state.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

// ---- wakes and the rest ----

void MemoryStore::queue_wake(Lead& lead) {
  lead.queued = lead.state.wake;
  if (lead.queued == rules::Instant::never()) return;
  const std::string_view id = lead.state.id.value;
  wakes_.push({lead.queued, sortable(id, 0), sortable(id, 8), &lead});
}

std::optional<Wake> MemoryStore::next_wake() {
  while (!wakes_.empty()) {
    const QueuedWake& top = wakes_.top();
    if (top.lead->queued == top.at) {
      last_lead_ = top.lead;  // whoever does the work asks for the lead next
      return Wake{top.at, top.lead->state.id};
    }
    wakes_.pop();
  }
  return std::nullopt;
}

bool MemoryStore::any_scheduled() const {
  return std::any_of(leads_.begin(), leads_.end(), [](const Lead& lead) {
    const auto& schedules = lead.state.schedules;
    return std::any_of(schedules.begin(), schedules.end(),
                       [](const rules::ScheduleState& schedule) { return schedule.next != rules::Instant::never(); });
  });
}

bool MemoryStore::seen(std::string_view source, std::string_view id, rules::Instant) {
  key_.assign(source).append(1, '\0').append(id);
  return seen_.contains(fingerprint_of(key_));
}

bool MemoryStore::first_sight(std::string_view source, std::string_view id, rules::Instant) {
  key_.assign(source).append(1, '\0').append(id);
  return seen_.insert(fingerprint_of(key_));
}

void MemoryStore::append(const LedgerContext& context, const std::vector<rules::Record>& records) {
  if (ledger_) ledger_(next_seq_, context, records);
  next_seq_ += records.size();
}

std::optional<OutboxRow> MemoryStore::find_outbox(const rules::ActionId& id) {
  const auto found = outbox_.find(id);
  if (found == outbox_.end()) return std::nullopt;
  return found->second;
}

}  // namespace relance::engine
