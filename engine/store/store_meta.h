#pragma once
// The column family `meta`: which format the store has, which keys it needs, how far its counters are.
// Threads: the store's.

#include <cstdint>
#include <string_view>

#include "engine/store/rocks_database.h"
#include "engine/store/store_keys.h"

namespace relance::engine {

constexpr std::uint64_t kStoreFormat = 1;
constexpr std::string_view kFormat = "format";
constexpr std::string_view kNextSeq = "next_seq";
constexpr std::string_view kNextDeadLetter = "next_dead_letter";
constexpr std::string_view kWakeFloor = "wake_floor";
constexpr std::string_view kOperations = "operations";
constexpr std::string_view kCursorPrefix = "cursor/";

/// A number under `name`; 0 when there is none.
std::uint64_t meta_number(RocksDatabase& database, std::string_view name);
/// No wake that counts is before it.
rules::Instant wake_floor(RocksDatabase& database);

/// Refuses a store of a newer format, or one that was written with a key that is not among `keys`; notes the format and
/// the keys in a new one.
[[nodiscard]] tl::expected<void, StoreError> check_meta(RocksDatabase& database, const StoreKeys& keys);

}  // namespace relance::engine
