#include "engine/config/config_checks.h"

#include <array>
#include <utility>

namespace relance::engine {

namespace {

constexpr std::string_view kMissing = "missing";
constexpr std::string_view kUnsafe = "unsafe";
constexpr std::string_view kContradiction = "contradiction";

std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view host = url.substr(scheme == url.npos ? 0 : scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

void check_clock(const ClockConfig& clock, const Contradict& contradict) {
  if (clock.mode == ClockConfig::Mode::accelerated && clock.start == rules::Instant{0}) {
    contradict(
        {"clock.start", "an accelerated clock needs a time to begin at", std::string(kMissing), "add clock.start"});
  }
  if (clock.mode != ClockConfig::Mode::accelerated && clock.speed != 1) {
    contradict({"clock.speed", "only an accelerated clock has a speed", std::string(kContradiction),
                "set clock.mode: accelerated, or leave speed out"});
  }
}

void check_http(const HttpConfig& http, const Contradict& contradict) {
  if (!is_loopback(http.address) && http.tokens_file.empty()) {
    contradict({"http.address", "without tokens the API listens on loopback only", std::string(kUnsafe),
                "add http.tokens_file, or use 127.0.0.1"});
  }
  if (http.tls_cert.empty() != http.tls_key.empty()) {
    contradict({http.tls_cert.empty() ? "http.tls_key" : "http.tls_cert", "certificate and key go together",
                std::string(kMissing), http.tls_cert.empty() ? "add http.tls_cert" : "add http.tls_key"});
  }
  // RFC 8058 asks for https; a demonstration on one machine has no certificate.
  if (!http.public_url.empty() && !http.public_url.starts_with("https://") && !is_loopback(host_of(http.public_url))) {
    contradict({"http.public_url", "opt-out links must be https (RFC 8058)", std::string(kUnsafe), ""});
  }
}

void check_kafka(const KafkaConfig& kafka, const Contradict& contradict) {
  const bool sasl =
      kafka.security == KafkaConfig::Security::sasl_plaintext || kafka.security == KafkaConfig::Security::sasl_tls;
  if (sasl && (kafka.user.empty() || kafka.password.empty())) {
    contradict({"kafka.security", "sasl needs a user and a password", std::string(kMissing),
                "add kafka.user, and kafka.password_file or kafka.password_env"});
  }
  if (!sasl && !kafka.password.empty()) {
    contradict({"kafka.password", "a password without sasl would not be used", std::string(kContradiction),
                "set kafka.security: sasl_tls"});
  }
}

void check_email(const Config& config, const Contradict& contradict) {
  const ConnectorConfig& email = config.connectors.email;
  if (email.type != ConnectorConfig::Type::smtp) return;
  const std::array<std::pair<const char*, bool>, 5> needed{{
      {"connectors.email.host", email.host.empty()},
      {"sender.from", config.sender.from.empty()},
      {"sender.from_name", config.sender.from_name.empty()},
      {"sender.postal_address", config.sender.postal_address.empty()},
      {"http.public_url", config.http.public_url.empty()},
  }};
  for (const auto& [name, missing] : needed) {
    if (missing) {
      contradict({name, "mail by smtp needs " + std::string(name), std::string(kMissing), "add " + std::string(name)});
    }
  }
  const std::string& origin = config.http.public_url;  // other hosts have to be https in any case
  if (origin.starts_with("http://") && is_loopback(host_of(origin))) {
    contradict({"http.public_url", "mail by smtp needs an https origin for its one-click opt-out (RFC 8058)",
                std::string(kUnsafe), "set http.public_url: https://..."});
  }
  if (email.user.empty() != email.password.empty()) {
    contradict({"connectors.email.user", "user and password go together", std::string(kMissing),
                "add connectors.email.user, and password_file or password_env"});
  }
  if (email.tls == ConnectorConfig::Tls::none && !email.password.empty() && !is_loopback(email.host)) {
    contradict({"connectors.email.tls", "the password would travel in the clear", std::string(kUnsafe),
                "set connectors.email.tls: starttls"});
  }
}

void check_connector(const std::string& name, const ConnectorConfig& connector, bool kafka,
                     const Contradict& contradict) {
  const std::string prefix = "connectors." + name + ".";
  if (connector.type == ConnectorConfig::Type::webhook && connector.url.empty()) {
    contradict({prefix + "url", "a webhook needs a url", std::string(kMissing), "add " + prefix + "url"});
  }
  if (connector.type == ConnectorConfig::Type::webhook && connector.secret.empty()) {
    contradict({prefix + "secret", "a webhook needs a key to sign its requests", std::string(kMissing),
                "add " + prefix + "secret_file or secret_env"});
  }
  if (connector.type == ConnectorConfig::Type::kafka && !kafka) {
    contradict({prefix + "type", "actions cannot go to Kafka without a `kafka` section", std::string(kMissing),
                "add kafka.brokers"});
  }
}

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

void check_config(const Config& config, const Contradict& contradict) {
  check_clock(config.clock, contradict);
  check_http(config.http, contradict);
  if (config.kafka) check_kafka(*config.kafka, contradict);
  if (config.intake.batch > config.intake.queue) {
    contradict({"intake.batch", "a commit cannot be larger than the queue", std::string(kContradiction), ""});
  }
  if (config.dispatch.backoff_cap < config.dispatch.backoff_base) {
    contradict({"dispatch.backoff_cap", "the longest wait is shorter than the first", std::string(kContradiction), ""});
  }
  check_email(config, contradict);
  const bool kafka = config.kafka.has_value();
  check_connector("email", config.connectors.email, kafka, contradict);
  check_connector("call", config.connectors.call, kafka, contradict);
  check_connector("social", config.connectors.social, kafka, contradict);
  check_connector("sms", config.connectors.sms, kafka, contradict);
  check_connector("task", config.connectors.task, kafka, contradict);
  check_connector("escalate", config.connectors.escalate, kafka, contradict);
}

}  // namespace relance::engine
