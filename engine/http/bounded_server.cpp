#include "engine/http/bounded_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

namespace relance::engine {

namespace {

constexpr std::chrono::milliseconds kBetweenBinds{200};
constexpr std::chrono::milliseconds kBetweenStops{5};

thread_local Connection* current_connection = nullptr;
// Set while the accepting thread itself runs a connection for which no place is left.
thread_local bool refusing = false;

// void in older versions of cpp-httplib, bool in newer ones.
using EnqueueResult = decltype(std::declval<httplib::TaskQueue&>().enqueue(std::declval<std::function<void()>>()));

std::string system_message() { return std::generic_category().message(errno); }

}  // namespace

/// A fixed number of threads and a bounded queue before them.
class BoundedServer::Pool final : public httplib::TaskQueue {
 public:
  Pool(int threads, int most_waiting, std::atomic<int>& waiting) : most_waiting_(most_waiting), waiting_(waiting) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }

  EnqueueResult enqueue(std::function<void()> job) override {
    add(std::move(job));
    return static_cast<EnqueueResult>(true);
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void add(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_ < most_waiting_) {
        jobs_.push_back(std::move(job));
        ++waiting_;
        changed_.notify_one();
        return;
      }
    }
    // A job that is dropped would leave its socket open for ever: so it runs here, and only says no.
    refusing = true;
    job();
    refusing = false;
  }

  void work() {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
        --waiting_;
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  bool closed_ = false;
  int most_waiting_;
  std::atomic<int>& waiting_;
};

BoundedServer::BoundedServer(const ServerBounds& bounds) : bounds_(bounds) {
  new_task_queue = [this] { return new Pool(bounds_.threads, bounds_.waiting, waiting_); };
  // The default also sets SO_REUSEPORT: then a second daemon on the same port would silently get half of the requests.
  set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  set_payload_max_length(bounds_.connection.body_bytes);
}

BoundedServer::~BoundedServer() = default;

Connection* BoundedServer::current() { return current_connection; }

tl::expected<void, std::string> BoundedServer::use_tls(const std::filesystem::path& certificate,
                                                       const std::filesystem::path& key) {
  tls_.reset(SSL_CTX_new(TLS_server_method()));
  if (!tls_) return tl::unexpected(std::string("cannot set up TLS"));
  SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(tls_.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(tls_.get(), certificate.c_str()) != 1) {
    return tl::unexpected("cannot read a PEM certificate from " + certificate.string());
  }
  if (SSL_CTX_use_PrivateKey_file(tls_.get(), key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(tls_.get()) != 1) {
    return tl::unexpected("cannot read the certificate's PEM key from " + key.string());
  }
  return {};
}

tl::expected<int, std::string> BoundedServer::bind(const std::string& address, int port) {
  errno = 0;
  const bool bound = port == 0 ? (port = bind_to_any_port(address)) > 0 : bind_to_port(address, port);
  if (!bound) {
    const std::string reason = errno != 0 ? ": " + system_message() : std::string();
    return tl::unexpected("cannot listen on " + address + " port " + std::to_string(port < 0 ? 0 : port) + reason);
  }
  // httplib asks for a backlog of 5, which a burst of connections overruns; asking again changes it.
  ::listen(svr_sock_, 1024);
  address_ = address;
  port_ = port;
  running_ = true;  // from here on run() is awaited
  return port;
}

void BoundedServer::run() {
  while (!stopping_) {
    listen_after_bind();
    if (stopping_) break;
    // httplib gives up when accept() fails, also for causes that pass, such as too little memory for a moment. An
    // engine that nobody can reach must not look alive.
    spdlog::error("http error=accept_failed action=listening_again port={}", port_);
    stop();  // what newer versions need before they bind again
    while (!stopping_ && !bind(address_, port_)) std::this_thread::sleep_for(kBetweenBinds);
  }
  running_ = false;
}

void BoundedServer::stop_and_wait() {
  stopping_ = true;
  // stop() is lost when httplib's loop does not run yet, or just starts again.
  while (running_) {
    if (is_running() && svr_sock_ != INVALID_SOCKET) stop();
    std::this_thread::sleep_for(kBetweenStops);
  }
}

bool BoundedServer::process_and_close_socket(socket_t socket) {
  if (refusing) {
    refuse(socket);
    return false;
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Connection connection(socket, bounds_.connection, stopping_);
  if (tls_ && !connection.start_tls(tls_.get())) return false;
  current_connection = &connection;
  const auto others_wait = [this] { return waiting_ > 0; };
  for (int served = 1; served <= bounds_.requests_per_connection; ++served) {
    if (!connection.wait_for_request(others_wait)) break;
    connection.begin_request();
    bool closed = false;
    const bool last = served == bounds_.requests_per_connection || stopping_;
    if (!serve_request(connection, last, closed) || closed || last || !connection.complete()) break;
  }
  current_connection = nullptr;
  return true;
}

/// The signature of Server::process_request differs between versions.
bool BoundedServer::serve_request(Connection& connection, bool last, bool& closed) {
  const std::function<void(httplib::Request&)> setup = [&](httplib::Request& request) {
    request.ranges.clear();  // no answer here is worth a part of it
    connection.expect_body(request);
  };
  const auto process = [&](auto& self) {
    if constexpr (requires { self.process_request(connection, last, closed, setup); }) {
      return self.process_request(connection, last, closed, setup);
    } else {
      std::string remote;
      std::string local;
      int remote_port = 0;
      int local_port = 0;
      connection.get_remote_ip_and_port(remote, remote_port);
      connection.get_local_ip_and_port(local, local_port);
      return self.process_request(connection, remote, remote_port, local, local_port, last, closed, setup);
    }
  };
  return process(*this);
}

void BoundedServer::refuse(socket_t socket) const {
  const std::string body =
      R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"Too many connections wait. Try again later.","code":"too_many_connections"})";
  const std::string answer =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: " + std::to_string(bounds_.retry_after_seconds) +
      "\r\nContent-Type: application/problem+json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n\r\n" + body;
  // Under TLS a handshake would cost more than the place that is missing.
  if (!tls_) {
    (void)!::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    std::array<char, 4096> sink;
    while (::recv(socket, sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
    }
  }
  ::close(socket);
}

}  // namespace relance::engine
