#pragma once
// Hands actions over as signed webhooks: a POST of the CloudEvent (structured mode) with the headers of Standard
// Webhooks and the action id as Idempotency-Key; the body is the same on every attempt.
//
// Limits: no redirects; the address is checked at the moment the connection is made to it, so no second look-up can
// slip another one in (libcurl's open-socket hook; cpp-httplib has none, nor a deadline for a whole request); the
// answer is read up to 64 KiB. See engine/ports/connector.h and connectors/http/webhook_target.h.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "connectors/curl_library.h"
#include "connectors/http/webhook_signature.h"
#include "connectors/http/webhook_target.h"
#include "engine/config/secret.h"
#include "engine/ports/connector.h"
#include "rules/time.h"

namespace relance::connectors {

struct WebhookSettings {
  std::string name = "webhook";
  std::string url;
  engine::Secret secret;                 // whsec_... or the key's bytes
  std::vector<std::string> allow_hosts;  // may resolve to private or loopback addresses, and may be spoken to in http
  std::filesystem::path ca_file;         // empty: the system's
  rules::Duration connect_timeout{10'000};
  rules::Duration timeout{30'000};  // of one request with its answer
  int concurrency = 4;
  std::function<std::int64_t()> seconds_since_epoch;  // for tests; empty: the machine's clock
};

/// What an answer means: 2xx accepted (no outcome: a later event tells), 408, 425, 429 and 5xx retry, others rejected.
engine::AttemptResult result_of_status(long status, std::int64_t retry_after_seconds);

class WebhookConnector final : public engine::Connector {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<WebhookConnector>, std::string> create(WebhookSettings settings);
  ~WebhookConnector() override;

  std::string_view name() const override { return settings_.name; }
  engine::AttemptResult deliver(const engine::Action& action, int attempt) override;
  /// The receiver drops what carries a webhook-id that it has had.
  bool idempotent() const override { return true; }
  int concurrency() const override { return settings_.concurrency; }

 private:
  class Session;  // one curl handle with its connection

  WebhookConnector(WebhookSettings settings, WebhookTarget target, WebhookKey key);

  const WebhookSettings settings_;
  const WebhookTarget target_;
  const WebhookKey key_;
  IdlePool<Session> sessions_;
};

}  // namespace relance::connectors
