#include "connectors/http/webhook_signature.h"

#include <doctest/doctest.h>

#include <sstream>

namespace relance::connectors {
namespace {

constexpr std::int64_t kThen = 1'614'265'330;
const engine::Secret kSigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const SignedMessage kMessage{"msg_p5jXN8AQM9LWM0D4loKWxJek", kThen, R"({"test": 2432232314})"};
// Computed with Python's hmac and base64.
constexpr const char* kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST_CASE("the signature is the one that other implementations compute") {
  CHECK(WebhookKey::parse(kSigningSecret)->sign(kMessage) == kSignature);
}

TEST_CASE("a signature is right for this message, near this time, and for nothing else") {
  const auto key = WebhookKey::parse(kSigningSecret);
  CHECK(key->verify(kMessage, kSignature, kThen));
  CHECK(key->verify(kMessage, std::string("v1,AAAA v2,x ") + kSignature, kThen));
  CHECK(key->verify(kMessage, kSignature, kThen + kWebhookTolerance));
  CHECK(key->verify(kMessage, kSignature, kThen - kWebhookTolerance));
  CHECK_FALSE(key->verify(kMessage, kSignature, kThen + kWebhookTolerance + 1));
  CHECK_FALSE(key->verify(kMessage, kSignature, kThen - kWebhookTolerance - 1));
  CHECK_FALSE(key->verify({"msg_other", kThen, kMessage.body}, kSignature, kThen));
  CHECK_FALSE(key->verify({kMessage.id, kThen + 1, kMessage.body}, kSignature, kThen));
  CHECK_FALSE(key->verify({kMessage.id, kThen, "{}"}, kSignature, kThen));
  for (const char* header : {"", " ", "v1,", "v1", "v1,AAAA"}) CHECK_FALSE(key->verify(kMessage, header, kThen));
  CHECK_FALSE(WebhookKey::parse(engine::Secret("another key of ours"))->verify(kMessage, kSignature, kThen));
}

TEST_CASE("a key is base64 behind whsec_, or its own bytes, and never short") {
  CHECK(WebhookKey::parse(engine::Secret("0123456789abcdef"))->sign(kMessage) ==
        WebhookKey::parse(engine::Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZg=="))->sign(kMessage));
  for (const char* secret :
       {"", "short", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!not base64!!!!", "whsec_MDEyMzQ1Njc4OWFiY2RlZg"}) {
    const auto key = WebhookKey::parse(engine::Secret(secret));
    REQUIRE_FALSE(key.has_value());
    CHECK(key.error().find("MDEy") == std::string::npos);
  }
}

TEST_CASE("a secret prints redacted") {
  std::ostringstream out;
  out << kSigningSecret;
  CHECK(out.str() == engine::Secret::kRedacted);
}

}  // namespace
}  // namespace relance::connectors
