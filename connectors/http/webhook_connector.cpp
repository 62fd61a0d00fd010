#include "connectors/http/webhook_connector.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "connectors/token.h"

namespace relance::connectors {
namespace {

using engine::AttemptResult;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

constexpr std::size_t kMaxAnswer = 64 * 1024;
constexpr std::int64_t kMaxRetryAfter = 60 * 60;

std::int64_t machine_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void add(Headers& headers, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(headers.get(), line.c_str())) {
    (void)headers.release();
    headers.reset(longer);
  }
}

AttemptResult failed(AttemptResult::Kind kind, std::string reason) {
  AttemptResult result;
  result.kind = kind;
  result.reason = std::move(reason);
  return result;
}

}  // namespace

struct WebhookRequest {
  const WebhookSettings& settings;
  const WebhookTarget& target;
  const std::string& body;
  const Headers& headers;
};

class WebhookConnector::Session {
 public:
  Session() : curl_(curl_is_ready() ? curl_easy_init() : nullptr) {}
  ~Session() { curl_easy_cleanup(curl_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  AttemptResult post(const WebhookRequest& request);

 private:
  void configure(const WebhookRequest& request);
  AttemptResult result_of(CURLcode code) const;

  static curl_socket_t on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto& session = *static_cast<Session*>(self);
    if (!session.allows_private_ && !is_public_address(address->addr)) {
      session.refused_address_ = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
  static std::size_t on_answer(char* /*data*/, std::size_t size, std::size_t count, void* self) {
    auto& session = *static_cast<Session*>(self);
    session.answer_size_ += size * count;
    return session.answer_size_ <= kMaxAnswer ? size * count : 0;  // the status is known: the rest does not matter
  }

  CURL* curl_;
  bool allows_private_ = false;
  bool refused_address_ = false;
  std::size_t answer_size_ = 0;
};

void WebhookConnector::Session::configure(const WebhookRequest& request) {
  curl_easy_reset(curl_);  // keeps the connection
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(curl_, option, value); };
  set(CURLOPT_URL, request.target.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");  // the environment does not redirect actions
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.settings.ca_file.empty()) set(CURLOPT_CAINFO, request.settings.ca_file.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.settings.connect_timeout.ms));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.settings.timeout.ms));
  set(CURLOPT_OPENSOCKETFUNCTION, &Session::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Session::on_answer);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_USERAGENT, "relance");
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDS, request.body.data());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(CURLOPT_HTTPHEADER, request.headers.get());
}

AttemptResult WebhookConnector::Session::post(const WebhookRequest& request) {
  if (curl_ == nullptr) return failed(AttemptResult::Kind::retry, "http libcurl could not start");
  configure(request);
  allows_private_ = request.target.allows_private;
  refused_address_ = false;
  answer_size_ = 0;
  const AttemptResult result = result_of(curl_easy_perform(curl_));
  curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, nullptr);
  curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, nullptr);
  return result;
}

AttemptResult WebhookConnector::Session::result_of(CURLcode code) const {
  long status = 0;
  long sent = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl_, CURLINFO_REQUEST_SIZE, &sent);
  curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &retry_after);
  if (status >= 200) return result_of_status(status, retry_after);
  if (refused_address_ && sent == 0) {
    return failed(AttemptResult::Kind::retry, "http address refused: it lies in a private network");
  }
  // Whatever was sent may have been acted upon.
  const auto kind = sent > 0 ? AttemptResult::Kind::outcome_unknown : AttemptResult::Kind::retry;
  return failed(kind, fmt::format("http {}{}", curl_failure(code), sent > 0 ? " before the answer" : ""));
}

AttemptResult result_of_status(long status, std::int64_t retry_after_seconds) {
  AttemptResult result;
  if (status / 100 == 2) {
    result.kind = AttemptResult::Kind::accepted;
    return result;
  }
  // RFC 9110: 503 and RFC 6585: 429 say that nothing was done; any other 5xx, a gateway's 504 above all, and 408 come
  // from a server that may have acted.
  const bool nothing_done = status == 425 || status == 429 || status == 503;
  const bool again = nothing_done || status == 408 || status / 100 == 5;
  result.kind = nothing_done ? AttemptResult::Kind::retry
                : again      ? AttemptResult::Kind::outcome_unknown
                             : AttemptResult::Kind::rejected;
  result.reason = fmt::format("http {}{}", status, status / 100 == 3 ? ": redirects are not followed" : "");
  if (again && retry_after_seconds > 0) {
    result.retry_after = rules::Duration{std::min(retry_after_seconds, kMaxRetryAfter) * 1000};
  }
  return result;
}

WebhookConnector::WebhookConnector(WebhookSettings settings, WebhookTarget target, WebhookKey key)
    : settings_(std::move(settings)), target_(std::move(target)), key_(std::move(key)) {}

WebhookConnector::~WebhookConnector() = default;

tl::expected<std::unique_ptr<WebhookConnector>, std::string> WebhookConnector::create(WebhookSettings settings) {
  auto target = parse_webhook_url(settings.url, settings.allow_hosts);
  if (!target) return tl::unexpected(target.error());
  auto key = WebhookKey::parse(settings.secret);
  if (!key) return tl::unexpected(key.error());
  if (!settings.seconds_since_epoch) settings.seconds_since_epoch = machine_seconds;
  return std::unique_ptr<WebhookConnector>(
      new WebhookConnector(std::move(settings), *std::move(target), *std::move(key)));
}

AttemptResult WebhookConnector::deliver(const engine::Action& action, int /*attempt*/) {
  const std::string id(action.id.value);
  if (!is_action_token(id)) return failed(AttemptResult::Kind::rejected, "action_id: letters, digits and - only");
  const std::string body = engine::to_cloud_event(action);
  const std::int64_t timestamp = settings_.seconds_since_epoch();
  Headers headers(nullptr, curl_slist_free_all);
  add(headers, "Content-Type: application/cloudevents+json; charset=utf-8");
  add(headers, "Idempotency-Key: " + id);
  add(headers, "webhook-id: " + id);
  add(headers, fmt::format("webhook-timestamp: {}", timestamp));
  add(headers, "webhook-signature: " + key_.sign({id, timestamp, body}));
  add(headers, "Expect:");  // no 100-continue: large bodies go at once

  std::unique_ptr<Session> session = sessions_.take();
  AttemptResult result = session->post({settings_, target_, body, headers});
  sessions_.give_back(std::move(session));
  return result;
}

}  // namespace relance::connectors
