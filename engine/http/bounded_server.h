#pragma once
// httplib::Server with bounds: threads, waiting connections, sizes and times of requests; and without guesses about
// where one request of a connection ends. Works with cpp-httplib 0.11 (Debian 12), 0.14 (Ubuntu 24.04), 0.18 (Debian
// 13). Threads: run() blocks on one thread; handlers run on `threads` of them; stop_and_wait()
// from any other.

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include <httplib.h>
#include <openssl/ssl.h>
#include <tl/expected.hpp>

#include "engine/http/connection.h"

namespace relance::engine {

struct ServerBounds {
  int threads = 0;
  int waiting = 0;  // connections that wait for a thread; further ones are answered 503 and closed
  int retry_after_seconds = 0;
  int requests_per_connection = 0;
  ConnectionLimits connection;
};

class BoundedServer final : public httplib::Server {
 public:
  explicit BoundedServer(const ServerBounds& bounds);
  ~BoundedServer() override;

  /// PEM files; before bind(). TLS 1.2 or newer.
  tl::expected<void, std::string> use_tls(const std::filesystem::path& certificate, const std::filesystem::path& key);
  /// The port that was bound; `port` 0 takes any free one.
  tl::expected<int, std::string> bind(const std::string& address, int port);
  /// Serves until stop_and_wait().
  void run();
  /// After bind(), while another thread is in run() or about to be; returns when that ends.
  void stop_and_wait();

  /// The connection whose request this thread is serving; nullptr outside of handlers.
  static Connection* current();

 private:
  struct ContextDeleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  class Pool;

  bool process_and_close_socket(socket_t socket) override;
  bool serve_request(Connection& connection, bool last, bool& closed);
  void refuse(socket_t socket) const;

  ServerBounds bounds_;
  std::string address_;
  int port_ = 0;
  std::unique_ptr<SSL_CTX, ContextDeleter> tls_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> running_{false};
  std::atomic<int> waiting_{0};
};

}  // namespace relance::engine
