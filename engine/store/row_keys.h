#pragma once
// Keys of the store's rows as octets, in the order in which RocksDB compares them (FORMAT.md). Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/ports/partition_store.h"

namespace relance::engine {

/// Eight octets, big-endian: sorts as the number does.
std::string number_key(std::uint64_t number);
std::optional<std::uint64_t> parse_number_key(std::string_view key);

/// Instant, its sign bit flipped so that it sorts, then the lead id: keys sort as wakes do.
std::string wake_key(const Wake& wake);
std::optional<Wake> parse_wake_key(std::string_view key);

/// XXH3-128 of `source 0x00 id`, big-endian.
std::string seen_key(std::string_view source, std::string_view id);

/// Key of an ordered text before `limit`'s: the smallest key that is greater than every key beginning with `prefix`;
/// empty when there is none.
std::string after_prefix(std::string_view prefix);

}  // namespace relance::engine
