#include "engine/store/wake_index.h"

#include <iterator>

#include <rocksdb/write_batch.h>

#include "engine/store/row_keys.h"
#include "engine/store/store_meta.h"

namespace relance::engine {

WakeIndex::WakeIndex(RocksDatabase& database, std::size_t page, rules::Instant floor, Cutoff& dropped_before)
    : database_(database),
      page_(page),
      dropped_before_(dropped_before),
      bound_{floor, {}},  // before every lead's wake at the floor: no id is empty
      committed_floor_(floor) {
  dropped_before_.store(floor.ms);
}

void WakeIndex::add(const Wake& wake) {
  added_.insert(wake);
  if (!in_head(wake)) return;
  head_.insert(wake);
  if (head_.size() > 2 * page_) trim_head();
}

void WakeIndex::remove(const Wake& wake) {
  added_.erase(wake);
  if (in_head(wake)) head_.erase(wake);
}

const Wake* WakeIndex::first() {
  while (head_.empty() && !head_has_all_ && !database_.failure()) load_page();
  return head_.empty() ? nullptr : &*head_.begin();
}

void WakeIndex::load_page() {
  const Wake from = bound_;
  std::size_t rows = 0;
  bool more = false;
  std::string first = wake_key(from);
  database_.scan(Family::wakes, {.first = std::move(first), .end = {}}, [&](std::string_view key, std::string_view) {
    if (rows == page_) {
      more = true;
      return false;
    }
    auto wake = parse_wake_key(key);
    if (!wake) {
      database_.fail("a key of the store (wakes) cannot be read");
      return false;
    }
    if (*wake <= from) return true;  // the bound itself was read before
    ++rows;
    bound_ = *wake;
    head_.insert(std::move(*wake));
    return true;
  });
  head_has_all_ = !more;
  // What is added but not yet on disk, between the old bound and the new one.
  for (auto wake = added_.upper_bound(from); wake != added_.end() && in_head(*wake); ++wake) head_.insert(*wake);
}

void WakeIndex::trim_head() {
  const auto first_dropped = std::next(head_.begin(), static_cast<std::ptrdiff_t>(page_));
  bound_ = *std::prev(first_dropped);
  head_.erase(first_dropped, head_.end());
  head_has_all_ = false;
}

rules::Instant WakeIndex::floor() const {
  if (!head_.empty()) return head_.begin()->at;
  return head_has_all_ ? rules::Instant::never() : bound_.at;
}

void WakeIndex::stage(rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::wakes);
  for (const Wake& wake : added_) batch.Put(family, wake_key(wake), rocksdb::Slice());
  if (floor() == committed_floor_) return;
  committed_floor_ = floor();
  batch.Put(database_.handle(Family::meta), rocksdb::Slice(kWakeFloor.data(), kWakeFloor.size()),
            number_key(static_cast<std::uint64_t>(committed_floor_.ms)));
  // What is being written must be safe from compactions already.
  if (committed_floor_.ms < dropped_before_.load()) dropped_before_.store(committed_floor_.ms);
}

void WakeIndex::committed() {
  added_.clear();
  dropped_before_.store(committed_floor_.ms);
}

}  // namespace relance::engine
