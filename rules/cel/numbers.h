#pragma once
// Order and equality across int, uint and double. Pure functions.
// Source: CEL language definition, "Numbers" and "Ordering"; where an integer meets a double, the conformance suite
// compares in double precision (9223372036854775807 equals 9223372036854775808.0), and so do we. Keys of maps are
// matched exactly instead, so that a lookup can never hit two entries.

#include <compare>
#include <cstdint>
#include <type_traits>

namespace relance::rules::cel {

template <class T>
concept Number = std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t> || std::is_same_v<T, double>;

template <Number A, Number B>
constexpr std::partial_ordering compare_numbers(A a, B b) {
  if constexpr (std::is_same_v<A, B>) {
    return a <=> b;
  } else if constexpr (std::is_same_v<A, double> || std::is_same_v<B, double>) {
    return static_cast<double>(a) <=> static_cast<double>(b);
  } else if constexpr (std::is_same_v<A, std::int64_t>) {
    return a < 0 ? std::partial_ordering::less : static_cast<std::uint64_t>(a) <=> b;
  } else {
    return b < 0 ? std::partial_ordering::greater : a <=> static_cast<std::uint64_t>(b);
  }
}

/// The integer of exactly that value; false when the double has a fraction or lies outside the type.
template <class Integer>
constexpr bool to_integer(double value, Integer& integer) {
  constexpr double kEnd = std::is_same_v<Integer, std::int64_t> ? 0x1p63 : 0x1p64;
  constexpr double kBegin = std::is_same_v<Integer, std::int64_t> ? -0x1p63 : 0;
  if (!(value >= kBegin && value < kEnd)) return false;  // also NaN
  integer = static_cast<Integer>(value);
  return static_cast<double>(integer) == value;
}

}  // namespace relance::rules::cel
