#pragma once
// Who must not be contacted, by address and scope. Only keyed hashes are stored, so a row tells nobody's address, and
// outlives the lead, its erasure, merges and imports. A question is asked under every known key.
// Source: events-and-ledger.md, "Suppression"; compliance.md, 5, 6, 17. Threads: the store's.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/store/rocks_database.h"
#include "engine/store/row_codec.h"
#include "engine/store/seal.h"
#include "engine/store/store_keys.h"
#include "rules/address.h"

namespace relance::engine {

class SuppressionList {
 public:
  SuppressionList(RocksDatabase& database, const StoreKeys& keys);

  /// Fails closed: true when the store cannot be read.
  bool contains(const rules::Address& address, rules::ChannelScope scope);
  /// The row, when there is one and it can be read.
  std::optional<SuppressionEntry> find(const rules::Address& address, rules::ChannelScope scope);
  void add(const rules::Suppression& suppression);

  void stage(rocksdb::WriteBatch& batch) const;
  void committed() { staged_.clear(); }

 private:
  std::vector<KeyedHash> hashes_;  // the one that makes new rows first
  std::string key_id_;
  RocksDatabase& database_;
  std::unordered_map<std::string, SuppressionEntry> staged_;  // by the row's key
};

}  // namespace relance::engine
