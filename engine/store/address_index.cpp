#include "engine/store/address_index.h"

#include <algorithm>
#include <set>

#include <rocksdb/write_batch.h>

#include "engine/store/row_keys.h"

namespace relance::engine {
namespace {

/// Half an HMAC: no two addresses of any store will ever share one, and the key is that much shorter.
constexpr std::size_t kHashOctets = 16;

SecretKey derive_key(const SecretKey& vault) { return *SecretKey::from(KeyedHash(vault)("relance.carriers")); }

}  // namespace

AddressIndex::AddressIndex(RocksDatabase& database, const SecretKey& vault)
    : database_(database), hash_(derive_key(vault)) {}

std::string AddressIndex::hash_of(const rules::Address& address) const {
  std::string message(1, static_cast<char>(address.kind()));
  message += address.reveal();
  return hash_(message).substr(0, kHashOctets);
}

std::vector<std::string> AddressIndex::hashes_of(const rules::LeadState& lead) const {
  std::vector<std::string> hashes;
  if (lead.email) hashes.push_back(hash_of(*lead.email));
  if (lead.phone) hashes.push_back(hash_of(*lead.phone));
  return hashes;
}

void AddressIndex::move(const rules::LeadId& lead, const std::vector<std::string>& before,
                        const std::vector<std::string>& after) {
  const auto among = [](const std::vector<std::string>& hashes, const std::string& hash) {
    return std::find(hashes.begin(), hashes.end(), hash) != hashes.end();
  };
  for (const std::string& hash : before) {
    if (!among(after, hash)) staged_[hash + lead.value] = false;
  }
  for (const std::string& hash : after) {
    if (!among(before, hash)) staged_[hash + lead.value] = true;
  }
}

std::vector<rules::LeadId> AddressIndex::carriers(const rules::Address& address) {
  const std::string hash = hash_of(address);
  const std::string end = after_prefix(hash);
  std::set<std::string> keys;
  database_.scan(Family::carriers, {.first = hash, .end = end}, [&](std::string_view key, std::string_view) {
    keys.emplace(key);
    return true;
  });
  for (auto row = staged_.lower_bound(hash); row != staged_.end() && row->first.starts_with(hash); ++row) {
    if (row->second) {
      keys.insert(row->first);
    } else {
      keys.erase(row->first);
    }
  }
  std::vector<rules::LeadId> leads;
  leads.reserve(keys.size());
  for (const std::string& key : keys) leads.emplace_back(key.substr(kHashOctets));
  return leads;
}

void AddressIndex::stage(rocksdb::WriteBatch& batch) const {
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::carriers);
  for (const auto& [key, exists] : staged_) {
    if (exists) {
      batch.Put(family, key, rocksdb::Slice());
    } else {
      batch.Delete(family, key);
    }
  }
}

}  // namespace relance::engine
