#pragma once
// A pretended Kafka inside librdkafka, for error paths and quick tests: it keeps records in memory and fails on demand.
// It cannot prove anything about restarts or exactly-once; tests/integration/kafka does, with a real broker.

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "connectors/kafka/kafka_settings.h"

namespace relance::tests {

/// Polls until the condition holds; false at the deadline.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds within = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class MockCluster {
 public:
  static constexpr std::int16_t kProduce = 0;  // protocol numbers of requests
  static constexpr std::int16_t kJoinGroup = 11;
  static constexpr std::int16_t kHeartbeat = 12;
  static constexpr std::int16_t kInitProducerId = 22;

  MockCluster() {
    char error[256] = "";
    rd_kafka_conf_t* configuration = rd_kafka_conf_new();
    rd_kafka_conf_set(configuration, "log_level", "0", nullptr, 0);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, sizeof error);
    REQUIRE_MESSAGE(client_ != nullptr, error);
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
  }
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  connectors::KafkaSettings settings() const {
    connectors::KafkaSettings out;
    out.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    out.properties = {{"session.timeout.ms", "6000"}};
    return out;
  }
  void create_topic(const std::string& name, int partitions) {
    rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
  }
  /// The next request of that kind is answered with the error.
  void fail_next(std::int16_t request, rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster_, request, 1, error);
  }
  /// The only broker closes its connections and takes none, until set_up().
  void set_down() { rd_kafka_mock_broker_set_down(cluster_, 1); }
  void set_up() { rd_kafka_mock_broker_set_up(cluster_, 1); }
  /// Every answer takes that long from now on.
  void answer_after(std::chrono::milliseconds delay) {
    rd_kafka_mock_broker_set_rtt(cluster_, 1, static_cast<int>(delay.count()));
  }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

/// A port where nobody listens.
inline connectors::KafkaSettings unreachable_settings() {
  connectors::KafkaSettings out;
  out.brokers = "127.0.0.1:1";
  return out;
}

}  // namespace relance::tests
