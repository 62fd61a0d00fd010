#pragma once
// The address of a mailbox as SMTP wants it (RFC 5321, 4.1.2; RFC 6531 for other than ASCII). Personal data: print
// only into the message. Pure; any thread.

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace relance::connectors {

struct MailAddress {
  std::string local;            // dot-atom, perhaps with characters beyond ASCII
  std::string domain;           // ASCII: an internationalised domain is in its A-label form (xn--)
  bool needs_smtputf8 = false;  // the local part is not ASCII: only a server that offers SMTPUTF8 can take it

  std::string text() const { return local + "@" + domain; }
};

/// The error is a code without the address: "header_injection" (control characters), "address_syntax" (no mailbox;
/// quoted local parts and address literals are not supported).
[[nodiscard]] tl::expected<MailAddress, std::string> parse_mail_address(std::string_view text);

}  // namespace relance::connectors
