#include "connectors/email/smtp_reply.h"

#include <fmt/format.h>

#include <algorithm>

namespace relance::connectors {
namespace {

using engine::AttemptResult;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool blames_credentials(int code) { return code == 530 || code == 534 || code == 535 || code == 538; }

bool blames_recipient(SmtpPhase phase, int code, std::string_view enhanced) {
  if (phase != SmtpPhase::recipient && phase != SmtpPhase::end_of_data) return false;
  if (enhanced.empty()) return phase == SmtpPhase::recipient && code == 550;
  return enhanced.starts_with("5.1.") && enhanced != "5.1.7" && enhanced != "5.1.8";
}

bool blames_mailbox(SmtpPhase phase, int code, std::string_view enhanced) {
  if (phase != SmtpPhase::recipient && phase != SmtpPhase::end_of_data) return false;
  return enhanced.empty() ? phase == SmtpPhase::recipient && code == 552 : enhanced.starts_with("5.2.");
}

/// The characters of an id from `at`: no blanks, no brackets, and no "@", so that it can never hold an address.
std::string id_at(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongest = 100;
  std::string id;
  while (at < text.size() && id.size() < kLongest) {
    const char c = text[at++];
    const bool alphanumeric = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '@') return {};
    if (!alphanumeric && c != '-' && c != '_' && c != '.' && c != '+' && c != '/' && c != '=') break;
    id += c;
  }
  return id;
}

}  // namespace

std::string_view to_string(SmtpPhase phase) {
  constexpr std::string_view kNames[] = {"connect", "MAIL", "RCPT", "DATA", "end of data"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::optional<SmtpReply> parse_last_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return std::nullopt;
  if (line.size() > 3 && line[3] != ' ') return std::nullopt;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  return SmtpReply{code, std::string(line.substr(std::min<std::size_t>(4, line.size())))};
}

std::string_view enhanced_code(std::string_view reply_text) {
  // class "." subject "." detail, RFC 3463, 2
  constexpr std::size_t kLongestNumber = 3;
  std::size_t at = 0;
  for (int number = 0; number < 3; ++number) {
    const std::size_t begin = at;
    while (at < reply_text.size() && is_digit(reply_text[at]) && at - begin < kLongestNumber) ++at;
    if (at == begin) return {};
    if (number == 2) break;
    if (at >= reply_text.size() || reply_text[at] != '.') return {};
    ++at;
  }
  if (at < reply_text.size() && reply_text[at] != ' ') return {};
  const std::string_view code = reply_text.substr(0, at);
  return code[0] == '2' || code[0] == '4' || code[0] == '5' ? code : std::string_view();
}

std::string queue_id(std::string_view reply_text) {
  for (const std::string_view mark : {std::string_view("queued as "), std::string_view("id=")}) {
    const std::size_t at = reply_text.find(mark);
    if (at != std::string_view::npos) return id_at(reply_text, at + mark.size());
  }
  const std::string_view enhanced = enhanced_code(reply_text);
  if (!enhanced.empty()) reply_text.remove_prefix(std::min(enhanced.size() + 1, reply_text.size()));
  constexpr std::size_t kShortest = 8;  // shorter words are prose
  for (const std::string_view mark : {std::string_view("Ok "), std::string_view("OK ")}) {
    if (!reply_text.starts_with(mark)) continue;
    std::string id = id_at(reply_text, mark.size());
    if (id.size() >= kShortest && std::any_of(id.begin(), id.end(), is_digit)) return id;
  }
  return {};
}

engine::AttemptResult attempt_result(SmtpPhase phase, const SmtpReply& reply, std::string_view failure) {
  AttemptResult result;
  if (reply.code == 0) {
    const bool unknown = phase == SmtpPhase::end_of_data;
    result.kind = unknown ? AttemptResult::Kind::outcome_unknown : AttemptResult::Kind::retry;
    result.reason = fmt::format("smtp {} at {}", failure, to_string(phase));
    return result;
  }
  if (phase == SmtpPhase::end_of_data && reply.code / 100 == 2) {
    result.kind = AttemptResult::Kind::accepted;
    result.outcome = "sent";
    result.provider_id = queue_id(reply.text);
    return result;
  }
  const std::string_view enhanced = enhanced_code(reply.text);
  result.reason = fmt::format("smtp {}{}{} at {}", reply.code, enhanced.empty() ? "" : " ", enhanced, to_string(phase));
  const bool permanent = reply.code / 100 == 5 && phase != SmtpPhase::connect && !blames_credentials(reply.code);
  result.kind = permanent ? AttemptResult::Kind::rejected : AttemptResult::Kind::retry;
  result.hard_bounce = permanent && blames_recipient(phase, reply.code, enhanced);
  result.soft_bounce = permanent && blames_mailbox(phase, reply.code, enhanced);
  return result;
}

}  // namespace relance::connectors
