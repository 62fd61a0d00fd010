#include "rules/text.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace relance::rules {
namespace {

std::string text_of_size(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

}  // namespace

TEST_CASE("a text is what it was made from, at every size around the one that fits in the value") {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string written = text_of_size(size);
    const Text text(written);
    CHECK(text.view() == written);
    CHECK(text.size() == size);
    CHECK(text.empty() == (size == 0));
    const Text same(written);
    CHECK(text == same);
    CHECK((text <=> same) == std::strong_ordering::equal);
    CHECK(text == written);
    CHECK(std::string(text) == written);
  }
}

TEST_CASE("texts differ when any octet or the size differs") {
  for (const std::size_t size : {1U, 7U, 8U, 15U, 16U, 32U, 64U}) {
    const std::string written = text_of_size(size);
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = written;
      other[at] = '~';
      CHECK_FALSE(Text(written) == Text(other));
      CHECK(Text(written) < Text(other));
    }
    CHECK_FALSE(Text(written) == Text(written + "a"));
    CHECK_FALSE(Text(written) == Text(written + std::string(1, '\0')));
    CHECK(Text(written) < Text(written + "a"));
  }
}

TEST_CASE("copies outlive what they were copied from, and are not changed by what comes in its place") {
  for (const std::size_t size : {3U, 40U}) {
    const std::string written = text_of_size(size);
    Text copy;
    {
      Text text(written);
      copy = text;
      text = "another text, of more than fifteen octets";
      CHECK(copy == written);
    }
    CHECK(copy == written);
    const Text moved = std::move(copy);
    CHECK(moved == written);
    Text& itself = copy;
    copy = moved;
    copy = itself;
    CHECK(copy == written);
  }
}

TEST_CASE("copies of one text may come and go in several threads") {
  const Text text(text_of_size(40));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([copy = text] {
      for (int i = 0; i < 10'000; ++i) {
        const Text again = copy;
        if (again.size() != 40) std::abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(text.view() == text_of_size(40));
}

}  // namespace relance::rules
