#include "engine/http/server.h"

#include <arpa/inet.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <httplib.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "engine/http/bounded_server.h"
#include "engine/http/endpoints.h"
#include "engine/http/openapi.h"
#include "engine/http/problem.h"

namespace relance::engine {

namespace {

using httplib::Request;
using httplib::Response;

constexpr std::size_t kMaxPathBytes = 1200;
constexpr std::size_t kMaxHeadBytes = std::size_t{32} * 1024;
// The marks of a chunked body, generously.
constexpr std::size_t kChunkOverhead = std::size_t{64} * 1024;
constexpr int kRequestsPerConnection = 1000;

enum RouteIndex : std::size_t {
  kPostEvents,
  kGetWhy,  // before kGetLead, whose path is the beginning of its own
  kGetLead,
  kGetLedger,
  kGetPlaybooks,
  kPostPlaybooks,
  kPostPreview,
  kGetHalts,
  kPostHalt,
  kPostResume,
  kGetParked,
  kPostParked,
  kGetUnsubscribe,
  kPostUnsubscribe,
  kMetrics,
  kHealth,
  kReady,
  kOpenApi,
  kRouteCount
};

/// What stands for the part in braces of a path like /v1/leads/{id}; nullopt when the path is another. Ids may hold
/// slashes, so the part is as long as it can be.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const std::size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (!path.starts_with(pattern.substr(0, brace)) || path.size() <= brace + after.size()) return std::nullopt;
  if (!path.ends_with(after)) return std::nullopt;
  return path.substr(brace, path.size() - brace - after.size());
}

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  return address == "localhost";
}

/// The name in a Host header, without port and brackets.
std::string host_of(const std::string& header) {
  if (header.starts_with('[')) return header.substr(1, header.find(']') - 1);
  return header.substr(0, header.find(':'));
}

rules::Instant machine_clock() {
  using std::chrono::system_clock;
  return {std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count()};
}

ServerBounds bounds_of(const HttpSettings& settings) {
  ServerBounds bounds;
  bounds.threads = settings.threads;
  bounds.waiting = settings.queue;
  bounds.retry_after_seconds = static_cast<int>(std::max<std::int64_t>(1, (settings.retry_after.ms + 999) / 1000));
  bounds.requests_per_connection = kRequestsPerConnection;
  bounds.connection = {kMaxHeadBytes, settings.max_body + kChunkOverhead,
                       std::chrono::milliseconds(settings.request_time.ms),
                       std::chrono::milliseconds(settings.keep_alive_time.ms)};
  return bounds;
}

}  // namespace

const std::vector<HttpRoute>& HttpServer::routes() {
  static const std::vector<HttpRoute>* const kRoutes = [] {
    auto* routes = new std::vector<HttpRoute>(kRouteCount);
    (*routes)[kPostEvents] = {"POST", "/v1/events", {Scope::ingest}};
    (*routes)[kGetWhy] = {"GET", "/v1/leads/{id}/why", {Scope::operate, Scope::legal_read}};
    (*routes)[kGetLead] = {"GET", "/v1/leads/{id}", {Scope::operate, Scope::legal_read}};
    (*routes)[kGetLedger] = {"GET", "/v1/ledger", {Scope::operate, Scope::legal_read}};
    (*routes)[kGetPlaybooks] = {"GET", "/v1/playbooks", {Scope::author, Scope::operate}};
    (*routes)[kPostPlaybooks] = {"POST", "/v1/playbooks", {Scope::author}};
    (*routes)[kPostPreview] = {"POST", "/v1/playbooks/preview", {Scope::author}};
    (*routes)[kGetHalts] = {"GET", "/v1/halt", {Scope::operate, Scope::author}};
    (*routes)[kPostHalt] = {"POST", "/v1/halt", {Scope::operate}};
    (*routes)[kPostResume] = {"POST", "/v1/resume", {Scope::operate}};
    (*routes)[kGetParked] = {"GET", "/v1/parked", {Scope::operate, Scope::legal_read}};
    (*routes)[kPostParked] = {"POST", "/v1/parked/{action}", {Scope::operate}};
    (*routes)[kGetUnsubscribe] = {"GET", "/u/{token}", {}};
    (*routes)[kPostUnsubscribe] = {"POST", "/u/{token}", {}};
    (*routes)[kMetrics] = {"GET", "/metrics", {}};
    (*routes)[kHealth] = {"GET", "/healthz", {}};
    (*routes)[kReady] = {"GET", "/readyz", {}};
    (*routes)[kOpenApi] = {"GET", "/openapi.json", {}};
    return routes;
  }();
  return *kRoutes;
}

struct HttpServer::Running {
  Running(EngineService& service, HttpSettings given, prometheus::Registry& metrics);

  /// Everything that can be judged before the body; true when the response is complete.
  bool before_body(const Request& request, Response& response);
  void with_body(const Request& request, Response& response, const httplib::ContentReader& body);
  std::optional<Problem> check_framing(const Request& request) const;
  /// The route and what its {part} stands for; otherwise the response says why there is none.
  struct Found {
    std::size_t route = kRouteCount;
    std::string_view part;
  };
  std::optional<Found> find(const Request& request, Response& response) const;
  bool allowed(const HttpRoute& route, const Request& request, Response& response) const;
  std::string holder(const Request& request) const;
  void get(const Found& found, const Request& request, Response& response);
  void get_ready(Response& response);
  void finish(const Request& request, Response& response);
  void count(const Request& request, const Response& response);

  EngineService& service;
  HttpSettings settings;
  EndpointContext context;
  prometheus::Registry& registry;
  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Histogram>& seconds;
  BoundedServer server;
  int port = 0;
  std::thread listener;
};

HttpServer::Running::Running(EngineService& given_service, HttpSettings given, prometheus::Registry& metrics)
    : service(given_service),
      settings(std::move(given)),
      context{service, settings},
      registry(metrics),
      requests(prometheus::BuildCounter()
                   .Name("relance_http_requests_total")
                   .Help("HTTP requests answered, by route and status")
                   .Register(registry)),
      seconds(prometheus::BuildHistogram()
                  .Name("relance_http_request_seconds")
                  .Help("Time from a request's head to its answer, by route")
                  .Register(registry)),
      server(bounds_of(settings)) {
  if (!settings.wall_clock) settings.wall_clock = machine_clock;
  using HandlerResponse = httplib::Server::HandlerResponse;
  server.set_pre_routing_handler([this](const Request& request, Response& response) {
    return before_body(request, response) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
  });
  // before_body() has matched the path already; the expressions only lead here.
  const auto handler = [this](const Request& request, Response& response, const httplib::ContentReader& body) {
    with_body(request, response, body);
  };
  server.Post("/v1/events", handler);
  server.Post("/v1/playbooks", handler);
  server.Post("/v1/playbooks/preview", handler);
  server.Post("/v1/halt", handler);
  server.Post("/v1/resume", handler);
  server.Post("/v1/parked/.+", handler);
  server.Post("/u/.+", handler);
  server.set_error_handler([](const Request&, Response& response) {
    if (!response.body.empty()) return;
    // What httplib found wrong before it asked us.
    const Connection* connection = BoundedServer::current();
    if (connection != nullptr && connection->head_too_large()) response.status = 431;
    answer(response, {response.status, "bad_request", "The request is no valid HTTP, or larger than allowed."});
  });
  server.set_exception_handler([](const Request&, Response& response, const auto&) {
    spdlog::error("http error=exception status=500");
    answer(response, {500, "internal", "An internal error. Repeating the request is safe."});
  });
  server.set_post_routing_handler([this](const Request& request, Response& response) { finish(request, response); });
}

std::optional<Problem> HttpServer::Running::check_framing(const Request& request) const {
  if (request.path.size() > kMaxPathBytes) return Problem{414, "uri_too_long", "The path is longer than any of ours."};
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  const bool coded = request.has_header("Transfer-Encoding");
  const std::string length = request.get_header_value("Content-Length");
  if (lengths > 1 || (coded && lengths > 0) || length.find_first_not_of("0123456789") != std::string::npos ||
      length.size() > 18 || request.get_header_value_count("Transfer-Encoding") > 1 ||
      (coded && request.get_header_value("Transfer-Encoding") != "chunked")) {
    return Problem{400, "bad_framing", "Expected one Content-Length, or Transfer-Encoding: chunked, and not both."};
  }
  // A small body can unpack to any size.
  if (request.has_header("Content-Encoding") && request.get_header_value("Content-Encoding") != "identity") {
    return Problem{415, "unsupported_encoding", "Content codings are not supported: send the body as it is."};
  }
  if (!length.empty() && std::stoull(length) > settings.max_body) {
    return Problem{413, "too_large", "Expected at most " + std::to_string(settings.max_body) + " octets."};
  }
  return std::nullopt;
}

std::optional<HttpServer::Running::Found> HttpServer::Running::find(const Request& request, Response& response) const {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allow;
  for (std::size_t i = 0; i < routes().size(); ++i) {
    const auto part = match(routes()[i].path, request.path);
    if (!part) continue;
    if (routes()[i].method == method) return Found{i, *part};
    if (!allow.empty()) allow += ", ";
    allow += routes()[i].method == "GET" ? "GET, HEAD" : routes()[i].method;
  }
  if (allow.empty()) {
    answer(response, {404, "unknown_path", "There is nothing at this path; /openapi.json lists what there is."});
  } else {
    response.set_header("Allow", allow);
    answer(response, {405, "method_not_allowed", "Expected one of: " + allow + "."});
  }
  return std::nullopt;
}

bool HttpServer::Running::allowed(const HttpRoute& route, const Request& request, Response& response) const {
  if (route.scopes.empty()) return true;
  if (settings.tokens.empty()) {
    // A page in a browser on this machine may reach the loopback address under a name of its own.
    if (is_loopback(host_of(request.get_header_value("Host")))) return true;
    answer(response, {421, "unknown_host", "Without tokens the API answers only to localhost."});
    return false;
  }
  const Access access =
      judge(settings.tokens, request.get_header_value("Authorization"), route.scopes, settings.wall_clock());
  switch (access.kind) {
    case Access::Kind::granted:
      return true;
    case Access::Kind::missing_scope:
      response.set_header("WWW-Authenticate", "Bearer realm=\"relance\", error=\"insufficient_scope\", scope=\"" +
                                                  to_string(route.scopes) + "\"");
      answer(response, {403, "missing_scope", "The token needs one of the scopes: " + to_string(route.scopes) + "."});
      return false;
    case Access::Kind::no_token:
      response.set_header("WWW-Authenticate", "Bearer realm=\"relance\"");
      answer(response, {401, "no_token", "Expected Authorization: Bearer and a token."});
      return false;
    case Access::Kind::unknown_token:
    case Access::Kind::expired_token:
      break;
  }
  response.set_header("WWW-Authenticate", "Bearer realm=\"relance\", error=\"invalid_token\"");
  const bool expired = access.kind == Access::Kind::expired_token;
  answer(response, {401, expired ? "expired_token" : "unknown_token",
                    expired ? "The token has expired." : "The token is not known."});
  return false;
}

bool HttpServer::Running::before_body(const Request& request, Response& response) {
  if (const auto problem = check_framing(request)) {
    answer(response, *problem);
    return true;
  }
  const auto found = find(request, response);
  if (!found || !allowed(routes()[found->route], request, response)) return true;
  if (routes()[found->route].method == "POST") return false;
  get(*found, request, response);
  return true;
}

void HttpServer::Running::get(const Found& found, const Request& request, Response& response) {
  response.status = 200;
  switch (found.route) {
    case kGetWhy:
      return get_why(context, found.part, response);
    case kGetLead:
      return get_lead(context, found.part, response);
    case kGetLedger:
      return get_ledger(context, request, response);
    case kGetHalts:
      return get_halts(context, response);
    case kGetPlaybooks:
      return get_playbooks(context, response);
    case kGetParked:
      return get_parked(context, request, response);
    case kGetUnsubscribe:
      return show_unsubscribe(context, request, found.part, response);
    case kMetrics:
      return response.set_content(prometheus::TextSerializer().Serialize(registry.Collect()),
                                  "text/plain; version=0.0.4; charset=utf-8");
    case kHealth:
      return response.set_content(R"({"status":"alive"})", "application/json");
    case kReady:
      return get_ready(response);
    default:
      return response.set_content(std::string(openapi_document()), "application/json");
  }
}

void HttpServer::Running::get_ready(Response& response) {
  std::string why;
  // `now` is the engine's clock, which need not be the machine's: whoever plays events back follows it.
  if (service.ready(why)) {
    return response.set_content(R"({"status":"ready","now":")" + rules::to_string(service.now()) + R"("})",
                                "application/json");
  }
  answer(response, {503, "not_ready", why});
}

void HttpServer::Running::with_body(const Request& request, Response& response, const httplib::ContentReader& body) {
  const auto token = match("/u/{token}", request.path);
  // The body of a one-click POST says nothing that the token does not say; what is unread ends with the connection.
  if (token) return unsubscribe(context, request, *token, response);
  std::string text;
  bool too_large = false;
  const bool read = body([&](const char* octets, std::size_t size) {
    too_large = text.size() + size > settings.max_body;
    if (!too_large) text.append(octets, size);
    return !too_large;
  });
  const Connection* connection = BoundedServer::current();
  if (too_large || (connection != nullptr && connection->body_too_large())) {
    return answer(response, {413, "too_large", "Expected at most " + std::to_string(settings.max_body) + " octets."});
  }
  if (!read) {
    const bool late = connection != nullptr && connection->timed_out();
    return answer(response, {late ? 408 : 400, late ? "too_slow" : "cut_off", "The body did not arrive whole."});
  }
  if (request.path == routes()[kPostPreview].path) return post_preview(context, text, response);
  if (request.path == routes()[kPostPlaybooks].path) return post_playbooks(context, text, holder(request), response);
  if (request.path == routes()[kPostHalt].path) return post_halt(context, text, holder(request), response);
  if (request.path == routes()[kPostResume].path) return post_resume(context, text, holder(request), response);
  if (const auto action = match(routes()[kPostParked].path, request.path))
    return post_parked(context, *action, text, holder(request), response);
  post_events(context, request, text, response);
}

/// Whose token the request carries, which has been let through; empty without tokens.
std::string HttpServer::Running::holder(const Request& request) const {
  if (settings.tokens.empty()) return {};
  return judge(settings.tokens, request.get_header_value("Authorization"), {}, settings.wall_clock()).name;
}

/// Headers that every answer has, whoever made it.
void HttpServer::Running::finish(const Request& request, Response& response) {
  const Connection* connection = BoundedServer::current();
  if (connection != nullptr && !connection->complete()) {
    response.headers.erase("Connection");
    response.set_header("Connection", "close");
  }
  response.headers.erase("Keep-Alive");  // httplib's figures, which are not ours
  response.headers.erase("Accept-Ranges");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");  // paths hold tokens and ids
  response.set_header("Cache-Control", "no-store");
  count(request, response);
}

void HttpServer::Running::count(const Request& request, const Response& response) {
  std::string route = "other";  // a label per path would grow without end
  for (const HttpRoute& known : routes()) {
    if (match(known.path, request.path)) route = known.path;
  }
  requests.Add({{"route", route}, {"status", std::to_string(response.status)}}).Increment();
  const Connection* connection = BoundedServer::current();
  if (connection == nullptr) return;
  static const prometheus::Histogram::BucketBoundaries kBuckets{0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60};
  seconds.Add({{"route", route}}, kBuckets).Observe(connection->request_seconds());
}

HttpServer::HttpServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}
HttpServer::~HttpServer() { stop(); }

int HttpServer::port() const { return running_->port; }

tl::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::start(EngineService& service, HttpSettings settings,
                                                                         prometheus::Registry& registry) {
  if (settings.tokens.empty() && !is_loopback(settings.address)) {
    return tl::unexpected("without tokens the API listens on loopback only, and " + settings.address +
                          " is not: name a tokens file, or use 127.0.0.1");
  }
  if (settings.threads < 1 || settings.queue < 1 || settings.max_body == 0) {
    return tl::unexpected(std::string("the API needs at least one thread, one place in its queue and room for a body"));
  }
  if (settings.tls_cert.empty() != settings.tls_key.empty()) {
    return tl::unexpected(std::string("TLS needs both a certificate and its key"));
  }
  auto running = std::make_unique<Running>(service, std::move(settings), registry);
  const HttpSettings& kept = running->settings;
  if (!kept.tls_cert.empty()) {
    if (auto done = running->server.use_tls(kept.tls_cert, kept.tls_key); !done) return tl::unexpected(done.error());
  }
  const auto port = running->server.bind(kept.address, kept.port);
  if (!port) return tl::unexpected(port.error());
  running->port = *port;
  running->listener = std::thread([server = &running->server] { server->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(running)));
}

void HttpServer::stop() {
  if (!running_->listener.joinable()) return;
  running_->server.stop_and_wait();
  running_->listener.join();
}

}  // namespace relance::engine
