#pragma once
// Finds out whether a name stands twice: JSON objects and event attributes must say everything once.
// Threads: one owner.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

namespace relance::engine {

/// Few names are told apart by four octets of each, mostly without a comparison of texts; many by hashing.
class NameSet {
 public:
  /// False when the name was added before. The text must outlive the set.
  bool add(std::string_view name) {
    if (count_ == kFew) {
      if (many_.empty()) many_.insert(few_.begin(), few_.end());
      return many_.insert(name).second;
    }
    const std::uint32_t mark = mark_of(name);
    for (std::size_t i = 0; i < count_; ++i) {
      if (marks_[i] == mark && few_[i] == name) return false;
    }
    marks_[count_] = mark;
    few_[count_++] = name;
    return true;
  }

 private:
  static constexpr std::size_t kFew = 16;

  static std::uint32_t mark_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto octet = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(name[i])}; };
    return static_cast<std::uint32_t>(name.size()) << 24U | octet(0) << 16U | octet(name.size() / 2) << 8U |
           octet(name.size() - 1);
  }

  std::size_t count_ = 0;
  std::array<std::uint32_t, kFew> marks_;  // set up to count_
  std::array<std::string_view, kFew> few_;
  std::unordered_set<std::string_view> many_;
};

}  // namespace relance::engine
