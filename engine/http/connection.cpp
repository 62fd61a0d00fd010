#include "engine/http/connection.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace relance::engine {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBufferBytes = std::size_t{16} * 1024;
// Waits look up this often: whether the server stops, whether others wait for the thread.
constexpr milliseconds kMoment{100};
// A request that is still arriving when the server stops has this long.
constexpr milliseconds kGrace{2000};
constexpr milliseconds kLinger{1000};
constexpr std::size_t kMostLingerBytes = std::size_t{4} << 20U;

void describe(const sockaddr_storage& address, std::string& ip, int& port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), static_cast<socklen_t>(text.size()));
    port = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), static_cast<socklen_t>(text.size()));
    port = ntohs(v6->sin6_port);
  }
  ip = text.data();
}

}  // namespace

Connection::Connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping)
    : socket_(socket), limits_(limits), stopping_(stopping), buffer_(kBufferBytes) {}

Connection::~Connection() {
  if (ssl_ && !tls_broken_) SSL_shutdown(ssl_.get());
  if (began_ && !complete()) linger();
  ssl_.reset();
  ::close(socket_);
}

/// Closing with octets unread makes the system reset the connection, and the answer may be lost on its way.
void Connection::linger() {
  ::shutdown(socket_, SHUT_WR);
  const auto deadline = Clock::now() + kLinger;
  std::size_t discarded = 0;
  while (discarded < kMostLingerBytes && Clock::now() < deadline && !stopping_) {
    if (!wait_a_moment(POLLIN, deadline)) continue;
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (got > 0) discarded += static_cast<std::size_t>(got);
  }
}

bool Connection::start_tls(SSL_CTX* context) {
  ssl_.reset(SSL_new(context));
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_) != 1) return false;
  const auto deadline = Clock::now() + limits_.request_time;
  while (true) {
    if (!wait(POLLIN, deadline)) break;
    const int result = SSL_accept(ssl_.get());
    if (result == 1) return true;
    const int reason = SSL_get_error(ssl_.get(), result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) break;
  }
  tls_broken_ = true;
  return false;
}

void Connection::begin_request() {
  began_ = true;
  phase_ = Phase::head;
  timed_out_ = false;
  writing_ = false;
  head_read_ = 0;
  line_ends_ = 0;
  body_known_ = false;
  body_expected_ = 0;
  body_read_ = 0;
  began_at_ = Clock::now();
  read_deadline_ = began_at_ + limits_.request_time;
}

void Connection::expect_body(const httplib::Request& request) {
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  // The end of a chunked body is known to httplib only; such a connection ends with its answer.
  if (request.has_header("Transfer-Encoding") || lengths > 1) return;
  if (lengths == 1) {
    const std::string text = request.get_header_value("Content-Length");
    const auto result = std::from_chars(text.data(), text.data() + text.size(), body_expected_);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return;
  }
  body_known_ = true;
}

bool Connection::wait_a_moment(short events, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
  const auto timeout = std::clamp(left, milliseconds{0}, kMoment);
  pollfd entry{socket_, events, 0};
  return ::poll(&entry, 1, static_cast<int>(timeout.count()) + 1) > 0;
}

bool Connection::wait(short events, Clock::time_point deadline) {
  bool graced = false;
  while (Clock::now() < deadline) {
    if (stopping_ && !graced) {
      graced = true;
      deadline = std::min(deadline, Clock::now() + kGrace);
    }
    if (wait_a_moment(events, deadline)) return true;
  }
  return false;
}

ssize_t Connection::receive(char* into, std::size_t size) {
  if (!ssl_) return ::recv(socket_, into, size, 0);
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), into, size, &got);
  if (result == 1) return static_cast<ssize_t>(got);
  const int reason = SSL_get_error(ssl_.get(), result);
  if (reason == SSL_ERROR_ZERO_RETURN) return 0;
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
  } else {
    tls_broken_ = true;
    errno = EIO;
  }
  return -1;
}

ssize_t Connection::fill() {
  while (true) {
    if (!(ssl_ && SSL_pending(ssl_.get()) > 0) && !wait(POLLIN, read_deadline_)) {
      timed_out_ = true;
      return -1;
    }
    const ssize_t got = receive(buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    begin_ = 0;
    end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got;
  }
}

/// Counts what is handed out; during the head at most up to its end. Returns how much may be handed out.
std::size_t Connection::count(const char* from, std::size_t size) {
  if (phase_ == Phase::body) {
    body_read_ += size;
    return size;
  }
  for (std::size_t i = 0; i < size; ++i) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    ++head_read_;
    line_ends_ = from[i] == kEnd[line_ends_] ? line_ends_ + 1 : (from[i] == '\r' ? 1 : 0);
    if (line_ends_ == kEnd.size()) {
      phase_ = Phase::body;
      return i + 1;
    }
  }
  return size;
}

ssize_t Connection::read(char* into, std::size_t size) {
  if (head_too_large() || body_too_large() || timed_out_) return -1;
  if (begin_ == end_) {
    const ssize_t got = fill();
    if (got <= 0) return got;
  }
  const std::size_t given = count(buffer_.data() + begin_, std::min(size, end_ - begin_));
  if (head_too_large() || body_too_large()) return -1;
  std::copy_n(buffer_.data() + begin_, given, into);
  begin_ += given;
  return static_cast<ssize_t>(given);
}

ssize_t Connection::write(const char* from, std::size_t size) {
  if (!writing_) {
    writing_ = true;
    write_deadline_ = Clock::now() + limits_.request_time;
  }
  while (wait(POLLOUT, write_deadline_)) {
    if (!ssl_) {
      const ssize_t sent = ::send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      return sent;
    }
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), from, size, &sent);
    if (result == 1) return static_cast<ssize_t>(sent);
    const int reason = SSL_get_error(ssl_.get(), result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
      tls_broken_ = true;
      return -1;
    }
  }
  return -1;
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) describe(address, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) describe(address, ip, port);
}

}  // namespace relance::engine
