#include "engine/ledger/ledger_line.h"

#include <array>
#include <charconv>
#include <cstring>

#include "rules/cel/utf8.h"

namespace relance::engine {
namespace {

using rules::Record;

constexpr std::string_view kHexDigits = "0123456789abcdef";

/// True for the octets that stand in a JSON string as they are. Octets over 0x7F need a look at the whole sequence.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain();

/// One of eight octets may be below 0x20, a quote, a backslash or above 0x7F. A yes may be wrong, a no never is.
bool may_need_escape(const char* octets) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  std::uint64_t word = 0;
  std::memcpy(&word, octets, sizeof word);
  const auto has_zero = [](std::uint64_t value) { return (value - kOnes) & ~value; };
  const std::uint64_t found =
      (word - kOnes * 0x20) | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\') | word;
  return (found & kHighs) != 0;
}

std::size_t find_not_plain(std::string_view text, std::size_t from) {
  while (from + 8 <= text.size() && !may_need_escape(text.data() + from)) from += 8;
  while (from < text.size() && kPlain[static_cast<unsigned char>(text[from])]) ++from;
  return from;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHexDigits[static_cast<unsigned char>(c) >> 4U];
      out += kHexDigits[static_cast<unsigned char>(c) & 0xFU];
      break;
  }
}

template <class Integer>
void append_integer(std::string& out, Integer number) {
  std::array<char, 24> buffer;
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

/// `key` is the whole beginning of the field: `,"step":"`.
void append_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += key;
  append_json_text(out, value);
  out += '"';
}

template <class Tag>
void append_id(std::string& out, std::string_view key, const std::optional<rules::Id<Tag>>& id) {
  if (id) append_text(out, key, id->value);
}

void append_instant(std::string& out, std::string_view key, rules::Instant instant) {
  out += key;
  rules::append_to(out, instant);
  out += '"';
}

void append_sentence_text(std::string& out, const Record& record) {
  out += ",\"text\":\"";
  const std::size_t begin = out.size();
  rules::append_sentence(out, record);
  if (find_not_plain(out, begin) != out.size()) {  // rare: an id or a reason with something to escape
    const std::string raw = out.substr(begin);
    out.resize(begin);
    append_json_text(out, raw);
  }
  out += '"';
}

void append_steps(std::string& out, const std::vector<rules::StepId>& steps) {
  out += ",\"steps_left\":[";
  for (std::size_t i = 0; i < steps.size(); ++i) {
    out += i == 0 ? "\"" : ",\"";
    append_json_text(out, steps[i].value);
    out += '"';
  }
  out += ']';
}

constexpr std::string_view kTypeKey = ",\"type\":\"";
constexpr std::string_view kSubjectKey = ",\"subject\":\"";
constexpr std::string_view kLeadKey = ",\"lead\":\"";

/// Offset of what follows `type`, where `lead` and then `subject` stand. Before it there are only a number, an instant
/// and a type name, none of which holds an escape.
std::size_t after_type(std::string_view line) {
  const std::size_t type = line.find(kTypeKey);
  if (type == std::string_view::npos) return line.size();
  const std::size_t quote = line.find('"', type + kTypeKey.size());
  return quote == std::string_view::npos ? line.size() : quote + 1;
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  std::size_t from = 0;
  while (true) {
    const std::size_t stop = find_not_plain(text, from);
    out.append(text, from, stop - from);
    if (stop == text.size()) return;
    from = stop + 1;
    if (static_cast<unsigned char>(text[stop]) < 0x80) {
      append_escape(out, text[stop]);
      continue;
    }
    const std::size_t length = rules::cel::decode_utf8(text.substr(stop)).length;
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out.append(text, stop, length);
      from = stop + length;
    }
  }
}

void append_ledger_line(std::string& out, const Record& record, const LineContext& context) {
  out += "{\"seq\":";
  append_integer(out, context.seq);
  append_instant(out, ",\"at\":\"", record.at);
  out.append(kTypeKey).append(rules::to_string(record.type)) += '"';
  append_text(out, kLeadKey, context.lead);
  append_text(out, kSubjectKey, context.subject);
  append_text(out, ",\"account\":\"", context.account);
  append_id(out, ",\"playbook\":\"", record.playbook);
  append_id(out, ",\"revision\":\"", record.revision);
  append_id(out, ",\"enrollment\":\"", record.enrollment);
  append_id(out, ",\"step\":\"", record.step);
  if (record.channel) {
    append_text(out, ",\"channel\":\"", to_string(*record.channel));
  } else if (record.scope) {
    append_text(out, ",\"channel\":\"", to_string(*record.scope));
  }
  append_id(out, ",\"action\":\"", record.action);
  append_text(out, ",\"rule\":\"", record.rule);
  if (record.until) append_instant(out, ",\"until\":\"", *record.until);
  append_text(out, ",\"reason\":\"", record.reason);
  append_sentence_text(out, record);
  append_text(out, ",\"cause\":\"", context.cause);

  append_text(out, ",\"outcome\":\"", record.outcome);
  if (record.score) {
    out += ",\"score\":";
    rules::append_score(out, *record.score);
  }
  append_text(out, ",\"arm\":\"", record.arm);
  append_text(out, ",\"variant\":\"", record.variant);
  append_text(out, ",\"intake\":\"", record.intake);
  append_text(out, ",\"flag\":\"", record.flag);
  if (record.steps_left) append_steps(out, *record.steps_left);
  append_text(out, ",\"local_time\":\"", record.local_time);
  append_text(out, ",\"legal_basis\":\"", record.legal_basis);
  append_text(out, ",\"pack\":\"", record.pack);
  if (record.attempt) {
    out += ",\"attempt\":";
    append_integer(out, *record.attempt);
  }
  append_text(out, ",\"connector\":\"", record.connector);
  append_text(out, ",\"provider_id\":\"", record.provider_id);
  append_text(out, ",\"actor\":\"", record.actor);
  out += '}';
}

std::string with_lead(std::string_view line, std::string_view lead) {
  const std::size_t at = after_type(line);
  std::string out;
  out.reserve(line.size() + lead.size() + kLeadKey.size() + 1);
  out.append(line.substr(0, at));
  append_text(out, kLeadKey, lead);
  out.append(line.substr(at));
  return out;
}

std::string_view subject_of(std::string_view line) {
  const std::string_view rest = line.substr(after_type(line));
  if (rest.substr(0, kSubjectKey.size()) != kSubjectKey) return {};
  const std::string_view subject = rest.substr(kSubjectKey.size());
  return subject.substr(0, subject.find('"'));
}

}  // namespace relance::engine
