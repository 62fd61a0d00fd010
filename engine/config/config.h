#pragma once
// The configuration of a daemon: one YAML file, read once at start. Every setting is declared once, with its name,
// description, default, unit and validation, in engine/config/settings.cpp; this header is what the rest reads.
// Values; immutable after load_config(), so any thread may read them.
//
// Relative paths in the file are relative to the folder of the file. Secrets never stand in the file: they come from
// `<name>_file` or `<name>_env` and are read by load_config().

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/config/secret.h"
#include "rules/time.h"

namespace relance::engine {

struct ClockConfig {
  enum class Mode {
    system,       // the machine's clock
    accelerated,  // begins at `start` and runs `speed` times as fast as the machine's
    events,       // stands still until an event moves it to its `time` (replays, tests)
  };
  Mode mode = Mode::system;
  rules::Instant start{0};  // accelerated, events
  double speed = 1;         // accelerated
};

struct HttpConfig {
  std::string address;
  int port = 0;                       // 0: a free one, printed at start
  std::filesystem::path tokens_file;  // empty: no tokens, and then only a loopback `address` is accepted
  int threads = 0;
  std::uint64_t max_body = 0;  // bytes
  int queue = 0;               // requests that wait for a thread; beyond it the answer is 503
  rules::Duration retry_after;
  std::string public_url;          // https origin of opt-out links as the recipient sees it, without a final slash
  std::filesystem::path tls_cert;  // both or none
  std::filesystem::path tls_key;
};

struct KafkaConfig {
  enum class Security { plaintext, tls, sasl_plaintext, sasl_tls };
  std::string brokers;  // host:port,host:port
  std::string group;
  std::string instance_id;  // of the static membership; empty: the host's name
  std::string events_topic;
  std::string actions_topic;
  std::string ledger_topic;
  std::string dead_letters_topic;
  Security security = Security::plaintext;
  std::string sasl_mechanism;
  std::filesystem::path ca_file;
  std::string user;
  Secret password;
  std::map<std::string, std::string> properties;  // further librdkafka properties, applied last
};

struct IntakeConfig {
  int queue = 0;  // events that may wait for the processor; beyond it back-pressure
  int batch = 0;  // most events of one commit group
  rules::Duration dedup_horizon;
};

/// How attempts are repeated, the same for every connector.
struct DispatchConfig {
  int max_attempts = 0;
  rules::Duration backoff_base;  // doubled with every attempt ...
  rules::Duration backoff_cap;   // ... up to this
  double jitter = 0;             // 0.2: each wait is shortened by up to 20 %
};

/// Where actions of one kind go. Which members matter depends on `type`; load_config() has checked that they are there.
struct ConnectorConfig {
  enum class Type { file, smtp, webhook, kafka };
  Type type = Type::file;
  int concurrency = 0;
  double rate = 0;  // actions per second; 0: unlimited

  // file
  std::filesystem::path path;  // JSON Lines, appended
  std::string outcome;         // what it reports as the touch's outcome; empty: the channel's default

  // smtp
  enum class Tls { none, starttls, tls };
  std::string host;
  int port = 0;
  Tls tls = Tls::starttls;
  std::filesystem::path ca_file;  // empty: the system's
  std::string user;
  Secret password;

  // webhook
  std::string url;
  Secret secret;                         // signs requests (Standard Webhooks)
  std::vector<std::string> allow_hosts;  // hosts that may resolve to private or loopback addresses

  // kafka
  enum class OnUnknown { park, resend };
  OnUnknown on_unknown = OnUnknown::park;  // resend: consumers take each CloudEvents id once

  rules::Duration connect_timeout;
  rules::Duration timeout;
};

/// Who marketing emails come from.
struct SenderConfig {
  std::string from;       // address
  std::string from_name;  // sender identity
  std::string reply_to;
  std::string postal_address;
};

struct ConnectorsConfig {
  ConnectorConfig email;
  ConnectorConfig call;
  ConnectorConfig social;
  ConnectorConfig sms;
  ConnectorConfig task;
  ConnectorConfig escalate;
};

struct LogConfig {
  enum class Level { debug, info, warning, error };
  Level level = Level::info;
};

struct StoreConfig {
  std::uint64_t block_cache = 0;   // bytes, shared by all partitions
  std::uint64_t write_buffer = 0;  // bytes, shared by all partitions
  std::filesystem::path key_dir;   // keys of the suppression list, the vault and opt-out links
};

/// Where the value of one setting came from, for `relance config show`.
struct SettingOrigin {
  std::string value;   // in YAML's flow style, empty for none; of a secret the name of its file or variable
  std::string source;  // "default", "relance.yaml:12"
};

struct Config {
  std::filesystem::path file;
  std::filesystem::path data_dir;
  std::filesystem::path playbooks;
  std::vector<std::string> policies;          // legal packs, besides those that house.yaml names
  rules::Duration playbooks_poll;             // between two looks whether the folder has changed; 0: never
  std::string default_language;               // of templates, for leads of whom no language is known
  std::vector<std::filesystem::path> inputs;  // JSON Lines files of events, read at start in this order
  ClockConfig clock;
  HttpConfig http;
  std::optional<KafkaConfig> kafka;  // absent: embedded mode
  IntakeConfig intake;
  DispatchConfig dispatch;
  SenderConfig sender;
  ConnectorsConfig connectors;
  LogConfig log;
  StoreConfig store;
  std::map<std::string, SettingOrigin, std::less<>>
      origins;  // by the setting's name; secrets by `<name>_file` or `_env`
};

/// Reads and checks the file, and the secrets that it names. On failure every finding, each printed as
/// `file:line:column: error: text [rule]`, with the line, a caret and a suggestion; never empty.
[[nodiscard]] tl::expected<Config, std::vector<std::string>> load_config(const std::filesystem::path& file);

/// The effective configuration as YAML that could be loaded again, each setting with a comment: where its value came
/// from and what it means. Secrets are redacted. The text of `relance config show`.
std::string show_config(const Config& config);

/// Every setting with its default as a commented YAML file: what a new installation starts from.
std::string example_config();

}  // namespace relance::engine
