#include "engine/store/row_keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace relance::engine {
namespace {

constexpr std::size_t kNumberOctets = 8;
constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

}  // namespace

std::string number_key(std::uint64_t number) {
  std::string key(kNumberOctets, '\0');
  for (std::size_t i = kNumberOctets; i-- > 0; number >>= 8U) key[i] = static_cast<char>(number & 0xFFU);
  return key;
}

std::optional<std::uint64_t> parse_number_key(std::string_view key) {
  if (key.size() != kNumberOctets) return std::nullopt;
  std::uint64_t number = 0;
  for (const char octet : key) number = number << 8U | static_cast<unsigned char>(octet);
  return number;
}

std::string wake_key(const Wake& wake) {
  return number_key(static_cast<std::uint64_t>(wake.at.ms) ^ kSign) + wake.lead.value;
}

std::optional<Wake> parse_wake_key(std::string_view key) {
  const auto number = parse_number_key(key.substr(0, kNumberOctets));
  if (!number) return std::nullopt;
  return Wake{rules::Instant{static_cast<std::int64_t>(*number ^ kSign)},
              rules::LeadId(std::string(key.substr(kNumberOctets)))};
}

std::string seen_key(std::string_view source, std::string_view id) {
  std::string message;
  message.reserve(source.size() + 1 + id.size());
  message.append(source).append(1, '\0').append(id);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(message.data(), message.size()));
  return {reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest};
}

std::string after_prefix(std::string_view prefix) {
  std::string key(prefix);
  while (!key.empty() && key.back() == '\xFF') key.pop_back();
  if (!key.empty()) key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
  return key;
}

}  // namespace relance::engine
