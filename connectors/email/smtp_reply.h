#pragma once
// What a mail server's answer means for an action. Pure. Sources: RFC 5321 (4.2), RFC 3463 (enhanced codes), RFC 4954
// (authentication). A reply's text may quote the recipient's address: it is read here and never passed on.

#include <optional>
#include <string>
#include <string_view>

#include "engine/ports/connector.h"

namespace relance::connectors {

/// The last command the server was sent.
enum class SmtpPhase {
  connect,      // greeting, EHLO, STARTTLS, AUTH: nothing of this message was said yet
  mail,         // MAIL FROM
  recipient,    // RCPT TO
  data,         // DATA, and its content as long as the final dot cannot have been sent
  end_of_data,  // the final dot may have been sent
};
std::string_view to_string(SmtpPhase phase);

struct SmtpReply {
  int code = 0;      // 250, 451, ...; 0: there was no complete reply
  std::string text;  // of the last line, behind the code
};

/// One line as the server sent it; nullopt when it is none, or when more lines of the same reply follow.
std::optional<SmtpReply> parse_last_line(std::string_view line);

/// "5.1.1" at the beginning of the text; empty when there is none.
std::string_view enhanced_code(std::string_view reply_text);

/// The name under which the server queued the message ("queued as 4F3", "id=1tq-8", "2.0.0 Ok 0102-7"); else empty.
std::string queue_id(std::string_view reply_text);

/// The result of a message whose dialogue ended in `phase` with `reply`. `failure` says what went wrong when there was
/// no reply ("timeout", "connection lost", ...).
///
/// - accepted: 2yz after the final dot.
/// - retry: 4yz anywhere; everything before MAIL; answers that blame our credentials (530, 534, 535, 538), which an
///   operator repairs; a lost connection before the final dot.
/// - rejected: 5yz to MAIL, RCPT, DATA or the message. hard_bounce when the recipient's address is at fault: 5.1.x to
///   RCPT or to the message (but not 5.1.7 and 5.1.8, which blame the sender), or a bare 550 to RCPT. soft_bounce when
///   the mailbox is (5.2.x, or a bare 552 to RCPT).
/// - outcome_unknown: no answer after the final dot.
engine::AttemptResult attempt_result(SmtpPhase phase, const SmtpReply& reply, std::string_view failure);

}  // namespace relance::connectors
