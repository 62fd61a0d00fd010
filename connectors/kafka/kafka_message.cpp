#include "connectors/kafka/kafka_message.h"

#include <algorithm>

#include "rules/ascii.h"

namespace relance::connectors {

namespace {

constexpr std::string_view kAttributePrefix = "ce_";
constexpr std::string_view kCloudEvents = "application/cloudevents";
constexpr std::string_view kStructured = "application/cloudevents+json";

/// The headers that carry the event. The binding writes them in lower case; producers that do not are understood too.
struct Envelope {
  std::string content_type;                                     // as it came; empty: none
  std::vector<std::pair<std::string, std::string>> attributes;  // of binary mode
};

Envelope envelope_of(const KafkaRecord& record) {
  Envelope out;
  for (const auto& [name, value] : record.headers) {
    const std::string key = rules::lowered(name);
    if (key == "content-type") {
      out.content_type = value;
    } else if (key.starts_with(kAttributePrefix)) {
      out.attributes.emplace_back(key.substr(kAttributePrefix.size()), value);
    }
  }
  return out;
}

/// "application/cloudevents+json" of "Application/CloudEvents+JSON; charset=UTF-8".
std::string media_type(std::string_view content_type) {
  std::string type = rules::lowered(content_type.substr(0, content_type.find(';')));
  std::erase(type, ' ');
  return type;
}

tl::expected<rules::Event, engine::Unusable> read_event(engine::EventReader& reader, const KafkaRecord& record,
                                                        std::optional<rules::Instant> now) {
  Envelope envelope = envelope_of(record);
  const std::string type = media_type(envelope.content_type);
  const bool structured = type.starts_with(kCloudEvents) || envelope.attributes.empty();
  if (structured) {
    if (!record.value) return engine::unusable("tombstone", "expected an event, got a record without a value");
    if (type.starts_with(kCloudEvents) && type != kStructured) {
      return engine::unusable("not_cloudevent", "expected one event as " + std::string(kStructured) +
                                                    ", got another format of CloudEvents");
    }
    return reader.read(*record.value, now);
  }
  if (!envelope.content_type.empty()) {
    envelope.attributes.emplace_back("datacontenttype", std::move(envelope.content_type));
  }
  return reader.read_binary(envelope.attributes, record.value.value_or(std::string_view()), now);
}

engine::DeadLetter dead_letter_of(const KafkaRecord& record, const engine::Unusable& problem, rules::Instant now) {
  const std::string_view bytes = record.value.value_or(std::string_view());
  engine::DeadLetter letter;
  letter.reason = engine::reason_of(problem);
  if (bytes.size() > engine::kMaxEventBytes) {
    letter.reason += "; kept are the first " + std::to_string(engine::kMaxEventBytes) + " octets";
  }
  letter.input = input_name(record.topic, record.partition) + "@" + std::to_string(record.offset);
  letter.bytes = bytes.substr(0, engine::kMaxEventBytes);
  letter.at = now;
  return letter;
}

}  // namespace

std::string input_name(std::string_view topic, int partition) {
  return "kafka:" + std::string(topic) + ":" + std::to_string(partition);
}

KafkaMessage read_message(engine::EventReader& reader, const KafkaRecord& record, std::optional<rules::Instant> now) {
  engine::InputPosition position{input_name(record.topic, record.partition), record.offset + 1};
  auto event = read_event(reader, record, now);
  if (event) return {*std::move(event), std::move(position)};
  return {dead_letter_of(record, event.error(), now.value_or(rules::Instant{0})), std::move(position)};
}

}  // namespace relance::connectors
