// Any bytes as a playbook: the loader never crashes, never accepts silently what it cannot keep, and whatever loads
// comes back from its canonical form as the same revision.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/loader.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace relance::rules;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto playbook = load_playbook(text, "fuzz.yaml", House{});
  if (!playbook) {
    require(!playbook.error().empty());
    for (const Finding& finding : playbook.error()) {
      require(finding.position.line >= 1 && finding.position.column >= 1);
      require(!finding.rule.empty() && !finding.text.empty());
      require(!to_string(finding).empty());
    }
    return 0;
  }
  const auto again = load_canonical(playbook->canonical);
  require(again.has_value());
  require(again->revision == playbook->revision);
  return 0;
}
