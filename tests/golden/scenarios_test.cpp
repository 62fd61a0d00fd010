// What is said about scenario files that cannot be run, to the letter. `<case>.expected` holds the printed findings.
//
// RELANCE_GOLDEN=update writes the kept messages; read the difference before you commit it.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "engine/scenarios/scenario_reader.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST_CASE("a bad scenario file gets the messages that are kept") {
  const char* mode = std::getenv("RELANCE_GOLDEN");
  const bool update = mode != nullptr && std::string_view(mode) == "update";
  const auto rulebook = rules::load_folder(fs::path(RELANCE_SOURCE_DIR) / "playbooks");
  REQUIRE(rulebook);
  const auto files = find_scenario_files(fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "scenarios" / "bad");
  CHECK(files.size() == 4);
  for (const fs::path& file : files) {
    CAPTURE(file.filename().string());
    const auto scenarios = read_scenarios(read(file), file.filename().string(), *rulebook);
    std::string printed;
    if (!scenarios) {
      for (const rules::Finding& finding : scenarios.error()) printed += rules::to_string(finding);
    }
    CHECK_FALSE(printed.empty());
    const fs::path expected = fs::path(file).replace_extension(".expected");
    if (update) std::ofstream(expected, std::ios::binary) << printed;
    CHECK(printed == read(expected));
  }
}

}  // namespace
}  // namespace relance::engine
