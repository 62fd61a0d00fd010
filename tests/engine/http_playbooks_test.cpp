// GET and POST /v1/playbooks: engine/http/playbook_endpoints.cpp.

#include <doctest/doctest.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include "engine/http/server.h"
#include "rules/sha256.h"
#include "tests/engine/idle_engine.h"

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

struct Api {
  explicit Api(HttpSettings settings = {}) {
    settings.playbooks = &playbooks;
    auto started = HttpServer::start(engine, std::move(settings), registry);
    REQUIRE(started.has_value());
    server = *std::move(started);
  }
  httplib::Result post(const std::string& path, const std::string& body, const httplib::Headers& headers = {}) {
    httplib::Client client("127.0.0.1", server->port());
    client.set_read_timeout(20);
    return client.Post(path, headers, body, "application/json");
  }
  int status(const std::string& path, const std::string& body) {
    const auto result = post(path, body);
    REQUIRE(result);
    return result->status;
  }

  IdleEngine engine;
  FakePlaybooks playbooks;
  prometheus::Registry registry;
  std::unique_ptr<HttpServer> server;
};

TEST_CASE("publishing says who asks and which revisions are meant") {
  Api api;
  CHECK(api.status("/v1/playbooks", "") == 200);
  CHECK(api.status("/v1/playbooks", R"({"by":"ops","revisions":["a","b"]})") == 200);
  REQUIRE(api.playbooks.requests.size() == 2);
  CHECK_FALSE(api.playbooks.requests[0].revisions.has_value());
  CHECK(api.playbooks.requests[1].by == "ops");
  CHECK(api.playbooks.requests[1].revisions == std::vector<std::string>{"a", "b"});
  for (const char* body : {"[]", "x", R"({"by":1})", R"({"revisions":"a"})", R"({"revisions":[1]})"}) {
    CHECK_MESSAGE(api.status("/v1/playbooks", body) == 400, body);
  }
  CHECK(api.status("/v1/playbooks", R"({"by":")" + std::string(201, 'x') + "\"}") == 400);
  CHECK(api.playbooks.requests.size() == 2);
}

TEST_CASE("the holder of a token is who publishes, whatever the body says") {
  HttpSettings settings;
  settings.tokens.push_back({"Grace", rules::sha256("secret"), {Scope::author}, rules::Instant::never()});
  settings.tokens.push_back({"Eve", rules::sha256("other"), {Scope::operate}, rules::Instant::never()});
  Api api(settings);
  CHECK(api.post("/v1/playbooks", R"({"by":"Ada"})", {{"Authorization", "Bearer secret"}})->status == 200);
  REQUIRE(api.playbooks.requests.size() == 1);
  CHECK(api.playbooks.requests[0].by == "Grace");
  CHECK(api.post("/v1/playbooks", "", {{"Authorization", "Bearer other"}})->status == 403);
  CHECK(api.post("/v1/playbooks/preview", R"({"playbooks":[]})", {{"Authorization", "Bearer other"}})->status == 403);
  httplib::Client client("127.0.0.1", api.server->port());
  CHECK(client.Get("/v1/playbooks", httplib::Headers{{"Authorization", "Bearer other"}})->status == 200);
}

TEST_CASE("a refused folder is answered with its findings") {
  Api api;
  api.playbooks.answer = {PublishAnswer::Kind::refused, {}, {"p.yaml:3:1: error: unknown key [unknown-key]"}};
  const auto result = api.post("/v1/playbooks", "");
  REQUIRE(result);
  CHECK(result->status == 422);
  CHECK(result->get_header_value("Content-Type") == "application/problem+json");
  const Json problem = Json::parse(result->body);
  CHECK(problem["code"] == "findings");
  CHECK(problem["findings"] == Json{"p.yaml:3:1: error: unknown key [unknown-key]"});
  api.playbooks.answer = {PublishAnswer::Kind::differs, {}, {}};
  CHECK(api.status("/v1/playbooks", "") == 409);
  api.playbooks.answer = {};
  CHECK(api.status("/v1/playbooks", "") == 503);
}

TEST_CASE("a preview takes canonical forms and publishes nothing") {
  Api api;
  CHECK(api.status("/v1/playbooks/preview", R"({"playbooks":["{}"]})") == 200);
  CHECK(api.status("/v1/playbooks/preview", "{}") == 400);
  REQUIRE(api.playbooks.previews.size() == 1);
  CHECK(api.playbooks.previews[0] == std::vector<std::string>{"{}"});
  CHECK(api.playbooks.requests.empty());
}

}  // namespace
}  // namespace relance::tests
