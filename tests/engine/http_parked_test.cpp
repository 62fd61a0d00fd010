// GET and POST /v1/parked: engine/http/parked_endpoints.cpp.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rules/sha256.h"
#include "tests/engine/http_api.h"

namespace relance::tests {
namespace {

using namespace engine;
using Json = nlohmann::json;

class FakeParked : public ParkedActions {
 public:
  std::optional<std::string> parked_json(std::size_t limit) override {
    limits.push_back(limit);
    return R"({"total":0,"parked":[]})";
  }
  ReleaseAnswer release(const ParkedRelease& given) override {
    releases.push_back(given);
    return answer;
  }

  ReleaseAnswer answer{ReleaseAnswer::Kind::done, {}};
  std::vector<std::size_t> limits;
  std::vector<ParkedRelease> releases;
};

HttpSettings serving(FakeParked& parked) {
  HttpSettings settings;
  settings.parked = &parked;
  return settings;
}

const std::string kDecision = R"({"decision":"resend","by":"ops","reason":"the server's log has no such mail"})";

TEST_CASE("a decision about a parked action names action, decision, actor and reason") {
  FakeParked parked;
  const HttpApi api(serving(parked));
  CHECK(api.post("/v1/parked/00ff", kDecision)->status == 200);
  REQUIRE(parked.releases.size() == 1);
  CHECK(parked.releases[0].action.value == "00ff");
  CHECK(parked.releases[0].decision == ParkedDecision::resend);
  CHECK(parked.releases[0].by == "ops");
  CHECK(parked.releases[0].reason == "the server's log has no such mail");
}

TEST_CASE("a decision without a reason, an actor or a known name is refused, and so is an address in the reason") {
  FakeParked parked;
  const HttpApi api(serving(parked));
  for (const char* body :
       {"", "[]", "{}", R"({"decision":"resend","by":"ops"})", R"({"decision":"resend","by":"ops","reason":""})",
        R"({"decision":"resend","reason":"r"})", R"({"decision":"retry","by":"ops","reason":"r"})",
        R"({"decision":1,"by":"ops","reason":"r"})", R"({"decision":"drop","by":2,"reason":"r"})",
        R"({"decision":"drop","by":"ops","reason":"ada@example.com has it"})"}) {
    CHECK_MESSAGE(api.post("/v1/parked/00ff", body)->status == 400, body);
  }
  CHECK(api.post("/v1/parked/00ff", R"({"decision":"drop","by":"o","reason":")" + std::string(201, 'x') + "\"}")
            ->status == 400);
  CHECK(parked.releases.empty());
}

TEST_CASE("what the gate would not let out is a conflict that names the rule") {
  FakeParked parked;
  const HttpApi api(serving(parked));
  parked.answer = {ReleaseAnswer::Kind::refused, "opt_out"};
  const auto result = api.post("/v1/parked/00ff", kDecision);
  CHECK(result->status == 409);
  CHECK(Json::parse(result->body)["detail"].get<std::string>().find("opt_out") != std::string::npos);
  parked.answer = {ReleaseAnswer::Kind::not_found, {}};
  CHECK(api.post("/v1/parked/00ff", kDecision)->status == 404);
  parked.answer = {};
  CHECK(api.post("/v1/parked/00ff", kDecision)->status == 503);
}

TEST_CASE("deciding needs the scope operate, and the token's holder is who decided") {
  FakeParked parked;
  HttpSettings settings = serving(parked);
  settings.tokens.push_back({"Grace", rules::sha256("secret"), {Scope::operate}, rules::Instant::never()});
  settings.tokens.push_back({"Eve", rules::sha256("other"), {Scope::legal_read}, rules::Instant::never()});
  const HttpApi api(std::move(settings));
  CHECK(api.post("/v1/parked/00ff", kDecision)->status == 401);
  CHECK(api.post("/v1/parked/00ff", kDecision, {{"Authorization", "Bearer other"}})->status == 403);
  CHECK(api.post("/v1/parked/00ff", kDecision, {{"Authorization", "Bearer secret"}})->status == 200);
  REQUIRE(parked.releases.size() == 1);
  CHECK(parked.releases[0].by == "Grace");
  CHECK(api.get("/v1/parked")->status == 401);
  CHECK(api.get("/v1/parked", {{"Authorization", "Bearer other"}})->status == 200);
}

TEST_CASE("the list of parked actions has a limit") {
  FakeParked parked;
  const HttpApi api(serving(parked));
  CHECK(api.get("/v1/parked")->status == 200);
  CHECK(api.get("/v1/parked?limit=5")->status == 200);
  CHECK(parked.limits == std::vector<std::size_t>{1000, 5});
  CHECK(api.get("/v1/parked?limit=0")->status == 400);
  CHECK(api.get("/v1/parked?limit=x")->status == 400);
}

}  // namespace
}  // namespace relance::tests
