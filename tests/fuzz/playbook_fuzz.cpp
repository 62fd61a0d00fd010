// Any bytes as a playbook, and as a house: the loader never crashes, never accepts silently what it cannot keep, and
// whatever playbook loads comes back from its canonical form as the same revision.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/loader.h"
#include "rules/loader_playbook.h"
#include "rules/loader_policy.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void require_places(const std::vector<relance::rules::Finding>& findings) {
  require(!findings.empty());
  for (const auto& finding : findings) {
    require(finding.position.line >= 1 && finding.position.column >= 1);
    require(!finding.rule.empty() && !finding.text.empty());
    require(!to_string(finding).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace relance::rules;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto playbook = load_playbook(text, "fuzz.yaml", House{});
  const auto none = [](const std::string&) -> tl::expected<std::string, std::string> {
    return tl::unexpected(std::string("there is no such file"));
  };
  const auto house = read_house({"house.yaml", text}, none);
  if (!house.findings.empty()) require_places(house.findings);
  const auto pack = read_policy({"policies/fr.yaml", text}, "fr", none);
  if (!pack) require_places(pack.error());
  if (!playbook) {
    require_places(playbook.error());
    return 0;
  }
  const auto again = load_canonical(playbook->canonical);
  require(again.has_value());
  require(again->revision == playbook->revision);
  return 0;
}
