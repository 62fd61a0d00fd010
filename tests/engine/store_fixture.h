#pragma once
// A durable store in a directory of its own, for tests: closed, reopened, crashed, looked into.

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "engine/store/rocks_store.h"
#include "tests/engine/temporary_directory.h"

namespace relance::tests {

constexpr rules::Instant kNow{1772439000000};  // 2026-03-02T08:10:00Z

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// How many files below the directory hold the octets.
inline int files_with(const std::filesystem::path& directory, const std::string& needle) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && contains(read_file(entry.path()), needle)) ++count;
  }
  return count;
}

/// Options that make the bounds of memory felt by a handful of leads.
inline engine::RocksStoreOptions small_options() {
  engine::RocksStoreOptions options;
  options.memory = std::make_shared<engine::StoreMemory>(std::size_t{8} << 20U, std::size_t{32} << 20U);
  options.cached_leads = {.leads = 3, .bytes = std::size_t{1} << 20U};
  options.wake_page = 2;
  return options;
}

class StoreFixture {
 public:
  explicit StoreFixture(engine::RocksStoreOptions options = small_options()) : options_(std::move(options)) {
    reopen();
  }
  std::filesystem::path path() const { return directory_.path() / "store"; }
  std::filesystem::path key_dir() const { return directory_.path() / "keys"; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  engine::RocksStore& operator*() { return *store_; }
  engine::RocksStore* operator->() { return store_.get(); }

  void commit() {
    const auto committed = store_->commit();
    REQUIRE_MESSAGE(committed.has_value(), (committed ? std::string() : committed.error().message));
  }
  void close() { store_.reset(); }
  /// Without a commit: what was staged is gone.
  void reopen() {
    close();
    auto store = try_open();
    REQUIRE_MESSAGE(store.has_value(), (store ? std::string() : store.error().message));
    store_ = std::move(*store);
  }
  tl::expected<std::unique_ptr<engine::RocksStore>, engine::StoreError> try_open() {
    return engine::RocksStore::open(path(), options_);
  }
  /// What open() says when it refuses.
  std::string refusal() {
    close();
    const auto store = try_open();
    return store ? "opened" : store.error().message;
  }
  /// The database under a closed store.
  std::unique_ptr<engine::RocksDatabase> raw() {
    close();
    auto cutoffs = std::make_shared<engine::Cutoffs>();
    auto database = engine::RocksDatabase::open(path(), *options_.memory, std::move(cutoffs));
    REQUIRE(database.has_value());
    return std::move(*database);
  }

 private:
  TemporaryDirectory directory_;
  engine::RocksStoreOptions options_;
  std::unique_ptr<engine::RocksStore> store_;
};

/// A saved lead with an email address.
inline rules::LeadState& add_lead(engine::PartitionStore& store, const std::string& id, const std::string& email) {
  rules::LeadState& lead = store.create_lead(rules::LeadId(id));
  lead.known = true;
  lead.attributes.set("email", email);
  rules::derive(lead);
  store.save_lead(lead, true);
  return lead;
}

}  // namespace relance::tests
