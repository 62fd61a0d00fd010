#pragma once
// The emergency brake: nothing of a playbook, on a channel, or at all goes out until somebody resumes it. The engine
// implements it; tests have a fake.
// Threads: all calls from any thread; they block until the change is durable.

#include <optional>
#include <string>

#include "rules/operations.h"

namespace relance::engine {

struct HaltOrder {
  rules::HaltScope scope;
  std::string by;      // who asks, for the ledger
  std::string reason;  // why; names no person
};

enum class HaltAnswer {
  done,              // durable: no touch of it goes to a connector from now on (calls under way end as they end;
                     // escalations and cancels do not wait)
  nothing,           // it was so already
  unknown_playbook,  // no playbook of that id was ever published here
  stopping,          // the engine ends; nothing is certain
};

class HaltService {
 public:
  virtual ~HaltService() = default;
  virtual HaltAnswer halt(const HaltOrder& order) = 0;
  /// Ends the halt of exactly that scope. Of a playbook it also acknowledges the guardrails that tripped: they count
  /// anew from now on. What was held is asked again.
  virtual HaltAnswer resume(const HaltOrder& order) = 0;
  /// What is halted and which guardrails have tripped, as JSON; nullopt while the engine ends.
  virtual std::optional<std::string> halts_json() = 0;
};

}  // namespace relance::engine
