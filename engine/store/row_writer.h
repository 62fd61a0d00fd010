#pragma once
// Writes rows in the wire format of protocol buffers (source: protobuf.dev/programming-guides/encoding) straight into
// one reused text: building messages first, one object for every part of a lead, took longer than the rest of staging
// it. Reading rows is left to the generated messages of lead.proto and rows.proto.
// Fields must be written in the order of their numbers, so that the octets are those of the generated code.
// The text is longer than what is written until finish() cuts it: appending octet by octet would cost more than they.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/store/id_octets.h"
#include "rules/time.h"

namespace relance::engine {

class RowWriter {
 public:
  /// Replaces what `row` holds.
  explicit RowWriter(std::string& row) : row_(row) { row_.resize(std::max(row_.capacity(), kFirstSize)); }
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  /// The row is complete.
  void finish() { row_.resize(size_); }

  // Fields without `optional`: the default value is absent.
  void number(std::uint32_t field, std::uint64_t value) {
    if (value != 0) present_number(field, value);
  }
  void signed_number(std::uint32_t field, std::int64_t value) { number(field, static_cast<std::uint64_t>(value)); }
  void zigzag(std::uint32_t field, std::int64_t value) {
    if (value != 0) present_zigzag(field, value);
  }
  void fixed(std::uint32_t field, std::uint64_t value) {
    if (value != 0) present_fixed(field, value);
  }
  void octets(std::uint32_t field, std::string_view value) {
    if (!value.empty()) present_octets(field, value);
  }
  void id_octets(std::uint32_t field, std::string_view id) {
    if (id.empty()) return;
    message(field, [&] {
      make_room(id.size() + 1);
      size_ += write_id_octets(row_.data() + size_, id);
    });
  }
  /// "Never" is absent.
  void instant(std::uint32_t field, rules::Instant at) {
    if (at != rules::Instant::never()) present_instant(field, at);
  }

  // Fields that are there, whatever they hold.
  void present_number(std::uint32_t field, std::uint64_t value) {
    make_room(2 * kLongestNumber);
    put(field << 3U);
    put(value);
  }
  void present_instant(std::uint32_t field, rules::Instant at) {
    present_number(field, static_cast<std::uint64_t>(at.ms));
  }
  void present_zigzag(std::uint32_t field, std::int64_t value) {
    present_number(field, static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U));
  }
  void present_fixed(std::uint32_t field, std::uint64_t value) {
    make_room(2 * kLongestNumber);
    put(field << 3U | 1U);
    for (int i = 0; i < 8; ++i, value >>= 8U) row_[size_++] = static_cast<char>(value & 0xFFU);
  }
  void present_octets(std::uint32_t field, std::string_view value) {
    make_room(2 * kLongestNumber + value.size());
    put(field << 3U | 2U);
    put(value.size());
    if (!value.empty()) std::memcpy(row_.data() + size_, value.data(), value.size());
    size_ += value.size();
  }
  /// What `write` writes becomes the field.
  template <class Write>
  void message(std::uint32_t field, Write write) {
    make_room(2 * kLongestNumber);
    put(field << 3U | 2U);
    const std::size_t place = size_++;  // most lengths take one octet
    write();
    const std::size_t end = size_;
    const std::size_t length = end - place - 1;
    if (length >= 0x80) {
      make_room(kLongestNumber);
      std::size_t more = 0;
      for (std::size_t rest = length >> 7U; rest != 0; rest >>= 7U) ++more;
      std::memmove(row_.data() + place + 1 + more, row_.data() + place + 1, length);
    }
    size_ = place;
    put(length);
    size_ += length;
  }

 private:
  static constexpr std::size_t kLongestNumber = 10;
  static constexpr std::size_t kFirstSize = 512;

  void make_room(std::size_t octets) {
    if (row_.size() - size_ < octets) row_.resize(2 * row_.size() + octets);
  }
  void put(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) row_[size_++] = static_cast<char>(value | 0x80U);
    row_[size_++] = static_cast<char>(value);
  }

  std::string& row_;
  std::size_t size_ = 0;
};

}  // namespace relance::engine
