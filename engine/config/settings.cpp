// The table. A setting is added here and in config.h, nowhere else.

#include <cstdio>
#include <type_traits>

#include "engine/config/setting.h"
#include "engine/config/setting_values.h"

namespace relance::engine {

namespace {

namespace fs = std::filesystem;

struct Key {
  std::string name;
  std::string description;
};

/// Relative paths are relative to the folder of the configuration file, wherever the daemon is started.
fs::path resolved(const Config& config, const fs::path& path) {
  return path.is_absolute() ? path : (config.file.parent_path() / path).lexically_normal();
}

/// Members are found by functions on a mutable configuration; printing only reads through them.
template <class Member>
const auto& seen(const Member& member, const Config& config) {
  return member(const_cast<Config&>(config));
}

/// `member`: Config& -> T&.
template <class T, class Member>
Setting one(Key names, std::string default_text, SettingForm<T> form, Member member) {
  Setting setting;
  setting.name = std::move(names.name);
  setting.description = std::move(names.description);
  setting.expected = form.expected;
  setting.default_text = std::move(default_text);
  setting.read = [form, member](std::string_view, std::string_view text, Config& config) {
    auto value = form.parse(text);
    if (!value) return false;
    if constexpr (std::is_same_v<T, fs::path>) {
      member(config) = resolved(config, *value);
    } else {
      member(config) = std::move(*value);
    }
    return true;
  };
  setting.print = [form, member](const Config& config) { return yaml_scalar(form.print(seen(member, config))); };
  return setting;
}

template <class T, class Member>
Setting many(Key names, SettingForm<T> form, Member member) {
  Setting setting;
  setting.kind = Setting::Kind::list;
  setting.name = std::move(names.name);
  setting.description = std::move(names.description);
  setting.expected = form.expected;
  setting.read = [form, member](std::string_view, std::string_view text, Config& config) {
    auto value = form.parse(text);
    if (!value) return false;
    if constexpr (std::is_same_v<T, fs::path>) {
      member(config).push_back(resolved(config, *value));
    } else {
      member(config).push_back(std::move(*value));
    }
    return true;
  };
  setting.print = [form, member](const Config& config) {
    std::string text;
    for (const T& item : seen(member, config)) {
      text += (text.empty() ? "" : ", ") + yaml_scalar(form.print(item));
    }
    return "[" + text + "]";
  };
  return setting;
}

template <class Member>
Setting secret(Key names, Member member) {
  Setting setting;
  setting.kind = Setting::Kind::secret;
  setting.name = std::move(names.name);
  setting.description = std::move(names.description);
  setting.expected = "a text that is not empty";
  setting.read = [member](std::string_view, std::string_view text, Config& config) {
    if (text.empty()) return false;
    member(config) = Secret(std::string(text));
    return true;
  };
  setting.print = [](const Config&) { return std::string(); };
  return setting;
}

void add_general(std::vector<Setting>& all) {
  all.push_back(one({"data_dir", "Where the daemon keeps its state, ledger and keys."}, "/var/lib/relance", path_form(),
                    [](Config& c) -> fs::path& { return c.data_dir; }));
  all.push_back(one({"playbooks", "The folder of playbooks, with house.yaml and templates/."}, "/etc/relance/playbooks",
                    path_form(), [](Config& c) -> fs::path& { return c.playbooks; }));
  all.push_back(
      one({"playbooks_poll", "How often to look whether the folder has changed, and then publish it; 0s: never."}, "5s",
          duration_form("0s", "1h"), [](Config& c) -> rules::Duration& { return c.playbooks_poll; }));
  all.push_back(many({"policies", "Legal packs of playbooks/policies, besides those that house.yaml names: [fr, us]."},
                     text_form("the id of a pack such as fr"),
                     [](Config& c) -> std::vector<std::string>& { return c.policies; }));
  all.push_back(one({"default_language", "Language of templates and pages for persons of whom no language is known."},
                    "en", language_form(), [](Config& c) -> std::string& { return c.default_language; }));
  all.push_back(many({"inputs", "JSON Lines files of events, read once at start, in this order."}, path_form(),
                     [](Config& c) -> std::vector<fs::path>& { return c.inputs; }));
}

void add_clock(std::vector<Setting>& all) {
  using Mode = ClockConfig::Mode;
  all.push_back(
      one({"clock.mode", "system: real time. accelerated: for demonstrations. events: moved by events only."}, "system",
          choice_form<Mode>({{"system", Mode::system}, {"accelerated", Mode::accelerated}, {"events", Mode::events}}),
          [](Config& c) -> Mode& { return c.clock.mode; }));
  all.push_back(one({"clock.start", "Where an accelerated clock, or one of events, begins."}, "", instant_form(),
                    [](Config& c) -> rules::Instant& { return c.clock.start; }));
  all.push_back(one({"clock.speed", "How many times faster than real time an accelerated clock runs."}, "1",
                    decimal_form("a factor", 1, 1'000'000), [](Config& c) -> double& { return c.clock.speed; }));
}

void add_http(std::vector<Setting>& all) {
  all.push_back(one({"http.address", "Address that the HTTP API listens on. Beyond loopback it needs tokens."},
                    "127.0.0.1", host_form(), [](Config& c) -> std::string& { return c.http.address; }));
  all.push_back(one({"http.port", "Port of the HTTP API; 0 takes a free one and prints it."}, "8080",
                    integer_form("a port", 0, 65535), [](Config& c) -> int& { return c.http.port; }));
  all.push_back(one({"http.tokens_file", "File of the hashed bearer tokens and their scopes."}, "", path_form(),
                    [](Config& c) -> fs::path& { return c.http.tokens_file; }));
  all.push_back(one({"http.threads", "Requests that are handled at the same time."}, "8",
                    integer_form("a number of threads", 1, 256), [](Config& c) -> int& { return c.http.threads; }));
  all.push_back(one({"http.max_body", "Largest request body; beyond it the answer is 413."}, "4MiB",
                    bytes_form("64KiB", "64MiB"), [](Config& c) -> std::uint64_t& { return c.http.max_body; }));
  all.push_back(one({"http.queue", "Connections that may wait for a thread; beyond it they are closed."}, "256",
                    integer_form("a number of connections", 1, 65536), [](Config& c) -> int& { return c.http.queue; }));
  all.push_back(one({"http.retry_after", "Retry-After of the answers 429 and 503."}, "1s", duration_form("1s", "1h"),
                    [](Config& c) -> rules::Duration& { return c.http.retry_after; }));
  all.push_back(one({"http.public_url", "Origin of opt-out links as recipients see it, https://..."}, "", url_form(),
                    [](Config& c) -> std::string& { return c.http.public_url; }));
  all.push_back(one({"http.tls_cert", "Certificate chain (PEM) when the daemon itself speaks TLS."}, "", path_form(),
                    [](Config& c) -> fs::path& { return c.http.tls_cert; }));
  all.push_back(one({"http.tls_key", "Private key (PEM) of that certificate."}, "", path_form(),
                    [](Config& c) -> fs::path& { return c.http.tls_key; }));
}

KafkaConfig& kafka_of(Config& config) {
  if (!config.kafka) config.kafka.emplace();
  return *config.kafka;
}

Setting kafka_properties() {
  Setting setting;
  setting.kind = Setting::Kind::map;
  setting.name = "kafka.properties";
  setting.description = "Further properties of librdkafka, applied last.";
  setting.expected = "a text on one line";
  const SettingForm<std::string> form = text_form();
  setting.read = [form](std::string_view key, std::string_view text, Config& config) {
    auto value = form.parse(text);
    if (!value) return false;
    kafka_of(config).properties.insert_or_assign(std::string(key), std::move(*value));
    return true;
  };
  setting.print = [](const Config& config) {
    std::string text;
    if (config.kafka) {
      for (const auto& [key, value] : config.kafka->properties) {
        text += (text.empty() ? "" : ", ") + yaml_scalar(key) + ": " + yaml_scalar(value);
      }
    }
    return "{" + text + "}";
  };
  return setting;
}

void add_kafka(std::vector<Setting>& all) {
  using Security = KafkaConfig::Security;
  all.push_back(one({"kafka.brokers", "Brokers to begin with. A `kafka` section makes the daemon one of a group."},
                    "localhost:9092", brokers_form(), [](Config& c) -> std::string& { return kafka_of(c).brokers; }));
  all.push_back(one({"kafka.group", "Consumer group; the daemons of one group share the partitions."}, "relance",
                    topic_form(), [](Config& c) -> std::string& { return kafka_of(c).group; }));
  all.push_back(one({"kafka.instance_id", "Name of this daemon in the group; by default the host's name."}, "",
                    topic_form(), [](Config& c) -> std::string& { return kafka_of(c).instance_id; }));
  all.push_back(one({"kafka.events_topic", "Events in."}, "relance.events", topic_form(),
                    [](Config& c) -> std::string& { return kafka_of(c).events_topic; }));
  all.push_back(one({"kafka.actions_topic", "Actions out."}, "relance.actions", topic_form(),
                    [](Config& c) -> std::string& { return kafka_of(c).actions_topic; }));
  all.push_back(one({"kafka.ledger_topic", "Ledger records out."}, "relance.ledger", topic_form(),
                    [](Config& c) -> std::string& { return kafka_of(c).ledger_topic; }));
  all.push_back(one({"kafka.dead_letters_topic", "Events that could not be used, with the reason."},
                    "relance.dead-letters", topic_form(),
                    [](Config& c) -> std::string& { return kafka_of(c).dead_letters_topic; }));
  all.push_back(one({"kafka.security", "How the connection to the brokers is protected."}, "plaintext",
                    choice_form<Security>({{"plaintext", Security::plaintext},
                                           {"tls", Security::tls},
                                           {"sasl_plaintext", Security::sasl_plaintext},
                                           {"sasl_tls", Security::sasl_tls}}),
                    [](Config& c) -> Security& { return kafka_of(c).security; }));
  all.push_back(one({"kafka.sasl_mechanism", "With sasl_*: how the user is proved."}, "SCRAM-SHA-512",
                    choice_form<std::string>(
                        {{"PLAIN", "PLAIN"}, {"SCRAM-SHA-256", "SCRAM-SHA-256"}, {"SCRAM-SHA-512", "SCRAM-SHA-512"}}),
                    [](Config& c) -> std::string& { return kafka_of(c).sasl_mechanism; }));
  all.push_back(one({"kafka.ca_file", "Certificates (PEM) that sign the brokers'; by default the system's."}, "",
                    path_form(), [](Config& c) -> fs::path& { return kafka_of(c).ca_file; }));
  all.push_back(one({"kafka.user", "With sasl_*: the user."}, "", text_form(),
                    [](Config& c) -> std::string& { return kafka_of(c).user; }));
  all.push_back(secret({"kafka.password", "With sasl_*: the password."},
                       [](Config& c) -> Secret& { return kafka_of(c).password; }));
  all.push_back(kafka_properties());
}

void add_limits(std::vector<Setting>& all) {
  all.push_back(one({"intake.queue", "Events that may wait to be handled; beyond it senders are asked to wait."},
                    "20000", integer_form("a number of events", 1, 10'000'000),
                    [](Config& c) -> int& { return c.intake.queue; }));
  all.push_back(one({"intake.batch", "Most events of one commit."}, "1000",
                    integer_form("a number of events", 1, 100'000), [](Config& c) -> int& { return c.intake.batch; }));
  all.push_back(
      one({"intake.dedup_horizon", "How long an event's id is remembered, to drop the same event sent again."}, "7d",
          duration_form("1h", "365d"), [](Config& c) -> rules::Duration& { return c.intake.dedup_horizon; }));
  all.push_back(one({"dispatch.max_attempts", "Attempts to hand one action to a connector."}, "8",
                    integer_form("a number of attempts", 1, 100),
                    [](Config& c) -> int& { return c.dispatch.max_attempts; }));
  all.push_back(one({"dispatch.backoff_base", "Wait before the second attempt; doubled with each further one."}, "1s",
                    duration_form("1s", "1h"), [](Config& c) -> rules::Duration& { return c.dispatch.backoff_base; }));
  all.push_back(one({"dispatch.backoff_cap", "Longest wait between two attempts."}, "15m", duration_form("1s", "1d"),
                    [](Config& c) -> rules::Duration& { return c.dispatch.backoff_cap; }));
  all.push_back(one({"dispatch.jitter", "Part by which a wait is shortened at random, so that retries spread."}, "0.2",
                    decimal_form("a fraction", 0, 1), [](Config& c) -> double& { return c.dispatch.jitter; }));
}

void add_sender(std::vector<Setting>& all) {
  all.push_back(one({"sender.from", "Address that mails come from."}, "", email_form(),
                    [](Config& c) -> std::string& { return c.sender.from; }));
  all.push_back(one({"sender.from_name", "Who sends, as recipients know you."}, "", text_form(),
                    [](Config& c) -> std::string& { return c.sender.from_name; }));
  all.push_back(one({"sender.reply_to", "Address that answers go to; by default `from`."}, "", email_form(),
                    [](Config& c) -> std::string& { return c.sender.reply_to; }));
  all.push_back(one({"sender.postal_address", "Postal address of the sender, on one line; the law asks for it."}, "",
                    text_form(), [](Config& c) -> std::string& { return c.sender.postal_address; }));
}

using ConnectorOf = ConnectorConfig& (*)(Config&);
struct ConnectorRow {
  std::string name;  // "email"
  std::string what;  // "mails"
  ConnectorOf of;
};

void add_smtp(std::vector<Setting>& all, const std::string& prefix, ConnectorOf of) {
  using Tls = ConnectorConfig::Tls;
  all.push_back(one({prefix + "host", "smtp: the mail server."}, "", host_form(),
                    [of](Config& c) -> std::string& { return of(c).host; }));
  all.push_back(one({prefix + "port", "smtp: its port."}, "587", integer_form("a port", 1, 65535),
                    [of](Config& c) -> int& { return of(c).port; }));
  all.push_back(one({prefix + "tls", "smtp: starttls and tls refuse to go on without; none is for loopback."},
                    "starttls", choice_form<Tls>({{"none", Tls::none}, {"starttls", Tls::starttls}, {"tls", Tls::tls}}),
                    [of](Config& c) -> Tls& { return of(c).tls; }));
  all.push_back(one({prefix + "ca_file", "smtp: certificates (PEM) that sign the server's; by default the system's."},
                    "", path_form(), [of](Config& c) -> fs::path& { return of(c).ca_file; }));
  all.push_back(one({prefix + "user", "smtp: the user, when the server asks for one."}, "", text_form(),
                    [of](Config& c) -> std::string& { return of(c).user; }));
  all.push_back(secret({prefix + "password", "smtp: the user's password."},
                       [of](Config& c) -> Secret& { return of(c).password; }));
}

void add_webhook(std::vector<Setting>& all, const std::string& prefix, ConnectorOf of) {
  all.push_back(one({prefix + "url", "webhook: where actions are posted."}, "", url_form(),
                    [of](Config& c) -> std::string& { return of(c).url; }));
  all.push_back(secret({prefix + "secret", "webhook: the key that signs requests (Standard Webhooks, whsec_...)."},
                       [of](Config& c) -> Secret& { return of(c).secret; }));
  all.push_back(many({prefix + "allow_hosts", "webhook: hosts that may lie in private or loopback networks."},
                     host_form(), [of](Config& c) -> std::vector<std::string>& { return of(c).allow_hosts; }));
}

void add_kafka_connector(std::vector<Setting>& all, const std::string& prefix, ConnectorOf of) {
  using OnUnknown = ConnectorConfig::OnUnknown;
  all.push_back(
      one({prefix + "on_unknown",
           "kafka: when nobody knows whether an action was written, park leaves it to a person; resend writes "
           "it again, for consumers that take each CloudEvents id once."},
          "park", choice_form<OnUnknown>({{"park", OnUnknown::park}, {"resend", OnUnknown::resend}}),
          [of](Config& c) -> OnUnknown& { return of(c).on_unknown; }));
}

void add_connector(std::vector<Setting>& all, const ConnectorRow& row) {
  using Type = ConnectorConfig::Type;
  const ConnectorOf of = row.of;
  const bool email = row.name == "email";
  const std::string prefix = "connectors." + row.name + ".";
  all.push_back(one({prefix + "type", "Where " + row.what + " go."}, "file",
                    email
                        ? choice_form<Type>({{"file", Type::file}, {"smtp", Type::smtp}, {"kafka", Type::kafka}})
                        : choice_form<Type>({{"file", Type::file}, {"webhook", Type::webhook}, {"kafka", Type::kafka}}),
                    [of](Config& c) -> Type& { return of(c).type; }));
  all.push_back(one({prefix + "concurrency", "Actions that are handed over at the same time."}, "4",
                    integer_form("a number", 1, 256), [of](Config& c) -> int& { return of(c).concurrency; }));
  all.push_back(one({prefix + "rate", "Most actions per second; 0 is unlimited."}, "0",
                    decimal_form("a number per second", 0, 100'000),
                    [of](Config& c) -> double& { return of(c).rate; }));
  all.push_back(one({prefix + "path", "file: JSON Lines, appended; by default below data_dir."}, "", path_form(),
                    [of](Config& c) -> fs::path& { return of(c).path; }));
  all.push_back(
      one({prefix + "outcome", "file: the outcome it reports, such as no_answer; by default the channel's usual one."},
          "", topic_form(), [of](Config& c) -> std::string& { return of(c).outcome; }));
  email ? add_smtp(all, prefix, of) : add_webhook(all, prefix, of);
  add_kafka_connector(all, prefix, of);
  all.push_back(one({prefix + "connect_timeout", "Longest wait for a connection."}, "5s", duration_form("1s", "5m"),
                    [of](Config& c) -> rules::Duration& { return of(c).connect_timeout; }));
  all.push_back(one({prefix + "timeout", "Longest wait for an answer."}, "30s", duration_form("1s", "10m"),
                    [of](Config& c) -> rules::Duration& { return of(c).timeout; }));
}

void add_operation(std::vector<Setting>& all) {
  using Level = LogConfig::Level;
  all.push_back(
      one({"log.level", "What the log on stderr says, one key=value line each."}, "info",
          choice_form<Level>(
              {{"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}}),
          [](Config& c) -> Level& { return c.log.level; }));
  all.push_back(one({"store.block_cache", "Memory for reading the store."}, "256MiB", bytes_form("8MiB", "1024GiB"),
                    [](Config& c) -> std::uint64_t& { return c.store.block_cache; }));
  all.push_back(one({"store.write_buffer", "Memory for writing the store."}, "128MiB", bytes_form("4MiB", "64GiB"),
                    [](Config& c) -> std::uint64_t& { return c.store.write_buffer; }));
  all.push_back(
      one({"store.key_dir", "Keys of the suppression list, the vault and opt-out links; by default below data_dir."},
          "", path_form(), [](Config& c) -> fs::path& { return c.store.key_dir; }));
}

std::vector<Setting> declare() {
  std::vector<Setting> all;
  add_general(all);
  add_clock(all);
  add_http(all);
  add_kafka(all);
  add_limits(all);
  add_sender(all);
  const std::vector<ConnectorRow> connectors{
      {"email", "mails", [](Config& c) -> ConnectorConfig& { return c.connectors.email; }},
      {"call", "call tasks", [](Config& c) -> ConnectorConfig& { return c.connectors.call; }},
      {"social", "social touches", [](Config& c) -> ConnectorConfig& { return c.connectors.social; }},
      {"sms", "text messages", [](Config& c) -> ConnectorConfig& { return c.connectors.sms; }},
      {"task", "tasks", [](Config& c) -> ConnectorConfig& { return c.connectors.task; }},
      {"escalate", "escalations", [](Config& c) -> ConnectorConfig& { return c.connectors.escalate; }},
  };
  for (const ConnectorRow& row : connectors) add_connector(all, row);
  add_operation(all);
  return all;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = declare();
  return all;
}

}  // namespace relance::engine
