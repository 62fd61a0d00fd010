#pragma once
// RocksDB with the column families of FORMAT.md: opening, reading, and one synced atomic write. The only place that
// knows RocksDB's options.
// Owner: RocksStore; its thread only, but for RocksDB's own background threads.
// Errors: the first failed read or write is remembered in failure() and reads answer "absent" from then on; whoever
// commits must ask. A store that cannot be read must not decide.

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <rocksdb/db.h>
#include <tl/expected.hpp>

#include "engine/ports/partition_store.h"

namespace rocksdb {
class WriteBufferManager;
}

namespace relance::engine {

/// Names and numbers are on disk (FORMAT.md): never reuse one.
enum class Family : std::size_t {
  meta,
  leads,
  vault,
  subject_keys,
  suppression,
  carriers,
  wakes,
  seen,
  ledger,
  outbox,
  accounts,
  positions,
  dead_letters,
  revisions,
};
constexpr std::size_t kFamilies = 14;
std::string_view name_of(Family family);

/// What all stores of a process may use together, in bytes.
struct StoreMemory {
  StoreMemory(std::size_t block_cache_bytes, std::size_t write_buffer_bytes);
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

/// Milliseconds; compactions may drop what is before it. Written by the store, read by background threads.
using Cutoff = std::atomic<std::int64_t>;
struct Cutoffs {
  Cutoff seen = std::numeric_limits<std::int64_t>::min();   // of first sights
  Cutoff wakes = std::numeric_limits<std::int64_t>::min();  // of the wakes' own instants
};

class RocksDatabase {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<RocksDatabase>, StoreError> open(
      const std::filesystem::path& path, const StoreMemory& memory, std::shared_ptr<const Cutoffs> cutoffs);
  /// As it is now, to read only; a daemon may go on writing to it, which is not seen.
  [[nodiscard]] static tl::expected<std::unique_ptr<RocksDatabase>, StoreError> open_to_read(
      const std::filesystem::path& path, const StoreMemory& memory);
  ~RocksDatabase();
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  /// There is a store (of any version) at `path`.
  static bool exists(const std::filesystem::path& path);

  /// False when there is no such row, or the read failed.
  bool get(Family family, std::string_view key, rocksdb::PinnableSlice& value);
  std::optional<std::string> get(Family family, std::string_view key);
  bool contains(Family family, std::string_view key);

  /// Calls `visit(key, value)` for the rows from `first` to before `end` (empty: no end), until it returns false.
  struct Range {
    std::string first;
    std::string end;
    bool from_before = false;  // begin at the last row at or before `first`, if there is one
  };
  template <class Visitor>
  void scan(Family family, const Range& range, Visitor visit) {
    scan_rows(family, range, &visit, [](void* visitor, std::string_view key, std::string_view value) {
      return (*static_cast<Visitor*>(visitor))(key, value);
    });
  }

  rocksdb::ColumnFamilyHandle* handle(Family family) const { return handles_[static_cast<std::size_t>(family)]; }
  /// The whole batch is on disk when this returns, or none of it ever will be.
  [[nodiscard]] tl::expected<void, StoreError> write(rocksdb::WriteBatch& batch);
  /// Remembers that what was read makes no sense.
  void fail(std::string message);
  const std::optional<StoreError>& failure() const { return failure_; }

  /// Rewrites a column family so that nothing of what was erased is left in its files or in the log.
  [[nodiscard]] tl::expected<void, StoreError> rewrite(Family family);
  /// A copy that can be opened, at `target`, which must not exist: hard links, no copying.
  [[nodiscard]] tl::expected<void, StoreError> checkpoint(const std::filesystem::path& target);
  /// Reads every block of every file and compares the checksums.
  [[nodiscard]] tl::expected<void, StoreError> verify();

 private:
  RocksDatabase() = default;
  using Visit = bool (*)(void* visitor, std::string_view key, std::string_view value);
  void scan_rows(Family family, const Range& range, void* visitor, Visit visit);
  bool absent_or_failed(const rocksdb::Status& status);

  std::unique_ptr<rocksdb::DB> database_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> handles_{};
  std::optional<StoreError> failure_;
};

}  // namespace relance::engine
