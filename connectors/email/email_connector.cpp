#include "connectors/email/email_connector.h"

#include <utility>

namespace relance::connectors {

using engine::AttemptResult;

EmailConnector::EmailConnector(const EmailSettings& settings)
    : sender_(settings.sender), concurrency_(settings.concurrency), client_(settings.server) {}

AttemptResult EmailConnector::deliver(const engine::Action& action, int /*attempt*/) {
  AttemptResult refused;
  refused.kind = AttemptResult::Kind::rejected;
  if (action.kind != engine::ActionKind::email) {
    refused.reason = "not an email action";
    return refused;
  }
  const auto message = build_message(action, sender_);
  if (!message) {
    refused.reason = message.error();
    return refused;
  }
  return client_.send(*message);
}

}  // namespace relance::connectors
