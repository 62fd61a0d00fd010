#pragma once
// The keys that a store cannot be without. They lie in files of their own, beside the store and not in it: a copy of
// the store tells nothing without them, and the list of suppressions is lost with them (compliance.md, 17).
//
// Files of the directory, each 64 hexadecimal digits, mode 0600:
//   suppression.key     makes the rows of the suppression list
//   suppression-*.key   earlier ones, still looked up
//   vault.key           wraps the key of each person, seals dead letters
//   token.key           signs opt-out links

#include <filesystem>
#include <vector>

#include <tl/expected.hpp>

#include "engine/ports/partition_store.h"
#include "engine/store/seal.h"

namespace relance::engine {

struct StoreKeys {
  SecretKey suppression;
  std::vector<SecretKey> earlier_suppression;
  SecretKey vault;
  SecretKey token;
};

/// All keys at random: for tests.
StoreKeys random_keys();

/// Reads the files; with `create`, makes those that are missing and has them on disk before it returns.
[[nodiscard]] tl::expected<StoreKeys, StoreError> load_keys(const std::filesystem::path& directory, bool create);

}  // namespace relance::engine
