#pragma once
// The wakes of all leads in order of time. On disk they are a column family; in memory there is only a head: the
// earliest ones, complete up to a bound, so that asking for the next one costs nothing and memory does not grow with
// the number of leads. The disk is read from the bound on, never from the first key: what was consumed lies there as
// tombstones until a compaction, and walking them each time is 30 times slower.
// Threads: the store's.

#include <cstddef>
#include <optional>
#include <set>

#include "engine/store/rocks_database.h"

namespace relance::engine {

class WakeIndex {
 public:
  /// `page`: how many rows are read at once; the head holds about twice as many.
  WakeIndex(RocksDatabase& database, std::size_t page) : database_(database), page_(page) {}

  /// The wake must not be there. Staged until commit.
  void add(const Wake& wake);
  /// The wake must be there: staged, or on disk.
  void remove(const Wake& wake);
  std::optional<Wake> first();

  void stage(rocksdb::WriteBatch& batch) const;
  /// What stage() wrote is on disk.
  void committed();

 private:
  bool in_head(const Wake& wake) const { return head_has_all_ || wake <= bound_; }
  void load_page();
  void trim_head();

  RocksDatabase& database_;
  std::size_t page_;
  // Every wake at or before `bound_`, staged changes included; all wakes when `head_has_all_`.
  std::set<Wake> head_;
  Wake bound_{rules::Instant::earliest(), {}};
  bool head_has_all_ = false;
  // Changes that are not on disk yet.
  std::set<Wake> added_;
  std::set<Wake> removed_;
};

}  // namespace relance::engine
