// What the loader says about bad playbooks, to the letter, and that good ones load. A case is a file, or a folder that
// is loaded as one; `<case>.expected` holds the printed findings.
//
// RELANCE_GOLDEN=update writes the kept messages; read the difference before you commit it.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "rules/loader.h"

namespace relance::rules {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "playbooks";

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> cases(const std::string& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder / folder)) {
    if (entry.is_directory() || entry.path().extension() == ".yaml") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The findings as printed; file names are relative to the folder of the cases, whatever machine this is.
std::string findings_of(const fs::path& path) {
  std::vector<Finding> findings;
  if (fs::is_directory(path)) {
    const auto rulebook = load_folder(path);
    if (!rulebook) findings = rulebook.error();
  } else {
    const auto playbook = load_playbook(read(path), path.generic_string(), House{});
    if (!playbook) findings = playbook.error();
  }
  std::string printed;
  for (const Finding& finding : findings) printed += to_string(finding);
  const std::string prefix = path.parent_path().generic_string() + "/";
  for (std::size_t at = printed.find(prefix); at != std::string::npos; at = printed.find(prefix, at)) {
    printed.erase(at, prefix.size());
  }
  return printed;
}

TEST_CASE("a bad playbook gets the messages that are kept") {
  const char* mode = std::getenv("RELANCE_GOLDEN");
  const bool update = mode != nullptr && std::string_view(mode) == "update";
  const std::vector<fs::path> all = cases("bad");
  CHECK(all.size() >= 50);
  for (const fs::path& path : all) {
    CAPTURE(path.filename().string());
    const fs::path expected = path.parent_path() / (path.stem().string() + ".expected");
    const std::string printed = findings_of(path);
    CHECK_FALSE(printed.empty());
    if (update) std::ofstream(expected, std::ios::binary) << printed;
    CHECK(printed == read(expected));
  }
}

TEST_CASE("a good playbook loads, and comes back from its canonical form") {
  for (const fs::path& path : cases("good")) {
    CAPTURE(path.filename().string());
    CHECK(findings_of(path) == "");
    if (fs::is_directory(path)) continue;
    const auto playbook = load_playbook(read(path), path.generic_string(), House{});
    REQUIRE(playbook);
    const auto again = load_canonical(playbook->canonical);
    REQUIRE_MESSAGE(again, again.error());
    CHECK(again->revision == playbook->revision);
  }
}

}  // namespace
}  // namespace relance::rules
