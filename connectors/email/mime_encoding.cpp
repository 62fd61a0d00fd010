#include "connectors/email/mime_encoding.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include <simdjson.h>

#include "rules/ascii.h"

namespace relance::connectors {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
// RFC 2047, section 2: an encoded word has at most 75 characters, a line that holds one at most 76.
constexpr std::size_t kEncodedWord = 75;
constexpr std::size_t kEncodedLine = 76;
constexpr std::string_view kWordBegin[] = {"=?UTF-8?Q?", "=?UTF-8?B?"};
constexpr std::string_view kWordEnd = "?=";
constexpr std::size_t kQuotedLine = 76;      // RFC 2045, 6.7 (5)
constexpr std::size_t kBytesPerBase64 = 57;  // 76 characters

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += kHexDigits[byte >> 4U];
  out += kHexDigits[byte & 0x0FU];
}

/// The length in bytes of the code point that begins at `at`; the text is valid UTF-8.
std::size_t code_point_length(std::string_view text, std::size_t at) {
  std::size_t length = 1;
  while (at + length < text.size() && (static_cast<unsigned char>(text[at + length]) & 0xC0U) == 0x80U) ++length;
  return length;
}

// RFC 2047, 5 (3): the characters that stand for themselves also in a display name.
bool is_plain_in_word(char c) {
  return rules::is_alphanumeric(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::string word_in_q(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += '_';
    } else if (is_plain_in_word(c)) {
      out += c;
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

/// Folds `text` as encoded words behind `head` ("Subject: "), without the last CRLF. Words end at code points: section
/// 5 of RFC 2047 wants each of them to be readable alone.
std::string fold_encoded(std::string head, std::string_view text) {
  const bool base64_is_shorter = base64(text).size() < word_in_q(text).size();
  const auto encode = [&](std::string_view part) { return base64_is_shorter ? base64(part) : word_in_q(part); };
  const std::string_view begin = kWordBegin[base64_is_shorter ? 1 : 0];

  std::string out = std::move(head);
  std::size_t room = kEncodedLine - std::min(out.size(), kEncodedLine / 2) - begin.size() - kWordEnd.size();
  std::size_t from = 0;
  while (from < text.size()) {
    std::size_t to = from;
    while (to < text.size()) {
      const std::size_t next = to + code_point_length(text, to);
      if (to > from && encode(text.substr(from, next - from)).size() > room) break;
      to = next;
    }
    if (from > 0) out += "\r\n ";
    out.append(begin).append(encode(text.substr(from, to - from))).append(kWordEnd);
    room = kEncodedWord - begin.size() - kWordEnd.size();
    from = to;
  }
  return out;
}

/// Plain text can be folded at its spaces and unfolds to the same text: no run of spaces, none at an end, no word that
/// would be long alone, nothing that reads as an encoded word.
bool is_foldable(std::string_view text) {
  constexpr std::size_t kLongestWord = 60;
  if (!is_ascii(text) || text.find("=?") != std::string_view::npos) return false;
  std::size_t word = 0;
  for (const char c : text) {
    if (c != ' ') {
      if (++word > kLongestWord) return false;
    } else {
      if (word == 0) return false;
      word = 0;
    }
  }
  return word > 0;
}

std::string fold_plain(std::string head, std::string_view text) {
  std::string out = std::move(head);
  std::size_t line = out.size();
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t to = std::min(text.find(' ', from), text.size());
    const std::size_t space = from == 0 ? 0 : 1;
    if (from > 0 && line + space + (to - from) > kPreferredLine) {
      out += "\r\n";
      line = 0;
    }
    if (space > 0) out += ' ';
    out.append(text.substr(from, to - from));
    line += space + (to - from);
    from = to + 1;
  }
  return out;
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

bool is_phrase_of_atoms(std::string_view text) {
  constexpr std::string_view kAtomPunctuation = "!#$%&'*+-/=?^_`{|}~";  // RFC 5322, 3.2.3
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return c == ' ' || rules::is_alphanumeric(c) || kAtomPunctuation.find(c) != std::string_view::npos;
  });
}

/// The display name behind `head`, folded.
std::string fold_display_name(std::string head, std::string_view name) {
  if (!is_foldable(name)) return fold_encoded(std::move(head), name);
  if (is_phrase_of_atoms(name)) return fold_plain(std::move(head), name);
  const std::string quoted = quoted_string(name);
  if (head.size() + quoted.size() <= kPreferredLine) return head + quoted;
  return fold_encoded(std::move(head), name);
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find_first_of("\r\n", from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  return lines;
}

// mbox files mark a line that begins so with ">"; "=_" begins the boundary of build_message().
bool needs_encoding(std::string_view line) {
  if (line.size() > kPreferredLine || line.starts_with("From ") || line.find("=_") != std::string_view::npos)
    return true;
  if (!line.empty() && (line.back() == ' ' || line.back() == '\t')) return true;
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte >= 0x7F;
  });
}

void append_quoted_line(std::string& out, std::string_view line) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const bool last = at + 1 == line.size();
    const bool blank = c == ' ' || c == '\t';
    const bool from_line = at == 0 && line.starts_with("From ");
    const bool plain = !from_line && ((c > ' ' && c <= '~' && c != '=') || (blank && !last));
    const std::size_t size = plain ? 1 : 3;
    if (width + size > kQuotedLine - (last ? 0 : 1)) {
      out += "=\r\n";
      width = 0;
    }
    if (plain) {
      out += c;
    } else {
      append_escaped(out, c);
    }
    width += size;
  }
  out += "\r\n";
}

}  // namespace

bool is_header_safe(std::string_view utf8) {
  if (!simdjson::validate_utf8(utf8.data(), utf8.size())) return false;
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto byte = static_cast<unsigned char>(utf8[at]);
    if (byte < 0x20 || byte == 0x7F) return false;
    const std::string_view rest = utf8.substr(at);
    if (byte == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0) return false;            // U+0080 to U+009F
    if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) return false;  // U+2028, U+2029
  }
  return true;
}

std::string text_header(std::string_view name, std::string_view text) {
  std::string head = std::string(name) + ": ";
  std::string folded = is_foldable(text) ? fold_plain(std::move(head), text) : fold_encoded(std::move(head), text);
  return folded += "\r\n";
}

std::string address_header(std::string_view name, const DisplayAddress& who) {
  std::string out = std::string(name) + ": ";
  if (who.display_name.empty()) return out + who.address + "\r\n";
  out = fold_display_name(std::move(out), who.display_name);
  const std::size_t last_line = out.rfind("\r\n");
  const std::size_t line = last_line == std::string::npos ? out.size() : out.size() - last_line - 2;
  out += line + who.address.size() + 3 > kPreferredLine ? "\r\n <" : " <";
  return out += who.address + ">\r\n";
}

EncodedBody encode_body(std::string_view utf8) {
  const std::vector<std::string_view> lines = split_lines(utf8);
  std::string plain;
  std::string quoted;
  for (const std::string_view line : lines) {
    plain.append(line).append("\r\n");
    append_quoted_line(quoted, line);
  }
  if (std::none_of(lines.begin(), lines.end(), needs_encoding)) return {"7bit", std::move(plain)};
  const std::size_t in_base64 = (plain.size() + 2) / 3 * 4 + (plain.size() / kBytesPerBase64 + 1) * 2;
  if (quoted.size() <= in_base64) return {"quoted-printable", std::move(quoted)};
  std::string encoded;
  for (std::size_t at = 0; at < plain.size(); at += kBytesPerBase64) {
    encoded += base64(std::string_view(plain).substr(at, kBytesPerBase64)) + "\r\n";
  }
  return {"base64", std::move(encoded)};
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

}  // namespace relance::connectors
