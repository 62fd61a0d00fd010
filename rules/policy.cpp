#include "rules/policy.h"

#include <algorithm>

namespace relance::rules {

namespace {
constexpr std::array<std::string_view, kConsentBasisCount> kBases{"express", "implied", "customer"};
}  // namespace

std::string_view to_string(ConsentBasis basis) { return kBases[static_cast<std::size_t>(basis)]; }

std::optional<ConsentBasis> parse_consent_basis(std::string_view name) {
  const auto* const found = std::find(kBases.begin(), kBases.end(), name);
  if (found == kBases.end()) return std::nullopt;
  return static_cast<ConsentBasis>(found - kBases.begin());
}

Duration longest_attempt_period(const PolicyPack& pack) {
  Duration period{0};
  for (const PolicyRule& rule : pack.rules) {
    if (rule.attempts) period = std::max(period, rule.attempts->per);
  }
  return period;
}

}  // namespace relance::rules
