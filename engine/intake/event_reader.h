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

#include "rules/event.h"

namespace relance::engine {

constexpr std::size_t kMaxEventBytes = 256 * 1024;

/// Why bytes are no usable event. `code` is stable: not_json, not_cloudevent, unknown_type, missing_subject, too_large,
/// invalid_time, time_too_old, time_ahead, invalid_utf8, too_deep, duplicate_key, invalid_data, ...
struct Unusable {
  std::string code;
  std::string message;  // one sentence, without personal data: what was expected, what was got
};

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
  /// otherwise one result and the event's own bytes per element.
  struct Element {
    tl::expected<rules::Event, Unusable> result;
    std::string bytes;  // set when the result is an error
  };
  tl::expected<std::vector<Element>, Unusable> read_batch(std::string_view json, std::optional<rules::Instant> clock);

  /// Binary mode: `attributes` are the ce_ headers without their prefix, lower case; `data` is the payload.
  tl::expected<rules::Event, Unusable> read_binary(const std::vector<std::pair<std::string, std::string>>& attributes,
                                                   std::string_view data, std::optional<rules::Instant> clock);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace relance::engine
