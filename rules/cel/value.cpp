#include "rules/cel/value.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "rules/cel/equality.h"
#include "rules/cel/numbers.h"

namespace relance::rules::cel {
namespace {

bool equal_lists(const List& a, const List& b, Budget& budget) {
  if (a.size() != b.size()) return false;
  return std::equal(a.begin(), a.end(), b.begin(),
                    [&](const Value& x, const Value& y) { return equal_within(x, y, budget); });
}

bool equal_maps(const Map& a, const Map& b, Budget& budget) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const auto& entry) {
    if (!budget.spend(b.size() / 8)) return false;
    const Value* other = find_key(b, entry.first);
    return other != nullptr && equal_within(entry.second, *other, budget);
  });
}

bool equal_scalars(const Value& a, const Value& b) {
  return std::visit(
      [](const auto& x, const auto& y) {
        using X = std::decay_t<decltype(x)>;
        using Y = std::decay_t<decltype(y)>;
        if constexpr (Number<X> && Number<Y>) {
          return compare_numbers(x, y) == 0;
        } else if constexpr (std::is_same_v<X, Y>) {
          return x == y;
        } else {
          return false;
        }
      },
      a.storage(), b.storage());
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const Map* entries = map();
  if (entries == nullptr) return nullptr;
  for (const auto& [name, value] : *entries) {
    const std::string* text = name.string();
    if (text != nullptr && *text == key) return &value;
  }
  return nullptr;
}

const Value* find_key(const Map& map, const Value& key) {
  if (const std::string* wanted = key.string()) {
    for (const auto& [name, value] : map) {
      const std::string* text = name.string();
      if (text != nullptr && *text == *wanted) return &value;
    }
    return nullptr;
  }
  if (const double* number = key.get<double>()) {
    // Small enough for int is looked up as int; an entry of the same value as uint is found all the same.
    if (std::int64_t whole = 0; to_integer(*number, whole)) return find_key(map, Value(whole));
    if (std::uint64_t whole = 0; to_integer(*number, whole)) return find_key(map, Value(whole));
    return nullptr;
  }
  if (key.list() != nullptr || key.map() != nullptr) return nullptr;  // never a key
  for (const auto& [name, value] : map) {
    if (equal_scalars(name, key)) return &value;
  }
  return nullptr;
}

bool equal_within(const Value& a, const Value& b, Budget& budget) {
  if (!budget.spend(1)) return false;
  if (const List* list = a.list()) {
    const List* other = b.list();
    return other != nullptr && equal_lists(*list, *other, budget);
  }
  if (const Map* map = a.map()) {
    const Map* other = b.map();
    return other != nullptr && equal_maps(*map, *other, budget);
  }
  if (const std::string* text = a.string()) {
    const std::string* other = b.string();
    return other != nullptr && *text == *other;
  }
  return equal_scalars(a, b);
}

bool equal(const Value& a, const Value& b) {
  Budget budget(std::numeric_limits<std::size_t>::max());
  return equal_within(a, b, budget);
}

}  // namespace relance::rules::cel
