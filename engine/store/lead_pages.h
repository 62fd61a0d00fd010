#pragma once
// Leads by the page and playbook revisions, read past the store's cache: for publishing, which visits every lead, and
// for `relance diff`, which only looks. Needs no key: nothing of this is in the vault.
// Threads: the store's. Errors: a row that cannot be read fails the database (RocksDatabase::failure()).

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "engine/store/lead_codec.h"
#include "engine/store/rocks_database.h"

namespace relance::engine {

/// DurableStore::leads_after().
std::vector<rules::LeadState> read_leads_after(RocksDatabase& database, LeadCodec& codec, const rules::LeadId* after,
                                               std::size_t limit);
/// Canonical forms by revision.
std::map<rules::Revision, std::string> read_revisions(RocksDatabase& database);

/// A store as it is now, to read only, whether a daemon has it or not.
class StoreReader {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<StoreReader>, StoreError> open(const std::filesystem::path& path);
  std::vector<rules::LeadState> leads_after(const rules::LeadId* after, std::size_t limit);
  std::vector<std::string> revisions();
  const std::optional<StoreError>& failure() const { return database_->failure(); }

 private:
  explicit StoreReader(std::unique_ptr<RocksDatabase> database) : database_(std::move(database)) {}
  std::unique_ptr<RocksDatabase> database_;
  LeadCodec codec_;
};

}  // namespace relance::engine
