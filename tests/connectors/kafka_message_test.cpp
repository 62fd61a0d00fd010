#include "connectors/kafka/kafka_message.h"

#include <doctest/doctest.h>

using namespace relance;
using connectors::KafkaMessage;
using connectors::KafkaRecord;
using connectors::read_message;

namespace {

constexpr rules::Instant kNow{1'772'440'000'000};  // 2026-03-02T08:26:40Z

constexpr std::string_view kStructured =
    R"({"specversion":"1.0","id":"e-17","source":"crm/acme","type":"lead.created","subject":"L-1",)"
    R"("partitionkey":"acme","time":"2026-03-02T09:10:00+01:00","data":{"source":"inbound","score":20}})";

KafkaRecord record_with(std::optional<std::string_view> value) {
  KafkaRecord record;
  record.topic = "relance.events";
  record.partition = 3;
  record.offset = 17;
  record.value = value;
  return record;
}

KafkaRecord binary_record(std::optional<std::string_view> value) {
  KafkaRecord record = record_with(value);
  record.headers = {{"ce_specversion", "1.0"},
                    {"ce_id", "e-17"},
                    {"ce_source", "crm/acme"},
                    {"ce_type", "lead.created"},
                    {"ce_subject", "L-1"},
                    {"ce_partitionkey", "acme"},
                    {"ce_time", "2026-03-02T09:10:00+01:00"},
                    {"content-type", "application/json"}};
  return record;
}

KafkaMessage read(const KafkaRecord& record) {
  engine::EventReader reader;
  return read_message(reader, record, kNow);
}

rules::Event event_of(const KafkaMessage& message) {
  const auto* letter = std::get_if<engine::DeadLetter>(&message.arrival);
  INFO((letter == nullptr ? std::string() : letter->reason));
  REQUIRE(std::holds_alternative<rules::Event>(message.arrival));
  return std::get<rules::Event>(message.arrival);
}

engine::DeadLetter letter_of(const KafkaMessage& message) {
  REQUIRE(std::holds_alternative<engine::DeadLetter>(message.arrival));
  return std::get<engine::DeadLetter>(message.arrival);
}

void check_event_17(const rules::Event& event) {
  CHECK(event.id == "e-17");
  CHECK(event.source == "crm/acme");
  CHECK(event.type == rules::EventType::lead_created);
  CHECK(event.lead == rules::LeadId("L-1"));
  CHECK(event.partition_key == "acme");
  CHECK(rules::to_string(event.time) == "2026-03-02T08:10:00.000Z");
  CHECK(event.text("source") == "inbound");
}

}  // namespace

TEST_CASE("a record without headers is a structured event") {
  const KafkaMessage message = read(record_with(kStructured));
  check_event_17(event_of(message));
}

TEST_CASE("the position after a record names its partition and the next offset") {
  const KafkaMessage message = read(record_with(kStructured));
  CHECK(message.position.input == "kafka:relance.events:3");
  CHECK(message.position.next == 18);
}

TEST_CASE("a CloudEvents content type makes a record structured, in any case and with parameters") {
  for (const std::string_view type : {"application/cloudevents+json", "application/cloudevents+json; charset=UTF-8",
                                      "Application/CloudEvents+JSON"}) {
    CAPTURE(type);
    KafkaRecord record = record_with(kStructured);
    record.headers = {{"content-type", type}, {"ce_id", "ignored in structured mode"}};
    check_event_17(event_of(read(record)));
  }
}

TEST_CASE("ce_ headers make a record a binary event with the value as its data") {
  check_event_17(event_of(read(binary_record(R"({"source":"inbound","score":20})"))));
}

TEST_CASE("header names are understood in any letter case") {
  KafkaRecord record = binary_record(R"({"source":"inbound"})");
  record.headers[1].first = "CE_ID";
  record.headers[7].first = "Content-Type";
  check_event_17(event_of(read(record)));
}

TEST_CASE("a binary event may come without data") {
  KafkaRecord record = binary_record(std::nullopt);
  record.headers[3].second = "lead.converted";
  const KafkaMessage message = read(record);
  CHECK(event_of(message).type == rules::EventType::lead_converted);
}

TEST_CASE("a binary event without ce_partitionkey has no account") {
  KafkaRecord record = binary_record(R"({"source":"inbound"})");
  record.headers.erase(record.headers.begin() + 5);
  CHECK_FALSE(event_of(read(record)).partition_key.has_value());
}

TEST_CASE("a tombstone is a dead letter that moves the position on") {
  const KafkaMessage message = read(record_with(std::nullopt));
  const engine::DeadLetter letter = letter_of(message);
  CHECK(letter.reason.starts_with("tombstone: "));
  CHECK(letter.input == "kafka:relance.events:3@17");
  CHECK(letter.bytes.empty());
  CHECK(letter.at == kNow);
  CHECK(message.position.next == 18);
}

TEST_CASE("bytes that are no event become a dead letter with the reason and the bytes") {
  const std::string_view bytes("\x00\xff{not json", 11);
  const engine::DeadLetter letter = letter_of(read(record_with(bytes)));
  CHECK(letter.bytes == bytes);
  CHECK(letter.reason.find(": ") != std::string::npos);
}

TEST_CASE("an event of an unknown type becomes a dead letter") {
  KafkaRecord record = binary_record("{}");
  record.headers[3].second = "lead.exploded";
  CHECK(letter_of(read(record)).reason.starts_with("unknown_type: "));
}

TEST_CASE("other formats of CloudEvents are refused, not guessed at") {
  for (const std::string_view type : {"application/cloudevents+avro", "application/cloudevents-batch+json"}) {
    CAPTURE(type);
    KafkaRecord record = record_with(kStructured);
    record.headers = {{"content-type", type}};
    CHECK(letter_of(read(record)).reason.starts_with("not_cloudevent: "));
  }
}

TEST_CASE("a record that is too large is a dead letter that keeps the first 256 KiB") {
  const std::string large(engine::kMaxEventBytes + 1, 'x');
  const engine::DeadLetter letter = letter_of(read(record_with(large)));
  CHECK(letter.bytes.size() == engine::kMaxEventBytes);
  CHECK(letter.reason.starts_with("too_large: "));
  CHECK(letter.reason.find("kept are the first 262144 octets") != std::string::npos);
}
