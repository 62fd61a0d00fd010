#include "rules/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

namespace relance::rules {

namespace {

struct ContextCloser {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view octets) {
  // Looking the algorithm up and making a context take longer than a short digest, so both are kept.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextCloser> context(EVP_MD_CTX_new());
  std::array<std::uint8_t, 32> digest{};
  unsigned int size = 0;
  // It fails only when it cannot allocate or the library has no SHA-256: nothing can be decided without ids, and a
  // wrong id would be worse than stopping.
  if (algorithm == nullptr || context == nullptr || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), octets.data(), octets.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1 || size != digest.size()) {
    std::abort();
  }
  return digest;
}

std::uint64_t first_eight_octets(const std::array<std::uint8_t, 32>& digest) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | digest[i];
  return number;
}

std::string to_hex(std::span<const std::uint8_t> octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(octets.size() * 2, '0');
  for (std::size_t i = 0; i < octets.size(); ++i) {
    text[2 * i] = kDigits[octets[i] >> 4U];
    text[2 * i + 1] = kDigits[octets[i] & 0x0FU];
  }
  return text;
}

}  // namespace relance::rules
