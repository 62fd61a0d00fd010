#include "engine/http/access.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>

#include <nlohmann/json.hpp>

#include "rules/ascii.h"
#include "rules/sha256.h"

namespace relance::engine {

namespace {

constexpr std::array<std::string_view, kScopes.size()> kScopeNames{"ingest",     "operate", "author",
                                                                   "legal-read", "dpo",     "admin"};
constexpr std::size_t kMaxTokens = 1000;
// Long enough for any token, short enough that hashing it costs nothing.
constexpr std::size_t kMaxTokenBytes = 512;

std::optional<std::array<std::uint8_t, 32>> parse_hash(const std::string& text) {
  std::array<std::uint8_t, 32> hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return hash;
}

/// The entry, or what is wrong with it.
tl::expected<ApiToken, std::string> parse_token(const nlohmann::json& entry) {
  if (!entry.is_object()) return tl::unexpected(std::string("expected an object"));
  ApiToken token;
  for (const auto& [key, value] : entry.items()) {
    if (key == "name" && value.is_string() && !value.get_ref<const std::string&>().empty()) {
      token.name = value.get<std::string>();
    } else if (key == "sha256" && value.is_string()) {
      const auto hash = parse_hash(value.get<std::string>());
      if (!hash) return tl::unexpected(std::string("expected `sha256` to be 64 hexadecimal digits"));
      token.sha256 = *hash;
    } else if (key == "scopes" && value.is_array()) {
      for (const auto& name : value) {
        const auto scope = name.is_string() ? parse_scope(name.get<std::string>()) : std::nullopt;
        if (!scope) {
          return tl::unexpected(std::string("expected `scopes` among ingest, operate, author, legal-read, dpo, admin"));
        }
        token.scopes.insert(*scope);
      }
    } else if (key == "expires" && value.is_string()) {
      const auto expires = rules::parse_rfc3339(value.get<std::string>());
      if (!expires) return tl::unexpected(std::string("expected `expires` as RFC 3339 date and time"));
      token.expires = *expires;
    } else {
      return tl::unexpected(std::string("expected name, sha256, scopes and expires, got another key or kind of value"));
    }
  }
  if (token.name.empty() || !entry.contains("sha256") || token.scopes.empty() || !entry.contains("expires")) {
    return tl::unexpected(std::string("expected name, sha256, at least one scope, and expires"));
  }
  return token;
}

std::string base64url(const std::array<std::uint8_t, 32>& octets) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t octet : octets) {
    bits = (bits << 8U) | octet;
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += kDigits[(bits >> count) & 63U];
    }
  }
  return out + kDigits[(bits << (6U - count)) & 63U];
}

/// The token of "Bearer <token>", the scheme in any case.
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (rules::lower(authorization[i]) != kScheme[i]) return {};
  }
  authorization.remove_prefix(kScheme.size());
  const std::size_t first = authorization.find_first_not_of(' ');
  if (first == std::string_view::npos || authorization.size() - first > kMaxTokenBytes) return {};
  return authorization.substr(first);
}

}  // namespace

std::string_view to_string(Scope scope) { return kScopeNames[static_cast<std::size_t>(scope)]; }

std::optional<Scope> parse_scope(std::string_view name) {
  for (const Scope scope : kScopes) {
    if (to_string(scope) == name) return scope;
  }
  return std::nullopt;
}

std::string to_string(ScopeSet scopes) {
  std::string out;
  for (const Scope scope : kScopes) {
    if (!scopes.contains(scope)) continue;
    if (!out.empty()) out += ' ';
    out += to_string(scope);
  }
  return out;
}

tl::expected<std::vector<ApiToken>, std::string> parse_tokens(std::string_view text) {
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return tl::unexpected(std::string("expected a JSON list of tokens"));
  if (list.empty() || list.size() > kMaxTokens) return tl::unexpected(std::string("expected 1 to 1000 tokens"));
  std::vector<ApiToken> tokens;
  for (const auto& entry : list) {
    auto token = parse_token(entry);
    if (!token) return tl::unexpected("entry " + std::to_string(tokens.size() + 1) + ": " + token.error());
    tokens.push_back(*std::move(token));
  }
  return tokens;
}

tl::expected<std::vector<ApiToken>, std::string> load_tokens(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return tl::unexpected("cannot read the tokens file " + file.string());
  auto tokens = parse_tokens(text);
  if (!tokens) return tl::unexpected("tokens file " + file.string() + ": " + tokens.error());
  return tokens;
}

NewToken make_token(const std::string& name, ScopeSet scopes, rules::Instant expires) {
  std::array<std::uint8_t, 32> random{};
  // Without randomness there is no token that could be given out.
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) throw std::bad_alloc();
  const std::string text = "rl_" + base64url(random);
  nlohmann::ordered_json entry{{"name", name}, {"sha256", rules::to_hex(rules::sha256(text))}};
  entry["scopes"] = nlohmann::ordered_json::array();
  for (const Scope scope : kScopes) {
    if (scopes.contains(scope)) entry["scopes"].push_back(std::string(to_string(scope)));
  }
  entry["expires"] = rules::to_string(expires);
  return {Secret(text), entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

Access judge(const std::vector<ApiToken>& tokens, std::string_view authorization, ScopeSet wanted, rules::Instant now) {
  const std::string_view text = bearer(authorization);
  if (text.empty()) return {};
  const auto hash = rules::sha256(text);
  const ApiToken* found = nullptr;
  for (const ApiToken& token : tokens) {  // all of them, whichever it is
    if (CRYPTO_memcmp(token.sha256.data(), hash.data(), hash.size()) == 0) found = &token;
  }
  if (found == nullptr) return {Access::Kind::unknown_token, {}};
  if (found->expires <= now) return {Access::Kind::expired_token, found->name};
  const bool granted = found->scopes.intersects(wanted) || found->scopes.contains(Scope::admin);
  return {granted ? Access::Kind::granted : Access::Kind::missing_scope, found->name};
}

}  // namespace relance::engine
