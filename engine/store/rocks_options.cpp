#include "engine/store/rocks_options.h"

#include <algorithm>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "engine/store/row_keys.h"

namespace relance::engine {
namespace {

constexpr std::size_t kMebi = std::size_t{1} << 20U;
constexpr std::uint64_t kMaxLogBytes = 256 * kMebi;  // bounds recovery, and how long a quiet family keeps an old log
constexpr double kBloomBits = 10;                    // 1 % of the questions about absent keys read a block
constexpr double kMemtableBloom = 0.02;              // of the write buffer: more than 10 bits for every key
constexpr std::size_t kArenaBlockBytes = 64 << 10U;  // what an empty write buffer occupies
constexpr std::size_t kHashPrefixOctets = 16;        // of the keys of `carriers`

/// Drops what is older than the horizon of deduplication; reads ignore it as well.
class SeenFilter : public rocksdb::CompactionFilter {
 public:
  explicit SeenFilter(const Cutoffs& cutoffs) : cutoff_(cutoffs.seen) {}
  const char* Name() const override { return "relance.seen"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*, bool*) const override {
    const auto at = parse_number_key({value.data(), value.size()});
    return at && static_cast<std::int64_t>(*at) < cutoff_;
  }

 private:
  std::int64_t cutoff_;
};

/// Drops the wakes before the floor: none of them is its lead's any more.
class WakeFilter : public rocksdb::CompactionFilter {
 public:
  explicit WakeFilter(const Cutoffs& cutoffs) : cutoff_(cutoffs.wakes) {}
  const char* Name() const override { return "relance.wakes"; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice&, std::string*, bool*) const override {
    const auto wake = parse_wake_key({key.data(), key.size()});
    return wake && wake->at.ms < cutoff_;
  }

 private:
  std::int64_t cutoff_;
};

template <class Filter>
class FilterFactory : public rocksdb::CompactionFilterFactory {
 public:
  explicit FilterFactory(std::shared_ptr<const Cutoffs> cutoffs)
      : cutoffs_(std::move(cutoffs)), name_(Filter(*cutoffs_).Name()) {}
  const char* Name() const override { return name_; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<Filter>(*cutoffs_);
  }

 private:
  std::shared_ptr<const Cutoffs> cutoffs_;
  const char* name_;
};

/// LZ4 where the library was built with it.
rocksdb::CompressionType compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

struct Table {
  bool bloom = true;
  bool compressed = true;
  bool partitioned = false;  // filters and indexes in blocks that the cache may drop one by one
  std::size_t block_bytes = 4096;
  std::size_t write_buffer_bytes = 4 * kMebi;
};

rocksdb::ColumnFamilyOptions family_options(const StoreMemory& memory, const Table& table) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = memory.block_cache;
  blocks.block_size = table.block_bytes;
  blocks.cache_index_and_filter_blocks = true;  // so that they count in the cache's bound
  blocks.cache_index_and_filter_blocks_with_high_priority = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  blocks.format_version = 5;
  if (table.bloom) blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
  if (table.partitioned) {
    blocks.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    blocks.partition_filters = true;
  }
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  options.compression = table.compressed ? compression() : rocksdb::kNoCompression;
  options.write_buffer_size = table.write_buffer_bytes;
  options.arena_block_size = kArenaBlockBytes;
  options.max_write_buffer_number = 2;
  options.level_compaction_dynamic_level_bytes = true;
  options.force_consistency_checks = true;
  return options;
}

/// Absent keys are the rule here, so the memtable gets a filter too.
void ask_for_absent_keys(rocksdb::ColumnFamilyOptions& options) {
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = kMemtableBloom;
}

rocksdb::ColumnFamilyOptions options_of(Family family, const StoreMemory& memory,
                                        const std::shared_ptr<const Cutoffs>& cutoffs) {
  switch (family) {
    case Family::leads: {
      auto options = family_options(memory, {.partitioned = true, .write_buffer_bytes = 32 * kMebi});
      ask_for_absent_keys(options);  // a new lead is asked for before it is created
      return options;
    }
    case Family::vault:
      return family_options(memory, {.compressed = false, .partitioned = true, .write_buffer_bytes = 16 * kMebi});
    case Family::subject_keys:
      return family_options(memory, {.compressed = false, .partitioned = true});
    case Family::suppression: {
      auto options = family_options(memory, {.compressed = false, .partitioned = true});
      ask_for_absent_keys(options);
      return options;
    }
    case Family::carriers: {
      auto options = family_options(memory, {.compressed = false, .partitioned = true});
      options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kHashPrefixOctets));
      return options;
    }
    case Family::wakes: {
      auto options = family_options(memory, {.bloom = false, .write_buffer_bytes = 16 * kMebi});
      options.compaction_filter_factory = std::make_shared<FilterFactory<WakeFilter>>(cutoffs);
      return options;
    }
    case Family::seen: {
      auto options =
          family_options(memory, {.compressed = false, .partitioned = true, .write_buffer_bytes = 16 * kMebi});
      ask_for_absent_keys(options);
      options.compaction_filter_factory = std::make_shared<FilterFactory<SeenFilter>>(cutoffs);
      return options;
    }
    case Family::ledger:  // its rows are compressed already
      return family_options(
          memory, {.bloom = false, .compressed = false, .block_bytes = 16384, .write_buffer_bytes = 32 * kMebi});
    case Family::dead_letters:
      return family_options(memory, {.bloom = false, .compressed = false, .block_bytes = 16384});
    case Family::meta:
    case Family::outbox:
    case Family::accounts:
    case Family::positions:
    case Family::revisions:
      return family_options(memory, {});
  }
  return family_options(memory, {});
}

}  // namespace

rocksdb::DBOptions database_options(const StoreMemory& memory) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // What a torn write left at the end of the log is dropped; everything before it is there.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_background_jobs = 2;
  options.max_total_wal_size = kMaxLogBytes;
  options.write_buffer_manager = memory.write_buffers;
  options.max_open_files = 512;
  options.bytes_per_sync = kMebi;
  options.keep_log_file_num = 3;
  options.max_log_file_size = 4 * kMebi;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> column_families(const StoreMemory& memory,
                                                             std::shared_ptr<const Cutoffs> cutoffs) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    const auto family = static_cast<Family>(i);
    families.emplace_back(std::string(name_of(family)), options_of(family, memory, cutoffs));
  }
  return families;
}

}  // namespace relance::engine
