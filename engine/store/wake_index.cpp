#include "engine/store/wake_index.h"

#include <iterator>

#include <rocksdb/write_batch.h>

#include "engine/store/row_keys.h"

namespace relance::engine {

void WakeIndex::add(const Wake& wake) {
  if (removed_.erase(wake) == 0) added_.insert(wake);
  if (!in_head(wake)) return;
  head_.insert(wake);
  if (head_.size() > 2 * page_) trim_head();
}

void WakeIndex::remove(const Wake& wake) {
  if (added_.erase(wake) == 0) removed_.insert(wake);
  if (in_head(wake)) head_.erase(wake);
}

std::optional<Wake> WakeIndex::first() {
  while (head_.empty() && !head_has_all_ && !database_.failure()) load_page();
  if (head_.empty()) return std::nullopt;
  return *head_.begin();
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
    if (!removed_.contains(*wake)) head_.insert(std::move(*wake));
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

void WakeIndex::stage(rocksdb::WriteBatch& batch) const {
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::wakes);
  for (const Wake& wake : removed_) batch.Delete(family, wake_key(wake));
  for (const Wake& wake : added_) batch.Put(family, wake_key(wake), rocksdb::Slice());
}

void WakeIndex::committed() {
  added_.clear();
  removed_.clear();
}

}  // namespace relance::engine
