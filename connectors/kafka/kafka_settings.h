#pragma once
// How Relance talks to Kafka: what an operator may choose, and the check of it before anything is opened. What
// correctness rests on (manual commits, idempotence, read_committed, ...) is not a setting: see reserved_properties().
// Values; any thread.

#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "engine/config/secret.h"
#include "rules/time.h"

namespace relance::connectors {

struct KafkaTopics {
  std::string events = "relance.events";
  std::string actions = "relance.actions";
  std::string ledger = "relance.ledger";
  std::string dead_letters = "relance.dead-letters";
};

struct KafkaSecurity {
  std::string protocol = "plaintext";      // librdkafka's security.protocol: plaintext, ssl, sasl_plaintext, sasl_ssl
  std::string mechanism;                   // sasl.mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, ...
  std::string user;                        // sasl.username
  engine::Secret password;                 // sasl.password
  std::filesystem::path ca_file;           // ssl.ca.location; empty: the system's
  std::filesystem::path certificate_file;  // ssl.certificate.location, of mutual TLS
  std::filesystem::path key_file;          // ssl.key.location
  engine::Secret key_password;             // ssl.key.password
};

struct KafkaSettings {
  std::string brokers;  // host:port,host:port
  std::string client_id = "relance";
  std::string group = "relance";
  std::string instance_id;  // of the static membership, unique in the group; empty: a dynamic member
  KafkaTopics topics;
  KafkaSecurity security;
  /// After this long without an acknowledgement a message has failed; its outcome may then be unknown.
  rules::Duration delivery_timeout{30'000};
  std::map<std::string, std::string> properties;  // further librdkafka properties, none of the reserved ones
};

/// The daemon's configuration in the connector's terms.
KafkaSettings kafka_settings(const engine::KafkaConfig& config);

/// One thing wrong with the settings. The message says what was expected and what was got, never a secret.
struct KafkaProblem {
  std::string path;  // "brokers", "properties.acks"
  std::string message;
};

/// Every finding; empty when the settings can be used. Opens no connection; looks whether named files can be read.
[[nodiscard]] std::vector<KafkaProblem> check(const KafkaSettings& settings);

/// The findings as one line: "brokers: expected host:port, ...; properties.acks: ...".
std::string to_string(const std::vector<KafkaProblem>& problems);

struct ReservedProperty {
  std::string_view name;
  std::string_view reason;
};
/// librdkafka properties that `properties` must not name, and why.
const std::vector<ReservedProperty>& reserved_properties();

/// For logs: brokers, group, topics, security protocol. No user, no secret, no values of `properties`.
std::ostream& operator<<(std::ostream& out, const KafkaSettings& settings);

}  // namespace relance::connectors
