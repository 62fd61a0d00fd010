#pragma once
// One email as bytes: an action and the sender's settings become an RFC 5322 message. Pure: the same action gives the
// same bytes on every attempt (Date is the action's `created`, the boundary comes from its id). Threads: any.
//
// Decided here: no Auto-Submitted header (RFC 3834 is for answers of robots; a cadence email is written by people and
// wants one), one recipient a message, the text is always there and HTML beside it as multipart/alternative.

#include <string>

#include <tl/expected.hpp>

#include "connectors/email/mail_address.h"
#include "engine/ports/connector.h"

namespace relance::connectors {

/// Who emails come from: the same for all actions of a connector.
struct EmailSender {
  std::string address;            // From, and the envelope's sender
  std::string name;               // display name of From; may be empty
  std::string reply_to;           // empty: no Reply-To
  std::string message_id_domain;  // empty: the domain of `address`
};

struct MimeMessage {
  MailAddress from;  // the envelope
  MailAddress to;
  std::string bytes;  // with CRLF line ends, before dot-stuffing. Personal data
  bool needs_smtputf8() const { return from.needs_smtputf8 || to.needs_smtputf8; }
};

/// The error is a stable code and the field's name, without its content: "header_injection subject",
/// "address_syntax contact_point", "unsubscribe_url ...". Compliance: CR, LF, NUL and other control characters in
/// anything that becomes a header are refused.
[[nodiscard]] tl::expected<MimeMessage, std::string> build_message(const engine::Action& action,
                                                                   const EmailSender& sender);

}  // namespace relance::connectors
