#pragma once
// Streams the lines of a JSON Lines file: fixed memory, whatever the lengths of file and lines. Used by the simulator,
// the file input and imports. Threads: one owner. Errors: values; never throws.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace relance::engine {

struct JsonlLine {
  std::string_view text;    // without its end; valid until the next line is read
  std::int64_t number = 0;  // from 1, blank lines count
  std::int64_t begin = 0;   // byte offset of its text
  std::int64_t next = 0;    // byte offset of the line after it
  bool too_long = false;    // over kMaxEventBytes: `text` holds its first kMaxEventBytes, the rest was skipped
  bool terminated = true;   // false: the last line, without a line feed; whoever writes the file may not be done
};

struct JsonlError {
  std::string message;  // names the file and what failed
};

class JsonlReader {
 public:
  /// Lines that begin before the byte offset `from` are counted but not returned.
  static tl::expected<JsonlReader, JsonlError> open(const std::filesystem::path& path, std::int64_t from = 0);

  /// The next line that is not blank, nullopt at the end. Lines end with LF or CRLF, the last one may lack it; a byte
  /// order mark at the beginning of the file is skipped.
  tl::expected<std::optional<JsonlLine>, JsonlError> next();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  JsonlReader(std::filesystem::path path, std::FILE* file, std::int64_t from);

  bool fill();
  JsonlLine take_line(std::size_t size, std::size_t end_size);
  tl::expected<std::optional<JsonlLine>, JsonlError> next_of_any_kind();
  tl::expected<std::optional<JsonlLine>, JsonlError> skip_long_line();
  tl::unexpected<JsonlError> failure() const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::int64_t from_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // unread: [begin_, end_) of the buffer
  std::size_t end_ = 0;
  bool at_end_ = false;      // of the file
  std::int64_t offset_ = 0;  // in the file, of begin_
  std::int64_t number_ = 0;
  std::string long_line_;
};

/// Calls `take` with every line until it returns false.
[[nodiscard]] tl::expected<void, JsonlError> for_each_line(const std::filesystem::path& path, std::int64_t from,
                                                           const std::function<bool(const JsonlLine&)>& take);

}  // namespace relance::engine
