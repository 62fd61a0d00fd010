#pragma once
// Hash tables for a store in memory that holds millions of small things: slots in one array (open addressing, linear
// probing), so that a look-up is one cache miss where a table of nodes has three.
// Owner and thread: the store's.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace relance::engine {

/// From hashes to dense numbers, that is to places in a container of the owner, who knows the keys. 32 bits of a hash
/// are kept: as many as numbers have, so that a slot takes eight octets.
class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// The number under this hash for which `is_it(number)` holds; kNone when there is none.
  template <class IsIt>
  std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
    if (slots_.empty()) return kNone;
    const std::uint32_t kept = kept_of(hash);
    for (std::size_t at = kept & mask_; slots_[at].number != kNone; at = (at + 1) & mask_) {
      if (slots_[at].hash == kept && is_it(slots_[at].number)) return slots_[at].number;
    }
    return kNone;
  }

  /// `number` must not be kNone, and not be there under this hash. Several numbers may stand under one hash.
  void insert(std::uint64_t hash, std::uint32_t number) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    place({kept_of(hash), number});
    ++count_;
  }

  /// Nothing happens when it is not there.
  void erase(std::uint64_t hash, std::uint32_t number) {
    if (slots_.empty()) return;
    const std::uint32_t kept = kept_of(hash);
    std::size_t hole = kept & mask_;
    while (slots_[hole].hash != kept || slots_[hole].number != number) {
      if (slots_[hole].number == kNone) return;
      hole = (hole + 1) & mask_;
    }
    // What follows moves up where the hole would stand between it and the place it begins at.
    for (std::size_t at = (hole + 1) & mask_; slots_[at].number != kNone; at = (at + 1) & mask_) {
      if (((at - slots_[at].hash) & mask_) < ((at - hole) & mask_)) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
    --count_;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = kNone;
  };

  static std::uint32_t kept_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

  void place(const Slot& slot) {
    std::size_t at = slot.hash & mask_;
    while (slots_[at].number != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }

  void grow() {
    const std::vector<Slot> old(std::move(slots_));
    slots_ = std::vector<Slot>(old.empty() ? 64 : 2 * old.size());
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.number != kNone) place(slot);
    }
  }

  std::vector<Slot> slots_;  // a power of two of them, at most half in use
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
};

/// 128 bits of a hash: two different texts never share them.
struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

Fingerprint fingerprint_of(std::string_view text);

class FingerprintSet {
 public:
  bool empty() const { return count_ == 0; }

  bool contains(const Fingerprint& fingerprint) const {
    return !slots_.empty() && slots_[place_of(fingerprint)] == fingerprint;
  }

  /// False when it was there.
  bool insert(const Fingerprint& fingerprint) {
    if (4 * (count_ + 1) > 3 * slots_.size()) grow();
    Fingerprint& slot = slots_[place_of(fingerprint)];
    if (slot == fingerprint) return false;
    slot = fingerprint;
    ++count_;
    return true;
  }

 private:
  static constexpr Fingerprint kFree{};  // no text has it, with the same certainty

  /// Where it is, or the free slot where it belongs.
  std::size_t place_of(const Fingerprint& fingerprint) const {
    std::size_t at = fingerprint.low & mask_;
    while (slots_[at] != kFree && slots_[at] != fingerprint) at = (at + 1) & mask_;
    return at;
  }

  void grow() {
    const std::vector<Fingerprint> old(std::move(slots_));
    slots_ = std::vector<Fingerprint>(old.empty() ? 64 : 2 * old.size());
    mask_ = slots_.size() - 1;
    for (const Fingerprint& fingerprint : old) {
      if (fingerprint != kFree) slots_[place_of(fingerprint)] = fingerprint;
    }
  }

  std::vector<Fingerprint> slots_;  // a power of two of them, at most three quarters in use: there are millions
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
};

}  // namespace relance::engine
