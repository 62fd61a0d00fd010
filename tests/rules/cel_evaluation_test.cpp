// What conditions evaluate to: operators, errors and their absorption, collections, macros.

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <thread>

#include "tests/rules/cel_support.h"

using namespace cel_test;

namespace {

std::string number(std::int64_t value) { return "(" + std::to_string(value) + ")"; }

/// Offers fields of its only variable one by one, and counts how often it is asked.
class Lead : public cel::Bindings {
 public:
  const cel::Value* variable(std::size_t) const override {
    ++whole;
    return &value_;
  }
  bool field(std::size_t, std::string_view name, const cel::Value*& field) const override {
    ++fields;
    field = value_.find(name);
    return true;
  }
  mutable int whole = 0;
  mutable int fields = 0;

 private:
  cel::Value value_{cel::Map{{cel::Value("size"), cel::Value("smb")}}};
};

}  // namespace

TEST_CASE("integers are added, subtracted, multiplied and divided with truncation") {
  CHECK(outcome("-7 / 2") == "-3");
  CHECK(outcome("-7 % 2") == "-1");
  CHECK(outcome("43 % -5") == "3");
  CHECK(outcome("7u / 2u * 2u + 7u % 2u - 1u") == "6");
}

TEST_CASE("an overflow is an error, never another number") {
  CHECK(outcome("9223372036854775807 + 1") == "error: int overflow in +");
  CHECK(outcome("-9223372036854775808 - 1") == "error: int overflow in -");
  CHECK(outcome("5000000000 * 5000000000") == "error: int overflow in *");
  CHECK(outcome("-9223372036854775808 / -1") == "error: int overflow in /");
  CHECK(outcome("-9223372036854775808 % -1") == "error: int overflow in %");
  CHECK(outcome("-(-9223372036854775808)") == "error: int overflow in -");
  CHECK(outcome("0u - 1u") == "error: uint overflow in -");
  CHECK(outcome("18446744073709551615u + 1u") == "error: uint overflow in +");
}

TEST_CASE("division and modulus by zero are errors for integers only") {
  CHECK(outcome("1 / 0") == "error: division by zero");
  CHECK(outcome("1u / 0u") == "error: division by zero");
  CHECK(outcome("1 % 0") == "error: modulus by zero");
  CHECK(outcome("1.0 / 0.0") == R"("Infinity")");
  CHECK(outcome("-1.0 / 0.0") == R"("-Infinity")");
  CHECK(outcome("0.0 / 0.0") == R"("NaN")");
}

TEST_CASE("int arithmetic gives the exact result or an error") {
  CHECK(rc::check([](std::int64_t a, std::int64_t b) {
    std::int64_t expected = 0;
    const bool overflows = __builtin_mul_overflow(a, b, &expected);
    RC_ASSERT(outcome(number(a) + " * " + number(b)) ==
              (overflows ? "error: int overflow in *" : std::to_string(expected)));
  }));
}

TEST_CASE("texts, bytes and lists are joined by +") {
  CHECK(outcome("'a' + 'é'") == "\"aé\"");
  CHECK(outcome("b'a' + b'\\xff' == b'a\\xff'") == "true");
  CHECK(outcome("[1] + [] + ['a']") == R"([1,"a"])");
  CHECK(outcome("dyn('a') + dyn(1)") == "error: no matching overload: string + int");
}

TEST_CASE("numbers of all kinds stand on one line") {
  CHECK(outcome("dyn(1) == 1u && dyn(1u) == 1.0 && dyn(1.0) == 1") == "true");
  CHECK(outcome("dyn(-1) < 0u && dyn(1u) > -1 && dyn(1) < 9223372036854775808u") == "true");
  CHECK(outcome("dyn(9223372036854775807) < 9223372036854775808.0") == "false");
  CHECK(outcome("dyn(9223372036854775807) < 9223372036854777857.0") == "true");
  CHECK(outcome("dyn(18446744073709551615u) < -1.0") == "false");
}

TEST_CASE("NaN is unequal to everything and in no order") {
  CHECK(outcome("0.0/0.0 == 0.0/0.0") == "false");
  CHECK(outcome("0.0/0.0 != 0.0/0.0") == "true");
  CHECK(outcome("0.0/0.0 < 1.0 || 0.0/0.0 >= 1.0") == "false");
}

TEST_CASE("texts, bytes, bools and times have an order, other kinds an error") {
  CHECK(outcome("'a' < 'b' && '' < 'a' && 'Z' < 'a' && 'z' < 'é'") == "true");
  CHECK(outcome("b'a' < b'\\xff' && false < true") == "true");
  CHECK(outcome("dyn('a') < 1") == "error: no matching overload: order of string and int");
  CHECK(outcome("dyn([1]) < dyn([2])") == "error: no matching overload: order of list and list");
}

TEST_CASE("a decisive operand absorbs the error of the other, on either side") {
  CHECK(outcome("1/0 == 1 || true") == "true");
  CHECK(outcome("true || 1/0 == 1") == "true");
  CHECK(outcome("1/0 == 1 && false") == "false");
  CHECK(outcome("false && 1/0 == 1") == "false");
  CHECK(outcome("1/0 == 1 || false") == "error: division by zero");
  CHECK(outcome("true && 1/0 == 1") == "error: division by zero");
  CHECK(outcome("1/0 == 1 || 1%0 == 1 || false") == "error: division by zero");
  CHECK(outcome("dyn('a') || true") == "true");
  CHECK(outcome("dyn('a') && true") == "error: no matching overload: a condition is bool, not string");
}

TEST_CASE("a conditional evaluates the chosen branch only") {
  CHECK(outcome("true ? 1 : 1/0") == "1");
  CHECK(outcome("false ? 1/0 : 2") == "2");
  CHECK(outcome("1/0 == 1 ? 1 : 2") == "error: division by zero");
  CHECK(outcome("dyn(1) ? 1 : 2") == "error: no matching overload: a condition is bool, not int");
}

TEST_CASE("lists are indexed from zero within their bounds") {
  CHECK(outcome("['a', 'b'][1]") == R"("b")");
  CHECK(outcome("[7, 8][dyn(1.0)]") == "8");
  CHECK(outcome("[7, 8][dyn(1u)]") == "8");
  CHECK(outcome("[7][1]") == "error: index out of range: the list has 1 elements");
  CHECK(outcome("[7][-1]") == "error: index out of range: the list has 1 elements");
  CHECK(outcome("[7][dyn(0.5)]") == "error: index out of range: the list has 1 elements");
  CHECK(outcome("[7][dyn('0')]") == "error: no matching overload: list[string]");
}

TEST_CASE("maps are looked up by equal keys, across kinds of numbers") {
  CHECK(outcome("{1: 'a', 2u: 'b'}[1.0]") == R"("a")");
  CHECK(outcome("{1: 'a', 2u: 'b'}[2]") == R"("b")");
  CHECK(outcome("{1: 'a'}[1.5]") == "error: no such key, of type double");
  CHECK(outcome("{'a': {'b': 1}}.a.b") == "1");
  CHECK(outcome("{'a': 1}.b") == "error: no such key: b");
  CHECK(outcome("dyn(1).a") == "error: no matching overload: int has no field a");
  CHECK(outcome("dyn([1]).a") == "error: no matching overload: list has no field a");
}

TEST_CASE("a map has no two equal keys and none of other kinds") {
  CHECK(outcome("{1: 1, 1u: 2}") == "error: the map repeats a key");
  CHECK(outcome("{'a': 1, 'a': 2}") == "error: the map repeats a key");
  CHECK(outcome("{1.0: 1}") == "error: a map key is bool, int, uint or string, not double");
  CHECK(outcome("{null: 1}") == "error: a map key is bool, int, uint or string, not null_type");
  CHECK(outcome("{true: 1, 1: 2, '1': 3}") == R"({"true":1,"1":2,"1":3})");
}

TEST_CASE("in finds elements of lists and keys of maps") {
  CHECK(outcome("2.0 in [1, 2] && 'k' in {'k': 1} && 1u in {1: 'a'}") == "true");
  CHECK(outcome("3 in [1, 2] || 'v' in {'k': 'v'} || 1 in []") == "false");
  CHECK(outcome("1 in dyn(1)") == "error: no matching overload: in int");
}

TEST_CASE("has tells an absent key from a null one") {
  CHECK(outcome("has({'a': null}.a)") == "true");
  CHECK(outcome("has({'a': 1}.b)") == "false");
  CHECK(outcome("has({'a': {}}.b.c)") == "error: no such key: b");
  CHECK(outcome("has(dyn(1).a)") == "error: no matching overload: int has no field a");
}

TEST_CASE("all is && over the elements and exists is ||, errors included") {
  CHECK(outcome("[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, x)") == "true");
  CHECK(outcome("[1, 2].exists(x, x > 1) && ![1, 2].exists(x, x > 2) && ![].exists(x, x)") == "true");
  CHECK(outcome("[0, 2].exists(x, 4 / x == 2)") == "true");
  CHECK(outcome("[0, 2].exists(x, 4 / x == 3)") == "error: division by zero");
  CHECK(outcome("[0, 2].all(x, 4 / x == 3)") == "false");
  CHECK(outcome("[0, 2].all(x, 4 / x == 2)") == "error: division by zero");
  CHECK(outcome("{'a': 1, 'b': 2}.exists(k, k == 'b')") == "true");
  CHECK(outcome("dyn(1).all(x, true)") == "error: no matching overload: a macro runs over a list or a map, not int");
}

TEST_CASE("exists_one counts and absorbs no error") {
  CHECK(outcome("[1, 2].exists_one(x, x > 1)") == "true");
  CHECK(outcome("[1, 2].exists_one(x, x > 0)") == "false");
  CHECK(outcome("[].exists_one(x, true)") == "false");
  CHECK(outcome("[1, 0].exists_one(x, 1 / x == 1)") == "error: division by zero");
}

TEST_CASE("filter keeps elements or keys, map transforms them") {
  CHECK(outcome("[1, 2, 3].filter(x, x % 2 == 1)") == "[1,3]");
  CHECK(outcome("{'a': 1, 'b': 2}.filter(k, k > 'a')") == R"(["b"])");
  CHECK(outcome("[1, 2].map(x, x * 2)") == "[2,4]");
  CHECK(outcome("[1, 2, 3].map(x, x > 1, x * 2)") == "[4,6]");
  CHECK(outcome("{'a': 1}.map(k, k + '!')") == R"(["a!"])");
  CHECK(outcome("[1, 0].map(x, 1 / x)") == "error: division by zero");
  CHECK(outcome("[1, 0].filter(x, 1 / x == 1)") == "error: division by zero");
}

TEST_CASE("the name of an inner macro hides the outer one") {
  CHECK(outcome("[1, 2].map(x, [10, 20].map(y, x + y))") == "[[11,21],[12,22]]");
  CHECK(outcome("[1].map(x, [x + 1].map(x, x + 1))") == "[[3]]");
  CHECK(outcome("[1, 2].map(x, [x].exists(x, x == 2) ? x : -x)") == "[-1,2]");
}

TEST_CASE("size counts code points, octets, elements and entries") {
  CHECK(outcome("size('héé') == 3 && 'é'.size() == 1 && size(b'é') == 2") == "true");
  CHECK(outcome("[1, 2].size() == 2 && size({'a': 1}) == 1 && size('') == 0") == "true");
  CHECK(outcome("size(dyn(1))") == "error: no matching overload: size(int)");
}

TEST_CASE("texts are searched for parts and patterns") {
  CHECK(outcome("'foobar'.startsWith('foo') && 'foobar'.endsWith('bar') && 'foobar'.contains('ob')") == "true");
  CHECK(outcome("''.startsWith('a') || 'a'.endsWith('ba') || 'a'.contains('aa')") == "false");
  CHECK(outcome("''.startsWith('') && ''.endsWith('') && ''.contains('') && 'a'.matches('')") == "true");
  CHECK(outcome("'hubba'.matches('ubb') && matches('mañana', 'a+ñ+a+') && !'ab'.matches('^b')") == "true");
  CHECK(outcome("'ab'.matches(dyn('^a'))") == "true");
  CHECK(outcome("'ab'.matches(dyn('('))") == "error: matches(): the regular expression is not valid RE2");
  CHECK(outcome("dyn(1).contains('a')") == "error: no matching overload: contains(int, string)");
}

TEST_CASE("a variable without a value is an error of the evaluation") {
  Variables variables = {{"x", cel::Value(true)}};
  const auto expression = cel::Expression::compile("x", variables.declared);
  REQUIRE(expression.has_value());
  const auto value = expression->evaluate(Variables());
  REQUIRE_FALSE(value.has_value());
  CHECK(value.error().message == "no value for the variable 'x'");
}

TEST_CASE("fields of a variable are asked one by one when the bindings offer that") {
  const auto expression =
      cel::Expression::compile("lead.size == 'smb' && has(lead.size) && !has(lead.x) && lead['size'] == 'smb'",
                               {{"lead", cel::VariableType::map_string_dyn}});
  REQUIRE(expression.has_value());
  const Lead lead;
  const auto value = expression->evaluate(lead);
  REQUIRE(value.has_value());
  CHECK(cel::equal(*value, cel::Value(true)));
  CHECK(lead.fields == 4);
  CHECK(lead.whole == 0);
}

TEST_CASE("one condition may be evaluated from several threads") {
  const Variables variables = {{"x", cel::Value(std::int64_t{20})}};
  const auto expression = cel::Expression::compile("[1, 2, 3].map(n, n * x).exists(n, n == 60)", variables.declared);
  REQUIRE(expression.has_value());
  std::vector<int> wins(4, 0);
  std::vector<std::thread> threads;
  threads.reserve(wins.size());
  for (int& win : wins) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto value = expression->evaluate(variables);
        win += value && cel::equal(*value, cel::Value(true)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wins == std::vector<int>(4, 200));
}
