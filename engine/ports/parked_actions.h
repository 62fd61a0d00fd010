#pragma once
// Actions whose outcome nobody knows wait for a person: what the HTTP API may ask about them. The engine implements it;
// tests have a fake.
// Threads: all calls from any thread; they block until the engine answered.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/ids.h"

namespace relance::engine {

enum class ParkedDecision : std::uint8_t {
  delivered,  // it happened: it is not sent again
  resend,     // it did not happen: it is sent again, when the gate lets it
  drop,       // whatever happened: it is not sent again, and the touch still counts
};
std::string_view to_string(ParkedDecision decision);
std::optional<ParkedDecision> parse_parked_decision(std::string_view name);

/// What a person found out about a parked action.
struct ParkedRelease {
  rules::ActionId action;
  ParkedDecision decision = ParkedDecision::drop;
  std::string by;      // who says so
  std::string reason;  // why; stands in the ledger, so it names no address
};

struct ReleaseAnswer {
  enum class Kind {
    done,       // durable; a resend goes out when the gate lets it
    not_found,  // no such action is parked: never, or no longer
    refused,    // resend: the gate would not let it out, `rule` says why; it stays parked
    stopping,   // the engine ends; perhaps nothing has changed
  };
  Kind kind = Kind::stopping;
  std::string rule;
};

class ParkedActions {
 public:
  virtual ~ParkedActions() = default;
  /// The parked actions, oldest first, at most `limit`, and how many there are, as JSON; nullopt while the engine ends.
  virtual std::optional<std::string> parked_json(std::size_t limit) = 0;
  virtual ReleaseAnswer release(const ParkedRelease& release) = 0;
};

}  // namespace relance::engine
