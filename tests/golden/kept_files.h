#pragma once
// Files that hold what must be printed, to the letter. RELANCE_GOLDEN=update writes them; read the difference before
// you commit it.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace relance::tests {

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void check_kept(const std::filesystem::path& file, const std::string& text) {
  const char* mode = std::getenv("RELANCE_GOLDEN");
  if (mode != nullptr && std::string_view(mode) == "update") std::ofstream(file, std::ios::binary) << text;
  CHECK(text == read_file(file));
}

/// The files and folders of playbooks in a folder; what is printed about a case is kept in expected_of(case).
inline std::vector<std::filesystem::path> cases(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory() || entry.path().extension() == ".yaml") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

inline std::filesystem::path expected_of(const std::filesystem::path& path) {
  return path.parent_path() / (path.stem().string() + ".expected");
}

/// What is printed about a case, with file names relative to the folder of the cases, whatever machine this is.
inline std::string with_relative_names(std::string text, const std::filesystem::path& path) {
  const std::string prefix = path.parent_path().generic_string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

}  // namespace relance::tests
