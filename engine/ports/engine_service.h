#pragma once
// What the HTTP API and the command line may ask of a running engine. The processor implements it; tests have a fake.
// Threads: all calls from any thread; they block until the processor answered, at most `timeout`.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/ports/partition_store.h"
#include "rules/event.h"

namespace relance::engine {

/// One thing that arrived: an event, or bytes that are none.
using Arrival = std::variant<rules::Event, DeadLetter>;

struct SubmitResult {
  enum class Kind {
    durable,  // everything is committed (duplicates are dropped, dead letters kept)
    full,     // at the bound, nothing was taken: answer 429 with Retry-After
    closing,  // shutting down, nothing was taken: 503
    failed,   // the store failed: 500; may or may not be durable, the sender repeats (same ids)
  };
  Kind kind = Kind::failed;
  int retry_after_seconds = 1;
};

class EngineService {
 public:
  virtual ~EngineService() = default;
  /// Takes all arrivals or none, in order; returns when they are durable.
  virtual SubmitResult submit(std::vector<Arrival> arrivals) = 0;
  /// The body of GET /v1/leads/{id} as JSON: state, timeline, next; nullopt when the lead is unknown.
  virtual std::optional<std::string> lead_json(const rules::LeadId& lead) = 0;
  /// The body of GET /v1/leads/{id}/why: what stands between the lead and its next touch, what comes next, what
  /// happened and why; nullopt when the lead is unknown.
  virtual std::optional<std::string> why_json(const rules::LeadId& lead) = 0;
  /// Ledger lines as JSON Lines from sequence number `from`, at most `limit`.
  virtual std::string ledger_lines(std::uint64_t from, std::size_t limit) = 0;
  /// Ready to take events; otherwise `why` says what is missing.
  virtual bool ready(std::string& why) = 0;
  /// The engine's clock.
  virtual rules::Instant now() = 0;
  /// What an arriving event's `time` is compared with; nullopt when events move the clock and none can be ahead of it.
  virtual std::optional<rules::Instant> arrival_clock() { return now(); }
};

}  // namespace relance::engine
