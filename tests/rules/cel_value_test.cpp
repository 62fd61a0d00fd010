#include "rules/cel/value.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>

#include "rules/cel/equality.h"
#include "rules/cel/numbers.h"

using namespace relance::rules::cel;

namespace {

Value integer(std::int64_t number) { return Value(number); }
Value natural(std::uint64_t number) { return Value(number); }

}  // namespace

TEST_CASE("numbers are equal across int, uint and double") {
  CHECK(equal(integer(1), natural(1)));
  CHECK(equal(natural(1), Value(1.0)));
  CHECK(equal(Value(1.0), integer(1)));
  CHECK_FALSE(equal(integer(-1), natural(std::numeric_limits<std::uint64_t>::max())));
  CHECK_FALSE(equal(integer(1), Value(1.5)));
}

TEST_CASE("NaN equals nothing, not even itself, and neither does what holds it") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(equal(Value(nan), Value(nan)));
  CHECK_FALSE(equal(integer(0), Value(nan)));
  const Value list(List{Value(nan)});
  CHECK_FALSE(equal(list, list));
}

TEST_CASE("values of different kinds are unequal") {
  CHECK_FALSE(equal(Value("1"), integer(1)));
  CHECK_FALSE(equal(Value(true), integer(1)));
  CHECK_FALSE(equal(Value(), Value(false)));
  CHECK_FALSE(equal(Value("a"), Value(Bytes{"a"})));
  CHECK_FALSE(equal(Value(Timestamp{1, 0}), Value(TimeSpan{1, 0})));
  CHECK_FALSE(equal(Value(List{}), Value(Map{})));
}

TEST_CASE("lists and maps are equal when their parts are, maps in any order") {
  CHECK(equal(Value(List{integer(1), Value("a")}), Value(List{Value(1.0), Value("a")})));
  CHECK_FALSE(equal(Value(List{integer(1)}), Value(List{integer(1), integer(1)})));
  const Value ab(Map{{Value("a"), integer(1)}, {integer(2), Value()}});
  const Value ba(Map{{natural(2), Value()}, {Value("a"), natural(1)}});
  CHECK(equal(ab, ba));
  CHECK_FALSE(equal(ab, Value(Map{{Value("a"), integer(1)}})));
  CHECK_FALSE(equal(ab, Value(Map{{Value("a"), integer(1)}, {integer(3), Value()}})));
}

TEST_CASE("find gives the value under a string key and nothing of what is no map") {
  const Value map(Map{{Value("a"), integer(1)}, {integer(2), integer(3)}});
  REQUIRE(map.find("a") != nullptr);
  CHECK(equal(*map.find("a"), integer(1)));
  CHECK(map.find("b") == nullptr);
  CHECK(map.find("2") == nullptr);
  CHECK(Value("a").find("a") == nullptr);
}

TEST_CASE("a key is found by any number of its exact value") {
  const Map map{{integer(1), Value("int")}, {natural(std::numeric_limits<std::uint64_t>::max()), Value("uint")}};
  CHECK(find_key(map, Value(1.0)) != nullptr);
  CHECK(find_key(map, natural(1)) != nullptr);
  CHECK(find_key(map, Value(1.5)) == nullptr);
  CHECK(find_key(map, Value(0x1p64)) == nullptr);
  CHECK(find_key(map, Value(std::numeric_limits<double>::quiet_NaN())) == nullptr);
  CHECK(find_key(map, Value(List{})) == nullptr);
}

TEST_CASE("a comparison that costs more than its budget gives up") {
  Value twice(List{integer(1)});
  for (int i = 0; i < 40; ++i) twice = Value(List{twice, twice});  // 2^40 leaves in 41 lists
  Budget budget(1000);
  CHECK_FALSE(equal_within(twice, twice, budget));
  CHECK(budget.exhausted());
}

TEST_CASE("numbers compare alike from both sides") {
  CHECK(rc::check([](std::int64_t a, std::uint64_t b, double c) {
    const auto mirrored = [](auto x, auto y) {
      RC_ASSERT((compare_numbers(x, y) < 0) == (compare_numbers(y, x) > 0));
      RC_ASSERT((compare_numbers(x, y) == 0) == (compare_numbers(y, x) == 0));
    };
    mirrored(a, b);
    mirrored(a, c);
    mirrored(b, c);
  }));
}
