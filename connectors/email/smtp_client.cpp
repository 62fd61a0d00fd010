#include "connectors/email/smtp_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "connectors/email/smtp_reply.h"

namespace relance::connectors {
namespace {

using engine::AttemptResult;

constexpr long kGoodbyeSeconds = 1;

std::string url_of(const SmtpServer& server, const std::string& hello_name) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos && server.host.front() != '[';
  return fmt::format("{}://{}{}{}:{}/{}", server.tls == SmtpServer::Tls::tls ? "smtps" : "smtp", is_ipv6 ? "[" : "",
                     server.host, is_ipv6 ? "]" : "", server.port, hello_name);
}

}  // namespace

/// Follows the dialogue by what libcurl reports: commands as they are sent (debug callback) and replies as they come
/// (header callback). Replies are for the command before them; libcurl does not pipeline.
class SmtpClient::Session {
 public:
  Session() : curl_(curl_is_ready() ? curl_easy_init() : nullptr) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  AttemptResult send(const SmtpServer& server, const MimeMessage& message);

 private:
  void configure(const SmtpServer& server, const MimeMessage& message);
  void on_command(std::string_view line);
  bool on_reply_line(std::string_view line);
  std::size_t read(char* buffer, std::size_t size);

  static std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self) {
    return static_cast<Session*>(self)->read(buffer, size * count);
  }
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    const bool go_on = static_cast<Session*>(self)->on_reply_line({data, size * count});
    return go_on ? size * count : 0;
  }
  static int on_debug(CURL* /*curl*/, curl_infotype type, char* data, std::size_t size, void* self) {
    if (type == CURLINFO_HEADER_OUT) static_cast<Session*>(self)->on_command({data, size});
    return 0;
  }
  static std::size_t discard(char* /*data*/, std::size_t size, std::size_t count, void* /*self*/) {
    return size * count;
  }

  CURL* curl_;
  std::string_view unread_;
  bool needs_smtputf8_ = false;
  bool tls_is_up_ = false;  // or not wanted
  SmtpPhase phase_ = SmtpPhase::connect;
  bool said_hello_ = false;  // the last command was EHLO or HELO
  bool said_quit_ = false;
  bool offers_smtputf8_ = false;
  bool lacks_smtputf8_ = false;  // and the message needs it: given up before anything was said
  SmtpReply reply_;              // to the last command
};

SmtpClient::Session::~Session() {
  // libcurl says QUIT and would wait for the answer: the end of the stream is answer enough.
  curl_socket_t connection = CURL_SOCKET_BAD;
  if (curl_ != nullptr && curl_easy_getinfo(curl_, CURLINFO_ACTIVESOCKET, &connection) == CURLE_OK &&
      connection != CURL_SOCKET_BAD) {
    ::shutdown(connection, SHUT_RD);
  }
  curl_easy_cleanup(curl_);
}

void SmtpClient::Session::on_command(std::string_view line) {
  // libcurl says QUIT when it gives up; neither that nor its answer may hide how far the message came.
  if (line.starts_with("QUIT")) {
    said_quit_ = true;
    curl_easy_setopt(curl_, CURLOPT_SERVER_RESPONSE_TIMEOUT, kGoodbyeSeconds);  // a silent server would cost minutes
  }
  if (said_quit_) return;
  reply_ = {};
  said_hello_ = line.starts_with("EHLO") || line.starts_with("HELO");
  if (said_hello_) offers_smtputf8_ = false;
  if (line.starts_with("STARTTLS")) tls_is_up_ = true;
  if (line.starts_with("MAIL FROM")) phase_ = SmtpPhase::mail;
  if (line.starts_with("RCPT TO")) phase_ = SmtpPhase::recipient;
  if (line.starts_with("DATA")) phase_ = SmtpPhase::data;
}

bool SmtpClient::Session::on_reply_line(std::string_view line) {
  if (said_quit_) return true;
  constexpr std::string_view kExtension = "SMTPUTF8";
  constexpr std::size_t kCode = 4;
  if (said_hello_ && line.size() >= kCode && line.substr(kCode).starts_with(kExtension)) offers_smtputf8_ = true;
  std::optional<SmtpReply> reply = parse_last_line(line);
  if (!reply) return true;
  reply_ = *std::move(reply);
  lacks_smtputf8_ = said_hello_ && tls_is_up_ && reply_.code / 100 == 2 && needs_smtputf8_ && !offers_smtputf8_;
  return !lacks_smtputf8_;
}

std::size_t SmtpClient::Session::read(char* buffer, std::size_t size) {
  const std::size_t count = std::min(size, unread_.size());
  std::memcpy(buffer, unread_.data(), count);
  unread_.remove_prefix(count);
  if (unread_.empty()) {
    // libcurl has all of it and sends the final dot next: from here the server may have the message.
    phase_ = SmtpPhase::end_of_data;
    reply_ = {};  // the 354 to DATA
  }
  return count;
}

void SmtpClient::Session::configure(const SmtpServer& server, const MimeMessage& message) {
  curl_easy_reset(curl_);  // keeps the connection
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(curl_, option, value); };
  const std::string hello = server.hello_name.empty() ? message.from.domain : server.hello_name;
  set(CURLOPT_URL, url_of(server, hello).c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_PROXY, "");  // the environment does not redirect mail
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USE_SSL, static_cast<long>(server.tls == SmtpServer::Tls::starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!server.ca_file.empty()) set(CURLOPT_CAINFO, server.ca_file.c_str());
  if (!server.user.empty()) {
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, server.password.reveal().c_str());
  }
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(server.connect_timeout.ms));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout.ms));
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(server.timeout.ms / 1000 + 1));  // its default is 2 minutes
  set(CURLOPT_MAIL_FROM, ("<" + message.from.text() + ">").c_str());
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.bytes.size()));
  set(CURLOPT_READFUNCTION, &Session::on_read);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Session::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Session::discard);
  set(CURLOPT_DEBUGFUNCTION, &Session::on_debug);
  set(CURLOPT_DEBUGDATA, this);
  set(CURLOPT_VERBOSE, 1L);  // calls on_debug
  // A reused connection has said EHLO long ago.
  if (message.needs_smtputf8()) set(CURLOPT_FRESH_CONNECT, 1L);
}

AttemptResult SmtpClient::Session::send(const SmtpServer& server, const MimeMessage& message) {
  if (curl_ == nullptr) return attempt_result(SmtpPhase::connect, {}, "libcurl could not start");
  const std::string recipient = "<" + message.to.text() + ">";
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(
      curl_slist_append(nullptr, recipient.c_str()), curl_slist_free_all);
  configure(server, message);
  curl_easy_setopt(curl_, CURLOPT_MAIL_RCPT, recipients.get());

  unread_ = message.bytes;
  needs_smtputf8_ = message.needs_smtputf8();
  tls_is_up_ = server.tls != SmtpServer::Tls::starttls;
  phase_ = SmtpPhase::connect;
  said_hello_ = false;
  said_quit_ = false;
  lacks_smtputf8_ = false;
  reply_ = {};
  const CURLcode code = curl_easy_perform(curl_);
  unread_ = {};
  curl_easy_setopt(curl_, CURLOPT_MAIL_RCPT, nullptr);

  if (lacks_smtputf8_) {
    AttemptResult result;
    result.kind = AttemptResult::Kind::rejected;
    result.reason = "smtp server does not offer SMTPUTF8, which this address needs";
    return result;
  }
  // A reply that let the dialogue go on is not why it ended.
  const bool went_on = reply_.code / 100 == 2 || reply_.code / 100 == 3;
  if (code != CURLE_OK && went_on && phase_ != SmtpPhase::end_of_data) reply_ = {};
  return attempt_result(phase_, reply_, curl_failure(code));
}

SmtpClient::SmtpClient(SmtpServer server) : server_(std::move(server)) {}
SmtpClient::~SmtpClient() = default;

AttemptResult SmtpClient::send(const MimeMessage& message) {
  std::unique_ptr<Session> session = sessions_.take();
  AttemptResult result = session->send(server_, message);
  sessions_.give_back(std::move(session));
  return result;
}

}  // namespace relance::connectors
