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
  struct Options {
    int concurrency = 8;
    bool consumers_take_ids_once = false;
  };
  /// `output` outlives the connector. `settings`: the ones that `output` was opened with.
  KafkaActionConnector(KafkaOutput& output, const KafkaSettings& settings, Options options);

  std::string_view name() const override { return "kafka"; }
  /// Blocks until the acknowledgement, at most a little longer than settings.delivery_timeout. `accepted` carries no
  /// outcome: a later event tells. A time-out after the record was sent is `outcome_unknown`, before it `retry`.
  engine::AttemptResult deliver(const engine::Action& action, int attempt) override;
  /// The idempotent producer writes a record once as long as it lives. After the process, or after a time-out, only the
  /// consumer can tell: a repeated record carries the same CloudEvents id (the action id) and the same bytes.
  bool idempotent() const override { return options_.consumers_take_ids_once; }
  /// Calls that wait at the same time share the producer's batches. The order of an action and its .cancel is the
  /// order in which the dispatcher delivers them.
  int concurrency() const override { return options_.concurrency; }

 private:
  KafkaOutput& output_;
  const std::string topic_;
  const rules::Duration timeout_;
  const Options options_;
};

}  // namespace relance::connectors
