#include "engine/store/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "rules/sha256.h"

namespace relance::engine {
namespace {

constexpr char kSealVersion = '\x01';
constexpr std::size_t kNonceOctets = 12;
constexpr std::size_t kTagOctets = 16;
constexpr std::size_t kHeaderOctets = 1 + kNonceOctets;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL failed: ") + what);
}

const std::uint8_t* octets_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }
std::uint8_t* octets_of(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

std::string random_octets(std::size_t count) {
  std::string octets(count, '\0');
  require(RAND_bytes(octets_of(octets), static_cast<int>(count)) == 1, "random octets");
  return octets;
}

SecretKey::SecretKey(std::span<const std::uint8_t, kOctets> octets) {
  std::copy(octets.begin(), octets.end(), octets_.begin());
}

SecretKey::~SecretKey() { OPENSSL_cleanse(octets_.data(), octets_.size()); }

SecretKey SecretKey::random() {
  SecretKey key;
  require(RAND_priv_bytes(key.octets_.data(), static_cast<int>(kOctets)) == 1, "random key");
  return key;
}

std::optional<SecretKey> SecretKey::from(std::string_view octets) {
  if (octets.size() != kOctets) return std::nullopt;
  return SecretKey(std::span<const std::uint8_t, kOctets>(octets_of(octets), kOctets));
}

std::string SecretKey::id() const {
  const auto digest = rules::sha256(std::string_view(reinterpret_cast<const char*>(octets_.data()), octets_.size()));
  return rules::to_hex(std::span(digest).first(4));
}

struct KeyedHash::State {
  std::unique_ptr<EVP_MAC, FreeMac> mac;
  std::unique_ptr<EVP_MAC_CTX, FreeMac> context;
};

KeyedHash::KeyedHash(const SecretKey& key) : state_(std::make_unique<State>()) {
  state_->mac.reset(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(state_->mac != nullptr, "HMAC");
  state_->context.reset(EVP_MAC_CTX_new(state_->mac.get()));
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                   OSSL_PARAM_construct_end()};
  require(state_->context != nullptr &&
              EVP_MAC_init(state_->context.get(), key.octets().data(), SecretKey::kOctets, parameters) == 1,
          "HMAC-SHA-256");
}
KeyedHash::~KeyedHash() = default;
KeyedHash::KeyedHash(KeyedHash&&) noexcept = default;
KeyedHash& KeyedHash::operator=(KeyedHash&&) noexcept = default;

std::string KeyedHash::operator()(std::string_view message) const {
  EVP_MAC_CTX* context = state_->context.get();
  std::string hash(kOctets, '\0');
  std::size_t length = 0;
  // Without a key, init starts over under the key of the constructor.
  require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
              EVP_MAC_update(context, octets_of(message), message.size()) == 1 &&
              EVP_MAC_final(context, octets_of(hash), &length, hash.size()) == 1 && length == kOctets,
          "HMAC-SHA-256");
  return hash;
}

struct Sealer::State {
  std::unique_ptr<EVP_CIPHER, FreeCipher> cipher;
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context;
};

Sealer::Sealer() : state_(std::make_unique<State>()) {
  state_->cipher.reset(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  state_->context.reset(EVP_CIPHER_CTX_new());
  require(state_->cipher != nullptr && state_->context != nullptr, "AES-256-GCM");
}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;

std::string Sealer::seal(const SecretKey& key, std::string_view context, std::string_view plain) {
  EVP_CIPHER_CTX* cipher = state_->context.get();
  std::string sealed(kHeaderOctets + plain.size() + kTagOctets, '\0');
  sealed[0] = kSealVersion;
  std::uint8_t* nonce = octets_of(sealed) + 1;
  std::uint8_t* body = octets_of(sealed) + kHeaderOctets;
  int length = 0;
  require(RAND_bytes(nonce, static_cast<int>(kNonceOctets)) == 1, "random nonce");
  require(EVP_EncryptInit_ex2(cipher, state_->cipher.get(), key.octets().data(), nonce, nullptr) == 1 &&
              EVP_EncryptUpdate(cipher, nullptr, &length, octets_of(context), static_cast<int>(context.size())) == 1 &&
              EVP_EncryptUpdate(cipher, body, &length, octets_of(plain), static_cast<int>(plain.size())) == 1 &&
              EVP_EncryptFinal_ex(cipher, body + plain.size(), &length) == 1 &&
              EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagOctets), body + plain.size()) == 1,
          "sealing");
  return sealed;
}

std::optional<std::string> Sealer::open(const SecretKey& key, std::string_view context, std::string_view sealed) {
  if (sealed.size() < kHeaderOctets + kTagOctets || sealed[0] != kSealVersion) return std::nullopt;
  EVP_CIPHER_CTX* cipher = state_->context.get();
  const std::uint8_t* nonce = octets_of(sealed) + 1;
  const std::string_view body = sealed.substr(kHeaderOctets, sealed.size() - kHeaderOctets - kTagOctets);
  std::string tag(sealed.substr(sealed.size() - kTagOctets));
  std::string plain(body.size(), '\0');
  int length = 0;
  require(
      EVP_DecryptInit_ex2(cipher, state_->cipher.get(), key.octets().data(), nonce, nullptr) == 1 &&
          EVP_DecryptUpdate(cipher, nullptr, &length, octets_of(context), static_cast<int>(context.size())) == 1 &&
          EVP_DecryptUpdate(cipher, octets_of(plain), &length, octets_of(body), static_cast<int>(body.size())) == 1 &&
          EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagOctets), tag.data()) == 1,
      "opening");
  if (EVP_DecryptFinal_ex(cipher, octets_of(plain) + plain.size(), &length) != 1) return std::nullopt;
  return plain;
}

}  // namespace relance::engine
