#include "rules/nearest_name.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <string>

namespace relance::rules {
namespace {

constexpr std::array<std::string_view, 6> kNames{"priority", "enroll", "cool_down", "skip_if", "mon", "on"};

TEST_CASE("a slip of the keys finds the name that was meant") {
  CHECK(nearest_name("priorty", kNames) == "priority");
  CHECK(nearest_name("enrol", kNames) == "enroll");
  CHECK(nearest_name("enrlol", kNames) == "enroll");  // two neighbours swapped
  CHECK(nearest_name("cool-down", kNames) == "cool_down");
  CHECK(nearest_name("Priority", kNames) == "priority");
  CHECK(nearest_name("skip_of", kNames) == "skip_if");
}

TEST_CASE("a longer or shorter form of a name finds it") {
  CHECK(nearest_name("monday", kNames) == "mon");
  CHECK(nearest_name("pri", kNames) == "priority");
}

TEST_CASE("a name that is near none finds none") {
  CHECK_FALSE(nearest_name("template", kNames));
  CHECK_FALSE(nearest_name("", kNames));
  CHECK_FALSE(nearest_name("x", kNames));
  CHECK_FALSE(nearest_name(std::string(1000, 'a'), kNames));
}

TEST_CASE("the first of two equally near names wins") {
  constexpr std::array<std::string_view, 2> names{"cat", "car"};
  CHECK(nearest_name("caz", names) == "cat");
}

TEST_CASE("one edit in a name of four letters or more never hides it") {
  rc::check([](std::size_t at, char letter) {
    for (const std::string_view name : {"priority", "enroll", "cool_down", "skip_if"}) {
      std::string slip(name);
      slip[at % slip.size()] = static_cast<char>('a' + (static_cast<unsigned char>(letter) % 26));
      RC_ASSERT(nearest_name(slip, kNames) == name);
    }
  });
}

}  // namespace
}  // namespace relance::rules
