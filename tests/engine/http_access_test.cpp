#include "engine/http/access.h"

#include <doctest/doctest.h>

#include <string>

#include "rules/sha256.h"

using namespace relance;
using namespace relance::engine;

namespace {
const std::string kHash(64, 'a');
std::string entry(const std::string& changed) {
  return R"([{"name":"crm","sha256":")" + kHash + R"(","scopes":["ingest"],"expires":"2027-01-01T00:00:00Z")" +
         changed + "}]";
}
}  // namespace

TEST_CASE("a new token opens what its entry says") {
  const rules::Instant expires = *rules::parse_rfc3339("2027-01-01T00:00:00Z");
  const NewToken token = make_token("crm", {Scope::ingest, Scope::legal_read}, expires);
  CHECK(token.text.reveal().size() == 46);
  CHECK(token.text.reveal().starts_with("rl_"));
  CHECK(token.entry.find(token.text.reveal()) == std::string::npos);
  const auto tokens = parse_tokens("[" + token.entry + "]");
  REQUIRE(tokens.has_value());
  CHECK((*tokens)[0].name == "crm");
  CHECK((*tokens)[0].expires == expires);
  CHECK((*tokens)[0].scopes == ScopeSet{Scope::ingest, Scope::legal_read});
  const std::string header = "Bearer " + token.text.reveal();
  const rules::Instant before = expires - rules::Duration{1};
  CHECK(judge(*tokens, header, {Scope::ingest}, before).kind == Access::Kind::granted);
  CHECK(judge(*tokens, header, {Scope::ingest}, before).name == "crm");
  CHECK(judge(*tokens, header, {Scope::dpo}, before).kind == Access::Kind::missing_scope);
  CHECK(judge(*tokens, header, {Scope::ingest}, expires).kind == Access::Kind::expired_token);
  CHECK(judge(*tokens, header + "x", {Scope::ingest}, before).kind == Access::Kind::unknown_token);
  CHECK(judge(*tokens, "", {Scope::ingest}, before).kind == Access::Kind::no_token);
  CHECK(make_token("crm", {Scope::ingest}, expires).text.reveal() != token.text.reveal());
}

TEST_CASE("a tokens file that could be misread is refused") {
  CHECK(parse_tokens(entry("")).has_value());
  for (const std::string& json : std::vector<std::string>{
           "", "{}", "[]", "[1]", "[{}]", entry(R"(,"scope":["admin"])"), entry(R"(,"sha256":"aa")"),
           entry(R"(,"sha256":")" + std::string(64, 'g') + "\""), entry(R"(,"scopes":["root"])"),
           entry(R"(,"scopes":"ingest")"), entry(R"(,"expires":"2027-01-01")"), entry(R"(,"expires":null)"),
           entry(R"(,"name":"")"), R"([{"name":"crm","sha256":")" + kHash + R"(","scopes":["ingest"]}])",
           R"([{"name":"crm","scopes":["ingest"],"expires":"2027-01-01T00:00:00Z"}])",
           R"([{"name":"crm","sha256":")" + kHash + R"(","scopes":[],"expires":"2027-01-01T00:00:00Z"}])"}) {
    CAPTURE(json);
    CHECK(!parse_tokens(json).has_value());
  }
  const auto missing = load_tokens("/nonexistent/tokens.json");
  REQUIRE(!missing.has_value());
  CHECK(missing.error().find("/nonexistent/tokens.json") != std::string::npos);
}

TEST_CASE("scopes have the contract's names") {
  for (const Scope scope : kScopes) CHECK(parse_scope(to_string(scope)) == scope);
  CHECK(!parse_scope("root").has_value());
  CHECK(to_string(ScopeSet{Scope::legal_read, Scope::operate}) == "operate legal-read");
}
