#pragma once
// One accepted connection under limits that cpp-httplib lacks: octets of a request's head, octets of its body as sent,
// time for reading and writing a whole request (not only for one read), and what is left unread, so that the octets of
// one request are never taken for the next one. Plain or TLS.
// Threads: one owner. Errors: read and write return -1, as httplib::Stream does; never throws.

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <httplib.h>
#include <openssl/ssl.h>

namespace relance::engine {

struct ConnectionLimits {
  std::size_t head_bytes = 0;                 // request line and headers
  std::size_t body_bytes = 0;                 // as sent, with the marks of its chunks
  std::chrono::milliseconds request_time{0};  // to read a request, and again to write the answer
  std::chrono::milliseconds keep_alive_time{0};
};

class Connection final : public httplib::Stream {
 public:
  /// Owns the socket. `stopping` makes every wait end soon; it must outlive the connection.
  Connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Closes; when a request was not read to its end, only after the peer had a moment to read the answer.
  ~Connection() override;

  bool start_tls(SSL_CTX* context);

  /// Waits for the first octet of a request; false when none comes in time or `give_way` says that others wait.
  template <class GiveWay>
  bool wait_for_request(const GiveWay& give_way);
  void begin_request();
  /// The head is read: how much body follows, and whether anyone can know.
  void expect_body(const httplib::Request& request);

  bool head_too_large() const { return phase_ == Phase::head && head_read_ > limits_.head_bytes; }
  bool body_too_large() const { return body_read_ > limits_.body_bytes; }
  bool timed_out() const { return timed_out_; }
  double request_seconds() const { return std::chrono::duration<double>(Clock::now() - began_at_).count(); }
  /// The request is read to its end and the next one begins behind it.
  bool complete() const { return phase_ == Phase::body && body_known_ && body_read_ == body_expected_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  using httplib::Stream::write;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  /// Never a real one: httplib refuses sockets over FD_SETSIZE, which a process with many open files soon has.
  socket_t socket() const override { return -1; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase { head, body };
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  bool buffered() const { return begin_ < end_ || (ssl_ && SSL_pending(ssl_.get()) > 0); }
  bool wait(short events, Clock::time_point deadline);
  bool wait_a_moment(short events, Clock::time_point deadline);
  ssize_t fill();
  ssize_t receive(char* into, std::size_t size);
  std::size_t count(const char* from, std::size_t size);
  void linger();

  int socket_;
  ConnectionLimits limits_;
  const std::atomic<bool>& stopping_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool tls_broken_ = false;

  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  Phase phase_ = Phase::head;
  bool began_ = false;  // a request was begun
  bool timed_out_ = false;
  bool writing_ = false;
  Clock::time_point began_at_;
  Clock::time_point read_deadline_;
  Clock::time_point write_deadline_;
  std::size_t head_read_ = 0;
  unsigned line_ends_ = 0;  // how much of CR LF CR LF was just read
  bool body_known_ = false;
  std::uint64_t body_expected_ = 0;
  std::uint64_t body_read_ = 0;
};

template <class GiveWay>
bool Connection::wait_for_request(const GiveWay& give_way) {
  const auto deadline = Clock::now() + limits_.keep_alive_time;
  while (!buffered()) {
    if (stopping_ || Clock::now() >= deadline) return false;
    if (began_ && give_way()) return false;  // only between requests: everyone gets one
    if (wait_a_moment(POLLIN, deadline)) return true;
  }
  return true;
}

}  // namespace relance::engine
