// What is said about scenario files that cannot be run, to the letter. `<case>.expected` holds the printed findings.
//
// RELANCE_GOLDEN=update writes the kept messages; read the difference before you commit it.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "engine/scenarios/scenario_reader.h"
#include "tests/golden/kept_files.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;

TEST_CASE("a bad scenario file gets the messages that are kept") {
  const auto rulebook = rules::load_folder(fs::path(RELANCE_SOURCE_DIR) / "playbooks");
  REQUIRE(rulebook);
  const auto files = find_scenario_files(fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "scenarios" / "bad");
  CHECK(files.size() == 4);
  for (const fs::path& file : files) {
    CAPTURE(file.filename().string());
    const auto scenarios = read_scenarios(tests::read_file(file), file.filename().string(), *rulebook);
    std::string printed;
    if (!scenarios) {
      for (const rules::Finding& finding : scenarios.error()) printed += rules::to_string(finding);
    }
    CHECK_FALSE(printed.empty());
    tests::check_kept(tests::expected_of(file), printed);
  }
}

}  // namespace
}  // namespace relance::engine
