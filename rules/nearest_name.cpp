#include "rules/nearest_name.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace relance::rules {

namespace {

// Names of the language are short; a longer text is no slip of the keys, and the table stays on the stack.
constexpr std::size_t kLongestName = 40;

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '-' ? '_' : c;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kLongestName + 1>, kLongestName + 1> table{};
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = folded(a[i - 1]);
      const char y = folded(b[j - 1]);
      const std::size_t replaced = table[i - 1][j - 1] + (x == y ? 0U : 1U);
      std::size_t best = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && x == folded(b[j - 2]) && folded(a[i - 2]) == y) {
        best = std::min(best, table[i - 2][j - 2] + 1);
      }
      table[i][j] = best;
    }
  }
  return table[a.size()][b.size()];
}

bool begins(std::string_view text, std::string_view beginning) {
  constexpr std::size_t kTelling = 3;
  if (beginning.size() < kTelling || beginning.size() > text.size()) return false;
  return std::equal(beginning.begin(), beginning.end(), text.begin(),
                    [](char a, char b) { return folded(a) == folded(b); });
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > kLongestName) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t nearest_distance = 0;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t edits = distance(name, candidate);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(name.size(), candidate.size()) / 3);
    // A one-letter name is one edit away from every other one: that says nothing.
    if (edits > allowed || edits >= std::max(name.size(), candidate.size())) continue;
    if (!nearest || edits < nearest_distance) {
      nearest = candidate;
      nearest_distance = edits;
    }
  }
  if (nearest) return nearest;
  for (const std::string_view candidate : candidates) {
    if (begins(name, candidate) || begins(candidate, name)) return candidate;
  }
  return std::nullopt;
}

}  // namespace relance::rules
