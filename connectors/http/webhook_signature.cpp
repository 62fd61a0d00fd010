#include "connectors/http/webhook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace relance::connectors {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::string_view kVersion = "v1,";
constexpr std::size_t kMinKey = 16;

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out((size + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

}  // namespace

tl::expected<WebhookKey, std::string> WebhookKey::parse(const engine::Secret& secret) {
  std::string_view text = secret.reveal();
  std::string bytes(text);
  if (text.starts_with(kPrefix)) {
    auto decoded = from_base64(text.substr(kPrefix.size()));
    if (!decoded) return tl::unexpected(std::string("the webhook key is not base64 behind whsec_"));
    bytes = *std::move(decoded);
  }
  if (bytes.size() < kMinKey) return tl::unexpected(std::string("a webhook key has at least 16 bytes"));
  return WebhookKey(engine::Secret(std::move(bytes)));
}

std::string WebhookKey::sign(const SignedMessage& message) const {
  std::string content;
  content.reserve(message.id.size() + message.body.size() + 24);
  content.append(message.id).append(".").append(std::to_string(message.timestamp)).append(".").append(message.body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), bytes_.reveal().data(), static_cast<int>(bytes_.reveal().size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(), &length);
  return std::string(kVersion) + base64(digest.data(), length);
}

bool WebhookKey::verify(const SignedMessage& message, std::string_view header, std::int64_t now) const {
  if (message.timestamp < now - kWebhookTolerance || message.timestamp > now + kWebhookTolerance) return false;
  const std::string expected = sign(message);
  bool found = false;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(' '), header.size());
    const std::string_view given = header.substr(0, end);
    if (given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0)
      found = true;
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return found;
}

}  // namespace relance::connectors
