#pragma once
// What Relance writes to Kafka, as records: pure mapping, no broker. Source: events-and-ledger.md.

#include <cstdint>
#include <string>

#include "connectors/kafka/kafka_output.h"
#include "engine/ports/connector.h"
#include "engine/ports/partition_store.h"

namespace relance::connectors {

/// The action's CloudEvent in structured mode. Key: the account, else the lead, as for events, so that everything about
/// one account stays in order.
OutputRecord action_record(const std::string& topic, const engine::Action& action);

/// The bytes as they came; headers `reason`, `input`, `at`. Key: the input with its offset or line, which is the same
/// when the letter is written again. The value may hold personal data: restrict who reads the topic, and its retention.
OutputRecord dead_letter_record(const std::string& topic, const engine::DeadLetter& letter);

/// One committed ledger line on its way out.
struct LedgerLine {
  std::uint64_t seq = 0;
  std::string key;      // the subject id; empty for records of operation, which name none
  std::string payload;  // the line without its newline
};
OutputRecord ledger_record(const std::string& topic, const LedgerLine& line);

}  // namespace relance::connectors
