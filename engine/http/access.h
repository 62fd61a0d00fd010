#pragma once
// Who may call the API: bearer tokens with scopes, kept as SHA-256 hashes, expiring. Values; any thread.
// Source: events-and-ledger.md, "HTTP"; RFC 6750.

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/config/secret.h"
#include "rules/time.h"

namespace relance::engine {

enum class Scope : std::uint8_t { ingest = 0, operate = 1, author = 2, legal_read = 3, dpo = 4, admin = 5 };
constexpr std::array<Scope, 6> kScopes{Scope::ingest,     Scope::operate, Scope::author,
                                       Scope::legal_read, Scope::dpo,     Scope::admin};
std::string_view to_string(Scope scope);  // "legal-read"
std::optional<Scope> parse_scope(std::string_view name);

class ScopeSet {
 public:
  constexpr ScopeSet() = default;
  constexpr ScopeSet(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) insert(scope);
  }
  constexpr void insert(Scope scope) { bits_ |= 1U << static_cast<unsigned>(scope); }
  constexpr bool contains(Scope scope) const { return ((bits_ >> static_cast<unsigned>(scope)) & 1U) != 0; }
  constexpr bool intersects(ScopeSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(ScopeSet, ScopeSet) = default;

 private:
  unsigned bits_ = 0;
};
std::string to_string(ScopeSet scopes);  // "operate legal-read"

struct ApiToken {
  std::string name;                       // who holds it: for logs and the access journal
  std::array<std::uint8_t, 32> sha256{};  // of the token's text
  ScopeSet scopes;
  rules::Instant expires = rules::Instant::never();
};

/// The tokens file: a JSON list of {"name","sha256","scopes":["ingest"],"expires":"2027-01-01T00:00:00Z"}. An error is
/// one sentence that names the file and the entry.
[[nodiscard]] tl::expected<std::vector<ApiToken>, std::string> load_tokens(const std::filesystem::path& file);
/// The same from the file's text.
[[nodiscard]] tl::expected<std::vector<ApiToken>, std::string> parse_tokens(std::string_view text);

/// A new token of 256 random bits: its text, shown once, and the entry of the tokens file.
struct NewToken {
  Secret text;
  std::string entry;
};
NewToken make_token(const std::string& name, ScopeSet scopes, rules::Instant expires);

struct Access {
  enum class Kind {
    granted,
    no_token,       // 401
    unknown_token,  // 401
    expired_token,  // 401
    missing_scope,  // 403
  };
  Kind kind = Kind::no_token;
  std::string name;  // of the token, when it is known
};

/// Judges the value of an Authorization header. The scope `admin` includes all others. The time it takes says nothing
/// about the tokens.
Access judge(const std::vector<ApiToken>& tokens, std::string_view authorization, ScopeSet wanted, rules::Instant now);

}  // namespace relance::engine
