#pragma once
// Public holidays of the countries that we ship, from their laws: the nation's, not those of single states, and for GB
// those of England and Wales. Others come from .ics files. Computed, 2020 to 2045; what they were compared with, and
// when, is in tests/rules/public_holidays_test.cpp. Pure; any thread.

#include <span>
#include <string_view>
#include <vector>

#include "rules/zone.h"

namespace relance::rules {

/// ISO 3166-1 alpha-2: DE, FR, GB, US.
std::span<const std::string_view> countries_with_holidays();

/// Sorted and unique; empty for other countries. A holiday that falls on a weekend and is observed on another day
/// closes both.
std::vector<LocalDate> public_holidays(std::string_view country);

}  // namespace relance::rules
