#pragma once
// The daemon: everything of a running `relance serve`, wired from the configuration and taken apart in the right order.
// Threads: create() and run() from main; stop() from a signal handler's executor.

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "engine/config/config.h"

namespace relance::app {

class Daemon {
 public:
  /// Opens the store, loads playbooks and templates, binds HTTP. The error is one message, several lines when playbooks
  /// have findings.
  [[nodiscard]] static tl::expected<std::unique_ptr<Daemon>, std::string> create(const engine::Config& config);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Until SIGTERM or SIGINT, then drains. The error is why it could not go on.
  [[nodiscard]] tl::expected<void, std::string> run();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace relance::app
