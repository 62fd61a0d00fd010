#include "engine/intake/jsonl_reader.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/intake/event_reader.h"

namespace relance::engine {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20U;
static_assert(kReadBytes > 2 * kMaxEventBytes, "the longest line must fit, with its end");

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == std::string_view::npos; }

tl::unexpected<JsonlError> failed(const std::filesystem::path& path, std::string_view what) {
  const std::string reason = std::generic_category().message(errno != 0 ? errno : EIO);
  return tl::unexpected(JsonlError{"cannot " + std::string(what) + " " + path.string() + ": " + reason});
}

}  // namespace

JsonlReader::JsonlReader(std::filesystem::path path, std::FILE* file, std::int64_t from)
    : path_(std::move(path)), file_(file), from_(from), buffer_(kReadBytes) {}

tl::expected<JsonlReader, JsonlError> JsonlReader::open(const std::filesystem::path& path, std::int64_t from) {
  errno = 0;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return failed(path, "open");
  // Our own buffer is larger; a second copy would only cost time.
  std::setvbuf(file, nullptr, _IONBF, 0);
  JsonlReader reader(path, file, from);
  while (reader.end_ < 3 && reader.fill()) {
  }
  if (std::ferror(file) != 0) return failed(path, "read");
  if (std::string_view(reader.buffer_.data(), reader.end_).starts_with("\xEF\xBB\xBF")) {
    reader.begin_ = 3;
    reader.offset_ = 3;
  }
  return reader;
}

/// More octets behind the unread ones; false at the end of the file and on errors.
bool JsonlReader::fill() {
  if (at_end_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  errno = 0;
  const std::size_t got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  end_ += got;
  at_end_ = got == 0;
  return !at_end_;
}

/// Takes `size` octets of text and `end_size` octets of its end from the buffer.
JsonlLine JsonlReader::take_line(std::size_t size, std::size_t end_size) {
  std::string_view text(buffer_.data() + begin_, size);
  if (text.ends_with('\r')) text.remove_suffix(1);
  const std::int64_t begin = offset_;
  begin_ += size + end_size;
  offset_ += static_cast<std::int64_t>(size + end_size);
  JsonlLine line{text, ++number_, begin, offset_, text.size() > kMaxEventBytes, end_size != 0};
  if (line.too_long) line.text = text.substr(0, kMaxEventBytes);
  return line;
}

tl::expected<std::optional<JsonlLine>, JsonlError> JsonlReader::skip_long_line() {
  long_line_.assign(buffer_.data() + begin_, kMaxEventBytes);
  JsonlLine line{long_line_, ++number_, offset_, 0, true, false};
  do {
    const char* first = buffer_.data() + begin_;
    const auto* found = static_cast<const char*>(std::memchr(first, '\n', end_ - begin_));
    const std::size_t size = found != nullptr ? static_cast<std::size_t>(found - first) + 1 : end_ - begin_;
    begin_ += size;
    offset_ += static_cast<std::int64_t>(size);
    line.terminated = found != nullptr;
  } while (!line.terminated && fill());
  if (std::ferror(file_.get()) != 0) return failure();
  line.next = offset_;
  return line;
}

tl::expected<std::optional<JsonlLine>, JsonlError> JsonlReader::next_of_any_kind() {
  std::size_t searched = 0;
  while (true) {
    const char* first = buffer_.data() + begin_;
    const std::size_t size = end_ - begin_;
    if (const void* found = std::memchr(first + searched, '\n', size - searched)) {
      return take_line(static_cast<std::size_t>(static_cast<const char*>(found) - first), 1);
    }
    searched = size;
    if (size == buffer_.size()) return skip_long_line();
    if (fill()) continue;
    if (std::ferror(file_.get()) != 0) return failure();
    if (size == 0) return std::nullopt;
    return take_line(size, 0);
  }
}

tl::expected<std::optional<JsonlLine>, JsonlError> JsonlReader::next() {
  while (true) {
    const std::int64_t start = offset_;
    auto line = next_of_any_kind();
    if (!line || !*line) return line;
    if (start >= from_ && !is_blank((*line)->text)) return line;
  }
}

tl::unexpected<JsonlError> JsonlReader::failure() const { return failed(path_, "read"); }

tl::expected<void, JsonlError> for_each_line(const std::filesystem::path& path, std::int64_t from,
                                             const std::function<bool(const JsonlLine&)>& take) {
  auto reader = JsonlReader::open(path, from);
  if (!reader) return tl::unexpected(reader.error());
  while (true) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line || !take(**line)) return {};
  }
}

}  // namespace relance::engine
