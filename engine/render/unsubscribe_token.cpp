#include "engine/render/unsubscribe_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cassert>

namespace relance::engine {
namespace {

constexpr char kTokenVersion = 1;
constexpr unsigned char kAllChannels = 255;
// version, key id, scope, length of the partition key
constexpr std::size_t kKeyId = 4;
constexpr std::size_t kScopeAt = 1 + kKeyId;
constexpr std::size_t kLengthAt = kScopeAt + 1;
constexpr std::size_t kHead = kLengthAt + 2;
constexpr std::size_t kHash = 16;
constexpr std::size_t kMaxPartitionKey = 0xFFFF;
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += kDigits[(bits >> (count - 6)) & 63U];
    bits &= (1U << count) - 1;
  }
  if (count > 0) out += kDigits[(bits << (6 - count)) & 63U];
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 0xFFU);
    bits &= (1U << count) - 1;
  }
  // One token, one spelling: left-over bits are zero, and fewer than a digit's worth.
  if (bits != 0 || count >= 6) return std::nullopt;
  return out;
}

/// The label keeps each use of a key apart from any other.
std::string hash_of(std::string_view key, std::string_view label, std::string_view content) {
  const std::string input = std::string(label) + std::string(content);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(input.data()),
       input.size(), digest.data(), &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string signature(std::string_view key, std::string_view content) {
  return hash_of(key, "relance unsubscribe 1:", content).substr(0, kHash);
}

std::string key_id(std::string_view key) { return hash_of(key, "relance unsubscribe key", "").substr(0, kKeyId); }

std::size_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// Of a token whose signature is right.
std::optional<UnsubscribeClaim> read_claim(std::string_view content) {
  const std::size_t length = byte_at(content, kLengthAt) << 8U | byte_at(content, kLengthAt + 1);
  if (content.size() <= kHead + length) return std::nullopt;
  UnsubscribeClaim claim;
  if (length > 0) claim.partition_key = std::string(content.substr(kHead, length));
  claim.lead = rules::LeadId(std::string(content.substr(kHead + length)));
  const std::size_t scope = byte_at(content, kScopeAt);
  if (scope == kAllChannels) return claim;
  if (scope >= rules::kChannels.size()) return std::nullopt;
  claim.scope = rules::ChannelScope::only(static_cast<rules::Channel>(scope));
  return claim;
}

}  // namespace

std::string make_token(std::string_view key, const rules::LeadId& lead, rules::ChannelScope scope,
                       std::string_view partition_key) {
  assert(!key.empty() && !lead.empty() && partition_key.size() <= kMaxPartitionKey);
  std::string content{kTokenVersion};
  content += key_id(key);
  content += static_cast<char>(scope.channel ? static_cast<unsigned char>(*scope.channel) : kAllChannels);
  content += static_cast<char>(partition_key.size() >> 8U);
  content += static_cast<char>(partition_key.size() & 0xFFU);
  content.append(partition_key).append(lead.value);
  return to_base64url(content + signature(key, content));
}

std::optional<UnsubscribeClaim> open_token(const std::vector<std::string>& keys, std::string_view token) {
  if (token.size() > kMaxUnsubscribeToken) return std::nullopt;
  const std::optional<std::string> bytes = from_base64url(token);
  if (!bytes || bytes->size() <= kHead + kHash || bytes->front() != kTokenVersion) return std::nullopt;
  const std::string_view content = std::string_view(*bytes).substr(0, bytes->size() - kHash);
  const std::string_view given = std::string_view(*bytes).substr(content.size());
  for (const std::string& key : keys) {
    if (key_id(key) != content.substr(1, kKeyId)) continue;
    if (CRYPTO_memcmp(signature(key, content).data(), given.data(), kHash) == 0) return read_claim(content);
  }
  return std::nullopt;
}

}  // namespace relance::engine
