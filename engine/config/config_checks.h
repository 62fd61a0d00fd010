#pragma once
// What one setting alone cannot say: settings that need, or exclude, one another. Pure; any thread.

#include <functional>
#include <string>
#include <string_view>

#include "engine/config/config.h"

namespace relance::engine {

/// Called for every contradiction: the setting at which it is reported, a sentence, a stable rule id, a suggestion.
struct Contradiction {
  std::string setting;
  std::string text;
  std::string rule;
  std::string suggestion;
};
using Contradict = std::function<void(Contradiction)>;

void check_config(const Config& config, const Contradict& contradict);

/// 127.0.0.0/8, ::1 or localhost: nobody else hears it.
bool is_loopback(std::string_view host);

}  // namespace relance::engine
