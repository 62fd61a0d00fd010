#pragma once
// The command line's side of the HTTP API. Blocking; one owner, one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <tl/expected.hpp>

#include "rules/time.h"

namespace relance::app {

/// `--url` and the token (file or environment, never an argument: arguments are visible to other users).
struct ApiOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string token_file;
  void add_to(CLI::App& command);
};

struct ApiAnswer {
  int status = 0;
  std::string body;
  int retry_after_seconds = 0;
};

/// The path with the id at its end, percent-encoded (RFC 3986).
std::string path_to(std::string path, const std::string& id);
/// /v1/leads/{id}
std::string lead_path(const std::string& lead);

/// What an answer that is no success says, and what to do about it.
std::string refusal_text(const ApiAnswer& answer);

class ApiClient {
 public:
  explicit ApiClient(const ApiOptions& options);
  ~ApiClient();
  /// The error says why nothing answered.
  tl::expected<ApiAnswer, std::string> get(const std::string& path);
  /// The same, with headers; repeats while the answer is 429 or 503, for up to a minute.
  tl::expected<ApiAnswer, std::string> post_events(const std::string& body, bool batch);
  /// JSON, once; waits for the answer as long as publishing to many leads may take.
  tl::expected<ApiAnswer, std::string> post(const std::string& path, const std::string& body);
  /// The engine's clock, from /readyz.
  tl::expected<rules::Instant, std::string> clock();

 private:
  struct Http;
  std::unique_ptr<Http> http_;
};

/// Calls `take` with every line of the daemon's ledger from the sequence number on, as far as it goes now: the next
/// number, or why it cannot.
tl::expected<std::uint64_t, std::string> read_ledger(ApiClient& client, std::uint64_t from,
                                                     const std::function<void(const std::string& line)>& take);

}  // namespace relance::app
