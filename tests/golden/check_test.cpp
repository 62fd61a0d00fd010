// What `relance check` says about cadences that cannot keep their promises, to the letter, and that it says nothing
// about those that can. A case is a file, or a folder; `<case>.expected` holds what is printed, timelines included.
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

#include "engine/check/check.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "check";

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

tl::expected<rules::Rulebook, std::vector<rules::Finding>> load(const fs::path& path) {
  if (fs::is_directory(path)) return rules::load_folder(path);
  auto playbook = rules::load_playbook(read(path), path.generic_string(), rules::House{});
  if (!playbook) return tl::unexpected(std::move(playbook.error()));
  std::vector<rules::Playbook> playbooks;
  playbooks.push_back(std::move(*playbook));
  return rules::Rulebook(rules::House{}, std::move(playbooks));
}

/// As printed; file names are relative to the folder of the cases, whatever machine this is.
std::string printed(const fs::path& path) {
  const auto rulebook = load(path);
  std::string text;
  if (!rulebook) {
    for (const rules::Finding& finding : rulebook.error()) text += "does not load: " + rules::to_string(finding);
  } else {
    for (const CheckFinding& found : check_playbooks(*rulebook, path).findings) text += to_string(found);
  }
  const std::string prefix = path.parent_path().generic_string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
    text.erase(at, prefix.size());
  }
  return text;
}

TEST_CASE("a cadence that cannot keep its promises gets the messages that are kept") {
  const char* mode = std::getenv("RELANCE_GOLDEN");
  const bool update = mode != nullptr && std::string_view(mode) == "update";
  const std::vector<fs::path> all = cases("bad");
  CHECK(all.size() >= 60);
  for (const fs::path& path : all) {
    CAPTURE(path.filename().string());
    const fs::path expected = path.parent_path() / (path.stem().string() + ".expected");
    const std::string text = printed(path);
    CHECK_FALSE(text.empty());
    CHECK(text.find("does not load") == std::string::npos);
    if (update) std::ofstream(expected, std::ios::binary) << text;
    CHECK(text == read(expected));
  }
}

TEST_CASE("a cadence that can keep them gets none") {
  for (const fs::path& path : cases("good")) {
    CAPTURE(path.filename().string());
    CHECK(printed(path) == "");
  }
}

TEST_CASE("the shipped playbooks keep their promises") {
  const fs::path folder = fs::path(RELANCE_SOURCE_DIR) / "playbooks";
  const auto rulebook = rules::load_folder(folder);
  REQUIRE(rulebook);
  const CheckReport report = check_playbooks(*rulebook, folder);
  for (const CheckFinding& found : report.findings) MESSAGE(to_string(found));
  CHECK(report.findings.empty());
  CHECK(report.trials > 10'000);
}

}  // namespace
}  // namespace relance::engine
