#pragma once
// The wakes of all leads in order of time. On disk they are a column family; in memory there is only a head: the
// earliest ones, complete up to a bound, so that asking for the next one costs nothing and memory does not grow with
// the number of leads.
//
// A row is never deleted: it counts while it is its lead's wake, which whoever reads it must ask (half the writes, and
// no tombstones to walk over). Nothing that counts lies before the floor, which is on disk too: reading begins there
// after a restart, and compactions drop what is before it.
// Threads: the store's.

#include <cstddef>
#include <set>

#include "engine/store/rocks_database.h"

namespace relance::engine {

class WakeIndex {
 public:
  /// `page`: how many rows are read at once; the head holds about twice as many. `floor`: as it was committed last.
  WakeIndex(RocksDatabase& database, std::size_t page, rules::Instant floor, Cutoff& dropped_before);

  /// Staged until commit.
  void add(const Wake& wake);
  /// The wake counts no more.
  void remove(const Wake& wake);
  /// The first one; it may be out of date when it was read from the disk: remove it then, and ask again.
  const Wake* first();

  void stage(rocksdb::WriteBatch& batch);
  /// What stage() wrote is on disk.
  void committed();

 private:
  bool in_head(const Wake& wake) const { return head_has_all_ || wake <= bound_; }
  void load_page();
  void trim_head();
  /// Every wake that counts is at this instant or later.
  rules::Instant floor() const;

  RocksDatabase& database_;
  std::size_t page_;
  Cutoff& dropped_before_;
  // Every wake at or before `bound_`, staged changes included; all wakes when `head_has_all_`.
  std::set<Wake> head_;
  Wake bound_;
  bool head_has_all_ = false;
  std::set<Wake> added_;  // not on disk yet
  rules::Instant committed_floor_;
};

}  // namespace relance::engine
