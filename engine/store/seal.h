#pragma once
// The store's cryptography, all of it OpenSSL's: random octets, HMAC-SHA-256 and AES-256-GCM.
// Sources: FIPS 198-1, NIST SP 800-38D. Threads: one object per thread. Errors: OpenSSL itself failing (memory, no
// randomness) throws std::runtime_error; bytes that were tampered with, or another key, are nullopt.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace relance::engine {

std::string random_octets(std::size_t count);

/// 32 secret octets: wiped when they go, and never printed.
class SecretKey {
 public:
  static constexpr std::size_t kOctets = 32;
  SecretKey() = default;
  explicit SecretKey(std::span<const std::uint8_t, kOctets> octets);
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();
  static SecretKey random();
  /// nullopt unless `octets` are exactly kOctets long.
  static std::optional<SecretKey> from(std::string_view octets);

  std::span<const std::uint8_t, kOctets> octets() const { return octets_; }
  /// First 8 hexadecimal digits of the key's SHA-256: names it without telling it.
  std::string id() const;

  friend std::ostream& operator<<(std::ostream& out, const SecretKey&) { return out << "<redacted>"; }

 private:
  std::array<std::uint8_t, kOctets> octets_{};
};

/// HMAC-SHA-256 under one key.
class KeyedHash {
 public:
  static constexpr std::size_t kOctets = 32;
  explicit KeyedHash(const SecretKey& key);
  ~KeyedHash();
  KeyedHash(KeyedHash&&) noexcept;
  KeyedHash& operator=(KeyedHash&&) noexcept;

  std::string operator()(std::string_view message) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// AES-256-GCM with a random nonce in front: 0x01, nonce (12), ciphertext, tag (16). `context` says what the bytes are
/// and whose; they open under the same context only, so that no row can stand in for another.
class Sealer {
 public:
  Sealer();
  ~Sealer();
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;

  std::string seal(const SecretKey& key, std::string_view context, std::string_view plain);
  std::optional<std::string> open(const SecretKey& key, std::string_view context, std::string_view sealed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace relance::engine
