#include "connectors/kafka/kafka_client.h"

#include <algorithm>
#include <array>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

namespace relance::connectors {

namespace {

constexpr int kSyslogCritical = 2;
constexpr std::size_t kErrorText = 512;

// librdkafka repeats every failed attempt to connect at level "error"; the watch reports the change of state instead,
// and what is fatal once.
void on_log(const rd_kafka_t* client, int level, const char* facility, const char* message) {
  const char* name = client != nullptr ? rd_kafka_name(client) : "-";
  const bool severe = level <= kSyslogCritical && std::string_view(facility) != "FATAL";
  const auto severity = severe ? spdlog::level::err : spdlog::level::debug;
  spdlog::log(severity, "event=kafka_library client={} facility={} message=\"{}\"", name, facility, message);
}

void on_error_callback(rd_kafka_t* client, int error, const char* reason, void* opaque) {
  static_cast<ClientWatch*>(opaque)->on_error(client, static_cast<rd_kafka_resp_err_t>(error), reason);
}

int on_statistics_callback(rd_kafka_t*, char* json, std::size_t length, void* opaque) {
  static_cast<ClientWatch*>(opaque)->on_statistics(std::string_view(json, length));
  return 0;  // librdkafka keeps and frees the text
}

using Setting = std::pair<const char*, std::string>;

tl::expected<void, std::string> set(rd_kafka_conf_t* configuration, const char* name, const std::string& value) {
  std::array<char, kErrorText> error{};
  if (rd_kafka_conf_set(configuration, name, value.c_str(), error.data(), error.size()) == RD_KAFKA_CONF_OK) return {};
  // The library's text may repeat the value, which may be a secret.
  return tl::unexpected("librdkafka " + std::string(rd_kafka_version_str()) + " refuses the value of " + name);
}

std::vector<Setting> chosen(const KafkaSettings& settings) {
  const KafkaSecurity& security = settings.security;
  std::vector<Setting> out{
      {"bootstrap.servers", settings.brokers},
      {"client.id", settings.client_id},
      {"security.protocol", security.protocol},
      {"sasl.mechanism", security.mechanism},
      {"sasl.username", security.user},
      {"sasl.password", security.password.reveal()},
      {"ssl.ca.location", security.ca_file.string()},
      {"ssl.certificate.location", security.certificate_file.string()},
      {"ssl.key.location", security.key_file.string()},
      {"ssl.key.password", security.key_password.reveal()},
  };
  std::erase_if(out, [](const Setting& setting) { return setting.second.empty(); });
  return out;
}

}  // namespace

std::string ClientWatch::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

bool ClientWatch::set_problem(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (problem_ == reason) return false;
  problem_ = reason;
  has_problem_ = !reason.empty();
  return true;
}

void ClientWatch::report(std::string_view reason) {
  if (set_problem(reason)) spdlog::warn("event=kafka_problem client={} reason=\"{}\"", name_, reason);
}

void ClientWatch::on_error(rd_kafka_t* client, rd_kafka_resp_err_t error, std::string_view reason) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__FATAL:
      on_fatal(client);
      return;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      on_unreachable();
      return;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      // One connection of several; when the last one is gone, ALL_BROKERS_DOWN says so. The text names ports and
      // durations, so each would look like a new problem.
      spdlog::debug("event=kafka_transport client={} reason=\"{}\"", name_, reason);
      return;
    default:
      report(std::string(rd_kafka_err2name(error)) + ": " + std::string(reason));
  }
}

void ClientWatch::on_unreachable() {
  connected_ = false;
  on_disconnect();
  if (!failed()) report("no broker can be reached");
}

void ClientWatch::on_fatal(rd_kafka_t* client) {
  std::array<char, kErrorText> text{};
  const rd_kafka_resp_err_t error = rd_kafka_fatal_error(client, text.data(), text.size());
  const std::string reason = name_ + ": " + rd_kafka_err2name(error) + ": " + text.data();
  if (failed()) return;
  if (replaces_client(error)) {
    report(reason);
  } else {
    fail(reason);
  }
}

void ClientWatch::fail(const std::string& reason) {
  if (failed_.exchange(true)) return;
  set_problem(reason);
  spdlog::error("event=kafka_fatal client={} reason=\"{}\"", name_, reason);
  if (on_fatal_) on_fatal_(reason);
}

void ClientWatch::on_contact() {
  if (!connected_.load(std::memory_order_relaxed) && !connected_.exchange(true)) {
    spdlog::info("event=kafka_connected client={}", name_);
  }
  if (has_problem_.load(std::memory_order_relaxed) && !failed()) set_problem({});
}

void ClientWatch::on_statistics(std::string_view json) {
  const auto statistics = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!statistics.is_object()) return;
  bool up = false;
  if (const auto brokers = statistics.find("brokers"); brokers != statistics.end()) {
    for (const auto& broker : *brokers) up = up || broker.value("state", "") == "UP";
  }
  // librdkafka does not report every loss of the last broker as an error; its own states say so, too. Once without one
  // may be a reconnect, twice is a state.
  samples_without_broker_ = up ? 0 : samples_without_broker_ + 1;
  if (up && !connected_.exchange(true)) {
    spdlog::info("event=kafka_connected client={}", name_);
    if (!failed()) set_problem({});
  } else if (samples_without_broker_ >= 2) {
    on_unreachable();
  }
  std::int64_t lag = 0;
  if (const auto topics = statistics.find("topics"); topics != statistics.end()) {
    for (const auto& topic : *topics) {
      const auto partitions = topic.find("partitions");
      if (partitions == topic.end()) continue;
      for (const auto& partition : *partitions)
        lag += std::max(partition.value("consumer_lag", std::int64_t{0}), std::int64_t{0});
    }
  }
  lag_ = lag;
}

tl::expected<void, std::string> set_properties(rd_kafka_conf_t* configuration,
                                               std::initializer_list<std::pair<const char*, const char*>> properties) {
  for (const auto& [name, value] : properties) {
    if (auto done = set(configuration, name, value); !done) return done;
  }
  return {};
}

tl::expected<ConfigurationPtr, std::string> common_configuration(const KafkaSettings& settings, ClientWatch& watch) {
  if (const auto problems = check(settings); !problems.empty()) return tl::unexpected("kafka: " + to_string(problems));
  ConfigurationPtr configuration(rd_kafka_conf_new());
  if (auto done = set_properties(configuration.get(), {{"socket.nagle.disable", "true"},
                                                       {"socket.keepalive.enable", "true"},
                                                       {"log.connection.close", "false"},
                                                       {"statistics.interval.ms", "1000"},
                                                       {"reconnect.backoff.max.ms", "2000"},
                                                       // so that a topic or partition made later is seen soon
                                                       {"topic.metadata.refresh.interval.ms", "30000"},
                                                       {"allow.auto.create.topics", "false"}});
      !done) {
    return tl::unexpected(done.error());
  }
  for (const auto& [name, value] : chosen(settings)) {
    if (auto done = set(configuration.get(), name, value); !done) return tl::unexpected(done.error());
  }
  for (const auto& [name, value] : settings.properties) {
    if (auto done = set(configuration.get(), name.c_str(), value); !done) return tl::unexpected(done.error());
  }
  rd_kafka_conf_set_opaque(configuration.get(), &watch);
  rd_kafka_conf_set_log_cb(configuration.get(), &on_log);
  rd_kafka_conf_set_error_cb(configuration.get(), &on_error_callback);
  rd_kafka_conf_set_stats_cb(configuration.get(), &on_statistics_callback);
  return configuration;
}

tl::expected<HandlePtr, std::string> make_client(rd_kafka_type_t type, ConfigurationPtr configuration) {
  std::array<char, kErrorText> error{};
  rd_kafka_t* client = rd_kafka_new(type, configuration.get(), error.data(), error.size());
  if (client == nullptr) return tl::unexpected("kafka: " + std::string(error.data()));
  static_cast<void>(configuration.release());  // rd_kafka_new took it, but only because it succeeded
  return HandlePtr(client);
}

}  // namespace relance::connectors
