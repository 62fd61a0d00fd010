#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/simulate/hash_index.h"

using namespace relance::engine;

TEST_CASE("a hash index finds each number under its key, also where hashes collide") {
  HashIndex index;
  std::vector<std::string> keys;
  const auto hash = [](const std::string& key) { return std::uint64_t{key.size() * 64}; };  // a bad one
  const auto find = [&](const std::string& key) {
    return index.find(hash(key), [&](std::uint32_t number) { return keys[number] == key; });
  };
  CHECK(find("a") == HashIndex::kNone);
  for (std::uint32_t i = 0; i < 300; ++i) {
    keys.push_back(std::string(i % 7, 'x') + std::to_string(i));
    index.insert(hash(keys.back()), i);
  }
  for (std::uint32_t i = 0; i < 300; ++i) CHECK(find(keys[i]) == i);
  CHECK(find("xx301") == HashIndex::kNone);
}

TEST_CASE("a set of fingerprints knows what was inserted and nothing else") {
  FingerprintSet set;
  std::set<std::pair<std::uint64_t, std::uint64_t>> model;
  std::mt19937_64 random(7);
  CHECK(set.empty());
  CHECK_FALSE(set.contains({1, 1}));
  for (int i = 0; i < 5000; ++i) {
    const Fingerprint fingerprint{random() % 40, random() % 60 * 1024 + 1};  // many share the place they begin at
    CHECK(set.contains(fingerprint) == model.contains({fingerprint.high, fingerprint.low}));
    CHECK(set.insert(fingerprint) == model.emplace(fingerprint.high, fingerprint.low).second);
  }
  CHECK_FALSE(set.empty());
}

TEST_CASE("a hash index holds several numbers under one hash, and forgets exactly what is erased") {
  HashIndex index;
  std::set<std::pair<std::uint64_t, std::uint32_t>> model;
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    // The places they begin at are near each other and at the end of the slots, so that runs go on at the beginning.
    const std::uint64_t hash = (random() % 24 - 12) & 0xFFFFFFFF;
    const auto number = static_cast<std::uint32_t>(random() % 5);
    if (random() % 2 == 0) {
      if (model.emplace(hash, number).second) index.insert(hash, number);
    } else {
      index.erase(hash, number);
      model.erase({hash, number});
    }
    std::set<std::uint32_t> found;
    index.find(hash, [&](std::uint32_t each) {
      CHECK(found.insert(each).second);
      return false;
    });
    std::set<std::uint32_t> expected;
    for (std::uint32_t each = 0; each < 5; ++each) {
      if (model.contains({hash, each})) expected.insert(each);
    }
    REQUIRE(found == expected);
  }
}
