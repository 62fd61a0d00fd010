#include "rules/text.h"

#include <limits>
#include <new>
#include <stdexcept>

namespace relance::rules {

namespace {

/// Ids are hashes, or end in a number: their last octets tell them apart.
std::array<char, 3> hash_of_end(std::string_view text) {
  std::uint64_t end = 0;
  std::memcpy(&end, text.data() + text.size() - sizeof end, sizeof end);
  const std::uint64_t hash = (end * 0x9E3779B97F4A7C15U) >> 40U;
  return {static_cast<char>(hash), static_cast<char>(hash >> 8U), static_cast<char>(hash >> 16U)};
}

}  // namespace

Text::Text(std::string_view text) {
  if (text.size() < octets_.size()) {
    if (!text.empty()) std::memcpy(octets_.data(), text.data(), text.size());
    octets_[kSize] = static_cast<char>(text.size());
    return;
  }
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("a text of more than 4 GiB");
  static_assert(sizeof(std::uintptr_t) == kAddress);
  Block* shared = new (::operator new(sizeof(Block) + text.size())) Block{1};
  std::memcpy(reinterpret_cast<char*>(shared + 1), text.data(), text.size());
  const auto size = static_cast<std::uint32_t>(text.size());
  const auto hash = hash_of_end(text);
  std::memcpy(octets_.data(), &shared, kAddress);
  std::memcpy(octets_.data() + kAddress, &size, sizeof size);
  std::memcpy(octets_.data() + kAddress + sizeof size, hash.data(), hash.size());
  octets_[kSize] = kShared;
}

void Text::release() const noexcept {
  Block* shared = block();
  // The last owner needs no lock to count down; most texts have one at their end.
  if (shared->owners.load(std::memory_order_acquire) != 1 &&
      shared->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  shared->~Block();
  ::operator delete(shared);
}

}  // namespace relance::rules
