#include "rules/cel/suggestion.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "rules/ascii.h"

namespace relance::rules::cel {
namespace {

constexpr std::size_t kLongestName = 64;  // bounds the work; nobody mistypes longer ones by accident

bool same_letter(char a, char b) { return lower(a) == lower(b); }

/// How many letters to insert, drop, replace or swap with their neighbour, upper and lower case alike.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::vector<std::size_t> row = {i + 1};
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = above[j] + (same_letter(a[i], b[j]) ? 0 : 1);
      row.push_back(std::min({replaced, above[j + 1] + 1, row[j] + 1}));
      const bool is_swap = i > 0 && j > 0 && same_letter(a[i], b[j - 1]) && same_letter(a[i - 1], b[j]);
      if (is_swap) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
    before = std::exchange(above, std::move(row));
  }
  return above.back();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known) {
  if (name.size() > kLongestName) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::min(name.size(), std::max<std::size_t>(1, name.size() / 3) + 1);
  for (const std::string& candidate : known) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t candidate_distance = distance(name, candidate);
    if (candidate_distance < best_distance) {
      best_distance = candidate_distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace relance::rules::cel
