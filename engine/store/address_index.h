#pragma once
// Which leads carry an address. The rows hold a keyed hash of the address and the lead's id, never the address.
// Threads: the store's.

#include <map>
#include <string>
#include <vector>

#include "engine/store/rocks_database.h"
#include "engine/store/seal.h"
#include "rules/address.h"
#include "rules/lead_state.h"

namespace relance::engine {

class AddressIndex {
 public:
  /// Hashes under a key of its own, derived from `vault`.
  AddressIndex(RocksDatabase& database, const SecretKey& vault);

  /// The hashes under which a lead stands that has these addresses.
  std::vector<std::string> hashes_of(const rules::LeadState& lead) const;
  /// The lead stands under `before` and shall stand under `after`.
  void move(const rules::LeadId& lead, const std::vector<std::string>& before, const std::vector<std::string>& after);
  /// In order of their ids.
  std::vector<rules::LeadId> carriers(const rules::Address& address);

  void stage(rocksdb::WriteBatch& batch) const;
  void committed() { staged_.clear(); }

 private:
  std::string hash_of(const rules::Address& address) const;

  RocksDatabase& database_;
  KeyedHash hash_;
  std::map<std::string, bool> staged_;  // row key -> the row exists from now on
};

}  // namespace relance::engine
