#pragma once
// The connector of email actions: builds the message, hands it to the mail server. At most once by default: after the
// final dot a lost answer is outcome_unknown, and another attempt might be a second mail. See engine/ports/connector.h.

#include <string>
#include <string_view>

#include "connectors/email/mime_message.h"
#include "connectors/email/smtp_client.h"
#include "engine/ports/connector.h"

namespace relance::connectors {

struct EmailSettings {
  EmailSender sender;
  SmtpServer server;
  int concurrency = 2;  // connections to the server
};

class EmailConnector final : public engine::Connector {
 public:
  explicit EmailConnector(const EmailSettings& settings);

  std::string_view name() const override { return "email"; }
  engine::AttemptResult deliver(const engine::Action& action, int attempt) override;
  bool idempotent() const override { return false; }
  int concurrency() const override { return concurrency_; }

 private:
  const EmailSender sender_;
  const int concurrency_;
  SmtpClient client_;
};

}  // namespace relance::connectors
