// GET and POST /v1/playbooks: engine/http/playbook_endpoints.cpp.

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

class FakePlaybooks : public PlaybookService {
 public:
  PublishAnswer publish(const PublishRequest& given) override {
    requests.push_back(given);
    return answer;
  }
  PublishAnswer preview(const std::vector<std::string>& canonical) override {
    previews.push_back(canonical);
    return answer;
  }
  std::optional<std::string> playbooks_json() override { return R"({"playbooks":[]})"; }

  PublishAnswer answer{PublishAnswer::Kind::done, R"({"playbooks":[]})", {}};
  std::vector<PublishRequest> requests;
  std::vector<std::vector<std::string>> previews;
};

HttpSettings serving(FakePlaybooks& playbooks) {
  HttpSettings settings;
  settings.playbooks = &playbooks;
  return settings;
}

TEST_CASE("publishing says who asks and which revisions are meant") {
  FakePlaybooks playbooks;
  const HttpApi api(serving(playbooks));
  CHECK(api.post("/v1/playbooks", "")->status == 200);
  CHECK(api.post("/v1/playbooks", R"({"by":"ops","revisions":["a","b"]})")->status == 200);
  REQUIRE(playbooks.requests.size() == 2);
  CHECK_FALSE(playbooks.requests[0].revisions.has_value());
  CHECK(playbooks.requests[1].by == "ops");
  CHECK(playbooks.requests[1].revisions == std::vector<std::string>{"a", "b"});
  for (const char* body : {"[]", "x", R"({"by":1})", R"({"revisions":"a"})", R"({"revisions":[1]})"}) {
    CHECK_MESSAGE(api.post("/v1/playbooks", body)->status == 400, body);
  }
  CHECK(api.post("/v1/playbooks", R"({"by":")" + std::string(201, 'x') + "\"}")->status == 400);
  CHECK(playbooks.requests.size() == 2);
}

TEST_CASE("the holder of a token is who publishes, whatever the body says") {
  FakePlaybooks playbooks;
  HttpSettings settings = serving(playbooks);
  settings.tokens.push_back({"Grace", rules::sha256("secret"), {Scope::author}, rules::Instant::never()});
  settings.tokens.push_back({"Eve", rules::sha256("other"), {Scope::operate}, rules::Instant::never()});
  const HttpApi api(std::move(settings));
  CHECK(api.post("/v1/playbooks", R"({"by":"Ada"})", {{"Authorization", "Bearer secret"}})->status == 200);
  REQUIRE(playbooks.requests.size() == 1);
  CHECK(playbooks.requests[0].by == "Grace");
  CHECK(api.post("/v1/playbooks", "", {{"Authorization", "Bearer other"}})->status == 403);
  CHECK(api.post("/v1/playbooks/preview", R"({"playbooks":[]})", {{"Authorization", "Bearer other"}})->status == 403);
  CHECK(api.get("/v1/playbooks", {{"Authorization", "Bearer other"}})->status == 200);
}

TEST_CASE("a refused folder is answered with its findings") {
  FakePlaybooks playbooks;
  const HttpApi api(serving(playbooks));
  playbooks.answer = {PublishAnswer::Kind::refused, {}, {"p.yaml:3:1: error: unknown key [unknown-key]"}};
  const auto result = api.post("/v1/playbooks", "");
  CHECK(result->status == 422);
  CHECK(result->get_header_value("Content-Type") == "application/problem+json");
  const Json problem = Json::parse(result->body);
  CHECK(problem["code"] == "findings");
  CHECK(problem["findings"] == Json{"p.yaml:3:1: error: unknown key [unknown-key]"});
  playbooks.answer = {PublishAnswer::Kind::differs, {}, {}};
  CHECK(api.post("/v1/playbooks", "")->status == 409);
  playbooks.answer = {};
  CHECK(api.post("/v1/playbooks", "")->status == 503);
}

TEST_CASE("a preview takes canonical forms and publishes nothing") {
  FakePlaybooks playbooks;
  const HttpApi api(serving(playbooks));
  CHECK(api.post("/v1/playbooks/preview", R"({"playbooks":["{}"]})")->status == 200);
  CHECK(api.post("/v1/playbooks/preview", "{}")->status == 400);
  REQUIRE(playbooks.previews.size() == 1);
  CHECK(playbooks.previews[0] == std::vector<std::string>{"{}"});
  CHECK(playbooks.requests.empty());
}

}  // namespace
}  // namespace relance::tests
