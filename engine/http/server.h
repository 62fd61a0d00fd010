#pragma once
// The HTTP API: events in, a lead's timeline, ledger lines, opt-out links, metrics and health.
// Source: events-and-ledger.md, "HTTP"; compliance.md 1 and 2; CloudEvents 1.0 HTTP binding; RFC 8058, 9457, 6750.
// Threads: start() and stop() from the owner's; requests run on `threads` of the server's own, which block in the
// EngineService. Errors: start() returns them as one sentence; every failed request is a problem document.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/registry.h>
#include <tl/expected.hpp>

#include "engine/http/access.h"
#include "engine/ports/engine_service.h"
#include "engine/ports/halt_service.h"
#include "engine/ports/parked_actions.h"
#include "engine/ports/playbook_service.h"
#include "rules/channel.h"

namespace relance::engine {

/// What an opt-out link says, when its signature is right.
struct UnsubscribeTarget {
  rules::LeadId lead;
  std::optional<std::string> partition_key;
  rules::ChannelScope scope;
};
using OpenUnsubscribeToken = std::function<std::optional<UnsubscribeTarget>(std::string_view token)>;

struct HttpSettings {
  std::string address = "127.0.0.1";  // without tokens only a loopback address is accepted
  int port = 0;                       // 0: a free one
  std::vector<ApiToken> tokens;       // empty: whoever reaches the loopback address may do everything
  int threads = 8;
  int queue = 256;                                      // connections that wait for a thread; beyond it 503
  std::size_t max_body = std::size_t{8} * 1024 * 1024;  // of a batch of events, in octets
  rules::Duration retry_after{1000};
  rules::Duration request_time{60'000};     // to read one request, and again to write its answer
  rules::Duration keep_alive_time{30'000};  // between two requests of a connection
  std::filesystem::path tls_cert;           // both or none
  std::filesystem::path tls_key;
  PlaybookService* playbooks = nullptr;         // outlives the server; null: playbooks are not to be asked about
  HaltService* halts = nullptr;                 // outlives the server; null: nothing can be halted
  ParkedActions* parked = nullptr;              // outlives the server; null: parked actions are not to be asked about
  OpenUnsubscribeToken open_unsubscribe_token;  // absent: no link is valid
  std::string default_language = "en";          // of pages, for readers who name neither English nor French
  /// An opt-out is tried again for this long while the engine is at its bound.
  rules::Duration unsubscribe_patience{2000};
  /// The time by which tokens expire; absent: the machine's clock.
  std::function<rules::Instant()> wall_clock;
};

/// One row of the API: what `/openapi.json` documents.
struct HttpRoute {
  std::string method;
  std::string path;  // "/v1/leads/{id}"
  ScopeSet scopes;   // any of them; empty: no token needed
};

class HttpServer {
 public:
  /// Binds and serves. `service` and `registry` must outlive the server.
  [[nodiscard]] static tl::expected<std::unique_ptr<HttpServer>, std::string> start(EngineService& service,
                                                                                    HttpSettings settings,
                                                                                    prometheus::Registry& registry);
  ~HttpServer();  // stops

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  /// Takes no more connections, lets running requests end (seconds at most), returns when all threads did.
  void stop();

  static const std::vector<HttpRoute>& routes();

 private:
  struct Running;
  explicit HttpServer(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace relance::engine
