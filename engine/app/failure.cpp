#include "engine/app/failure.h"

#include <iostream>

namespace relance::app {

int fail(std::string_view command, std::string_view message, int exit_code) {
  std::cerr << "relance " << command << ": " << message << "\n";
  return exit_code;
}

std::optional<rules::Rulebook> load_or_print_findings(const std::string& folder,
                                                      const std::vector<std::string>& policies) {
  auto rulebook = rules::load_folder(folder, {policies});
  if (rulebook) return std::move(*rulebook);
  for (const rules::Finding& finding : rulebook.error()) std::cerr << rules::to_string(finding) << "\n";
  return std::nullopt;
}

}  // namespace relance::app
