#include "engine/simulate/row_packer.h"

#include <lz4.h>

#include <cstring>
#include <stdexcept>

#include "engine/store/row_codec.h"

namespace relance::engine {

namespace {

/// LZ4's table has 4096 places, and keeps every third octet of a dictionary.
constexpr std::size_t kDictionarySize = std::size_t{12} << 10U;
/// Rows that are near each other are alike in what they have been through.
constexpr std::uint64_t kDictionaryStep = 41;

[[noreturn]] void damaged() { throw std::logic_error("what was put away in memory cannot be read back"); }

void put_size(std::string& out, std::size_t size) {
  const auto octets = static_cast<std::uint32_t>(size);
  out.append(reinterpret_cast<const char*>(&octets), sizeof octets);
}

}  // namespace

PackedRow::PackedRow(std::string_view octets, std::size_t plain_size)
    : octets_(new char[octets.size()]),
      size_(static_cast<std::uint32_t>(octets.size())),
      plain_size_(static_cast<std::uint32_t>(plain_size)) {
  if (!octets.empty()) std::memcpy(octets_.get(), octets.data(), octets.size());
}

struct RowPacker::Lz4 {
  LZ4_stream_t with_dictionary;
  LZ4_stream_t working;
};

RowPacker::RowPacker() = default;
RowPacker::~RowPacker() = default;

/// The row may become a part of the dictionary.
void RowPacker::extend_dictionary() {
  if (lz4_ != nullptr || packed_++ % kDictionaryStep != 0) return;
  dictionary_.append(state_);
  if (dictionary_.size() < kDictionarySize) return;
  lz4_ = std::make_unique<Lz4>();
  LZ4_initStream(&lz4_->with_dictionary, sizeof lz4_->with_dictionary);
  LZ4_loadDict(&lz4_->with_dictionary, dictionary_.data(), static_cast<int>(dictionary_.size()));
}

PackedRow RowPacker::pack(const StoredLead& lead) {
  codec_.encode(lead, state_);
  codec_.encode_attributes(lead.state, attributes_);
  const std::size_t state_size = state_.size();
  state_.append(attributes_);
  put_size(state_, state_size);
  extend_dictionary();
  if (lz4_ == nullptr) return {state_, 0};
  compressed_.resize(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(state_.size()))));
  lz4_->working = lz4_->with_dictionary;
  const int size = LZ4_compress_fast_continue(&lz4_->working, state_.data(), compressed_.data(),
                                              static_cast<int>(state_.size()), static_cast<int>(compressed_.size()), 1);
  if (size <= 0) return {state_, 0};
  return {std::string_view(compressed_).substr(0, static_cast<std::size_t>(size)), state_.size()};
}

void RowPacker::unpack(const PackedRow& packed, StoredLead& lead) {
  std::string_view row = packed.view();
  if (packed.plain_size() != 0) {
    state_.resize(packed.plain_size());
    const int size = LZ4_decompress_safe_usingDict(row.data(), state_.data(), static_cast<int>(row.size()),
                                                   static_cast<int>(state_.size()), dictionary_.data(),
                                                   static_cast<int>(dictionary_.size()));
    if (size < 0 || static_cast<std::size_t>(size) != state_.size()) damaged();
    row = state_;
  }
  std::uint32_t state_size = 0;
  std::memcpy(&state_size, row.data() + row.size() - sizeof state_size, sizeof state_size);
  row.remove_suffix(sizeof state_size);
  if (!codec_.decode(row.substr(0, state_size), lead)) damaged();
  if (!codec_.decode_attributes(row.substr(state_size), lead.state)) damaged();
}

PackedRow RowPacker::pack(const std::vector<rules::AccountTouch>& touches) { return {encode_account(touches), 0}; }

std::vector<rules::AccountTouch> RowPacker::unpack_account(const PackedRow& row) {
  auto touches = decode_account(row.view());
  if (!touches) damaged();
  return std::move(*touches);
}

}  // namespace relance::engine
