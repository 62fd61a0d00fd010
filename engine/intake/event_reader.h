#pragma once
// Bytes to events: CloudEvents 1.0 in JSON (structured, batched, binary mode), or a dead letter that says why not.
// Source: cloudevents.io spec v1.0 JSON format, HTTP and Kafka protocol bindings; events-and-ledger.md, "Events in".
// Threads: one EventReader per thread (it owns a simdjson parser and its buffers). Errors: values; never throws.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "engine/intake/unusable.h"
#include "rules/event.h"

namespace relance::engine {

constexpr std::size_t kMaxEventBytes = 256 * 1024;

/// Of `id`, `source`, `subject` and `partitionkey`, in octets: they become keys on disk and in Kafka.
constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxBatchEvents = 10'000;
/// How far an event's `time` may lie ahead of the clock.
constexpr rules::Duration kMaxAhead{5LL * 60 * 1000};

class EventReader {
 public:
  EventReader();
  ~EventReader();
  EventReader(EventReader&&) noexcept;
  EventReader& operator=(EventReader&&) noexcept;

  /// One structured event. `clock`: the engine's clock, for the 5 minutes an event may lie ahead and for events without
  /// `time`; nullopt in simulations, where events drive the clock.
  tl::expected<rules::Event, Unusable> read(std::string_view json, std::optional<rules::Instant> clock);

  /// A JSON array of structured events (application/cloudevents-batch+json): the outer error when it is no such array,
  /// otherwise one result and the event's own bytes per element. A syntax error anywhere, or more than kMaxBatchEvents,
  /// makes it no such array; whatever else is wrong concerns its element alone.
  struct Element {
    tl::expected<rules::Event, Unusable> result;
    std::string bytes;  // set when the result is an error
  };
  tl::expected<std::vector<Element>, Unusable> read_batch(std::string_view json, std::optional<rules::Instant> clock);

  /// Binary mode: `attributes` are the ce_ headers without their prefix, lower case, and `datacontenttype` for the
  /// content type; whatever the binding encodes (HTTP: percent) is decoded already. `data` is the payload.
  tl::expected<rules::Event, Unusable> read_binary(const std::vector<std::pair<std::string, std::string>>& attributes,
                                                   std::string_view data, std::optional<rules::Instant> clock);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace relance::engine
