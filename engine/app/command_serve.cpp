// relance serve, relance config show.

#include <iostream>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/app/commands.h"
#include "engine/app/daemon.h"
#include "engine/config/config.h"

namespace relance::app {

namespace {

spdlog::level::level_enum level_of(engine::LogConfig::Level level) {
  switch (level) {
    case engine::LogConfig::Level::debug:
      return spdlog::level::debug;
    case engine::LogConfig::Level::info:
      return spdlog::level::info;
    case engine::LogConfig::Level::warning:
      return spdlog::level::warn;
    case engine::LogConfig::Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::optional<engine::Config> load(const std::string& file) {
  auto config = engine::load_config(file);
  if (config) return std::move(*config);
  for (const std::string& finding : config.error()) std::cerr << finding << "\n";
  return std::nullopt;
}

int serve(const std::string& file) {
  const auto config = load(file);
  if (!config) return 2;
  auto log = spdlog::stderr_logger_mt("relance");
  log->set_level(level_of(config->log.level));
  log->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(log));
  auto daemon = Daemon::create(*config);
  if (!daemon) {
    std::cerr << daemon.error() << "\nrelance serve: not started; mend the above and start again\n";
    return 2;
  }
  if (const auto ran = (*daemon)->run(); !ran) {
    spdlog::error("event=failed reason=\"{}\"", ran.error());
    return 2;
  }
  return 0;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto file = std::make_shared<std::string>();
  auto* command = app.add_subcommand("serve", "The daemon: embedded, or on Kafka when the configuration names brokers");
  command->add_option("--config", *file, "Configuration (YAML)")->required();
  command->callback([file, &exit_code] { exit_code = serve(*file); });
}

void add_config(CLI::App& app, int& exit_code) {
  auto file = std::make_shared<std::string>();
  auto* command = app.add_subcommand("config", "Look at the configuration");
  command->require_subcommand(1);
  auto* show = command->add_subcommand("show", "The effective configuration, with where each value comes from");
  show->add_option("--config", *file, "Configuration (YAML)")->required();
  show->callback([file, &exit_code] {
    const auto config = load(*file);
    if (config) std::cout << engine::show_config(*config);
    exit_code = config ? 0 : 1;
  });
  command->add_subcommand("example", "Every setting with its default, as a file to start from")->callback([] {
    std::cout << engine::example_config();
  });
}

}  // namespace relance::app
