#include "connectors/kafka/kafka_records.h"

namespace relance::connectors {

OutputRecord action_record(const std::string& topic, const engine::Action& action) {
  OutputRecord record;
  record.topic = topic;
  record.key = action.account ? action.account->value : action.lead.value;
  record.payload = engine::to_cloud_event(action);
  record.headers = {{"content-type", "application/cloudevents+json; charset=UTF-8"}};
  return record;
}

OutputRecord dead_letter_record(const std::string& topic, const engine::DeadLetter& letter) {
  OutputRecord record;
  record.topic = topic;
  record.key = letter.input;
  record.payload = letter.bytes;
  record.headers = {{"reason", letter.reason}, {"input", letter.input}, {"at", rules::to_string(letter.at)}};
  return record;
}

OutputRecord ledger_record(const std::string& topic, const LedgerLine& line) {
  OutputRecord record;
  record.topic = topic;
  record.key = line.key;
  record.payload = line.payload;
  return record;
}

}  // namespace relance::connectors
