// What `relance check` says about cadences that cannot keep their promises, to the letter, and that it says nothing
// about those that can. A case is a file, or a folder; `<case>.expected` holds what is printed, timelines included.
//
// RELANCE_GOLDEN=update writes the kept messages; read the difference before you commit it.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/check/check.h"
#include "tests/golden/kept_files.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;
using tests::cases;
using tests::read_file;

const fs::path kChecks = fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "check";

tl::expected<rules::Rulebook, std::vector<rules::Finding>> load(const fs::path& path) {
  if (fs::is_directory(path)) return rules::load_folder(path);
  auto playbook = rules::load_playbook(read_file(path), path.generic_string(), rules::House{});
  if (!playbook) return tl::unexpected(std::move(playbook.error()));
  std::vector<rules::Playbook> playbooks;
  playbooks.push_back(std::move(*playbook));
  return rules::Rulebook(rules::House{}, std::move(playbooks));
}

std::string printed(const fs::path& path) {
  const auto rulebook = load(path);
  std::string text;
  if (!rulebook) {
    for (const rules::Finding& finding : rulebook.error()) text += "does not load: " + rules::to_string(finding);
  } else {
    for (const CheckFinding& found : check_playbooks(*rulebook, path).findings) text += to_string(found);
  }
  return tests::with_relative_names(std::move(text), path);
}

TEST_CASE("a cadence that cannot keep its promises gets the messages that are kept") {
  const std::vector<fs::path> all = cases(kChecks / "bad");
  CHECK(all.size() >= 60);
  for (const fs::path& path : all) {
    CAPTURE(path.filename().string());
    const std::string text = printed(path);
    CHECK_FALSE(text.empty());
    CHECK(text.find("does not load") == std::string::npos);
    tests::check_kept(tests::expected_of(path), text);
  }
}

TEST_CASE("a cadence that can keep them gets none") {
  for (const fs::path& path : cases(kChecks / "good")) {
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
