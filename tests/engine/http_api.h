#pragma once
// The HTTP API over an engine that does nothing, on a free port of loopback.

#include <doctest/doctest.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <utility>

#include <httplib.h>

#include "engine/http/server.h"
#include "tests/engine/idle_engine.h"

namespace relance::tests {

class HttpApi {
 public:
  explicit HttpApi(engine::HttpSettings settings) {
    auto started = engine::HttpServer::start(engine_, std::move(settings), registry_);
    REQUIRE(started.has_value());
    server_ = *std::move(started);
  }
  httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) const {
    auto result = client().Get(path, headers);
    REQUIRE(result);
    return result;
  }
  httplib::Result post(const std::string& path, const std::string& body, const httplib::Headers& headers = {}) const {
    auto result = client().Post(path, headers, body, "application/json");
    REQUIRE(result);
    return result;
  }

 private:
  httplib::Client client() const {
    httplib::Client out("127.0.0.1", server_->port());
    out.set_read_timeout(20);
    return out;
  }

  IdleEngine engine_;
  prometheus::Registry registry_;
  std::unique_ptr<engine::HttpServer> server_;
};

}  // namespace relance::tests
