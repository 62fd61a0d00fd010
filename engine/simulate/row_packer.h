#pragma once
// Leads and accounts that nobody looks at, at a fraction of their size: the rows of the durable store (lead_codec.h,
// row_codec.h), of leads compressed against the first rows that were packed, which name the same attributes, playbooks
// and steps. In memory only: holds personal data, and another packer cannot read what this one wrote.
// Owner and thread: the store's. What cannot be read back is our own mistake, and throws.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/lead_codec.h"
#include "rules/decide.h"

namespace relance::engine {

/// Octets that know how many they are.
class PackedRow {
 public:
  PackedRow() = default;
  /// `plain_size`: what they take when they are no longer compressed; 0: they are not.
  PackedRow(std::string_view octets, std::size_t plain_size);
  bool holds() const { return octets_ != nullptr; }
  std::string_view view() const { return {octets_.get(), size_}; }
  std::size_t plain_size() const { return plain_size_; }

 private:
  std::unique_ptr<char[]> octets_;
  std::uint32_t size_ = 0;
  std::uint32_t plain_size_ = 0;
};

class RowPacker {
 public:
  RowPacker();
  ~RowPacker();

  PackedRow pack(const StoredLead& lead);
  /// `lead` is new and has its id.
  void unpack(const PackedRow& row, StoredLead& lead);

  static PackedRow pack(const std::vector<rules::AccountTouch>& touches);
  static std::vector<rules::AccountTouch> unpack_account(const PackedRow& row);

 private:
  struct Lz4;
  void extend_dictionary();

  LeadCodec codec_;
  std::string state_;  // these three are reused
  std::string attributes_;
  std::string compressed_;
  std::string dictionary_;    // begins empty, and grows while it is not full
  std::uint64_t packed_ = 0;  // rows so far
  std::unique_ptr<Lz4> lz4_;  // knows the dictionary once that is full
};

}  // namespace relance::engine
