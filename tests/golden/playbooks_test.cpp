// What the loader says about bad playbooks, to the letter, and that good ones load. A case is a file, or a folder that
// is loaded as one; `<case>.expected` holds the printed findings.
//
// RELANCE_GOLDEN=update writes the kept messages; read the difference before you commit it.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "rules/loader.h"
#include "tests/golden/kept_files.h"

namespace relance::rules {
namespace {

namespace fs = std::filesystem;
using tests::cases;
using tests::read_file;

const fs::path kPlaybooks = fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "playbooks";

/// The findings as printed.
std::string findings_of(const fs::path& path) {
  std::vector<Finding> findings;
  if (fs::is_directory(path)) {
    const auto rulebook = load_folder(path);
    if (!rulebook) findings = rulebook.error();
  } else {
    const auto playbook = load_playbook(read_file(path), path.generic_string(), House{});
    if (!playbook) findings = playbook.error();
  }
  std::string printed;
  for (const Finding& finding : findings) printed += to_string(finding);
  return tests::with_relative_names(std::move(printed), path);
}

TEST_CASE("a bad playbook gets the messages that are kept") {
  const std::vector<fs::path> all = cases(kPlaybooks / "bad");
  CHECK(all.size() >= 50);
  for (const fs::path& path : all) {
    CAPTURE(path.filename().string());
    const std::string printed = findings_of(path);
    CHECK_FALSE(printed.empty());
    tests::check_kept(tests::expected_of(path), printed);
  }
}

TEST_CASE("a good playbook loads, and comes back from its canonical form") {
  for (const fs::path& path : cases(kPlaybooks / "good")) {
    CAPTURE(path.filename().string());
    CHECK(findings_of(path) == "");
    if (fs::is_directory(path)) continue;
    const auto playbook = load_playbook(read_file(path), path.generic_string(), House{});
    REQUIRE(playbook);
    const auto again = load_canonical(playbook->canonical);
    REQUIRE_MESSAGE(again, again.error());
    CHECK(again->revision == playbook->revision);
  }
}

}  // namespace
}  // namespace relance::rules
