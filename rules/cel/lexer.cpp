#include "rules/cel/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "rules/ascii.h"
#include "rules/cel/literals.h"
#include "rules/cel/utf8.h"

namespace relance::rules::cel {
namespace {

constexpr std::array<std::string_view, 4> kKeywords = {"false", "in", "null", "true"};
constexpr std::array<std::string_view, 17> kReserved = {"as",       "break",  "const",  "continue", "else", "for",
                                                        "function", "if",     "import", "let",      "loop", "namespace",
                                                        "package",  "return", "var",    "void",     "while"};
constexpr std::array<std::string_view, 6> kLongPunctuation = {"==", "!=", "<=", ">=", "&&", "||"};
constexpr std::string_view kPunctuation = "<>!()[]{}.,:?+-*/%";

constexpr bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_word_start(char c) { return is_letter(c) || c == '_'; }
constexpr bool is_word(char c) { return is_word_start(c) || is_digit(c); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

/// The value of a literal in decimal notation; infinite when it is too large. Too small reads as zero.
double decimal_value(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  return value;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  tl::expected<std::vector<Token>, Problem> run() {
    if (const std::size_t bad = find_invalid_utf8(source_); bad != std::string_view::npos) {
      return tl::make_unexpected(Problem{bad, "the text is not valid UTF-8"});
    }
    skip_blanks();
    while (position_ < source_.size() && problem_.message.empty()) {
      next();
      skip_blanks();
    }
    if (!problem_.message.empty()) return tl::make_unexpected(std::move(problem_));
    tokens_.push_back({TokenKind::end, source_.size(), {}, 0, {}});
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < source_.size() ? source_[position_ + ahead] : '\0';
  }
  void fail(std::size_t offset, std::string message) { problem_ = {offset, std::move(message)}; }
  template <class Predicate>
  void skip_while(Predicate predicate) {
    while (position_ < source_.size() && predicate(source_[position_])) ++position_;
  }

  void skip_blanks() {
    while (true) {
      skip_while(is_blank);
      if (peek() != '/' || peek(1) != '/') return;
      skip_while([](char c) { return c != '\n'; });
    }
  }

  Token& push(TokenKind kind, std::size_t start) {
    tokens_.push_back({kind, start, source_.substr(start, position_ - start), 0, {}});
    return tokens_.back();
  }

  void next() {
    const char c = peek();
    if (const std::size_t prefix = text_prefix(); prefix != std::string_view::npos) return text(prefix);
    if (is_word_start(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '`') return quoted_identifier();
    punctuation();
  }

  void word() {
    const std::size_t start = position_;
    skip_while(is_word);
    const std::string_view text = source_.substr(start, position_ - start);
    const auto is_one_of = [&](const auto& words) {
      return std::find(words.begin(), words.end(), text) != words.end();
    };
    push(is_one_of(kKeywords)   ? TokenKind::keyword
         : is_one_of(kReserved) ? TokenKind::reserved
                                : TokenKind::identifier,
         start);
  }

  void quoted_identifier() {
    const std::size_t start = position_++;
    skip_while([](char c) { return is_word(c) || c == '.' || c == '-' || c == '/' || c == ' '; });
    if (peek() != '`' || position_ == start + 1) {
      return fail(start, "a quoted field name holds letters, digits, '_', '.', '-', '/' and blanks, and ends with a `");
    }
    ++position_;
    push(TokenKind::quoted_identifier, start).text = source_.substr(start + 1, position_ - start - 2);
  }

  void punctuation() {
    const std::size_t start = position_;
    const std::string_view rest = source_.substr(start);
    for (const std::string_view sign : kLongPunctuation) {
      if (rest.substr(0, 2) == sign) {
        position_ += 2;
        push(TokenKind::punctuation, start);
        return;
      }
    }
    const char c = rest[0];
    if (c == '=') return fail(start, "'=' is no operator; compare with '=='");
    if (c == '&' || c == '|')
      return fail(start, fmt::format("'{0}' is no operator; combine conditions with '{0}{0}'", c));
    if (kPunctuation.find(c) == std::string_view::npos) {
      return fail(start, fmt::format("unexpected character '{}'", rest.substr(0, decode_utf8(rest).length)));
    }
    ++position_;
    push(TokenKind::punctuation, start);
  }

  void number() {
    const std::size_t start = position_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hexadecimal(peek(2))) {
      position_ += 2;
      skip_while(is_hexadecimal);
      return whole_number(start, source_.substr(start + 2, position_ - start - 2), 16);
    }
    skip_while(is_digit);
    bool is_double = false;
    if (peek() == '.' && is_digit(peek(1))) {
      is_double = true;
      ++position_;
      skip_while(is_digit);
    }
    const bool has_sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(has_sign ? 2 : 1))) {
      is_double = true;
      position_ += has_sign ? 2 : 1;
      skip_while(is_digit);
    }
    if (!is_double) return whole_number(start, source_.substr(start, position_ - start), 10);
    Token& token = push(TokenKind::literal, start);
    const double value = decimal_value(token.text);
    if (std::isinf(value)) return fail(start, "the number is too large for a double");
    token.literal = value;
  }

  void whole_number(std::size_t start, std::string_view digits, int base) {
    std::uint64_t magnitude = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
    if (result.ec != std::errc()) return fail(start, "the number is too large for 64 bits");
    if (peek() == 'u' || peek() == 'U') {
      ++position_;
      push(TokenKind::literal, start).literal = magnitude;
      return;
    }
    push(TokenKind::whole_number, start).magnitude = magnitude;
  }

  /// Octets before the quote when a string or bytes literal begins here: at most one of each of b and r; else npos.
  std::size_t text_prefix() const {
    const auto is_quote = [](char c) { return c == '"' || c == '\''; };
    const auto is_b = [](char c) { return c == 'b' || c == 'B'; };
    const auto is_r = [](char c) { return c == 'r' || c == 'R'; };
    if (is_quote(peek())) return 0;
    if ((is_b(peek()) || is_r(peek())) && is_quote(peek(1))) return 1;
    const bool both = (is_b(peek()) && is_r(peek(1))) || (is_r(peek()) && is_b(peek(1)));
    return both && is_quote(peek(2)) ? 2 : std::string_view::npos;
  }

  void text(std::size_t prefix_length) {
    const std::size_t start = position_;
    const std::string_view prefix = source_.substr(start, prefix_length);
    const bool is_raw = prefix.find_first_of("rR") != std::string_view::npos;
    const auto kind = prefix.find_first_of("bB") != std::string_view::npos ? TextKind::bytes : TextKind::string;
    position_ += prefix_length;
    const char quote = peek();
    const bool is_triple = peek(1) == quote && peek(2) == quote;
    const std::string delimiter(is_triple ? 3 : 1, quote);
    position_ += delimiter.size();
    const std::size_t begin = position_;
    if (!skip_to_end_of_text(start, delimiter, is_raw)) return;
    const std::string_view inside = source_.substr(begin, position_ - begin);
    position_ += delimiter.size();
    auto content = is_raw ? tl::expected<std::string, Problem>(std::string(inside)) : unescape(inside, begin, kind);
    if (!content) return fail(content.error().offset, std::move(content.error().message));
    push(TokenKind::literal, start).literal =
        kind == TextKind::bytes ? Value(Bytes{std::move(*content)}) : Value(std::move(*content));
  }

  bool skip_to_end_of_text(std::size_t start, std::string_view delimiter, bool is_raw) {
    while (source_.substr(position_, delimiter.size()) != delimiter) {
      const char c = peek();
      const bool is_line_end = c == '\n' || c == '\r';
      if (position_ >= source_.size() || (is_line_end && delimiter.size() == 1)) {
        fail(start, fmt::format("the text that begins here has no closing {}{}", delimiter,
                                is_line_end ? " on its line; write \\n, or quote it three times" : ""));
        return false;
      }
      position_ += c == '\\' && !is_raw && position_ + 1 < source_.size() ? 2 : 1;
    }
    return true;
  }

  std::string_view source_;
  std::size_t position_ = 0;
  std::vector<Token> tokens_;
  Problem problem_;
};

}  // namespace

tl::expected<std::vector<Token>, Problem> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace relance::rules::cel
