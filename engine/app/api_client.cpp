#include "engine/app/api_client.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "engine/app/failure.h"

namespace relance::app {

namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::minutes kLongWork{30};

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

std::string reason(httplib::Error error) {
  return error == httplib::Error::Connection ? "nothing listens there" : httplib::to_string(error);
}

constexpr const char* kStartIt = "start a daemon there (relance serve --config FILE), or name another with --url";

std::string check_url(const std::string& url) {
  if (url.starts_with("http://") || url.starts_with("https://")) return {};
  return "expected an address such as http://127.0.0.1:8080, got `" + url + "`";
}

std::string check_token_file(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (std::getline(file, token) && !token.empty()) return {};
  return "expected a file with a token on its first line, got `" + path + "`, which cannot be read or is empty";
}

}  // namespace

void ApiOptions::add_to(CLI::App& command) {
  command.add_option("--url", url, "The daemon, default " + url)->check(check_url);
  command
      .add_option("--token-file", token_file, "File with the bearer token; default: the variable RELANCE_TOKEN, if set")
      ->check(check_token_file);
}

struct ApiClient::Http {
  explicit Http(const ApiOptions& options) : url(options.url), client(options.url) {
    client.set_connection_timeout(5);
    client.set_read_timeout(60);
    client.set_keep_alive(true);
    if (const std::string token = read_token(options); !token.empty()) client.set_bearer_token_auth(token);
  }
  tl::expected<ApiAnswer, std::string> answer(const httplib::Result& result) const {
    if (!result) return failed(fmt::format("no answer from {} ({}); {}", url, reason(result.error()), kStartIt));
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

tl::expected<rules::Instant, std::string> ApiClient::clock() {
  const auto answer = get("/readyz");
  if (!answer) return failed(answer.error());
  if (answer->status != 200) return failed(refusal_text(*answer));
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  const bool has_clock = json.is_object() && json.contains("now") && json["now"].is_string();
  const auto now = has_clock ? rules::parse_rfc3339(json["now"].get<std::string>()) : std::nullopt;
  if (!now) return failed("what answers at " + http_->url + " is no Relance daemon; name another with --url");
  return *now;
}

std::string refusal_text(const ApiAnswer& answer) {
  const auto problem = nlohmann::json::parse(answer.body, nullptr, false);
  const bool known = problem.is_object() && problem.contains("detail") && problem["detail"].is_string();
  const std::string why = known ? problem["detail"].get<std::string>() : answer.body;
  const bool token = answer.status == 401 || answer.status == 403;
  return fmt::format("the daemon answered {}: {}{}", answer.status, why,
                     token ? " Name the file of a token with --token-file, or set RELANCE_TOKEN." : "");
}

tl::expected<std::uint64_t, std::string> read_ledger(ApiClient& client, std::uint64_t from,
                                                     const std::function<void(const std::string& line)>& take) {
  while (true) {
    const auto answer = client.get("/v1/ledger?from=" + std::to_string(from) + "&limit=1000");
    if (!answer) return failed(answer.error());
    if (answer->status != 200) return failed(refusal_text(*answer));
    std::istringstream lines(answer->body);
    std::uint64_t next = from;
    for (std::string line; std::getline(lines, line);) {
      const auto record = nlohmann::json::parse(line, nullptr, false);
      if (!record.is_object() || !record.contains("seq")) continue;
      next = record["seq"].get<std::uint64_t>() + 1;
      take(line);
    }
    if (next == from) return next;
    from = next;
  }
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
