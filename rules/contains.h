#pragma once
// std::ranges::contains, which C++20 lacks.

#include <algorithm>
#include <iterator>

namespace relance::rules {

template <class Range, class Value>
constexpr bool contains(const Range& range, const Value& value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

}  // namespace relance::rules
