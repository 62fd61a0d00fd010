#pragma once
// Which connector carries which kind of action, built from the configuration.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "connectors/kafka/kafka_output.h"
#include "engine/config/config.h"
#include "engine/dispatch/outbox.h"

namespace relance::app {

struct ConnectorRoutes {
  std::vector<std::unique_ptr<engine::ConnectorPool>> pools;
  std::map<engine::ActionKind, engine::Route> routes;
};

/// `results` is called on the pools' threads. `kafka` may be null when no connector is of that type.
[[nodiscard]] tl::expected<ConnectorRoutes, std::string> make_routes(const engine::Config& config,
                                                                     connectors::KafkaOutput* kafka,
                                                                     engine::ConnectorPool::Results results);

}  // namespace relance::app
