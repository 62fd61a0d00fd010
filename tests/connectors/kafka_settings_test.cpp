#include "connectors/kafka/kafka_settings.h"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

using namespace relance;
using connectors::check;
using connectors::KafkaSettings;

namespace {

KafkaSettings usable() {
  KafkaSettings settings;
  settings.brokers = "kafka-1:9092,kafka-2:9092";
  return settings;
}

/// The message at `path`, empty when there is none.
std::string problem_at(const KafkaSettings& settings, const std::string& path) {
  for (const auto& problem : check(settings)) {
    if (problem.path == path) return problem.message;
  }
  return {};
}

}  // namespace

TEST_CASE("settings with brokers and defaults can be used") {
  CHECK(to_string(check(usable())) == "");
  KafkaSettings settings = usable();
  settings.brokers = "127.0.0.1:9092, [::1]:9093 ,broker.example.com:19092";
  CHECK(to_string(check(settings)) == "");
}

TEST_CASE("a broker that is not host:port is named with what was expected") {
  for (const std::string brokers : {"", "kafka", "kafka:", ":9092", "kafka:0", "kafka:65536", "kafka:9092x", "ka fka:1",
                                    "kafka:1,,kafka:2", "SSL://kafka:9093", "[::1:9092", "[::1]"}) {
    CAPTURE(brokers);
    KafkaSettings settings = usable();
    settings.brokers = brokers;
    CHECK(problem_at(settings, "brokers").find("expected host:port") == 0);
  }
}

TEST_CASE("all findings are reported at once") {
  KafkaSettings settings = usable();
  settings.brokers = "kafka,other";
  settings.group.clear();
  settings.topics.ledger = "no spaces allowed";
  settings.topics.actions = std::string(250, 'a');
  settings.properties = {{"acks", "0"}, {"no.such.thing", "1"}};
  CHECK(check(settings).size() == 7);
}

TEST_CASE("properties that exactly-once rests on cannot be set, and the reason is given") {
  for (const std::string name : {"enable.auto.commit", "enable.auto.offset.store", "isolation.level",
                                 "partition.assignment.strategy", "enable.idempotence", "acks", "transactional.id",
                                 "bootstrap.servers", "sasl.password", "plugin.library.paths"}) {
    CAPTURE(name);
    KafkaSettings settings = usable();
    settings.properties = {{name, "true"}};
    CHECK(problem_at(settings, "properties." + name).find("cannot be set: ") == 0);
  }
}

TEST_CASE("an unknown property is refused with the nearest known name") {
  KafkaSettings settings = usable();
  settings.properties = {{"session.timeout.msec", "5"}};
  CHECK(problem_at(settings, "properties.session.timeout.msec").find("did you mean `session.timeout.ms`?") !=
        std::string::npos);
}

TEST_CASE("a property's bad value is refused without being repeated") {
  KafkaSettings settings = usable();
  settings.properties = {{"linger.ms", "hunter2"}};
  const std::string problem = problem_at(settings, "properties.linger.ms");
  CHECK_FALSE(problem.empty());
  CHECK(problem.find("hunter2") == std::string::npos);
}

TEST_CASE("a property that is known and free is accepted") {
  KafkaSettings settings = usable();
  settings.properties = {{"session.timeout.ms", "6000"}, {"client.rack", "a"}};
  CHECK(to_string(check(settings)) == "");
}

TEST_CASE("a password needs a protocol that uses it, and a mechanism by password needs one") {
  KafkaSettings settings = usable();
  settings.security.password = engine::Secret("hunter2");
  CHECK(problem_at(settings, "security.protocol").find("expected sasl_plaintext or sasl_ssl") == 0);
  settings = usable();
  settings.security.protocol = "sasl_ssl";
  settings.security.mechanism = "SCRAM-SHA-512";
  CHECK_FALSE(problem_at(settings, "security.user").empty());
  CHECK_FALSE(problem_at(settings, "security.password").empty());
  settings.security.user = "relance";
  settings.security.password = engine::Secret("hunter2");
  CHECK(to_string(check(settings)) == "");
}

TEST_CASE("a file that cannot be read is a finding") {
  KafkaSettings settings = usable();
  settings.security.protocol = "ssl";
  settings.security.ca_file = "/no/such/ca.pem";
  CHECK(problem_at(settings, "security.ca_file").find("/no/such/ca.pem") != std::string::npos);
}

TEST_CASE("what Relance writes cannot be its input") {
  KafkaSettings settings = usable();
  settings.topics.dead_letters = settings.topics.events;
  CHECK_FALSE(problem_at(settings, "topics.events").empty());
}

TEST_CASE("printed settings show neither the user nor any secret") {
  KafkaSettings settings = usable();
  settings.security.protocol = "sasl_ssl";
  settings.security.user = "relance-user";
  settings.security.password = engine::Secret("hunter2");
  settings.properties = {{"sasl.oauthbearer.config", "very-secret"}};
  std::ostringstream out;
  out << settings;
  CHECK(out.str().find("kafka-1:9092") != std::string::npos);
  for (const std::string secret : {"hunter2", "relance-user", "very-secret"}) {
    CHECK(out.str().find(secret) == std::string::npos);
  }
}

TEST_CASE("the daemon's configuration becomes the connector's settings") {
  engine::KafkaConfig config;
  config.brokers = "kafka:9092";
  config.group = "cadence";
  config.instance_id = "host-1";
  config.events_topic = "e";
  config.actions_topic = "a";
  config.ledger_topic = "l";
  config.dead_letters_topic = "d";
  config.security = engine::KafkaConfig::Security::sasl_tls;
  config.sasl_mechanism = "PLAIN";
  config.user = "u";
  config.password = engine::Secret("p");
  config.properties = {{"session.timeout.ms", "6000"}};
  const KafkaSettings settings = connectors::kafka_settings(config);
  CHECK(settings.group == "cadence");
  CHECK(settings.instance_id == "host-1");
  CHECK(settings.topics.events == "e");
  CHECK(settings.topics.actions == "a");
  CHECK(settings.topics.ledger == "l");
  CHECK(settings.topics.dead_letters == "d");
  CHECK(settings.security.protocol == "sasl_ssl");
  CHECK(settings.security.password.reveal() == "p");
  CHECK(settings.properties == config.properties);
  CHECK(to_string(check(settings)) == "");
}

TEST_CASE("the configuration's default mechanism means nothing without SASL") {
  engine::KafkaConfig config;
  config.brokers = "kafka:9092";
  config.group = "relance";
  config.events_topic = "e";
  config.actions_topic = "a";
  config.ledger_topic = "l";
  config.dead_letters_topic = "d";
  config.sasl_mechanism = "SCRAM-SHA-512";
  CHECK(to_string(check(connectors::kafka_settings(config))) == "");
}
