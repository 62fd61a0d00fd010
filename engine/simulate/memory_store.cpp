#include "engine/simulate/memory_store.h"

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

std::string suppression_key(const rules::Address& address, rules::ChannelScope scope) {
  return std::string(to_string(scope)) + '|' + address_key(address);
}

}  // namespace

bool MemoryStore::is_suppressed(const rules::Address& address, rules::ChannelScope scope) {
  if (suppressed_.empty()) return false;
  return suppressed_.contains(suppression_key(address, scope));
}

void MemoryStore::suppress(const rules::Suppression& suppression) {
  suppressed_.insert(suppression_key(suppression.address, suppression.scope));
}

const std::vector<rules::AccountTouch>& MemoryStore::account_touches(const rules::AccountId& account) {
  return accounts_[account];
}

void MemoryStore::add_account_touch(const rules::AccountId& account, const rules::AccountTouch& touch,
                                    rules::Instant keep_since) {
  auto& touches = accounts_[account];
  const auto first_kept =
      std::find_if(touches.begin(), touches.end(), [&](const auto& t) { return t.at >= keep_since; });
  touches.erase(touches.begin(), first_kept);
  touches.push_back(touch);
}

void MemoryStore::remove_account_touch(const rules::AccountId& account, const rules::ActionId& action) {
  std::erase_if(accounts_[account], [&](const auto& touch) { return touch.action == action; });
}

LeadState* MemoryStore::find_lead(const LeadId& id) {
  const auto found = leads_.find(id);
  return found == leads_.end() ? nullptr : &found->second->state;
}

LeadState& MemoryStore::create_lead(const LeadId& id) {
  auto& lead = leads_[id];
  lead = std::make_unique<Lead>();
  lead->state.id = id;
  const auto digest = rules::sha256("relance simulated subject " + id.value);
  lead->state.subject = rules::SubjectId(rules::to_hex({digest.data(), 16}));
  return lead->state;
}

void MemoryStore::save_lead(LeadState& state, bool attributes_changed) {
  const auto found = leads_.find(state.id);
  Lead& lead = *found->second;
  if (attributes_changed) {
    for (const std::string& key : lead.carried) carriers_[key].erase(state.id);
    lead.carried.clear();
    for (const auto* address : {state.email ? &*state.email : nullptr, state.phone ? &*state.phone : nullptr}) {
      if (!address) continue;
      lead.carried.push_back(address_key(*address));
      carriers_[lead.carried.back()].insert(state.id);
    }
  }
  if (state.wake != lead.queued) {
    lead.queued = state.wake;
    if (state.wake != rules::Instant::never()) wakes_.push({state.wake, &lead});
  }
}

std::vector<LeadId> MemoryStore::carriers(const rules::Address& address) {
  const auto found = carriers_.find(address_key(address));
  if (found == carriers_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::optional<Wake> MemoryStore::next_wake() {
  while (!wakes_.empty()) {
    const QueuedWake& top = wakes_.top();
    if (top.lead->queued == top.at) return Wake{top.at, top.lead->state.id};
    wakes_.pop();
  }
  return std::nullopt;
}

bool MemoryStore::first_sight(std::string_view source, std::string_view id, rules::Instant) {
  seen_key_.assign(source).append(1, '\0').append(id);
  const XXH128_hash_t hash = XXH3_128bits(seen_key_.data(), seen_key_.size());
  return seen_.insert({hash.high64, hash.low64}).second;
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
