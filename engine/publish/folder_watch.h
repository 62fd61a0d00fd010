#pragma once
// When a folder of playbooks has changed, judged by the names, sizes and modification times of its files. A change is
// taken when two looks in a row see the same, so a folder that somebody is writing into is left alone.
// Values; no thread and no clock of their own.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace relance::engine {

struct FileMark {
  std::string path;
  std::uintmax_t size = 0;
  std::int64_t modified = 0;
  friend bool operator==(const FileMark&, const FileMark&) = default;
};
/// In order of the paths.
using FolderMark = std::vector<FileMark>;

/// Of the files that playbooks, house and templates are read from. What cannot be looked at is not in it.
FolderMark mark_of(const std::filesystem::path& folder);

class FolderWatch {
 public:
  /// `taken`: what the folder looked like before it was read last.
  explicit FolderWatch(FolderMark taken) : taken_(std::move(taken)) {}
  /// True when the folder has changed and has come to rest; it then counts as taken.
  bool look(FolderMark now);
  void took(FolderMark mark);

 private:
  FolderMark taken_;
  std::optional<FolderMark> seen_;  // changed, at the last look
};

}  // namespace relance::engine
