#include "rules/text_positions.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

namespace relance::rules {
namespace {

/// The slow way: from the start, each time.
TextPosition counted(std::string_view text, std::size_t offset) {
  TextPosition position;
  for (std::size_t at = 0; at < offset; ++at) {
    if (text[at] == '\n') {
      ++position.line;
      position.column = 1;
    } else if (at + 1 == text.size() || !is_continuation(text[at + 1])) {
      ++position.column;
    }
  }
  position.offset = offset;
  return position;
}

bool same(const TextPosition& a, const TextPosition& b) {
  return a.line == b.line && a.column == b.column && a.offset == b.offset;
}

TEST_CASE("lines and columns count from 1, columns in code points") {
  PositionFinder finder("a\nhé!\n");
  CHECK(same(finder.at(0), {1, 1, 0}));
  CHECK(same(finder.at(2), {2, 1, 2}));
  CHECK(same(finder.at(3), {2, 2, 3}));
  CHECK(same(finder.at(5), {2, 3, 5}));  // é has two bytes
  CHECK(same(finder.at(99), {3, 1, 7}));
}

TEST_CASE("positions are the same in whatever order they are asked") {
  const auto letter = rc::gen::element<std::string>("a", "\n", "é", "😀", "\r\n");
  rc::check([&] {
    std::string text;
    for (const std::string& part : *rc::gen::container<std::vector<std::string>>(letter)) text += part;
    PositionFinder finder(text);
    for (const std::size_t wish : *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 40))) {
      const std::size_t offset = std::min(wish, text.size());
      RC_ASSERT(same(finder.at(offset), counted(text, offset)));
    }
  });
}

TEST_CASE("the line around an offset comes without its end") {
  CHECK(line_around("one\ntwo\r\nthree", 0) == "one");
  CHECK(line_around("one\ntwo\r\nthree", 3) == "one");
  CHECK(line_around("one\ntwo\r\nthree", 4) == "two");
  CHECK(line_around("one\ntwo\r\nthree", 8) == "two");
  CHECK(line_around("one\ntwo\r\nthree", 9) == "three");
  CHECK(line_around("one\ntwo\r\nthree", 99) == "three");
  CHECK(line_around("", 0) == "");
  CHECK(line_around("\n\n", 1) == "");
}

TEST_CASE("only well-formed UTF-8 is accepted") {
  CHECK(find_invalid_utf8("plain é € 😀") == std::string_view::npos);
  CHECK(find_invalid_utf8("a\x80") == 1);             // continuation alone
  CHECK(find_invalid_utf8("a\xC3") == 1);             // cut off
  CHECK(find_invalid_utf8("\xC0\xAF") == 0);          // overlong
  CHECK(find_invalid_utf8("\xE0\x80\xAF") == 0);      // overlong
  CHECK(find_invalid_utf8("\xED\xA0\x80") == 0);      // surrogate
  CHECK(find_invalid_utf8("\xF4\x90\x80\x80") == 0);  // above U+10FFFF
  CHECK(find_invalid_utf8("\xFF\xFE") == 0);
}

TEST_CASE("a byte order mark is no part of the text") {
  CHECK(without_byte_order_mark("\xEF\xBB\xBFplaybook") == "playbook");
  CHECK(without_byte_order_mark("playbook") == "playbook");
}

TEST_CASE("a line and a column lead back to the place they were counted from") {
  const std::string text = "one\ntwo \xC3\xA9 three\r\n\nlast";
  PositionFinder finder(text);
  for (std::size_t offset = 0; offset <= text.size(); ++offset) {
    if (offset < text.size() && is_continuation(text[offset])) continue;
    const TextPosition at = finder.at(offset);
    CAPTURE(offset);
    CHECK(position_at(text, at.line, at.column).offset == offset);
  }
  CHECK(position_at(text, 1, 9).offset == 3);  // no further than the line
  CHECK(position_at(text, 9, 1).line == 4);
}

}  // namespace
}  // namespace relance::rules
