#pragma once
// Random playbooks, houses and histories, for properties that hold for all of them. Draws by rapidcheck: inside of a
// property only. Steps name the template `mail`, so that a daemon can carry them out.

#include <array>
#include <string>
#include <vector>

#include "simulation_support.h"

namespace relance::tests {

/// 0 <= n < below
int pick(int below);
bool one_in(int n);
template <std::size_t N>
std::string any_of(const std::array<const char*, N>& values) {
  return values[static_cast<std::size_t>(pick(static_cast<int>(N)))];
}

struct World {
  std::vector<std::string> playbooks;
  std::string house;
  std::vector<Given> events;  // of the leads L1, L2 and L3, in order of their arrival
};

/// Three playbooks, a house and up to 25 events, some of which arrive late.
World draw_world();
/// A playbook that enrolls on the type.
std::string draw_playbook(const std::string& id, const std::string& type);
/// The data of an event of the type.
std::string draw_data(const std::string& type);

rules::Rulebook rulebook_of(const World& world);
/// For the log of a property.
std::string text_of(const World& world);

}  // namespace relance::tests
