#include "engine/app/api_client.h"

#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

namespace relance::app {

namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::minutes kLongWork{30};

tl::unexpected<std::string> failed(std::string why) { return tl::unexpected<std::string>(std::move(why)); }

std::string read_token(const ApiOptions& options) {
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    std::string token;
    std::getline(file, token);
    return token;
  }
  const char* token = std::getenv("RELANCE_TOKEN");
  return token ? token : "";
}

}  // namespace

void ApiOptions::add_to(CLI::App& command) {
  command.add_option("--url", url, "The daemon, default " + url);
  command.add_option("--token-file", token_file,
                     "File with the bearer token; default: the variable RELANCE_TOKEN, if set");
}

struct ApiClient::Http {
  explicit Http(const ApiOptions& options) : url(options.url), client(options.url) {
    client.set_connection_timeout(5);
    client.set_read_timeout(60);
    client.set_keep_alive(true);
    if (const std::string token = read_token(options); !token.empty()) client.set_bearer_token_auth(token);
  }
  tl::expected<ApiAnswer, std::string> answer(const httplib::Result& result) const {
    if (!result) return failed("no answer from " + url + ": " + httplib::to_string(result.error()));
    ApiAnswer answer{result->status, result->body, 0};
    if (result->has_header("Retry-After"))
      answer.retry_after_seconds = std::atoi(result->get_header_value("Retry-After").c_str());
    return answer;
  }
  std::string url;
  httplib::Client client;
};

ApiClient::ApiClient(const ApiOptions& options) : http_(std::make_unique<Http>(options)) {}
ApiClient::~ApiClient() = default;

tl::expected<ApiAnswer, std::string> ApiClient::get(const std::string& path) {
  return http_->answer(http_->client.Get(path));
}

tl::expected<ApiAnswer, std::string> ApiClient::post_events(const std::string& body, bool batch) {
  const char* type = batch ? "application/cloudevents-batch+json" : "application/cloudevents+json";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    auto answer = http_->answer(http_->client.Post("/v1/events", body, type));
    const bool busy = answer && (answer->status == 429 || answer->status == 503);
    if (!busy || std::chrono::steady_clock::now() >= deadline) return answer;
    // The daemon named the time after which to come back.
    std::this_thread::sleep_for(std::chrono::seconds(std::max(1, answer->retry_after_seconds)));
  }
}

tl::expected<ApiAnswer, std::string> ApiClient::post(const std::string& path, const std::string& body) {
  http_->client.set_read_timeout(kLongWork);
  return http_->answer(http_->client.Post(path, body, "application/json"));
}

std::optional<rules::Instant> ApiClient::clock() {
  const auto answer = get("/readyz");
  if (!answer || answer->status != 200) return std::nullopt;
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  if (!json.is_object() || !json.contains("now") || !json["now"].is_string()) return std::nullopt;
  return rules::parse_rfc3339(json["now"].get<std::string>());
}

std::string lead_path(const std::string& lead) { return path_to("/v1/leads/", lead); }

std::string path_to(std::string path, const std::string& id) {
  for (const char c : id) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    path += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return path;
}

}  // namespace relance::app
