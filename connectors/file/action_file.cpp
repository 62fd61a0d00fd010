#include "connectors/file/action_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace relance::connectors {
namespace {

namespace fs = std::filesystem;

// What to_cloud_event() begins with; the id follows.
constexpr std::string_view kBeforeId = R"({"specversion":"1.0","id":")";
constexpr std::size_t kLineBegin = 256;  // as much of a line as is kept to find its id
constexpr std::size_t kChunk = 256 * 1024;

std::string failure(std::string_view what) { return fmt::format("{}: {}", what, std::strerror(errno)); }

/// A new file is found again after a power cut only when its folder is on disk as well.
bool sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

tl::expected<int, std::string> open_locked(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return tl::unexpected(failure("cannot open " + path.string()));
  struct stat status {};
  std::string problem;
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    problem = path.string() + " is not a regular file";
  } else if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    problem = path.string() + " is in use by another process";
  } else if (!sync_folder(path.parent_path())) {
    problem = failure("cannot sync the folder of " + path.string());
  }
  if (problem.empty()) return descriptor;
  ::close(descriptor);
  return tl::unexpected(std::move(problem));
}

/// The open files of this process by path.
struct Registry {
  std::mutex mutex;
  std::map<fs::path, std::weak_ptr<ActionFile>> files;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

tl::expected<std::shared_ptr<ActionFile>, std::string> ActionFile::open(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::weakly_canonical(path, error);
  if (error) return tl::unexpected(fmt::format("cannot open {}: {}", path.string(), error.message()));
  const std::lock_guard lock(registry().mutex);
  if (auto open_already = registry().files[absolute].lock()) return open_already;
  const auto descriptor = open_locked(absolute);
  if (!descriptor) return tl::unexpected(descriptor.error());
  const std::shared_ptr<ActionFile> file(new ActionFile(*descriptor));
  if (const auto read = file->read_and_repair(); !read) return tl::unexpected(absolute.string() + ": " + read.error());
  registry().files[absolute] = file;
  return file;
}

ActionFile::~ActionFile() { ::close(descriptor_); }

ActionFile::Digest ActionFile::digest_of(std::string_view action_id) {
  const XXH128_hash_t hash = XXH3_128bits(action_id.data(), action_id.size());
  return {hash.low64, hash.high64};
}

void ActionFile::remember(std::string_view line_begin) {
  if (!line_begin.starts_with(kBeforeId)) return;  // somebody else's line
  line_begin.remove_prefix(kBeforeId.size());
  const std::size_t end = line_begin.find('"');
  if (end != std::string_view::npos) ids_.insert(digest_of(line_begin.substr(0, end)));
}

tl::expected<void, std::string> ActionFile::read_and_repair() {
  std::vector<char> chunk(kChunk);
  std::string line_begin;
  std::uint64_t read_bytes = 0;
  while (true) {
    const ssize_t count = ::pread(descriptor_, chunk.data(), chunk.size(), static_cast<off_t>(read_bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected(failure("cannot read"));
    if (count == 0) break;
    std::string_view rest(chunk.data(), static_cast<std::size_t>(count));
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      line_begin.append(rest.substr(0, std::min(end, kLineBegin - line_begin.size())));
      read_bytes += end;
      rest.remove_prefix(end);
      if (rest.empty()) break;
      remember(line_begin);
      line_begin.clear();
      rest.remove_prefix(1);
      size_ = ++read_bytes;
    }
  }
  repaired_bytes_ = read_bytes - size_;
  if (repaired_bytes_ == 0) return {};
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0 || ::fsync(descriptor_) != 0) {
    return tl::unexpected(failure("cannot cut off the incomplete last line"));
  }
  return {};
}

tl::expected<void, std::string> ActionFile::append(std::string_view action_id, std::string_view line) {
  const std::lock_guard lock(mutex_);
  const Digest digest = digest_of(action_id);
  if (ids_.contains(digest)) return {};
  const std::string bytes = std::string(line) + '\n';
  std::size_t written = 0;
  std::string problem;
  while (written < bytes.size() && problem.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data() + written, bytes.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      problem = failure("cannot append");
    }
  }
  if (problem.empty() && ::fdatasync(descriptor_) != 0) problem = failure("cannot sync");
  if (!problem.empty()) {
    // Half a line would spoil the next one. Where even this fails, the next open() cuts it off.
    if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) problem += ", nor cut off what was written";
    return tl::unexpected(std::move(problem));
  }
  size_ += bytes.size();
  ids_.insert(digest);
  return {};
}

std::size_t ActionFile::actions() const {
  const std::lock_guard lock(mutex_);
  return ids_.size();
}

}  // namespace relance::connectors
