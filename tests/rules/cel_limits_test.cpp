// Hostile conditions: every one ends with a clear error, soon, whatever its depth, length and growth.

#include <doctest/doctest.h>

#include "tests/rules/cel_support.h"

using namespace cel_test;

namespace {

std::string repeat(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

constexpr const char* kTooDeep = "the expression nests deeper than 250 levels; split it";
constexpr const char* kTooManySteps = "error: evaluation exceeds 100000 steps";

}  // namespace

TEST_CASE("every way to nest is bounded") {
  const int n = 5'000;
  for (const std::string& text :
       {repeat("(", n) + "1" + repeat(")", n), repeat("[", n) + repeat("]", n), repeat("{1:", n) + "1" + repeat("}", n),
        repeat("!", n) + "true", repeat("-", n) + "1", repeat("1+", n) + "1", "{}" + repeat(".a", n),
        "[]" + repeat("[0]", n), repeat("int(", n) + "1" + repeat(")", n), repeat("true?1:", n) + "1",
        repeat("[1].map(x,", n / 2) + "1" + repeat(")", n / 2), "'a'" + repeat(".size()", n)}) {
    CHECK_MESSAGE(compile_errors(text).find(kTooDeep) != std::string::npos, text.substr(0, 20));
  }
}

TEST_CASE("long chains of conditions do not nest") {
  CHECK(outcome(repeat("true && ", 5000) + "false") == "false");
  CHECK(outcome(repeat("false || ", 5000) + "true") == "true");
}

TEST_CASE("macros nest to a bound of their own") {
  CHECK(outcome(repeat("[1].all(x, ", 32) + "true" + repeat(")", 32)) == "true");
  CHECK(
      compile_errors(repeat("[1].all(x, ", 33) + "true" + repeat(")", 33)).find("macros nest deeper than 32 levels") !=
      std::string::npos);
}

TEST_CASE("a very long text is refused") {
  CHECK(compile_errors("'" + std::string(100'000, 'a') + "'").find("longer than 65536 octets") != std::string::npos);
}

TEST_CASE("nested macros run out of steps, and no absorption hides it") {
  const std::string digits = "[0,1,2,3,4,5,6,7,8,9]";
  const std::string inside = repeat(digits + ".all(x, ", 6) + "1/0 == 1" + repeat(")", 6);
  CHECK(outcome(inside) == kTooManySteps);
  CHECK(outcome(inside + " || true") == kTooManySteps);
  CHECK(outcome("[1].exists(x, " + inside + ")") == kTooManySteps);
  CHECK(outcome("[1].exists_one(x, " + inside + ")") == kTooManySteps);
  CHECK(outcome("[1].map(x, " + inside + ")") == kTooManySteps);
}

TEST_CASE("values that double themselves run out of steps") {
  CHECK(outcome("['aaaaaaaaaaaaaaaa']" + repeat(".map(x, x + x)", 60)) == kTooManySteps);
  CHECK(outcome("[[1]]" + repeat(".map(x, x + x)", 60)) == kTooManySteps);
  CHECK(outcome("[b'aaaaaaaaaaaaaaaa']" + repeat(".map(x, x + x)", 60)) == kTooManySteps);
}

TEST_CASE("a value whose parts are shared is neither compared nor printed beyond the bound") {
  const std::string doubled = "[1]" + repeat(".map(x, [x, x])", 60);
  CHECK(outcome(doubled) == "error: the result has more than 100000 parts");
  CHECK(outcome(doubled + " == " + doubled) == kTooManySteps);
  CHECK(outcome("[1]" + repeat(".map(x, {'a': x, 'b': x})", 60)) == "error: the result has more than 100000 parts");
  CHECK(outcome(doubled + ".size()") == "1");
}

TEST_CASE("the type of a value that doubles itself stays small") {
  const std::string keys = "[1]" + repeat(".map(x, {x: x})", 60);
  CHECK(compile_errors(keys + " + 1").find("there is no '+' for list(map(") != std::string::npos);
}

TEST_CASE("a search in hostile texts takes linear time") {
  Variables variables;
  variables.add("text", cel::Value(std::string(200'000, 'a'))).add("part", cel::Value(std::string(100'000, 'a') + "b"));
  CHECK(outcome("text.contains(part)", variables) == "false");
  CHECK(outcome("text.matches('(a*)*b')", variables) == "false");
}
