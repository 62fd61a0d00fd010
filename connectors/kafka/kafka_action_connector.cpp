#include "connectors/kafka/kafka_action_connector.h"

#include <future>
#include <memory>

#include "connectors/kafka/kafka_records.h"

namespace relance::connectors {

namespace {

using engine::AttemptResult;

// librdkafka looks for timed-out messages about once a second.
constexpr std::chrono::milliseconds kSlack{5000};
constexpr rules::Duration kWhenFull{1000};

AttemptResult refused(const Refusal& refusal) {
  AttemptResult result;
  result.kind = refusal.kind == Refusal::Kind::rejected ? AttemptResult::Kind::rejected : AttemptResult::Kind::retry;
  result.reason = "kafka: " + refusal.reason;
  if (refusal.kind == Refusal::Kind::full) result.retry_after = kWhenFull;
  return result;
}

AttemptResult result_of(const std::string& topic, const Delivery& delivery) {
  AttemptResult result;
  switch (delivery.kind) {
    case Delivery::Kind::acked:
      result.kind = AttemptResult::Kind::accepted;
      result.provider_id = topic + ":" + std::to_string(delivery.partition) + "@" + std::to_string(delivery.offset);
      return result;
    case Delivery::Kind::not_sent:
      result.kind = AttemptResult::Kind::retry;
      break;
    case Delivery::Kind::rejected:
      result.kind = AttemptResult::Kind::rejected;
      break;
    case Delivery::Kind::unknown:
      result.kind = AttemptResult::Kind::outcome_unknown;
      break;
  }
  result.reason = "kafka: " + delivery.reason;
  return result;
}

}  // namespace

KafkaActionConnector::KafkaActionConnector(KafkaOutput& output, const KafkaSettings& settings, Options options)
    : output_(output), topic_(settings.topics.actions), timeout_(settings.delivery_timeout), options_(options) {}

AttemptResult KafkaActionConnector::deliver(const engine::Action& action, int) {
  // Shared with the completion, which may still come after this call has given up.
  const auto promise = std::make_shared<std::promise<Delivery>>();
  auto delivered = promise->get_future();
  const auto taken = output_.publish(action_record(topic_, action),
                                     [promise](const Delivery& delivery) { promise->set_value(delivery); });
  if (!taken) return refused(taken.error());
  if (delivered.wait_for(std::chrono::milliseconds(timeout_.ms) + kSlack) == std::future_status::ready) {
    return result_of(topic_, delivered.get());
  }
  AttemptResult result;
  result.kind = AttemptResult::Kind::outcome_unknown;
  result.reason = "kafka: no answer from the client library in time";
  return result;
}

}  // namespace relance::connectors
