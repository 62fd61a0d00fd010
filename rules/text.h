#pragma once
// A text that never changes and is cheap to copy: ids are copied from state to record to effect to row all the time.
// Up to 15 octets stand in the value itself; a longer text is one block that all copies share.
// Threads: a value belongs to one thread at a time, like every value; its copies may live in other threads.

#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace relance::rules {

class Text {
 public:
  Text() noexcept = default;
  Text(std::string_view text);
  Text(const std::string& text) : Text(std::string_view(text)) {}
  Text(const char* text) : Text(std::string_view(text)) {}
  Text(const Text& other) noexcept : octets_(other.octets_) {
    if (is_shared()) block()->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Text(Text&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
  Text& operator=(Text other) noexcept {
    std::swap(octets_, other.octets_);
    return *this;
  }
  ~Text() {
    if (is_shared()) release();
  }

  std::string_view view() const {
    if (!is_shared()) return {octets_.data(), static_cast<unsigned char>(octets_[kSize])};
    return {reinterpret_cast<const char*>(block() + 1), shared_size()};
  }
  operator std::string_view() const { return view(); }
  explicit operator std::string() const { return std::string(view()); }

  bool empty() const { return octets_[kSize] == 0; }
  std::size_t size() const { return view().size(); }

  friend bool operator==(const Text& a, const Text& b) {
    if (a.octets_ == b.octets_) return true;  // what is short, or shares its block
    return a.is_shared() && a.second_half() == b.second_half() && a.view() == b.view();
  }
  friend std::strong_ordering operator<=>(const Text& a, const Text& b) { return a.view() <=> b.view(); }
  friend bool operator==(const Text& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const Text& a, const char* b) { return a.view() == b; }
  friend bool operator==(const Text& a, const std::string& b) { return a.view() == b; }

  /// Found by fmt; later versions than 9 ask for it.
  friend std::string_view format_as(const Text& text) { return text.view(); }

  friend std::string operator+(std::string before, const Text& after) { return std::move(before.append(after.view())); }
  friend std::string operator+(const Text& before, std::string_view after) {
    return std::string(before.view()).append(after);
  }

 private:
  /// In front of the octets of a long text.
  struct Block {
    std::atomic<std::uint64_t> owners;
  };
  /// Where the size of a short text stands. A long one has its block's address in the first eight octets, then its size
  /// in four, three of a hash, so that different texts are told apart without a look at their blocks, and kShared.
  static constexpr std::size_t kSize = 15;
  static constexpr std::size_t kAddress = 8;  // octets of the block's address
  static constexpr char kShared = '\x7F';

  bool is_shared() const { return octets_[kSize] == kShared; }
  Block* block() const {
    Block* block = nullptr;
    std::memcpy(&block, octets_.data(), kAddress);
    return block;
  }
  std::uint32_t shared_size() const {
    std::uint32_t size = 0;
    std::memcpy(&size, octets_.data() + kAddress, sizeof size);
    return size;
  }
  std::uint64_t second_half() const {
    std::uint64_t half = 0;
    std::memcpy(&half, octets_.data() + 8, sizeof half);
    return half;
  }
  void release() const noexcept;

  alignas(8) std::array<char, 16> octets_{};  // what is not used is zero
};

}  // namespace relance::rules
