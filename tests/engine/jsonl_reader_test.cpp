#include "engine/intake/jsonl_reader.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "engine/intake/event_reader.h"

using namespace relance::engine;

namespace {

/// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "relance-jsonl-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    path_ = name;
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Line {
  std::string text;
  std::int64_t number = 0;
  std::int64_t next = 0;
  bool too_long = false;
  bool terminated = true;
  friend bool operator==(const Line&, const Line&) = default;
};

std::vector<Line> lines_of(const std::string& content, std::int64_t from = 0) {
  const TemporaryFile file(content);
  std::vector<Line> lines;
  const auto done = for_each_line(file.path(), from, [&](const JsonlLine& line) {
    lines.push_back({std::string(line.text), line.number, line.next, line.too_long, line.terminated});
    return true;
  });
  REQUIRE(done.has_value());
  return lines;
}

}  // namespace

TEST_CASE("lines come with their numbers and the offset of the next one") {
  const auto lines = lines_of("{\"a\":1}\n{\"b\":2}\n");
  CHECK(lines == std::vector<Line>{{"{\"a\":1}", 1, 8}, {"{\"b\":2}", 2, 16}});
}

TEST_CASE("line ends of Windows, blank lines and a missing last line feed are understood") {
  const auto lines = lines_of("a\r\n\r\n\n  \t\nb\r\nc");
  CHECK(lines == std::vector<Line>{{"a", 1, 3}, {"b", 5, 13}, {"c", 6, 14, false, false}});
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n\n").empty());
  CHECK(lines_of("a\r") == std::vector<Line>{{"a", 1, 2, false, false}});
}

TEST_CASE("a byte order mark counts only at the beginning of the file") {
  CHECK(lines_of("\xEF\xBB\xBF"
                 "a\n") == std::vector<Line>{{"a", 1, 5}});
  CHECK(lines_of("\xEF\xBB\xBF").empty());
  CHECK(lines_of("a\n\xEF\xBB\xBF"
                 "b\n")[1]
            .text ==
        "\xEF\xBB\xBF"
        "b");
  CHECK(lines_of("\xEF\xBB") == std::vector<Line>{{"\xEF\xBB", 1, 2, false, false}});
}

TEST_CASE("a NUL is part of its line") {
  CHECK(lines_of(std::string("a\0b\nc\n", 6))[0].text == std::string("a\0b", 3));
}

TEST_CASE("a line over the limit is cut and skipped, the next one is read") {
  for (const std::size_t size :
       {kMaxEventBytes + 1, kMaxEventBytes * 2, std::size_t{1} << 20U, std::size_t{5} << 20U}) {
    CAPTURE(size);
    for (const std::string end : {"\n", "\r\n"}) {
      const auto lines = lines_of("a\n" + std::string(size, 'x') + end + "b\n");
      REQUIRE(lines.size() == 3);
      CHECK(lines[1].too_long);
      CHECK(lines[1].terminated);
      CHECK(lines[1].text == std::string(kMaxEventBytes, 'x'));
      CHECK(lines[2] == Line{"b", 3, static_cast<std::int64_t>(2 + size + end.size() + 2)});
    }
    const auto last = lines_of(std::string(size, 'x'));
    REQUIRE(last.size() == 1);
    CHECK(last[0].too_long);
    CHECK(!last[0].terminated);
    CHECK(last[0].next == static_cast<std::int64_t>(size));
  }
}

TEST_CASE("a line of exactly the limit is whole, also with the line end of Windows") {
  for (const std::string end : {"", "\n", "\r\n"}) {
    const auto lines = lines_of(std::string(kMaxEventBytes, 'x') + end);
    REQUIRE(lines.size() == 1);
    CHECK(!lines[0].too_long);
    CHECK(lines[0].text.size() == kMaxEventBytes);
  }
}

TEST_CASE("reading goes on at an offset with the numbers of the whole file") {
  const std::string content = "a\n\nb\nc\n";
  CHECK(lines_of(content, 2) == std::vector<Line>{{"b", 3, 5}, {"c", 4, 7}});
  CHECK(lines_of(content, 5) == std::vector<Line>{{"c", 4, 7}});
  CHECK(lines_of(content, 7).empty());
  CHECK(lines_of(content, 700).empty());
}

TEST_CASE("the callback can stop") {
  const TemporaryFile file("a\nb\nc\n");
  int seen = 0;
  CHECK(for_each_line(file.path(), 0, [&](const JsonlLine&) { return ++seen < 2; }).has_value());
  CHECK(seen == 2);
}

TEST_CASE("a file that cannot be read is an error that names it") {
  const auto missing = JsonlReader::open("/nonexistent/day.jsonl");
  REQUIRE(!missing.has_value());
  CHECK(missing.error().message.find("/nonexistent/day.jsonl") != std::string::npos);
  CHECK(missing.error().message.find("No such file") != std::string::npos);
  const auto folder = JsonlReader::open(std::filesystem::temp_directory_path());
  REQUIRE(!folder.has_value());
  CHECK(folder.error().message.find("directory") != std::string::npos);
}

TEST_CASE("whatever the lengths, lines and offsets are those of a plain split") {
  CHECK(rc::check([] {
    const auto lengths = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 400'000)).as("lengths");
    RC_PRE(lengths.size() < 20);
    std::string content;
    std::vector<Line> expected;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const auto size = static_cast<std::size_t>(lengths[i]);
      const std::string text(size, static_cast<char>('a' + i));
      content += text + "\n";
      if (size == 0) continue;
      const bool too_long = size > kMaxEventBytes;
      expected.push_back({text.substr(0, kMaxEventBytes), static_cast<std::int64_t>(i + 1),
                          static_cast<std::int64_t>(content.size()), too_long, true});
    }
    RC_ASSERT(lines_of(content) == expected);
  }));
}
