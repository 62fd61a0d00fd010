#include "connectors/email/mime_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include <simdjson.h>

#include "connectors/email/mime_encoding.h"
#include "connectors/token.h"

namespace relance::connectors {
namespace {

using Error = tl::unexpected<std::string>;

// A URI cannot be folded; RFC 5322 ends a line at 998.
constexpr std::size_t kMaxUrl = 900;
constexpr std::size_t kMaxHeader = 4096;
constexpr std::size_t kMaxLanguageTag = 35;  // RFC 5646, 4.4.1

bool is_https_uri(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme) || text.size() == kScheme.size() || text.size() > kMaxUrl) return false;
  // Not `<`, `>` (they delimit it), `,` (it separates), blanks, or anything beyond ASCII.
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '<' && c != '>' && c != ',' && c != '"'; });
}

/// RFC 5322, 3.3, in UTC.
std::string date_of(rules::Instant instant) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(instant.ms)};
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(midnight);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::seconds>(time - midnight));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[chrono::weekday(midnight).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

/// The first thing that must not be in a message; nullopt when there is none.
std::optional<std::string> refusal(const engine::Action& action, const EmailSender& sender) {
  struct Field {
    const char* name;
    std::string_view text;
  };
  const Field headers[] = {{"id", action.id.value},
                           {"subject", action.email.subject},
                           {"name", action.name},
                           {"language", action.email.language},
                           {"unsubscribe_url", action.email.unsubscribe_url},
                           {"from_name", sender.name}};
  for (const Field& field : headers) {
    if (!is_header_safe(field.text)) return std::string("header_injection ") + field.name;
    if (field.text.size() > kMaxHeader) return std::string("too_long ") + field.name;
  }
  if (!is_action_token(action.id.value)) return "action_id: letters, digits and - only";
  if (!action.email.unsubscribe_url.empty() && !is_https_uri(action.email.unsubscribe_url)) {
    return "unsubscribe_url: not an https URI that fits on a line";
  }
  for (const std::string* body : {&action.email.text, &action.email.html}) {
    if (!simdjson::validate_utf8(body->data(), body->size())) return "body: not UTF-8";
  }
  return std::nullopt;
}

tl::expected<MailAddress, std::string> parse_field(const char* name, std::string_view text) {
  return parse_mail_address(text).map_error([&](const std::string& code) { return code + " " + name; });
}

std::string part(std::string_view media_type, std::string_view text) {
  const EncodedBody body = encode_body(text);
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{}", media_type,
                     body.transfer_encoding, body.lines);
}

std::string content_of(const engine::Action& action) {
  if (action.email.html.empty()) return part("text/plain", action.email.text);
  // RFC 2046, 5.1.1: "=_" appears in no encoded body; encode_body() keeps it out of plain ones.
  const std::string boundary = "=_relance_" + std::string(action.id.value.view().substr(0, 50));
  return fmt::format(
      "Content-Type: multipart/alternative;\r\n boundary=\"{0}\"\r\n\r\n--{0}\r\n{1}\r\n--{0}\r\n{2}\r\n--{0}--\r\n",
      boundary, part("text/plain", action.email.text), part("text/html", action.email.html));
}

}  // namespace

tl::expected<MimeMessage, std::string> build_message(const engine::Action& action, const EmailSender& sender) {
  if (auto refused = refusal(action, sender)) return Error(*std::move(refused));
  auto from = parse_field("from", sender.address);
  if (!from) return Error(from.error());
  auto to = parse_field("contact_point", action.contact_point);
  if (!to) return Error(to.error());

  const std::string& id_domain = sender.message_id_domain.empty() ? from->domain : sender.message_id_domain;
  const auto message_id = parse_field("message_id_domain", action.id.value + "@" + id_domain);
  if (!message_id) return Error(message_id.error());

  std::string out = "Date: " + date_of(action.created) + "\r\n";
  out += address_header("From", {sender.name, from->text()});
  if (!sender.reply_to.empty()) {
    const auto reply_to = parse_field("reply_to", sender.reply_to);
    if (!reply_to) return Error(reply_to.error());
    out += address_header("Reply-To", {{}, reply_to->text()});
  }
  out += address_header("To", {action.name, to->text()});
  out += text_header("Subject", action.email.subject);
  out += "Message-ID: <" + message_id->text() + ">\r\n";
  out += "MIME-Version: 1.0\r\n";
  if (is_token(action.email.language, kMaxLanguageTag)) out += "Content-Language: " + action.email.language + "\r\n";
  if (!action.email.unsubscribe_url.empty()) {
    out += "List-Unsubscribe: <" + action.email.unsubscribe_url + ">\r\n";
    out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";  // RFC 8058
  }
  out += "X-Relance-Action: " + action.id.value + "\r\n";
  out += content_of(action);
  return MimeMessage{*std::move(from), *std::move(to), std::move(out)};
}

}  // namespace relance::connectors
