#include "connectors/email/mime_message.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "connectors/email/mime_encoding.h"

namespace relance::connectors {
namespace {

engine::Action email_action() {
  engine::Action action;
  action.id = rules::ActionId("00112233445566778899aabbccddeeff");
  action.kind = engine::ActionKind::email;
  action.created = *rules::parse_rfc3339("2026-03-02T08:10:00.999Z");
  action.contact_point = "ada@example.com";
  action.name = "Ada Martin";
  action.email = {"Your question", "Hello Ada,\nbye\n", "", "en", "https://relance.example/u/token"};
  return action;
}

const EmailSender kSender{"sales@relance.example", "Relance", "", ""};

std::string built(const engine::Action& action, const EmailSender& sender = kSender) {
  const auto message = build_message(action, sender);
  return message ? message->bytes : "refused: " + message.error();
}

std::string refused(const engine::Action& action, const EmailSender& sender = kSender) {
  const auto message = build_message(action, sender);
  return message ? "not refused" : message.error();
}

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < message.size();) {
    const std::size_t end = message.find("\r\n", from);
    REQUIRE(end != std::string::npos);
    lines.push_back(message.substr(from, end - from));
    from = end + 2;
  }
  return lines;
}

int base64_digit(char c) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string decode_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (base64_digit(c) < 0) continue;
    bits = (bits << 6U) | static_cast<unsigned>(base64_digit(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  return out;
}

std::string decode_quoted(std::string_view text, bool in_header) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '_' && in_header) {
      out += ' ';
    } else if (text[at] == '=' && text.substr(at + 1, 2) == "\r\n") {
      at += 2;
    } else if (text[at] == '=') {
      out += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

/// RFC 2047, written apart from the encoder: unfolds, then decodes; blanks between two encoded words vanish.
std::string decode_header(std::string_view header) {
  std::string value(header.substr(header.find(": ") + 2));
  for (std::size_t at = 0; (at = value.find("\r\n")) != std::string::npos;) value.erase(at, 2);
  std::string out;
  bool after_word = false;
  for (std::size_t at = 0; at < value.size();) {
    if (value.compare(at, 2, "=?") == 0) {
      const std::size_t text = value.find('?', at + 8) + 1;  // behind =?UTF-8?X?
      const std::size_t end = value.find("?=", text);
      REQUIRE(end + 2 - at <= 75);
      const std::string_view inner = std::string_view(value).substr(text, end - text);
      const std::string word = value[text - 2] == 'B' ? decode_base64(inner) : decode_quoted(inner, true);
      CHECK(is_header_safe(word));  // each word alone is valid UTF-8
      out += word;
      at = end + 2;
      after_word = true;
    } else if (after_word && value.compare(at, 3, " =?") == 0) {
      ++at;
    } else {
      out += value[at++];
      after_word = false;
    }
  }
  return out;
}

void append_code_point(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6U), byte(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12U), byte(0x80 | ((code >> 6U) & 0x3FU)), byte(0x80 | (code & 0x3FU));
  } else {
    byte(0xF0 | code >> 18U), byte(0x80 | ((code >> 12U) & 0x3FU)), byte(0x80 | ((code >> 6U) & 0x3FU)),
        byte(0x80 | (code & 0x3FU));
  }
}

/// Text of any script; mostly ASCII, with blanks and marks that mean something in headers.
std::string any_text(bool with_controls) {
  const auto code =
      rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0x20, 0x7F), rc::gen::inRange<std::uint32_t>(0x20, 0x7F),
                     rc::gen::elementOf(std::vector<std::uint32_t>{' ', ' ', '=', '?', '_', '"', '\\', '.'}),
                     rc::gen::inRange<std::uint32_t>(0xA0, 0x2000), rc::gen::inRange<std::uint32_t>(0x3000, 0xD800),
                     rc::gen::inRange<std::uint32_t>(0x1F300, 0x1FAFF),
                     rc::gen::elementOf(std::vector<std::uint32_t>{0x202E, 0x200F, 0xFFFD, 0x10FFFF, 0x0301}));
  const auto control = rc::gen::elementOf(std::vector<std::uint32_t>{'\t', '\n', 0, 0x1B, 0x7F, 0x85});
  const auto codes =
      *rc::gen::container<std::vector<std::uint32_t>>(with_controls ? rc::gen::oneOf(code, code, control) : code);
  std::string text;
  for (const std::uint32_t one : codes) append_code_point(text, one);
  return text;
}

TEST_CASE("a plain text email has the headers that a marketing email needs") {
  CHECK(built(email_action()) ==
        "Date: Mon, 02 Mar 2026 08:10:00 +0000\r\n"
        "From: Relance <sales@relance.example>\r\n"
        "To: Ada Martin <ada@example.com>\r\n"
        "Subject: Your question\r\n"
        "Message-ID: <00112233445566778899aabbccddeeff@relance.example>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Language: en\r\n"
        "List-Unsubscribe: <https://relance.example/u/token>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "X-Relance-Action: 00112233445566778899aabbccddeeff\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "Hello Ada,\r\n"
        "bye\r\n");
}

TEST_CASE("an email with HTML carries both parts between boundaries that come from the action id") {
  engine::Action action = email_action();
  action.email.html = "<p>H\xC3\xA9</p>";
  const std::string message = built(action);
  CHECK(message == built(action));
  CHECK(message.find(
            "Content-Type: multipart/alternative;\r\n boundary=\"=_relance_00112233445566778899aabbccddeeff\"\r\n") !=
        std::string::npos);
  CHECK(message.find("--=_relance_00112233445566778899aabbccddeeff\r\nContent-Type: text/html; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>H=C3=A9</p>\r\n") != std::string::npos);
  CHECK(message.ends_with("\r\n--=_relance_00112233445566778899aabbccddeeff--\r\n"));
}

TEST_CASE("a service email has no opt-out header, and an email without language no Content-Language") {
  engine::Action action = email_action();
  action.email.unsubscribe_url.clear();
  action.email.language.clear();
  CHECK(built(action).find("List-Unsubscribe") == std::string::npos);
  CHECK(built(action).find("Content-Language") == std::string::npos);
}

TEST_CASE("control characters in anything that becomes a header are refused") {
  for (const std::string& bad :
       {std::string("Name\r\nBcc: victim@example.com"), std::string("a\nb"), std::string("a\rb"),
        std::string("a\0b", 3), std::string("a\x7F"), std::string("a\xC2\x85"), std::string("a\xE2\x80\xA8"),
        std::string("\x1B[31m"), std::string("\xFF")}) {
    engine::Action action = email_action();
    action.name = bad;
    CHECK(refused(action) == "header_injection name");
    action = email_action();
    action.email.subject = bad;
    CHECK(refused(action) == "header_injection subject");
    action = email_action();
    action.contact_point = bad + "@example.com";
    CHECK(refused(action) == "header_injection contact_point");
    action = email_action();
    action.email.unsubscribe_url += bad;
    CHECK(refused(action) == "header_injection unsubscribe_url");
    action = email_action();
    action.email.language = bad;
    CHECK(refused(action) == "header_injection language");
    action = email_action();
    action.id = rules::ActionId(bad);
    CHECK(refused(action) == "header_injection id");
    EmailSender sender = kSender;
    sender.name = bad;
    CHECK(refused(email_action(), sender) == "header_injection from_name");
    sender = kSender;
    sender.address = bad + "@relance.example";
    CHECK(refused(email_action(), sender) == "header_injection from");
    sender = kSender;
    sender.reply_to = "a@b.example" + bad;
    CHECK(refused(email_action(), sender) == "header_injection reply_to");
    sender = kSender;
    sender.message_id_domain = "b.example" + bad;
    CHECK(refused(email_action(), sender) == "header_injection message_id_domain");
  }
}

TEST_CASE("an opt-out link that is not https, or would end the header early, is refused") {
  for (const char* url :
       {"http://relance.example/u/t", "https://", "mailto:a@b.example", "https://a/>,<https://b", "https://a/ b"}) {
    engine::Action action = email_action();
    action.email.unsubscribe_url = url;
    CHECK(refused(action).starts_with("unsubscribe_url"));
  }
  engine::Action action = email_action();
  action.email.unsubscribe_url = "https://a/" + std::string(1000, 'x');
  CHECK(refused(action).starts_with("unsubscribe_url"));
}

TEST_CASE("what is no mailbox is refused without quoting it") {
  for (const char* address :
       {"", "ada", "@example.com", "ada@", "a b@example.com", "ada@exa mple.com", "ada@[127.0.0.1]", "a..b@example.com",
        ".a@example.com", "\"a b\"@example.com", "ada@-x.com", "ada@example..com", "<ada@example.com>",
        "ada@example.com,eve@example.com", "ada@example.com>"}) {
    CAPTURE(address);
    engine::Action action = email_action();
    action.contact_point = address;
    CHECK(refused(action) == "address_syntax contact_point");
  }
}

TEST_CASE("an internationalised domain is written in its ASCII form, a local part beyond ASCII needs SMTPUTF8") {
  engine::Action action = email_action();
  action.contact_point =
      "ada@b\xC3\xBC"
      "cher.example";
  auto message = build_message(action, kSender);
  REQUIRE(message.has_value());
  CHECK(message->to.text() == "ada@xn--bcher-kva.example");
  CHECK_FALSE(message->needs_smtputf8());
  action.contact_point = "zo\xC3\xAB@example.com";
  message = build_message(action, kSender);
  REQUIRE(message.has_value());
  CHECK(message->needs_smtputf8());
  CHECK(message->bytes.find("To: Ada Martin <zo\xC3\xAB@example.com>\r\n") != std::string::npos);
}

TEST_CASE("a display name with marks of its own is quoted") {
  CHECK(address_header("To", {"Martin, Ada (Paris)", "a@b.example"}) ==
        "To: \"Martin, Ada (Paris)\" <a@b.example>\r\n");
  CHECK(address_header("To", {R"(Ada "Zo\e")", "a@b.example"}) == "To: \"Ada \\\"Zo\\\\e\\\"\" <a@b.example>\r\n");
  CHECK(address_header("To", {"", "a@b.example"}) == "To: a@b.example\r\n");
  CHECK(address_header("To", {"=?UTF-8?Q?x?=", "a@b.example"}).find("=?UTF-8?Q?x?= <") == std::string::npos);
}

TEST_CASE("a long subject is folded at its spaces, and one with a run of spaces keeps it") {
  std::string subject = "one";
  for (int count = 0; count < 60; ++count) subject += " word";
  const std::string header = text_header("Subject", subject);
  for (const std::string& line : lines_of(header)) CHECK(line.size() <= kPreferredLine);
  CHECK(header.find("=?") == std::string::npos);
  CHECK(decode_header(header.substr(0, header.size() - 2)) == subject);
  const std::string spaced = text_header("Subject", " two  spaces ");
  CHECK(decode_header(spaced.substr(0, spaced.size() - 2)) == " two  spaces ");
}

TEST_CASE("lines that mail systems change are encoded") {
  CHECK(encode_body("plain\n").transfer_encoding == "7bit");
  for (const char* text : {"From here\n", "end with blank \n", "tab\t\n", "=_relance\n", "caf\xC3\xA9\n", "\x01\n"}) {
    const EncodedBody body = encode_body(text);
    CHECK(body.transfer_encoding == "quoted-printable");
    CHECK(decode_quoted(body.lines, false) == std::string(text, std::string(text).size() - 1) + "\r\n");
  }
  CHECK(encode_body("From here\n").lines == "=46rom here\r\n");
  CHECK(encode_body("=_relance\n").lines == "=3D_relance\r\n");
  CHECK(encode_body(std::string(79, 'x')).transfer_encoding == "quoted-printable");
  CHECK(encode_body("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E").transfer_encoding == "base64");
  CHECK(encode_body("a\rb\nc\r\nd").lines == "a\r\nb\r\nc\r\nd\r\n");
  CHECK(encode_body("").lines.empty());
}

TEST_CASE("any subject reads back as it was, in lines that are short enough") {
  CHECK(rc::check([] {
    const std::string subject = any_text(false);
    const std::string header = text_header("Subject", subject);
    for (const std::string& line : lines_of(header)) {
      RC_ASSERT(line.size() <= kPreferredLine);
      RC_ASSERT(line.find_first_not_of(' ') != std::string::npos);
    }
    RC_ASSERT(decode_header(std::string_view(header).substr(0, header.size() - 2)) == subject);
  }));
}

TEST_CASE("any body reads back as it was, but for its line ends") {
  CHECK(rc::check([] {
    const std::string text = any_text(true);
    const EncodedBody body = encode_body(text);
    for (const std::string& line : lines_of(body.lines)) RC_ASSERT(line.size() <= kPreferredLine);
    const std::string back = body.transfer_encoding == "base64"             ? decode_base64(body.lines)
                             : body.transfer_encoding == "quoted-printable" ? decode_quoted(body.lines, false)
                                                                            : body.lines;
    std::string expected;
    for (const char c : text) expected += c == '\n' ? std::string("\r\n") : std::string(1, c);
    if (!text.empty() && text.back() != '\n') expected += "\r\n";
    RC_ASSERT(back == expected);
  }));
}

TEST_CASE("whatever the name, the recipient's header ends with the one address") {
  CHECK(rc::check([] {
    const std::string name = any_text(false);
    const std::string header = address_header("To", {name, "ada@example.com"});
    for (const std::string& line : lines_of(header)) RC_ASSERT(line.size() <= kPreferredLine);
    RC_ASSERT(header.ends_with(name.empty() ? ": ada@example.com\r\n" : " <ada@example.com>\r\n"));
  }));
}

}  // namespace
}  // namespace relance::connectors
