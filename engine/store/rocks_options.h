#pragma once
// RocksDB's options, and why. Used by rocks_database.cpp alone.

#include <memory>
#include <vector>

#include <rocksdb/options.h>

#include "engine/store/rocks_database.h"

namespace relance::engine {

rocksdb::DBOptions database_options(const StoreMemory& memory);
/// In the order of `Family`; `default`, which RocksDB insists on, holds the family `meta`.
std::vector<rocksdb::ColumnFamilyDescriptor> column_families(const StoreMemory& memory,
                                                             std::shared_ptr<const Cutoffs> cutoffs);

}  // namespace relance::engine
