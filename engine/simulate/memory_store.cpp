#include "engine/simulate/memory_store.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "rules/sha256.h"

namespace relance::engine {

using rules::LeadId;
using rules::LeadState;

namespace {

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

/// Eight octets from `from` as a number that sorts as they do; what is missing at the end counts as zeros.
std::uint64_t sortable(std::string_view text, std::size_t from) {
  std::uint64_t number = 0;
  for (std::size_t i = from; i < from + 8; ++i) {
    number = number << 8U | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  }
  return number;
}

bool has_occurrence_ahead(const LeadState& lead) {
  return std::any_of(lead.schedules.begin(), lead.schedules.end(),
                     [](const rules::ScheduleState& schedule) { return schedule.next != rules::Instant::never(); });
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

std::vector<rules::AccountTouch>& MemoryStore::touches_of(Account& account) {
  if (account.packed.holds()) {
    account.touches = RowPacker::unpack_account(account.packed);
    account.packed = {};
    accounts_at_hand_.push_back(&account);
  }
  return account.touches;
}

void MemoryStore::put_away(Account& account) {
  account.packed = RowPacker::pack(account.touches);
  account.touches = std::vector<rules::AccountTouch>();  // {} would keep the room
}

const std::vector<rules::AccountTouch>& MemoryStore::account_touches(const rules::AccountId& id) {
  static const std::vector<rules::AccountTouch> kNoTouches;
  Account* account = find(id);
  return account == nullptr ? kNoTouches : touches_of(*account);
}

void MemoryStore::add_account_touch(const rules::AccountId& id, const rules::AccountTouch& touch,
                                    rules::Instant keep_since) {
  Account* account = find(id);
  if (account == nullptr) {
    account_index_.insert(hash_of(id.value), static_cast<std::uint32_t>(accounts_.size()));
    account = last_account_ = &accounts_.emplace_back(Account{id, {}, {}});
    if (bound_ != kAll) accounts_at_hand_.push_back(account);
  }
  auto& touches = touches_of(*account);
  const auto first_kept =
      std::find_if(touches.begin(), touches.end(), [&](const auto& t) { return t.at >= keep_since; });
  touches.erase(touches.begin(), first_kept);
  touches.push_back(touch);
}

void MemoryStore::remove_account_touch(const rules::AccountId& id, const rules::ActionId& action) {
  if (Account* account = find(id)) {
    std::erase_if(touches_of(*account), [&](const auto& touch) { return touch.action == action; });
  }
}

// ---- leads ----

MemoryStore::Lead* MemoryStore::find(const LeadId& id) {
  if (last_lead_ != nullptr && last_lead_->id == id) return last_lead_;
  const auto found = lead_index_.find(hash_of(id.value), [&](auto number) { return leads_[number].id == id; });
  if (found == HashIndex::kNone) return nullptr;
  last_lead_ = &leads_[found];
  return last_lead_;
}

LeadState& MemoryStore::state_of(Lead& lead) {
  if (lead.at_hand != nullptr) return lead.at_hand->state;
  StoredLead& place = bring(lead);
  packer_.unpack(lead.packed, place);
  lead.packed = {};
  return place.state;
}

/// A place at hand, which knows nothing of the lead but its id.
StoredLead& MemoryStore::bring(Lead& lead) {
  if (free_places_.empty()) {
    lead.at_hand = &places_.emplace_back();
  } else {
    lead.at_hand = free_places_.back();
    free_places_.pop_back();
  }
  if (bound_ != kAll) leads_at_hand_.push_back(&lead);
  lead.at_hand->state.id = lead.id;
  return *lead.at_hand;
}

void MemoryStore::put_away(Lead& lead) {
  lead.packed = packer_.pack(*lead.at_hand);
  lead.scheduled = has_occurrence_ahead(lead.at_hand->state);
  *lead.at_hand = {};
  free_places_.push_back(std::exchange(lead.at_hand, nullptr));
}

tl::expected<void, StoreError> MemoryStore::commit() {
  if (bound_ == kAll) return {};
  for (; leads_at_hand_.size() > bound_; leads_at_hand_.pop_front()) put_away(*leads_at_hand_.front());
  for (; accounts_at_hand_.size() > bound_; accounts_at_hand_.pop_front()) put_away(*accounts_at_hand_.front());
  return {};
}

LeadState* MemoryStore::find_lead(const LeadId& id) {
  Lead* lead = find(id);
  return lead == nullptr ? nullptr : &state_of(*lead);
}

LeadState& MemoryStore::create_lead(const LeadId& id) {
  const auto number = static_cast<std::uint32_t>(leads_.size());
  lead_index_.insert(hash_of(id.value), number);
  last_lead_ = &leads_.emplace_back();
  last_lead_->id = id;
  last_lead_->number = number;
  LeadState& state = bring(*last_lead_).state;
  const auto digest = rules::sha256("relance simulated subject " + id.value);
  state.subject = rules::SubjectId(rules::to_hex({digest.data(), 16}));
  return state;
}

void MemoryStore::save_lead(LeadState& state, bool attributes_changed) {
  Lead& lead = *find(state.id);
  if (attributes_changed) {
    carry(lead, rules::Address::Kind::email, state.email);
    carry(lead, rules::Address::Kind::phone, state.phone);
  }
  if (state.wake != lead.queued) queue_wake(lead);
}

/// Never 0.
std::uint32_t MemoryStore::carrier_hash(const rules::Address& address) {
  key_.assign(address.kind() == rules::Address::Kind::email ? "e:" : "p:").append(address.reveal());
  return std::max(static_cast<std::uint32_t>(hash_of(key_)), 1U);
}

/// The lead stands under that address, and no longer under the one that it had.
void MemoryStore::carry(Lead& lead, rules::Address::Kind kind, const std::optional<rules::Address>& address) {
  const auto of_kind = static_cast<std::size_t>(kind);
  HashIndex& firsts = carriers_[of_kind];
  Carrier& own = lead.carriers[of_kind];
  const auto first_of = [&](std::uint32_t hash) { return firsts.find(hash, [](std::uint32_t) { return true; }); };
  const std::uint32_t to = address ? carrier_hash(*address) : 0;
  if (to == own.hash) return;
  if (own.hash != 0) {
    if (std::uint32_t before = first_of(own.hash); before == lead.number) {
      firsts.erase(own.hash, lead.number);
      if (own.next != HashIndex::kNone) firsts.insert(own.hash, own.next);
    } else {
      const auto next_of = [&](std::uint32_t number) -> std::uint32_t& {
        return leads_[number].carriers[of_kind].next;
      };
      while (next_of(before) != lead.number) before = next_of(before);
      next_of(before) = own.next;
    }
  }
  own = {to, HashIndex::kNone};
  if (to == 0) return;
  if (const std::uint32_t first = first_of(to); first == HashIndex::kNone) {
    firsts.insert(to, lead.number);
  } else {
    own.next = std::exchange(leads_[first].carriers[of_kind].next, lead.number);
  }
}

std::vector<LeadId> MemoryStore::carriers(const rules::Address& address) {
  const auto of_kind = static_cast<std::size_t>(address.kind());
  std::vector<LeadId> ids;
  std::uint32_t number = carriers_[of_kind].find(carrier_hash(address), [](std::uint32_t) { return true; });
  for (; number != HashIndex::kNone; number = leads_[number].carriers[of_kind].next) {
    const LeadState& state = state_of(leads_[number]);
    if (state.email == address || state.phone == address) ids.push_back(state.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// ---- wakes and the rest ----

void MemoryStore::queue_wake(Lead& lead) {
  lead.queued = state_of(lead).wake;
  if (lead.queued == rules::Instant::never()) return;
  const std::string_view id = lead.id.value;
  wakes_.push({lead.queued, sortable(id, 0), sortable(id, 8), &lead});
}

std::optional<Wake> MemoryStore::next_wake() {
  while (!wakes_.empty()) {
    const QueuedWake& top = wakes_.top();
    if (top.lead->queued == top.at) {
      last_lead_ = top.lead;  // whoever does the work asks for the lead next
      return Wake{top.at, top.lead->id};
    }
    wakes_.pop();
  }
  return std::nullopt;
}

bool MemoryStore::any_scheduled() const {
  return std::any_of(leads_.begin(), leads_.end(), [](const Lead& lead) {
    return lead.at_hand == nullptr ? lead.scheduled : has_occurrence_ahead(lead.at_hand->state);
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
