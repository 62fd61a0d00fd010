// Events from hostile hands: whatever the octets, reading them ends in an event that keeps the contract's bounds, or in
// a reason; twice in the same; and alone as within a batch.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/intake/event_reader.h"
#include "rules/cel/expression.h"

namespace {

using relance::engine::EventReader;
using relance::engine::Unusable;
using relance::rules::Event;
using relance::rules::Instant;

using Result = tl::expected<Event, Unusable>;

constexpr Instant kClock{1'772'442'600'000};  // 2026-03-02T09:10:00Z

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Result& result) {
  if (!result) {
    require(!result.error().code.empty() && !result.error().message.empty());
    require(result.error().message.size() < 4096);
    return;
  }
  require(!result->id.empty() && result->id.size() <= relance::engine::kMaxIdBytes);
  require(!result->source.empty() && result->source.size() <= relance::engine::kMaxIdBytes);
  require(!result->lead.value.empty() && result->lead.value.size() <= relance::engine::kMaxIdBytes);
  require(result->time <= kClock + relance::engine::kMaxAhead);
  require(result->data.map() != nullptr);
}

void require_same(const Result& one, const Result& other) {
  require(one.has_value() == other.has_value());
  if (!one) {
    require(one.error().code == other.error().code);
    return;
  }
  require(one->id == other->id && one->lead == other->lead && one->time == other->time);
  require(relance::rules::cel::to_json(one->data) == relance::rules::cel::to_json(other->data));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static EventReader reader;  // as in production: one parser for many events
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);

  const Result structured = reader.read(text, kClock);
  check(structured);
  require_same(structured, reader.read(text, kClock));

  if (auto batch = reader.read_batch(text, kClock)) {
    require(batch->size() <= relance::engine::kMaxBatchEvents);
    for (const EventReader::Element& element : *batch) {
      check(element.result);
      if (!element.result) require_same(element.result, EventReader().read(element.bytes, kClock));
    }
  }

  check(reader.read_binary({{"specversion", "1.0"},
                            {"id", "e-1"},
                            {"source", "crm"},
                            {"type", "lead.updated"},
                            {"subject", "L-1"},
                            {"datacontenttype", "application/json"}},
                           text, kClock));
  return 0;
}
