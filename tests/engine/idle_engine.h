#pragma once
// An engine that does nothing, for tests of what HTTP does around it.

#include <optional>
#include <string>
#include <vector>

#include "engine/ports/engine_service.h"

namespace relance::tests {

class IdleEngine : public engine::EngineService {
 public:
  engine::SubmitResult submit(std::vector<engine::Arrival>) override { return {}; }
  std::optional<std::string> lead_json(const rules::LeadId&) override { return std::nullopt; }
  std::optional<std::string> why_json(const rules::LeadId&) override { return std::nullopt; }
  std::string ledger_lines(std::uint64_t, std::size_t) override { return {}; }
  bool ready(std::string&) override { return true; }
  rules::Instant now() override { return rules::Instant{0}; }
};

}  // namespace relance::tests
