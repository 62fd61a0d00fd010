#pragma once
// Writes rows in the wire format of protocol buffers (source: protobuf.dev/programming-guides/encoding) straight into
// one reused text: building messages first, one object for every part of a lead, took longer than the rest of staging
// it. Reading rows is left to the generated messages of lead.proto and rows.proto.
// Fields must be written in the order of their numbers, so that the octets are those of the generated code.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/store/id_octets.h"
#include "rules/time.h"

namespace relance::engine {

class RowWriter {
 public:
  explicit RowWriter(std::string& row) : row_(row) {}

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
    if (!id.empty()) message(field, [&] { append_id_octets(row_, id); });
  }
  /// "Never" is absent.
  void instant(std::uint32_t field, rules::Instant at) {
    if (at != rules::Instant::never()) present_instant(field, at);
  }

  // Fields that are there, whatever they hold.
  void present_number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3U);
    varint(value);
  }
  void present_instant(std::uint32_t field, rules::Instant at) {
    present_number(field, static_cast<std::uint64_t>(at.ms));
  }
  void present_zigzag(std::uint32_t field, std::int64_t value) {
    present_number(field, static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U));
  }
  void present_fixed(std::uint32_t field, std::uint64_t value) {
    varint(field << 3U | 1U);
    for (int i = 0; i < 8; ++i, value >>= 8U) row_ += static_cast<char>(value & 0xFFU);
  }
  void present_octets(std::uint32_t field, std::string_view value) {
    varint(field << 3U | 2U);
    varint(value.size());
    row_.append(value);
  }
  /// What `write` appends becomes the field.
  template <class Write>
  void message(std::uint32_t field, Write write) {
    varint(field << 3U | 2U);
    const std::size_t place = row_.size();
    row_ += '\0';
    write();
    const std::size_t size = row_.size() - place - 1;
    if (size < 0x80) {
      row_[place] = static_cast<char>(size);
      return;
    }
    // The length takes more than the one octet that was left for it.
    std::string length;
    RowWriter(length).varint(size);
    row_.replace(place, 1, length);
  }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) row_ += static_cast<char>(value | 0x80U);
    row_ += static_cast<char>(value);
  }

  std::string& row_;
};

}  // namespace relance::engine
