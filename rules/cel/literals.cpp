#include "rules/cel/literals.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "rules/cel/utf8.h"

namespace relance::rules::cel {
namespace {

std::optional<char> simple_escape(char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '?':
    case '"':
    case '\'':
    case '`':
      return letter;
    default:
      return std::nullopt;
  }
}

std::optional<unsigned> digit_value(char c, unsigned base) {
  unsigned value = base;
  if (c >= '0' && c <= '9') {
    value = static_cast<unsigned>(c - '0');
  } else if (c >= 'a' && c <= 'f') {
    value = static_cast<unsigned>(c - 'a') + 10;
  } else if (c >= 'A' && c <= 'F') {
    value = static_cast<unsigned>(c - 'A') + 10;
  }
  if (value >= base) return std::nullopt;
  return value;
}

/// How a numeric escape is written: `\x41`, `\u0041`, `\U00000041`, `\101`.
struct NumericEscape {
  std::size_t prefix = 0;  // characters between the backslash and the digits
  std::size_t digits = 0;
  unsigned base = 16;
};

std::optional<NumericEscape> numeric_escape(char letter) {
  switch (letter) {
    case 'x':
    case 'X':
      return NumericEscape{1, 2, 16};
    case 'u':
      return NumericEscape{1, 4, 16};
    case 'U':
      return NumericEscape{1, 8, 16};
    case '0':
    case '1':
    case '2':
    case '3':
      return NumericEscape{0, 3, 8};
    default:
      return std::nullopt;
  }
}

class Unescaper {
 public:
  Unescaper(std::string_view inside, std::size_t offset, TextKind kind)
      : inside_(inside), offset_(offset), kind_(kind) {}

  tl::expected<std::string, Problem> run() {
    out_.reserve(inside_.size());
    while (position_ < inside_.size()) {
      const std::size_t backslash = std::min(inside_.find('\\', position_), inside_.size());
      out_.append(inside_.substr(position_, backslash - position_));
      position_ = backslash;
      if (position_ < inside_.size()) {
        if (auto problem = escape()) return tl::make_unexpected(std::move(*problem));
      }
    }
    return std::move(out_);
  }

 private:
  Problem problem(std::string message) const { return {offset_ + position_, std::move(message)}; }

  std::optional<Problem> escape() {
    if (position_ + 1 >= inside_.size()) return problem("a backslash ends the text; write it as \\\\");
    const char letter = inside_[position_ + 1];
    if (const auto replacement = simple_escape(letter)) {
      out_.push_back(*replacement);
      position_ += 2;
      return std::nullopt;
    }
    if (const auto form = numeric_escape(letter)) return numeric(*form, letter);
    return problem(fmt::format(
        "'\\{}' is no escape sequence; write \\\\ for a backslash, or use a raw string r\"...\"",
        inside_.substr(position_ + 1, std::max<std::size_t>(1, decode_utf8(inside_.substr(position_ + 1)).length))));
  }

  std::optional<Problem> numeric(const NumericEscape& form, char letter) {
    const std::string_view digits =
        inside_.substr(std::min(position_ + 1 + form.prefix, inside_.size())).substr(0, form.digits);
    char32_t value = 0;
    for (const char c : digits) {
      const auto digit = digit_value(c, form.base);
      if (!digit) return wrong_digits(form, letter);
      value = value * form.base + *digit;
    }
    if (digits.size() < form.digits) return wrong_digits(form, letter);
    if (kind_ == TextKind::bytes) {
      if (letter == 'u' || letter == 'U') {
        return problem(
            fmt::format("\\{} names a code point and is valid in strings only; write octets as \\xHH", letter));
      }
      out_.push_back(static_cast<char>(static_cast<unsigned char>(value)));
    } else {
      if (!is_unicode_scalar(value))
        return problem("the escape names no Unicode code point (a surrogate, or over 10FFFF)");
      append_utf8(out_, value);
    }
    position_ += 1 + form.prefix + form.digits;
    return std::nullopt;
  }

  Problem wrong_digits(const NumericEscape& form, char letter) const {
    if (form.base == 8) return problem("an octal escape has three digits, \\000 to \\377");
    return problem(fmt::format("\\{} is followed by {} hexadecimal digits", letter, form.digits));
  }

  std::string_view inside_;
  std::size_t offset_;
  TextKind kind_;
  std::size_t position_ = 0;
  std::string out_;
};

}  // namespace

tl::expected<std::string, Problem> unescape(std::string_view inside, std::size_t offset, TextKind kind) {
  return Unescaper(inside, offset, kind).run();
}

}  // namespace relance::rules::cel
