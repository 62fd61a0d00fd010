#include "engine/store/rocks_database.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include "engine/store/rocks_options.h"

namespace relance::engine {
namespace {

constexpr std::array<std::string_view, kFamilies> kFamilyNames{
    "default",  // RocksDB insists on one of this name: it holds `meta`
    "leads",   "vault",  "subject_keys", "suppression", "carriers",     "wakes",     "seen",
    "ledger",  "outbox", "accounts",     "positions",   "dead_letters", "revisions",
};

tl::unexpected<StoreError> failed(const std::string& what, const rocksdb::Status& status) {
  return tl::unexpected(StoreError{what + ": " + status.ToString()});
}

StoreError open_error(const std::filesystem::path& path, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const bool locked = text.find("While lock file") != std::string::npos || text.find("lock hold") != std::string::npos;
  if (status.IsIOError() && locked) {
    return {"another relance runs on the store " + path.string() + ": stop it first (" + text + ")"};
  }
  return {"cannot open the store " + path.string() + ": " + text};
}

/// A family this program does not know was added by a newer one.
std::optional<StoreError> find_unknown_family(const std::filesystem::path& path, const rocksdb::DBOptions& options) {
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path.string(), &names);
  if (!status.ok()) return open_error(path, status);
  for (const std::string& name : names) {
    if (std::find(kFamilyNames.begin(), kFamilyNames.end(), name) == kFamilyNames.end()) {
      return StoreError{"the store " + path.string() + " was written by a newer version of relance (it has a column " +
                        "family \"" + name + "\"): use that version"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Family family) { return kFamilyNames[static_cast<std::size_t>(family)]; }

StoreMemory::StoreMemory(std::size_t block_cache_bytes, std::size_t write_buffer_bytes)
    : block_cache(rocksdb::NewLRUCache(block_cache_bytes)),
      write_buffers(std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes)) {}

bool RocksDatabase::exists(const std::filesystem::path& path) { return std::filesystem::exists(path / "CURRENT"); }

tl::expected<std::unique_ptr<RocksDatabase>, StoreError> RocksDatabase::open(const std::filesystem::path& path,
                                                                             const StoreMemory& memory,
                                                                             std::shared_ptr<const Cutoffs> cutoffs) {
  const rocksdb::DBOptions options = database_options(memory);
  if (exists(path)) {
    if (auto unknown = find_unknown_family(path, options)) return tl::unexpected(std::move(*unknown));
  } else {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return tl::unexpected(StoreError{"cannot create " + path.string() + ": " + error.message()});
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path.string(), column_families(memory, std::move(cutoffs)), &handles, &database);
  if (!status.ok()) return tl::unexpected(open_error(path, status));
  std::unique_ptr<RocksDatabase> opened(new RocksDatabase());
  opened->database_.reset(database);
  std::copy(handles.begin(), handles.end(), opened->handles_.begin());
  return opened;
}

tl::expected<std::unique_ptr<RocksDatabase>, StoreError> RocksDatabase::open_to_read(const std::filesystem::path& path,
                                                                                     const StoreMemory& memory) {
  const rocksdb::DBOptions options = database_options(memory);
  if (!exists(path)) return tl::unexpected(StoreError{"there is no store at " + path.string()});
  if (auto unknown = find_unknown_family(path, options)) return tl::unexpected(std::move(*unknown));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      options, path.string(), column_families(memory, std::make_shared<const Cutoffs>()), &handles, &database);
  if (!status.ok()) return tl::unexpected(open_error(path, status));
  std::unique_ptr<RocksDatabase> opened(new RocksDatabase());
  opened->database_.reset(database);
  std::copy(handles.begin(), handles.end(), opened->handles_.begin());
  return opened;
}

RocksDatabase::~RocksDatabase() {
  if (!database_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) database_->DestroyColumnFamilyHandle(handle);
  database_->Close();
}

bool RocksDatabase::absent_or_failed(const rocksdb::Status& status) {
  if (!status.IsNotFound()) fail("cannot read the store: " + status.ToString());
  return false;
}

bool RocksDatabase::get(Family family, std::string_view key, rocksdb::PinnableSlice& value) {
  if (failure_) return false;
  value.Reset();
  const auto status = database_->Get(rocksdb::ReadOptions(), handle(family), {key.data(), key.size()}, &value);
  return status.ok() || absent_or_failed(status);
}

std::optional<std::string> RocksDatabase::get(Family family, std::string_view key) {
  rocksdb::PinnableSlice value;
  if (!get(family, key, value)) return std::nullopt;
  return value.ToString();
}

bool RocksDatabase::contains(Family family, std::string_view key) {
  rocksdb::PinnableSlice value;
  return get(family, key, value);
}

void RocksDatabase::scan_rows(Family family, const Range& range, void* visitor, Visit visit) {
  if (failure_) return;
  rocksdb::ReadOptions options;
  const rocksdb::Slice first(range.first);
  const rocksdb::Slice end(range.end);
  // Bounds keep the iterator from walking the tombstones on either side.
  if (!range.from_before) options.iterate_lower_bound = &first;
  if (!range.end.empty()) options.iterate_upper_bound = &end;
  // The hash in front of the keys of `carriers` is their prefix; a range of that family never leaves it.
  options.prefix_same_as_start = family == Family::carriers;
  options.total_order_seek = family != Family::carriers;
  const std::unique_ptr<rocksdb::Iterator> row(database_->NewIterator(options, handle(family)));
  if (range.from_before) {
    row->SeekForPrev(first);
    if (!row->Valid()) row->SeekToFirst();
  } else {
    row->Seek(first);
  }
  for (; row->Valid(); row->Next()) {
    const rocksdb::Slice key = row->key();
    const rocksdb::Slice value = row->value();
    if (!visit(visitor, {key.data(), key.size()}, {value.data(), value.size()})) return;
  }
  if (!row->status().ok()) fail("cannot read the store: " + row->status().ToString());
}

tl::expected<void, StoreError> RocksDatabase::write(rocksdb::WriteBatch& batch) {
  if (failure_) return tl::unexpected(*failure_);
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = database_->Write(options, &batch);
  if (status.ok()) return {};
  fail("cannot write the store: " + status.ToString());
  return tl::unexpected(*failure_);
}

void RocksDatabase::fail(std::string message) {
  if (!failure_) failure_ = StoreError{std::move(message)};
}

tl::expected<void, StoreError> RocksDatabase::rewrite(Family family) {
  // The log is dropped when every family that has rows in it is on disk.
  std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
  rocksdb::Status status = database_->Flush(rocksdb::FlushOptions(), handles);
  if (!status.ok()) return failed("cannot flush the store", status);
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  status = database_->CompactRange(options, handle(family), nullptr, nullptr);
  if (!status.ok()) return failed("cannot compact the store", status);
  return {};
}

tl::expected<void, StoreError> RocksDatabase::checkpoint(const std::filesystem::path& target) {
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(database_.get(), &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  if (status.ok()) status = checkpoint->CreateCheckpoint(target.string());
  if (!status.ok()) return failed("cannot write a checkpoint to " + target.string(), status);
  return {};
}

tl::expected<void, StoreError> RocksDatabase::verify() {
  const rocksdb::Status status = database_->VerifyChecksum();
  if (!status.ok()) return failed("the store is damaged", status);
  return {};
}

}  // namespace relance::engine
