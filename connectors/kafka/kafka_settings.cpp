#include "connectors/kafka/kafka_settings.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <span>

#include <librdkafka/rdkafka.h>

#include "rules/nearest_name.h"

namespace relance::connectors {

namespace {

using Problems = std::vector<KafkaProblem>;

constexpr std::size_t kMaxTopicLength = 249;
constexpr rules::Duration kShortestDelivery{100};
constexpr rules::Duration kLongestDelivery{15 * 60 * 1000};

constexpr std::string_view kProcessor = "the store's position and the processor decide what was consumed";
constexpr std::string_view kIdempotence = "output is written idempotently and acknowledged by all replicas";
constexpr std::string_view kOwnSetting = "it has a setting of its own";
constexpr std::string_view kLoadsCode = "it would load code into the process";
constexpr std::string_view kMembership = "partitions move only as a whole, between static members";

std::string in_ticks(std::string_view text) { return "`" + std::string(text) + "`"; }

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void check_topic(Problems& problems, std::string path, const std::string& name) {
  const bool usable = !name.empty() && name.size() <= kMaxTopicLength && name != "." && name != ".." &&
                      std::all_of(name.begin(), name.end(), is_topic_character);
  if (usable) return;
  problems.push_back({std::move(path), "expected 1 to 249 of the characters a-z A-Z 0-9 . _ -, got " + in_ticks(name)});
}

/// One of the comma-separated parts: host, host:port, [v6]:port; what is wrong with it.
std::optional<std::string> broker_problem(std::string_view broker) {
  const std::string expected = "expected host:port, got " + in_ticks(broker);
  if (broker.empty()) return "expected host:port between the commas, got nothing";
  if (broker.find("://") != std::string_view::npos) return expected + "; the protocol is a setting of its own";
  std::string_view host = broker;
  std::string_view port;
  if (broker.front() == '[') {
    const std::size_t end = broker.find(']');
    if (end == std::string_view::npos) return expected + ": `]` is missing";
    host = broker.substr(1, end - 1);
    port = broker.substr(end + 1);
  } else if (const std::size_t colon = broker.find(':'); colon != std::string_view::npos) {
    host = broker.substr(0, colon);
    port = broker.substr(colon);
  }
  const bool host_usable = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_topic_character(c) || c == ':' || c == '%';
  });
  if (!host_usable) return expected;
  if (port.empty()) return expected + ": the port is missing";
  if (port.front() != ':') return expected;
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || rest != port.data() + port.size() || number == 0 || number > 65535) {
    return expected + ": a port is a number from 1 to 65535";
  }
  return std::nullopt;
}

void check_brokers(Problems& problems, std::string_view brokers) {
  if (brokers.empty()) {
    problems.push_back({"brokers", "expected host:port, or several with commas between them, got nothing"});
    return;
  }
  while (true) {
    const std::size_t comma = brokers.find(',');
    std::string_view broker = brokers.substr(0, comma);
    while (!broker.empty() && broker.front() == ' ') broker.remove_prefix(1);
    while (!broker.empty() && broker.back() == ' ') broker.remove_suffix(1);
    if (auto problem = broker_problem(broker)) problems.push_back({"brokers", *std::move(problem)});
    if (comma == std::string_view::npos) return;
    brokers.remove_prefix(comma + 1);
  }
}

void check_file(Problems& problems, std::string path, const std::filesystem::path& file) {
  if (file.empty() || std::ifstream(file).good()) return;
  problems.push_back({std::move(path), "expected a file that can be read, got " + in_ticks(file.string())});
}

void check_security(Problems& problems, const KafkaSecurity& security) {
  const std::string& protocol = security.protocol;
  const bool sasl = protocol == "sasl_plaintext" || protocol == "sasl_ssl";
  if (!sasl && protocol != "plaintext" && protocol != "ssl") {
    problems.push_back(
        {"security.protocol", "expected plaintext, ssl, sasl_plaintext or sasl_ssl, got " + in_ticks(protocol)});
    return;
  }
  if (!sasl && (!security.user.empty() || !security.mechanism.empty() || !security.password.empty())) {
    problems.push_back({"security.protocol",
                        "expected sasl_plaintext or sasl_ssl, because a user, password or "
                        "mechanism is set, got " +
                            in_ticks(protocol)});
  }
  const bool by_password = security.mechanism == "PLAIN" || security.mechanism.starts_with("SCRAM-");
  if (sasl && security.mechanism.empty()) {
    problems.push_back({"security.mechanism", "expected PLAIN, SCRAM-SHA-256 or another mechanism, got nothing"});
  }
  if (sasl && by_password && security.user.empty())
    problems.push_back({"security.user", "expected a name, got nothing"});
  if (sasl && by_password && security.password.empty()) {
    problems.push_back({"security.password", "expected a password from a file or the environment, got nothing"});
  }
  check_file(problems, "security.ca_file", security.ca_file);
  check_file(problems, "security.certificate_file", security.certificate_file);
  check_file(problems, "security.key_file", security.key_file);
}

std::string unknown_property(const std::string& name) {
  const std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> configuration(rd_kafka_conf_new(),
                                                                                         &rd_kafka_conf_destroy);
  std::size_t count = 0;
  const char** pairs = rd_kafka_conf_dump(configuration.get(), &count);
  std::vector<std::string_view> names;
  for (std::size_t index = 0; index + 1 < count; index += 2) names.emplace_back(pairs[index]);
  const auto nearest = rules::nearest_name(name, names);
  std::string message = "librdkafka has no such property";
  if (nearest) message += "; did you mean " + in_ticks(*nearest) + "?";
  rd_kafka_conf_dump_free(pairs, count);
  return message;
}

void check_properties(Problems& problems, const std::map<std::string, std::string>& properties) {
  const std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> configuration(rd_kafka_conf_new(),
                                                                                         &rd_kafka_conf_destroy);
  const auto& reserved = reserved_properties();
  for (const auto& [name, value] : properties) {
    const std::string path = "properties." + name;
    const auto found = std::find_if(reserved.begin(), reserved.end(),
                                    // Named again: clang before 16 captures no structured binding.
                                    [&wanted = name](const ReservedProperty& entry) { return entry.name == wanted; });
    if (found != reserved.end()) {
      problems.push_back({path, "cannot be set: " + std::string(found->reason)});
      continue;
    }
    char error[256] = "";
    switch (rd_kafka_conf_set(configuration.get(), name.c_str(), value.c_str(), error, sizeof error)) {
      case RD_KAFKA_CONF_OK:
        break;
      case RD_KAFKA_CONF_UNKNOWN:
        problems.push_back({path, unknown_property(name)});
        break;
      case RD_KAFKA_CONF_INVALID:
        // librdkafka's own text repeats the value, and that could be a secret under a name that nobody foresaw.
        problems.push_back({path, "librdkafka refuses the value; see its CONFIGURATION.md for the range"});
        break;
    }
  }
}

}  // namespace

const std::vector<ReservedProperty>& reserved_properties() {
  static const std::vector<ReservedProperty> kReserved{
      {"bootstrap.servers", kOwnSetting},
      {"metadata.broker.list", kOwnSetting},
      {"client.id", kOwnSetting},
      {"group.id", kOwnSetting},
      {"group.instance.id", kOwnSetting},
      {"security.protocol", kOwnSetting},
      {"sasl.mechanism", kOwnSetting},
      {"sasl.mechanisms", kOwnSetting},
      {"sasl.username", kOwnSetting},
      {"sasl.password", kOwnSetting},
      {"ssl.ca.location", kOwnSetting},
      {"ssl.certificate.location", kOwnSetting},
      {"ssl.key.location", kOwnSetting},
      {"ssl.key.password", kOwnSetting},
      {"message.timeout.ms", kOwnSetting},
      {"delivery.timeout.ms", kOwnSetting},
      {"enable.auto.commit", kProcessor},
      {"auto.commit.enable", kProcessor},
      {"enable.auto.offset.store", kProcessor},
      {"auto.offset.reset", kProcessor},
      {"offset.store.method", kProcessor},
      {"enable.partition.eof", kProcessor},
      {"isolation.level", "records of aborted transactions must not be seen"},
      {"check.crcs", "damaged records must not be read as events"},
      {"group.protocol", kMembership},
      {"partition.assignment.strategy", kMembership},
      {"enable.idempotence", kIdempotence},
      {"enable.gapless.guarantee", kIdempotence},
      {"acks", kIdempotence},
      {"request.required.acks", kIdempotence},
      {"transactional.id", kIdempotence},
      {"max.in.flight", kIdempotence},
      {"max.in.flight.requests.per.connection", kIdempotence},
      {"retries", kIdempotence},
      {"message.send.max.retries", kIdempotence},
      {"partitioner", "keys go where Java clients put them, so that one account stays in one partition"},
      {"allow.auto.create.topics", "a misspelt topic must be an error"},
      {"plugin.library.paths", kLoadsCode},
      {"ssl.engine.location", kLoadsCode},
      {"ssl.providers", kLoadsCode},
  };
  return kReserved;
}

std::vector<KafkaProblem> check(const KafkaSettings& settings) {
  Problems problems;
  check_brokers(problems, settings.brokers);
  if (settings.group.empty()) problems.push_back({"group", "expected the name of the consumer group, got nothing"});
  check_topic(problems, "topics.events", settings.topics.events);
  check_topic(problems, "topics.actions", settings.topics.actions);
  check_topic(problems, "topics.ledger", settings.topics.ledger);
  check_topic(problems, "topics.dead_letters", settings.topics.dead_letters);
  // What Relance writes must not come back as input.
  for (const std::string* output : {&settings.topics.actions, &settings.topics.ledger, &settings.topics.dead_letters}) {
    if (*output == settings.topics.events) {
      problems.push_back(
          {"topics.events", "expected a topic that is not written to as well, got " + in_ticks(*output)});
    }
  }
  check_security(problems, settings.security);
  if (settings.delivery_timeout < kShortestDelivery || settings.delivery_timeout > kLongestDelivery) {
    problems.push_back(
        {"delivery_timeout", "expected 100ms to 15m, got " + rules::to_string(settings.delivery_timeout)});
  }
  check_properties(problems, settings.properties);
  return problems;
}

std::string to_string(const std::vector<KafkaProblem>& problems) {
  std::string out;
  for (const KafkaProblem& problem : problems) {
    if (!out.empty()) out += "; ";
    out += problem.path + ": " + problem.message;
  }
  return out;
}

KafkaSettings kafka_settings(const engine::KafkaConfig& config) {
  KafkaSettings settings;
  settings.brokers = config.brokers;
  settings.group = config.group;
  settings.instance_id = config.instance_id;
  settings.topics = {config.events_topic, config.actions_topic, config.ledger_topic, config.dead_letters_topic};
  switch (config.security) {
    case engine::KafkaConfig::Security::plaintext:
      settings.security.protocol = "plaintext";
      break;
    case engine::KafkaConfig::Security::tls:
      settings.security.protocol = "ssl";
      break;
    case engine::KafkaConfig::Security::sasl_plaintext:
      settings.security.protocol = "sasl_plaintext";
      break;
    case engine::KafkaConfig::Security::sasl_tls:
      settings.security.protocol = "sasl_ssl";
      break;
  }
  // The configuration's mechanism has a default; it means something only together with SASL.
  const bool sasl = settings.security.protocol.starts_with("sasl");
  if (sasl) settings.security.mechanism = config.sasl_mechanism;
  settings.security.user = config.user;
  settings.security.password = config.password;
  settings.security.ca_file = config.ca_file;
  settings.properties = config.properties;
  return settings;
}

std::ostream& operator<<(std::ostream& out, const KafkaSettings& settings) {
  return out << "brokers=" << settings.brokers << " group=" << settings.group
             << " instance_id=" << (settings.instance_id.empty() ? "-" : settings.instance_id)
             << " events=" << settings.topics.events << " actions=" << settings.topics.actions
             << " ledger=" << settings.topics.ledger << " dead_letters=" << settings.topics.dead_letters
             << " security=" << settings.security.protocol << " properties=" << settings.properties.size();
}

}  // namespace relance::connectors
