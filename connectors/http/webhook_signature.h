#pragma once
// Signatures of webhooks, as standardwebhooks.com has them: HMAC-SHA-256 over `id.timestamp.body`. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "engine/config/secret.h"

namespace relance::connectors {

/// How far a sender's clock may be from ours, in seconds.
constexpr std::int64_t kWebhookTolerance = 300;

struct SignedMessage {
  std::string_view id;         // webhook-id
  std::int64_t timestamp = 0;  // webhook-timestamp: seconds since 1970
  std::string_view body;
};

class WebhookKey {
 public:
  /// `whsec_` and base64, or the key's own bytes; at least 16 of them.
  [[nodiscard]] static tl::expected<WebhookKey, std::string> parse(const engine::Secret& secret);

  /// The value of webhook-signature: `v1,` and base64.
  std::string sign(const SignedMessage& message) const;

  /// One of the signatures in `header` (separated by blanks) is right, and the message is neither old nor from the
  /// future. Compares in constant time. The caller refuses an id that it has seen before.
  bool verify(const SignedMessage& message, std::string_view header, std::int64_t now) const;

 private:
  explicit WebhookKey(engine::Secret bytes) : bytes_(std::move(bytes)) {}
  engine::Secret bytes_;
};

}  // namespace relance::connectors
