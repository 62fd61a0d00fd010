#pragma once
// Personal data, sealed: one random key per person, wrapped with the store's vault key. Without its person's key a row
// is noise, so forgetting the key forgets every row sealed with it, also in copies that were made without it.
// Threads: the store's. Between two commits every call sees the effect of the earlier ones.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/store/rocks_database.h"
#include "engine/store/seal.h"
#include "rules/ids.h"

namespace relance::engine {

class Vault {
 public:
  Vault(RocksDatabase& database, const SecretKey& master) : database_(database), master_(master) {}

  /// Sealed with the person's key, which is made when there is none. `what` names the kind of the bytes.
  std::string seal(const rules::SubjectId& subject, std::string_view what, std::string_view plain);
  /// nullopt when the key is gone, or the bytes were changed.
  std::optional<std::string> open(const rules::SubjectId& subject, std::string_view what, std::string_view sealed);
  /// The person's key goes; a later seal() makes a new one.
  void forget(const rules::SubjectId& subject);

  /// For what belongs to no person the store knows: dead letters.
  std::string seal_for_store(std::string_view what, std::string_view plain);
  std::optional<std::string> open_for_store(std::string_view what, std::string_view sealed);

  void stage(rocksdb::WriteBatch& batch);
  /// What stage() wrote is on disk.
  void committed();

 private:
  std::optional<SecretKey> find_key(const rules::SubjectId& subject);

  RocksDatabase& database_;
  SecretKey master_;
  Sealer sealer_;
  std::unordered_map<rules::SubjectId, SecretKey> known_;                  // on disk or staged; bounded
  std::unordered_map<rules::SubjectId, std::optional<SecretKey>> staged_;  // nullopt: forgotten
};

}  // namespace relance::engine
