// Events from hostile hands: whatever the octets, reading them ends in an event that keeps the contract's bounds, or in
// a reason; twice in the same; and alone as within a batch.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/intake/event_reader.h"
#include "rules/cel/expression.h"

namespace {

using relance::engine::EventReader;
using relance::engine::Unusable;
using relance::rules::Event;
using relance::rules::Instant;

using Result = tl::expected<Event, Unusable>;

constexpr std::string_view kAttributes =
    "specversion: 1.0\nid: e-1\nsource: crm\ntype: lead.updated\nsubject: L-1\ndatacontenttype: application/json";
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

/// "name: value" lines before a blank line are the attributes of binary mode, what follows is its payload; without a
/// blank line everything is payload behind attributes that are right.
Result read_binary(EventReader& reader, std::string_view text) {
  std::vector<std::pair<std::string, std::string>> attributes;
  const std::size_t blank = text.find("\n\n");
  std::string_view head = blank == std::string_view::npos ? kAttributes : text.substr(0, blank);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(line.size() + 1, head.size()));
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) attributes.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return reader.read_binary(attributes, blank == std::string_view::npos ? text : text.substr(blank + 2), kClock);
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

  check(read_binary(reader, text));
  return 0;
}
