#pragma once
// Order and equality across int, uint and double by their mathematical value, without a lossy conversion in between.
// Source: CEL language definition, "Numeric values". Pure functions.

#include <cmath>
#include <compare>
#include <cstdint>

namespace relance::rules::cel {

inline std::partial_ordering compare_numbers(std::int64_t a, std::int64_t b) { return a <=> b; }
inline std::partial_ordering compare_numbers(std::uint64_t a, std::uint64_t b) { return a <=> b; }
inline std::partial_ordering compare_numbers(double a, double b) { return a <=> b; }

inline std::partial_ordering compare_numbers(std::int64_t a, std::uint64_t b) {
  return a < 0 ? std::partial_ordering::less : static_cast<std::uint64_t>(a) <=> b;
}

inline std::partial_ordering compare_numbers(std::int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 0x1p63) return std::partial_ordering::less;
  if (b < -0x1p63) return std::partial_ordering::greater;
  const auto whole = static_cast<std::int64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - static_cast<double>(whole);
}

inline std::partial_ordering compare_numbers(std::uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 0x1p64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  const auto whole = static_cast<std::uint64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - static_cast<double>(whole);
}

inline std::partial_ordering reversed(std::partial_ordering order) {
  if (order == std::partial_ordering::less) return std::partial_ordering::greater;
  if (order == std::partial_ordering::greater) return std::partial_ordering::less;
  return order;
}

inline std::partial_ordering compare_numbers(std::uint64_t a, std::int64_t b) {
  return reversed(compare_numbers(b, a));
}
inline std::partial_ordering compare_numbers(double a, std::int64_t b) { return reversed(compare_numbers(b, a)); }
inline std::partial_ordering compare_numbers(double a, std::uint64_t b) { return reversed(compare_numbers(b, a)); }

}  // namespace relance::rules::cel
