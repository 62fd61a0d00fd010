#include "engine/publish/folder_watch.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace relance::engine {

namespace fs = std::filesystem;

namespace {

/// A folder with more is not one of playbooks; looking at it must not keep anybody busy.
constexpr std::size_t kMostFiles = 100'000;

bool is_read(const fs::path& path) {
  constexpr std::array<std::string_view, 4> kEndings{".yaml", ".ics", ".txt", ".html"};
  const std::string name = path.filename().string();
  if (name.ends_with(".test.yaml")) return false;
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

FolderMark mark_of(const fs::path& folder) {
  FolderMark mark;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entries != fs::recursive_directory_iterator() && mark.size() < kMostFiles;
       entries.increment(error)) {
    // Hidden entries are other tools' own.
    if (entries->path().filename().string().starts_with('.')) {
      entries.disable_recursion_pending();
      continue;
    }
    std::error_code gone;  // between two looks anything may happen to a file
    if (!is_read(entries->path()) || !entries->is_regular_file(gone)) continue;
    const auto modified = entries->last_write_time(gone);
    const auto size = entries->file_size(gone);
    if (gone) continue;
    mark.push_back({entries->path().generic_string(), size, modified.time_since_epoch().count()});
  }
  std::sort(mark.begin(), mark.end(), [](const FileMark& a, const FileMark& b) { return a.path < b.path; });
  return mark;
}

bool FolderWatch::look(FolderMark now) {
  if (now == taken_) {
    seen_.reset();
    return false;
  }
  if (seen_ != now) {
    seen_ = std::move(now);
    return false;
  }
  took(std::move(now));
  return true;
}

void FolderWatch::took(FolderMark mark) {
  taken_ = std::move(mark);
  seen_.reset();
}

}  // namespace relance::engine
