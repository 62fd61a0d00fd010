#include "engine/app/daemon.h"

#include <csignal>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/signal_set.hpp>

#include "engine/app/connector_routes.h"
#include "engine/app/failure.h"
#include "engine/app/inputs.h"
#include "engine/http/server.h"
#include "engine/publish/publisher.h"
#include "engine/publish/revisions.h"
#include "engine/render/unsubscribe_token.h"
#include "engine/runtime/engine.h"
#include "engine/store/rocks_store.h"

namespace relance::app {

using engine::Config;

namespace {

constexpr std::chrono::seconds kDrain{75};       // longer than a connector's call may take
constexpr std::chrono::seconds kWaitNotice{60};  // how often a start that waits for its inputs says so

template <class Lines>
std::string joined(const Lines& lines) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

/// Which law is applied, or that none is: who reads the log shall not have to guess.
void log_policies(const rules::Rulebook& rulebook) {
  std::string names;
  for (const auto& pack : rulebook.house().policies) names += (names.empty() ? "" : ",") + pack->name;
  if (!names.empty()) {
    spdlog::info("event=policy_packs packs={}", names);
    return;
  }
  spdlog::warn(
      "event=no_policy_packs text=\"no legal pack is applied: contact hours, caps and consent are the playbooks' "
      "own\"");
}

engine::RocksStoreOptions store_options(const Config& config) {
  engine::RocksStoreOptions options;
  options.dedup_horizon = config.intake.dedup_horizon;
  options.key_dir = config.store.key_dir;
  options.memory = std::make_shared<engine::StoreMemory>(config.store.block_cache, config.store.write_buffer);
  return options;
}

}  // namespace

struct Daemon::Parts {
  explicit Parts(const Config& c) : config(c), clock(c.clock) {}

  const Config config;
  engine::EngineClock clock;
  engine::EngineMetrics metrics;
  std::unique_ptr<engine::RocksStore> store;
  engine::FolderMark folder_mark;  // before it was read
  std::shared_ptr<const rules::Rulebook> rulebook;
  engine::TemplateSet templates;
  std::unique_ptr<connectors::KafkaOutput> kafka_output;
  std::unique_ptr<engine::Engine> engine;  // connectors answer to it, so it is made last and stays until they are gone
  ConnectorRoutes routes;
  std::unique_ptr<engine::Outbox> outbox;
  std::unique_ptr<engine::Publisher> publisher;
  std::unique_ptr<engine::HttpServer> http;
  std::unique_ptr<KafkaFeed> kafka_feed;
  std::unique_ptr<KafkaCopier> kafka_copier;
  std::unique_ptr<FileInput> files;
  std::mutex fatal_mutex;  // of the two below
  std::optional<std::string> fatal;
  engine::Engine* running = nullptr;  // from the start of run()
  std::atomic<bool> inputs_open = false;

  void die(const std::string& why) {
    const std::lock_guard lock(fatal_mutex);
    if (!fatal) fatal = why;
    if (running) running->stop();
  }

  tl::expected<void, std::string> open();
  tl::expected<void, std::string> open_playbooks();
  tl::expected<void, std::string> open_kafka_output();
  tl::expected<void, std::string> open_engine();
  tl::expected<void, std::string> open_http();
  tl::expected<void, std::string> open_inputs();
  void close();
};

tl::expected<void, std::string> Daemon::Parts::open() {
  if (auto read = open_playbooks(); !read) return read;
  if (auto kafka = open_kafka_output(); !kafka) return kafka;
  if (auto made = open_engine(); !made) return made;
  return open_http();
}

/// The folder, and the store with every revision that enrollments may be pinned to; what is new is written down.
tl::expected<void, std::string> Daemon::Parts::open_playbooks() {
  folder_mark = engine::mark_of(config.playbooks);
  auto folder = engine::read_playbook_folder(config.playbooks, config.default_language, config.policies);
  if (!folder) return failed(joined(folder.error().findings));
  std::filesystem::create_directories(config.data_dir);
  auto opened = engine::RocksStore::open(config.data_dir / "store", store_options(config));
  if (!opened) return failed(opened.error().message);
  store = std::move(*opened);
  // What the start itself writes down stands behind what the last run wrote.
  if (const auto last = engine::Engine::last_clock(*store)) clock.continue_from(*last);
  if (auto kept = engine::add_kept_revisions(folder->rulebook, store->revisions()); !kept) return kept;
  engine::stage_publication(*store, folder->rulebook, {"start", ""}, clock.now());
  if (auto committed = store->commit(); !committed) return failed(committed.error().message);
  rulebook = std::make_shared<const rules::Rulebook>(std::move(folder->rulebook));
  templates = std::move(folder->templates);
  return {};
}

tl::expected<void, std::string> Daemon::Parts::open_kafka_output() {
  if (!config.kafka) return {};
  auto output = connectors::KafkaOutput::open(connectors::kafka_settings(*config.kafka),
                                              [this](const std::string& why) { die("kafka: " + why); });
  if (!output) return failed(output.error());
  kafka_output = std::move(*output);
  return {};
}

tl::expected<void, std::string> Daemon::Parts::open_engine() {
  auto made = make_routes(config, kafka_output.get(),
                          [this](engine::DeliveryResult result) { engine->finished(std::move(result)); });
  if (!made) return failed(made.error());
  routes = std::move(*made);
  engine::ActionBuilder builder(std::move(templates), {config.sender, config.http.public_url, store->token_key()});
  outbox = std::make_unique<engine::Outbox>(
      engine::Outbox::Parts{*store, std::move(builder), config.dispatch, routes.routes});
  engine = std::make_unique<engine::Engine>(
      engine::Engine::Parts{*store, rulebook, clock, metrics, *outbox},
      engine::EngineSettings{config.intake, config.http.retry_after, config.playbooks});
  metrics.policy_packs.Set(static_cast<double>(rulebook->house().policies.size()));
  publisher = std::make_unique<engine::Publisher>(
      *engine,
      engine::Publisher::Settings{config.playbooks, config.default_language, config.policies,
                                  std::chrono::milliseconds(config.playbooks_poll.ms)},
      std::move(folder_mark));
  return {};
}

tl::expected<void, std::string> Daemon::Parts::open_http() {
  engine::HttpSettings settings;
  settings.address = config.http.address;
  settings.port = config.http.port;
  settings.threads = config.http.threads;
  settings.queue = config.http.queue;
  settings.max_body = config.http.max_body;
  settings.retry_after = config.http.retry_after;
  settings.default_language = config.default_language;
  settings.playbooks = publisher.get();
  settings.halts = engine.get();
  settings.parked = engine.get();
  settings.tls_cert = config.http.tls_cert;
  settings.tls_key = config.http.tls_key;
  if (!config.http.tokens_file.empty()) {
    auto tokens = engine::load_tokens(config.http.tokens_file);
    if (!tokens) return failed(tokens.error());
    settings.tokens = std::move(*tokens);
  }
  settings.open_unsubscribe_token =
      [key = store->token_key()](std::string_view token) -> std::optional<engine::UnsubscribeTarget> {
    const auto claim = engine::open_token({key}, token);
    if (!claim) return std::nullopt;
    return engine::UnsubscribeTarget{claim->lead, claim->partition_key, claim->scope};
  };
  auto server = engine::HttpServer::start(*engine, std::move(settings), metrics.registry);
  if (!server) return failed("http: " + server.error());
  http = std::move(*server);
  // Scripts and tests that asked for a free port find it here.
  std::ofstream(config.data_dir / "http.port", std::ios::trunc) << http->port() << "\n";
  return {};
}

tl::expected<void, std::string> Daemon::Parts::open_inputs() {
  if (config.kafka) {
    const auto settings = connectors::kafka_settings(*config.kafka);
    kafka_feed = std::make_unique<KafkaFeed>(*engine, [this](const std::string& why) { die("kafka: " + why); });
    if (auto opened = kafka_feed->open(settings); !opened) return failed(opened.error());
    kafka_copier = std::make_unique<KafkaCopier>(*engine, *store, *kafka_output, settings.topics);
  }
  files = std::make_unique<FileInput>(*engine, config.inputs, [this](const std::string& why) { die(why); });
  inputs_open = true;
  return {};
}

/// Inputs first, then what they fed; connectors end before the engine that they answer to.
void Daemon::Parts::close() {
  {
    const std::lock_guard lock(fatal_mutex);
    running = nullptr;
  }
  if (http) http->stop();
  publisher.reset();
  if (kafka_feed) kafka_feed->close();
  files.reset();
  kafka_copier.reset();
  outbox.reset();
  routes = {};
  kafka_feed.reset();
  http.reset();
  engine.reset();
  if (kafka_output) kafka_output->close();
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() { parts_->close(); }

tl::expected<std::unique_ptr<Daemon>, std::string> Daemon::create(const Config& config) {
  std::signal(SIGHUP, SIG_IGN);  // until run(): what is asked for, a start does anyway
  std::unique_ptr<Daemon> daemon(new Daemon(std::make_unique<Parts>(config)));
  if (auto opened = daemon->parts_->open(); !opened) return failed(opened.error());
  return daemon;
}

tl::expected<void, std::string> Daemon::run() {
  Parts& parts = *parts_;
  boost::asio::signal_set stop_signals(parts.engine->context(), SIGTERM, SIGINT);
  stop_signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (error) return;
    spdlog::info("event=stopping signal={}", signal);
    parts.engine->stop();
  });
  spdlog::info("event=started mode={} http=http://{}:{} playbooks={} data=\"{}\"",
               parts.config.kafka ? "kafka" : "embedded", parts.config.http.address, parts.http->port(),
               parts.rulebook->current().size(), parts.config.data_dir.string());
  log_policies(*parts.rulebook);
  boost::asio::signal_set publish_signal(parts.engine->context(), SIGHUP);
  std::function<void()> await_publish = [&] {
    publish_signal.async_wait([&](const boost::system::error_code& error, int) {
      if (error) return;
      parts.publisher->request_publish();
      await_publish();
    });
  };
  await_publish();
  parts.publisher->start();
  // Inputs ask the engine for their positions, so they open on a thread while its loop already runs.
  tl::expected<void, std::string> opened;
  std::thread opener([&] {
    opened = parts.open_inputs();
    if (!opened) parts.die(opened.error());
  });
  parts.engine->hold_dispatch(
      [&parts] {
        return !parts.inputs_open || !parts.files->done() || (parts.kafka_feed && !parts.kafka_feed->caught_up());
      },
      kWaitNotice);
  {
    const std::lock_guard lock(parts.fatal_mutex);
    parts.running = parts.engine.get();
    if (parts.fatal) parts.engine->stop();
  }
  const auto ran = parts.engine->run(kDrain);
  opener.join();
  if (!ran) return failed("the store failed: " + ran.error());
  const std::lock_guard lock(parts.fatal_mutex);
  if (parts.fatal) return failed(*parts.fatal);
  spdlog::info("event=stopped");
  return {};
}

}  // namespace relance::app
