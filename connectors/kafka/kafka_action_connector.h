#pragma once
// Hands actions over by publishing them on relance.actions; whoever consumes the topic carries them out and answers
// with touch.completed events. Delivered means acknowledged by the brokers.

#include <string>
#include <string_view>

#include "connectors/kafka/kafka_output.h"
#include "connectors/kafka/kafka_settings.h"
#include "engine/ports/connector.h"

namespace relance::connectors {

class KafkaActionConnector final : public engine::Connector {
 public:
  /// `output` outlives the connector. `settings`: the ones that `output` was opened with.
  KafkaActionConnector(KafkaOutput& output, const KafkaSettings& settings, int concurrency = 8);

  std::string_view name() const override { return "kafka"; }
  /// Blocks until the acknowledgement, at most a little longer than settings.delivery_timeout. `accepted` carries no
  /// outcome: a later event tells. A time-out after the record was sent is `outcome_unknown`, before it `retry`.
  engine::AttemptResult deliver(const engine::Action& action, int attempt) override;
  /// A repeated record carries the same CloudEvents id (the action id) and the same bytes: consumers take each id once.
  bool idempotent() const override { return true; }
  /// Calls that wait at the same time share the producer's batches. The order of an action and its .cancel is the
  /// order in which the dispatcher delivers them.
  int concurrency() const override { return concurrency_; }

 private:
  KafkaOutput& output_;
  const std::string topic_;
  const rules::Duration timeout_;
  const int concurrency_;
};

}  // namespace relance::connectors
