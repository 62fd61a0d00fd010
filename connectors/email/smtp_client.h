#pragma once
// Hands one message to a mail server over SMTP (libcurl) and says precisely how far it came. Blocking. Connections are
// kept and reused: as many as threads are in send() at once. Threads: send() from any thread.

#include <filesystem>
#include <string>

#include "connectors/curl_library.h"
#include "connectors/email/mime_message.h"
#include "engine/config/secret.h"
#include "engine/ports/connector.h"
#include "rules/time.h"

namespace relance::connectors {

struct SmtpServer {
  enum class Tls {
    none,
    starttls,  // required: without it nothing is said
    tls,       // from the first byte ("smtps")
  };
  std::string host;
  int port = 587;
  Tls tls = Tls::starttls;
  std::filesystem::path ca_file;  // empty: the system's
  std::string user;               // empty: no AUTH
  engine::Secret password;
  std::string hello_name;  // of EHLO; empty: the domain of the envelope's sender
  rules::Duration connect_timeout{10'000};
  rules::Duration timeout{60'000};  // of the whole dialogue of one message
};

class SmtpClient {
 public:
  explicit SmtpClient(SmtpServer server);
  ~SmtpClient();
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  [[nodiscard]] engine::AttemptResult send(const MimeMessage& message);

 private:
  class Session;  // one curl handle: at most one connection

  const SmtpServer server_;
  IdlePool<Session> sessions_;
};

}  // namespace relance::connectors
