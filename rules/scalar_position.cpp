#include "rules/scalar_position.h"

#include <algorithm>

#include "rules/text_positions.h"

namespace relance::rules {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_break(char c) { return c == '\n' || c == '\r'; }

/// How many code points of the scalar's text come before the place.
std::size_t code_points_before(std::string_view text, const PlaceInText& place) {
  std::size_t at = std::min(place.begin, text.size());
  for (int line = 1; line < place.line; ++line) {
    const std::size_t line_end = text.find('\n', at);
    if (line_end == std::string_view::npos) break;
    at = line_end + 1;
  }
  for (int column = 1; column < place.column && at < text.size(); ++column) {
    do ++at;
    while (at < text.size() && is_continuation(text[at]));
  }
  return static_cast<std::size_t>(std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at),
                                                [](char c) { return !is_continuation(c); }));
}

/// Walks the source of one scalar, a code point of its text at a time.
class Walker {
 public:
  Walker(std::string_view source, std::size_t at) : source_(source), at_(at) {}
  std::size_t offset() const { return at_; }
  bool at_end() const { return at_ >= source_.size(); }

  void plain_or_quoted(std::size_t code_points, YamlNode::Style style) {
    if (style != YamlNode::Style::plain) ++at_;
    while (!at_end()) {
      const bool escape = style == YamlNode::Style::double_quoted && source_[at_] == '\\';
      if (escape && at_ + 1 < source_.size() && is_break(source_[at_ + 1])) {
        ++at_;
        skip_line_breaks();
        continue;
      }
      if (code_points == 0) return;
      if (const std::size_t folded = fold(); folded > 0) {
        code_points -= std::min(folded, code_points);
        continue;
      }
      if (escape) {
        at_ += escape_length();
      } else {
        if (style == YamlNode::Style::single_quoted && source_.substr(at_, 2) == "''") ++at_;
        next_code_point();
      }
      --code_points;
    }
  }

  void block(std::size_t code_points) {
    at_ = std::min(source_.find('\n', at_), source_.size());
    const std::size_t first = std::min(source_.find_first_not_of(" \r\n", at_), source_.size());
    const std::size_t line = source_.rfind('\n', first);
    const std::size_t indent = line == std::string_view::npos ? 0 : first - line - 1;
    skip_break_and(indent);
    for (; code_points > 0 && !at_end(); --code_points) {
      if (is_break(source_[at_])) {
        skip_break_and(indent);
      } else {
        next_code_point();
      }
    }
  }

 private:
  void next_code_point() {
    do ++at_;
    while (at_ < source_.size() && is_continuation(source_[at_]));
  }

  void skip_break_and(std::size_t indent) {
    if (!at_end() && source_[at_] == '\r') ++at_;
    if (!at_end() && source_[at_] == '\n') ++at_;
    for (std::size_t i = 0; i < indent && !at_end() && source_[at_] == ' '; ++i) ++at_;
  }

  /// Goes to the first text of the next line that has any; says how many lines were left.
  std::size_t skip_line_breaks() {
    std::size_t breaks = 0;
    while (!at_end() && (is_blank(source_[at_]) || is_break(source_[at_]))) {
      if (source_[at_] == '\n') ++breaks;
      ++at_;
    }
    return breaks;
  }

  /// At a line break or at blanks before one: one line break reads as a blank, n as n - 1 line breaks. 0: not there.
  std::size_t fold() {
    const std::size_t next = source_.find_first_not_of(" \t", at_);
    if (next == std::string_view::npos || !is_break(source_[next])) return 0;
    const std::size_t breaks = skip_line_breaks();
    return breaks > 1 ? breaks - 1 : 1;
  }

  std::size_t escape_length() const {
    switch (at_ + 1 < source_.size() ? source_[at_ + 1] : '\0') {
      case 'x':
        return 4;
      case 'u':
        return 6;
      case 'U':
        return 10;
      default:
        return 2;
    }
  }

  std::string_view source_;
  std::size_t at_;
};

}  // namespace

TextPosition position_in_scalar(std::string_view source, const YamlNode& scalar, const PlaceInText& place) {
  const std::size_t code_points = code_points_before(scalar.text, place);
  Walker walker(source, scalar.position.offset);
  if (scalar.style == YamlNode::Style::block) {
    walker.block(code_points);
  } else {
    walker.plain_or_quoted(code_points, scalar.style);
  }
  return walker.offset() <= source.size() ? PositionFinder(source).at(walker.offset()) : scalar.position;
}

}  // namespace relance::rules
