#include "rules/cel/operators.h"

#include <limits>
#include <type_traits>

#include "rules/cel/numbers.h"
#include "rules/cel/time_values.h"

namespace relance::rules::cel {
namespace {

auto no_overload(Function function, const Value& a, const Value& b) {
  return failure("no matching overload: {} {} {}", name_of(kind_of(a)), name_of(function), name_of(kind_of(b)));
}

template <class Integer>
Result divide(Function function, Integer a, Integer b) {
  if (b == 0) return failure("{}", function == Function::divide ? "division by zero" : "modulus by zero");
  if constexpr (std::is_signed_v<Integer>) {
    const bool overflows = a == std::numeric_limits<Integer>::min() && b == -1;
    // The remainder would be 0, but the quotient that it belongs to is none; cel-go and cel-cpp say the same.
    if (overflows) return failure("int overflow in {}", name_of(function));
  }
  return Value(function == Function::divide ? a / b : a % b);
}

template <class Integer>
Result calculate_integers(Function function, Integer a, Integer b) {
  Integer result = 0;
  bool overflows = false;
  switch (function) {
    case Function::add:
      overflows = __builtin_add_overflow(a, b, &result);
      break;
    case Function::subtract:
      overflows = __builtin_sub_overflow(a, b, &result);
      break;
    case Function::multiply:
      overflows = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      return divide(function, a, b);
  }
  if (overflows) return failure("{} overflow in {}", std::is_signed_v<Integer> ? "int" : "uint", name_of(function));
  return Value(result);
}

Result calculate_doubles(Function function, double a, double b) {
  switch (function) {
    case Function::add:
      return Value(a + b);
    case Function::subtract:
      return Value(a - b);
    case Function::multiply:
      return Value(a * b);
    case Function::divide:
      return Value(a / b);
    default:
      return no_overload(function, Value(a), Value(b));
  }
}

constexpr std::size_t kOctetsPerStep = 16;
auto too_large() { return failure("the evaluation makes too large a value"); }

Result concatenate(const std::string& a, const std::string& b, Budget& budget, bool is_bytes) {
  if (!budget.spend((a.size() + b.size()) / kOctetsPerStep)) return too_large();
  std::string joined;
  joined.reserve(a.size() + b.size());
  joined.append(a).append(b);
  return is_bytes ? Value(Bytes{std::move(joined)}) : Value(std::move(joined));
}

Result concatenate(const List& a, const List& b, Budget& budget) {
  if (!budget.spend(a.size() + b.size())) return too_large();
  List joined;
  joined.reserve(a.size() + b.size());
  joined.insert(joined.end(), a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  return Value(std::move(joined));
}

Result add_others(const Value& a, const Value& b, Budget& budget) {
  if (const auto* x = a.string(), *y = b.string(); x && y) return concatenate(*x, *y, budget, false);
  if (const auto* x = a.list(), *y = b.list(); x && y) return concatenate(*x, *y, budget);
  if (const auto* x = a.get<Bytes>(), *y = b.get<Bytes>(); x && y) {
    return concatenate(x->octets, y->octets, budget, true);
  }
  const auto* duration = b.get<TimeSpan>();
  if (const auto* x = a.get<Timestamp>(); x && duration) return add(*x, *duration);
  if (const auto* x = a.get<TimeSpan>(); x && duration) return add(*x, *duration);
  if (const auto* x = a.get<TimeSpan>()) {
    if (const auto* y = b.get<Timestamp>()) return add(*y, *x);
  }
  return no_overload(Function::add, a, b);
}

Result subtract_others(const Value& a, const Value& b) {
  const auto* duration = b.get<TimeSpan>();
  if (const auto* x = a.get<Timestamp>()) {
    if (duration != nullptr) return subtract(*x, *duration);
    if (const auto* y = b.get<Timestamp>()) return subtract(*x, *y);
  }
  if (const auto* x = a.get<TimeSpan>(); x && duration) return subtract(*x, *duration);
  return no_overload(Function::subtract, a, b);
}

}  // namespace

Result apply(Function function, const Value& a, const Value& b, Budget& budget) {
  if (const auto* x = a.get<std::int64_t>(), *y = b.get<std::int64_t>(); x && y) {
    return calculate_integers(function, *x, *y);
  }
  if (const auto* x = a.get<double>(), *y = b.get<double>(); x && y) return calculate_doubles(function, *x, *y);
  if (const auto* x = a.get<std::uint64_t>(), *y = b.get<std::uint64_t>(); x && y) {
    return calculate_integers(function, *x, *y);
  }
  if (function == Function::add) return add_others(a, b, budget);
  if (function == Function::subtract) return subtract_others(a, b);
  return no_overload(function, a, b);
}

Result negate(const Value& value) {
  if (const auto* number = value.get<double>()) return Value(-*number);
  const auto* number = value.get<std::int64_t>();
  if (number == nullptr) return failure("no matching overload: - {}", name_of(kind_of(value)));
  return calculate_integers<std::int64_t>(Function::subtract, 0, *number);
}

std::optional<std::partial_ordering> order(const Value& a, const Value& b) {
  using Order = std::optional<std::partial_ordering>;
  return std::visit(
      [](const auto& x, const auto& y) -> Order {
        using X = std::decay_t<decltype(x)>;
        using Y = std::decay_t<decltype(y)>;
        if constexpr (Number<X> && Number<Y>) {
          return compare_numbers(x, y);
        } else if constexpr (!std::is_same_v<X, Y>) {
          return std::nullopt;
        } else if constexpr (std::is_same_v<X, Bytes>) {
          return x.octets <=> y.octets;
        } else if constexpr (std::is_same_v<X, bool> || std::is_same_v<X, std::string> ||
                             std::is_same_v<X, Timestamp> || std::is_same_v<X, TimeSpan>) {
          return x <=> y;
        } else {
          return std::nullopt;
        }
      },
      a.storage(), b.storage());
}

}  // namespace relance::rules::cel
