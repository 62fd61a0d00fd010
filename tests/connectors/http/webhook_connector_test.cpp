#include "connectors/http/webhook_connector.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

namespace relance::connectors {
namespace {

namespace fs = std::filesystem;
using engine::Action;
using engine::AttemptResult;
using Kind = AttemptResult::Kind;

constexpr std::int64_t kNow = 1'772'439'000;
const engine::Secret kSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZg==");  // 0123456789abcdef

Action call_action() {
  Action action;
  action.id = rules::ActionId("00112233445566778899aabbccddeeff");
  action.kind = engine::ActionKind::call;
  action.lead = rules::LeadId("L-1");
  action.contact_point = "+33612345678";
  action.script = "Ask for Zoë";
  return action;
}

/// A receiver on a free port of 127.0.0.1 that keeps what it got.
template <class Server = httplib::Server>
class Receiver {
 public:
  template <class... Arguments>
  explicit Receiver(httplib::Server::Handler handler, Arguments&&... arguments)
      : server_(std::forward<Arguments>(arguments)...) {
    server_.Post("/hook", [this, handler](const httplib::Request& request, httplib::Response& response) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      handler(request, response);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    REQUIRE(port_ > 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Receiver() {
    // stop() before the loop runs would be lost.
    while (!server_.is_running()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  std::vector<httplib::Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  Server server_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<httplib::Request> requests_;
  std::thread thread_;
};

int port_without_listener() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

httplib::Server::Handler answer(int status, const httplib::Headers& headers = {}) {
  return [status, headers](const httplib::Request&, httplib::Response& response) {
    response.status = status;
    response.headers.insert(headers.begin(), headers.end());
  };
}

WebhookSettings settings(const std::string& url) {
  WebhookSettings made;
  made.url = url;
  made.secret = kSecret;
  made.allow_hosts = {"127.0.0.1"};
  made.seconds_since_epoch = [] { return kNow; };
  return made;
}

std::unique_ptr<WebhookConnector> created(WebhookSettings with) {
  auto connector = WebhookConnector::create(std::move(with));
  if (!connector) FAIL(connector.error());
  return *std::move(connector);
}

TEST_CASE("an action arrives as a signed CloudEvent, the same on every attempt") {
  Receiver<> receiver(answer(202));
  const auto connector = created(settings(receiver.url()));
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const AttemptResult result = connector->deliver(call_action(), attempt);
    CHECK(result.kind == Kind::accepted);
    CHECK(result.outcome.empty());
  }
  const auto requests = receiver.requests();
  REQUIRE(requests.size() == 2);
  const httplib::Request& request = requests[0];
  CHECK(request.body == to_cloud_event(call_action()));
  CHECK(requests[1].body == request.body);
  CHECK(request.get_header_value("Content-Type") == "application/cloudevents+json; charset=utf-8");
  CHECK(request.get_header_value("Idempotency-Key") == call_action().id.value);
  CHECK(request.get_header_value("webhook-id") == call_action().id.value);
  CHECK(request.get_header_value("webhook-timestamp") == std::to_string(kNow));
  const auto key = WebhookKey::parse(kSecret);
  CHECK(key->verify({call_action().id.value, kNow, request.body}, request.get_header_value("webhook-signature"), kNow));
  CHECK(requests[1].remote_port == request.remote_port);  // one connection
}

TEST_CASE("a large action goes at once and arrives whole") {
  Receiver<> receiver(answer(200));
  Action action = call_action();
  action.script = std::string(3'000'000, 'x');
  CHECK(created(settings(receiver.url()))->deliver(action, 1).kind == Kind::accepted);
  CHECK(receiver.requests().at(0).body == to_cloud_event(action));
}

TEST_CASE("what an answer means") {
  for (const long status : {200L, 202L, 204L}) CHECK(result_of_status(status, 0).kind == Kind::accepted);
  for (const long status : {425L, 429L, 503L}) CHECK(result_of_status(status, 0).kind == Kind::retry);
  // The other side may have acted before it, or a gateway before it, gave up.
  for (const long status : {408L, 500L, 502L, 504L, 599L}) {
    CHECK(result_of_status(status, 0).kind == Kind::outcome_unknown);
  }
  for (const long status : {301L, 302L, 400L, 401L, 403L, 404L, 409L, 410L, 422L}) {
    CHECK(result_of_status(status, 0).kind == Kind::rejected);
  }
  CHECK(result_of_status(404, 0).reason == "http 404");
  CHECK_FALSE(result_of_status(503, 0).retry_after.has_value());
  CHECK(result_of_status(503, 120).retry_after == rules::Duration{120'000});
}

TEST_CASE("Retry-After is honoured, for an hour at most") {
  const auto retry_after = [](const char* value) {
    Receiver<> receiver(answer(429, {{"Retry-After", value}}));
    const AttemptResult result = created(settings(receiver.url()))->deliver(call_action(), 1);
    CHECK(result.kind == Kind::retry);
    CHECK(result.reason == "http 429");
    return result.retry_after;
  };
  CHECK(retry_after("7") == rules::Duration{7'000});
  CHECK(retry_after("86400") == rules::Duration{3'600'000});
  CHECK(retry_after("Fri, 31 Dec 2100 23:59:59 GMT") == rules::Duration{3'600'000});
  CHECK_FALSE(retry_after("soon").has_value());
}

TEST_CASE("a redirect is not followed") {
  Receiver<> elsewhere(answer(200));
  Receiver<> receiver(answer(302, {{"Location", elsewhere.url()}}));
  const AttemptResult result = created(settings(receiver.url()))->deliver(call_action(), 1);
  CHECK(result.kind == Kind::rejected);
  CHECK(result.reason == "http 302: redirects are not followed");
  CHECK(elsewhere.requests().empty());
}

TEST_CASE("an endless answer is cut off, its status counts") {
  Receiver<> receiver([](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      const std::string chunk(8192, 'x');
      return sink.write(chunk.data(), chunk.size());
    });
  });
  CHECK(created(settings(receiver.url()))->deliver(call_action(), 1).kind == Kind::accepted);
}

TEST_CASE("silence after the request leaves the outcome unknown, before it nothing happened") {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  {
    Receiver<> receiver([released](const httplib::Request&, httplib::Response&) { released.wait(); });
    WebhookSettings with = settings(receiver.url());
    with.timeout = {300};
    const AttemptResult silent = created(with)->deliver(call_action(), 1);
    CHECK(silent.kind == Kind::outcome_unknown);
    CHECK(silent.reason == "http timeout before the answer");
    release.set_value();
  }
  const AttemptResult refused =
      created(settings("http://127.0.0.1:" + std::to_string(port_without_listener()) + "/"))->deliver(call_action(), 1);
  CHECK(refused.kind == Kind::retry);
  CHECK(refused.reason == "http connection refused");
}

TEST_CASE("private, loopback and link-local addresses are refused unless they are allowed by name") {
  for (const char* url : {"https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/meta-data",
                          "https://10.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::ffff:127.0.0.1]/",
                          "https://[fe80::1]/", "https://[fd00::1]/", "https://0/"}) {
    CAPTURE(url);
    WebhookSettings with = settings(url);
    with.allow_hosts = {"hooks.example"};
    CHECK_FALSE(WebhookConnector::create(with).has_value());
  }
  WebhookSettings with = settings("https://[::1]:1/");
  with.allow_hosts = {"::1"};
  CHECK(WebhookConnector::create(with).has_value());
}

TEST_CASE("a name that resolves to a private address is refused when the connection is made") {
  Receiver<> receiver(answer(200));
  WebhookSettings with = settings("https://localhost:" + std::to_string(receiver.port()) + "/hook");
  with.allow_hosts = {"127.0.0.1"};  // another name
  const AttemptResult result = created(with)->deliver(call_action(), 1);
  CHECK(result.kind == Kind::retry);
  CHECK(result.reason == "http address refused: it lies in a private network");
  CHECK(receiver.requests().empty());
  with = settings("http://LOCALHOST:" + std::to_string(receiver.port()) + "/hook");
  with.allow_hosts = {"localhost"};
  CHECK(created(with)->deliver(call_action(), 1).kind == Kind::accepted);
}

TEST_CASE("an url that is no place for actions is refused") {
  for (const std::string url :
       {"", "hooks.example", "http://hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "gopher://x/",
        "https://user:password@hooks.example/", "https://a b/"}) {
    CAPTURE(url);
    CHECK_FALSE(WebhookConnector::create(settings(url)).has_value());
  }
  WebhookSettings unsigned_ones = settings("https://hooks.example/");
  unsigned_ones.secret = engine::Secret();
  CHECK_FALSE(WebhookConnector::create(unsigned_ones).has_value());
}

TEST_CASE("an action id that is no header is refused") {
  Action action = call_action();
  action.id = rules::ActionId("a\r\nHost: b");
  CHECK(created(settings("https://hooks.example/"))->deliver(action, 1).kind == Kind::rejected);
}

TEST_CASE("https checks the certificate and the name in it") {
  std::string pattern = (fs::temp_directory_path() / "relance-webhook-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const std::string certificate = pattern + "/certificate.pem";
  const std::string key = pattern + "/key.pem";
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
      "-addext subjectAltName=DNS:localhost -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  {
    Receiver<httplib::SSLServer> receiver(answer(200), certificate.c_str(), key.c_str());
    const std::string port = std::to_string(receiver.port());
    WebhookSettings with = settings("https://localhost:" + port + "/hook");
    with.allow_hosts = {"localhost", "127.0.0.1"};
    const AttemptResult stranger = created(with)->deliver(call_action(), 1);
    CHECK(stranger.kind == Kind::retry);
    CHECK(stranger.reason == "http certificate not trusted");
    with.ca_file = certificate;
    CHECK(created(with)->deliver(call_action(), 1).kind == Kind::accepted);
    with.url = "https://127.0.0.1:" + port + "/hook";  // not the name in the certificate
    CHECK(created(with)->deliver(call_action(), 1).kind == Kind::retry);
    CHECK(receiver.requests().size() == 1);
  }
  fs::remove_all(pattern);
}

TEST_CASE("threads share a connector") {
  Receiver<> receiver(answer(200));
  const auto connector = created(settings(receiver.url()));
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int number = 0; number < 25; ++number)
        accepted += connector->deliver(call_action(), 1).kind == Kind::accepted ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(accepted == 100);
}

}  // namespace
}  // namespace relance::connectors
