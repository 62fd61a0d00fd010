#include "rules/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace relance::rules {

std::array<std::uint8_t, 32> sha256(std::string_view octets) {
  std::array<std::uint8_t, 32> digest{};
  unsigned int size = 0;
  // EVP_Digest fails only when it cannot allocate or the library has no SHA-256: nothing can be decided without ids,
  // and a wrong id would be worse than stopping.
  if (EVP_Digest(octets.data(), octets.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    std::abort();
  }
  return digest;
}

std::string to_hex(std::span<const std::uint8_t> octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4U];
    text += kDigits[octet & 0x0FU];
  }
  return text;
}

}  // namespace relance::rules
