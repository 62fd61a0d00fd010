#pragma once
// The octets of a file that loading has read before and found good; empty when it has gone since. Any thread.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace relance::engine {

inline std::string file_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace relance::engine
