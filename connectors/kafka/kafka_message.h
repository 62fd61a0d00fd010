#pragma once
// One Kafka record as the engine sees it: an event or a dead letter, and where to go on after it. No broker, no
// librdkafka: pure mapping. Source: CloudEvents 1.0.2 Kafka protocol binding; events-and-ledger.md, "Events in".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/intake/event_reader.h"
#include "engine/ports/engine_service.h"

namespace relance::connectors {

struct KafkaMessage {
  engine::Arrival arrival;
  engine::InputPosition position;  // `next`: the offset after this record
};

/// A record as it was fetched. The views live as long as the fetched message. The record's key is not here: the
/// account comes from the event alone, the key only chose the partition.
struct KafkaRecord {
  std::string_view topic;
  int partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string_view> value;  // nullopt: null
  std::vector<std::pair<std::string_view, std::string_view>> headers;
};

/// The name of a partition as an input: "kafka:relance.events:3".
std::string input_name(std::string_view topic, int partition);

/// Structured mode when the content type is a CloudEvents one or no ce_ header is there; else binary mode, where a null
/// value is an event without data. A null value in any other record is a tombstone and becomes a dead letter, as does
/// everything that is no usable event: the bytes are the value as it came, at most engine::kMaxEventBytes of it.
/// `now`: the engine's clock, nullopt when events move it (see EventReader).
KafkaMessage read_message(engine::EventReader& reader, const KafkaRecord& record, std::optional<rules::Instant> now);

}  // namespace relance::connectors
