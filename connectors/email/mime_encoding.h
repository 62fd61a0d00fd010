#pragma once
// How text becomes lines that any mail system carries: encoded words in headers (RFC 2047), folding (RFC 5322, 2.2.3),
// quoted-printable and base64 bodies (RFC 2045). Pure functions over UTF-8; the same input gives the same bytes, so a
// retried mail is identical. Threads: any. All lines end with CRLF.

#include <string>
#include <string_view>

namespace relance::connectors {

/// RFC 5322, 2.1.1: lines should not be longer than this, without their CRLF.
constexpr std::size_t kPreferredLine = 78;

/// Valid UTF-8 without control characters (C0, DEL, C1) and without the line and paragraph separators: what may become
/// part of a header.
bool is_header_safe(std::string_view utf8);

/// `Subject: text` with its CRLF, folded; plain where it can be, encoded words where it must be. `text` is header-safe.
std::string text_header(std::string_view name, std::string_view text);

struct DisplayAddress {
  std::string display_name;  // header-safe; may be empty
  std::string address;       // local@domain
};
/// `To: "display name" <address>` with its CRLF, folded.
std::string address_header(std::string_view name, const DisplayAddress& who);

struct EncodedBody {
  std::string transfer_encoding;  // 7bit, quoted-printable or base64: whichever carries the text in the fewest bytes
  std::string lines;
};
/// Line ends of any kind become CRLF, and the last line gets one.
EncodedBody encode_body(std::string_view utf8);

/// RFC 4648, section 4, on one line.
std::string base64(std::string_view bytes);

}  // namespace relance::connectors
