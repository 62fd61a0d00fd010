#pragma once
// The broker under test, driven through tests/support/kafka_broker, and a plain librdkafka client beside the one that
// is tested: what it writes and reads does not pass through our code.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/kafka_client.h"
#include "connectors/kafka/kafka_settings.h"

namespace relance::tests {

class Broker {
 public:
  /// The one that the script `run` started.
  static Broker& running();

  const std::string& address() const { return address_; }
  void stop();     // SIGTERM, waits
  void kill();     // SIGKILL, waits
  void start();    // on the same port and data
  void suspend();  // SIGSTOP: connections stay open, nothing is answered
  void go_on();    // SIGCONT
  void create_topic(const std::string& name, int partitions);
  /// Deletes the records of partition 0 below the offset.
  void delete_before(const std::string& topic, std::int64_t offset);

 private:
  Broker();
  void command(const std::string& action, const std::string& argument = {}) const;
  void signal(int number) const;

  std::string script_;
  std::string folder_;
  std::string address_;
};

struct PlainRecord {
  std::string key;
  std::string value;
  bool null_value = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t offset = -1;  // when read
};

/// Idempotent, so that what it wrote is in the topic exactly once whatever the broker goes through.
class PlainProducer {
 public:
  PlainProducer();
  void produce(const std::string& topic, const PlainRecord& record);
  void flush();  // fails the test when anything was not acknowledged

 private:
  connectors::HandlePtr client_;
  int failures_ = 0;
};

/// Everything in the topic at the moment, by partition.
std::map<int, std::vector<PlainRecord>> read_all(const std::string& topic, int partitions);

/// The offsets that the group committed, by partition; absent where there is none.
std::map<int, std::int64_t> committed(const std::string& group, const std::string& topic, int partitions);

}  // namespace relance::tests
