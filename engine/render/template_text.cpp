#include "engine/render/template_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <kainjow/mustache.hpp>

#include "rules/ascii.h"
#include "rules/time.h"

namespace relance::engine {
namespace {

namespace mustache = kainjow::mustache;
namespace cel = rules::cel;

// Lists and nesting multiply; these keep the product small whatever a lead's attributes hold.
constexpr std::size_t kMaxDepth = 3;
constexpr std::size_t kMaxListItems = 50;
constexpr int kMaxDataDepth = 16;
constexpr char kLineEnd = '\x1E';  // in prepared texts; no template and no attribute brings one in
constexpr std::array<std::string_view, 7> kRoots{"lead",   "account", "enrollment", "owner", "unsubscribe_url",
                                                 "sender", "slots"};

bool is_name(std::string_view name) {
  if (name == ".") return true;
  if (name.empty() || name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

/// Of a control character other than a line end and a tab.
std::size_t find_control(std::string_view text) {
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  };
  const auto found = std::find_if(text.begin(), text.end(), is_control);
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

bool has_known_root(std::string_view name) {
  return std::find(kRoots.begin(), kRoots.end(), name.substr(0, name.find('.'))) != kRoots.end();
}

/// Reads the tags of a text in order, and stops at the first that is not accepted. On the way it prepares the text for
/// the library: a section's tag or a note that stands alone on a line takes the line with it, and line ends become
/// kLineEnd, because the library has rules of its own for empty lines, which leave some and take others.
class TemplateParser {
 public:
  TemplateParser(std::string_view source, TemplateText::Escaping escaping) : source_(source), escaping_(escaping) {}

  std::optional<TemplateError> parse() {
    const std::size_t control = find_control(source_);
    if (control != std::string_view::npos) return TemplateError{control, "a control character cannot stand here"};
    for (std::size_t at = 0; (at = source_.find("{{", at)) != std::string_view::npos;) {
      const bool raw = source_.substr(at + 2).starts_with('{');
      const std::size_t begin = at + (raw ? 3 : 2);
      const std::size_t end = source_.find(raw ? "}}}" : "}}", begin);
      if (end == std::string_view::npos) return TemplateError{at, "this tag is never closed"};
      const std::string_view content = rules::trimmed(source_.substr(begin, end - begin));
      std::string message = raw ? variable(content, true) : tag(content, at);
      if (!message.empty()) return TemplateError{at, std::move(message)};
      const std::size_t next = end + (raw ? 3 : 2);
      prepare(at, next, !raw && std::string_view("#^/!").find(content.front()) != std::string_view::npos);
      at = next;
    }
    append_literal(source_.substr(prepared_to_));
    if (sections_.empty()) return std::nullopt;
    const auto& [name, offset] = sections_.back();
    return TemplateError{offset, fmt::format("the section {{{{#{}}}}} is never closed", name)};
  }

  std::string take_prepared() { return std::move(prepared_); }
  std::set<std::string> take_reads() { return std::move(reads_); }

 private:
  /// What is wrong with the tag; empty when nothing is.
  std::string tag(std::string_view content, std::size_t at) {
    if (content.empty()) return "this tag is empty";
    const std::string_view name = rules::trimmed(content.substr(1));
    switch (content.front()) {
      case '!':
        return {};
      case '>':
        return "partials are not supported: a template stands alone";
      case '=':
        return "delimiters cannot be changed";
      case '&':
        return variable(name, true);
      case '#':
      case '^':
        return open(name, at);
      case '/':
        return close(name);
      default:
        return variable(content, false);
    }
  }

  std::string variable(std::string_view name, bool raw) {
    if (raw && escaping_ == TemplateText::Escaping::html)
      return "HTML is always escaped: write {{" + std::string(name) + "}}";
    return read(name);
  }

  std::string open(std::string_view name, std::size_t at) {
    if (sections_.size() == kMaxDepth) return fmt::format("sections nest at most {} deep", kMaxDepth);
    std::string message = read(name);
    if (message.empty()) sections_.emplace_back(name, at);
    return message;
  }

  std::string close(std::string_view name) {
    if (sections_.empty() || sections_.back().first != name) return fmt::format("no section {} is open here", name);
    sections_.pop_back();
    return {};
  }

  std::string read(std::string_view name) {
    if (!is_name(name)) return fmt::format("`{}` is no name: letters, digits, _ and - between dots", name);
    if (has_known_root(name)) {
      reads_.emplace(name);
      return {};
    }
    if (!sections_.empty()) return {};  // may be a field of the section's item
    return fmt::format("nothing is called `{}` here; known are {}", name, fmt::join(kRoots, ", "));
  }

  void append_literal(std::string_view text) {
    for (const char c : text) prepared_ += c == '\n' ? kLineEnd : c;
  }

  /// The text before the tag from `at` to `next`, and the tag.
  void prepare(std::size_t at, std::size_t next, bool may_take_line) {
    const std::size_t line_end = std::min(source_.find('\n', next), source_.size());
    const std::size_t before = source_.substr(0, at).rfind('\n');
    const std::size_t line = before == std::string_view::npos ? 0 : before + 1;
    const bool alone = may_take_line && line >= prepared_to_ &&
                       rules::trimmed(source_.substr(line, at - line)).empty() &&
                       rules::trimmed(source_.substr(next, line_end - next)).empty();
    append_literal(source_.substr(prepared_to_, (alone ? line : at) - prepared_to_));
    prepared_ += source_.substr(at, next - at);
    prepared_to_ = alone ? std::min(line_end + 1, source_.size()) : next;
  }

  std::string_view source_;
  TemplateText::Escaping escaping_;
  std::string prepared_;
  std::size_t prepared_to_ = 0;
  std::vector<std::pair<std::string, std::size_t>> sections_;  // with the offset of their tag
  std::set<std::string> reads_;
};

mustache::data to_mustache(const cel::Value& value, int depth);

mustache::data list_to_mustache(const cel::List& list, int depth) {
  mustache::data out(mustache::data::type::list);
  for (std::size_t index = 0; index < std::min(list.size(), kMaxListItems); ++index) {
    out.push_back(to_mustache(list[index], depth + 1));
  }
  return out;
}

mustache::data map_to_mustache(const cel::Map& map, int depth) {
  mustache::data out(mustache::data::type::object);
  for (const auto& [key, value] : map) {
    if (key.string() != nullptr && !value.is_null()) out.set(*key.string(), to_mustache(value, depth + 1));
  }
  return out;
}

mustache::data text_to_mustache(std::string text) {
  std::replace(text.begin(), text.end(), kLineEnd, ' ');
  return text.empty() ? mustache::data(false) : mustache::data(text);
}

/// What a template shows of a value. Empty text is false, so that a section of it does not appear.
mustache::data to_mustache(const cel::Value& value, int depth) {
  if (depth > kMaxDataDepth) return mustache::data(false);
  if (const cel::List* list = value.list()) return list_to_mustache(*list, depth);
  if (const cel::Map* map = value.map()) return map_to_mustache(*map, depth);
  if (const std::string* text = value.string()) return text_to_mustache(*text);
  if (const bool* flag = value.get<bool>()) return *flag ? mustache::data("true") : mustache::data(false);
  if (const auto* number = value.get<std::int64_t>()) return mustache::data(fmt::format("{}", *number));
  if (const auto* number = value.get<std::uint64_t>()) return mustache::data(fmt::format("{}", *number));
  if (const auto* number = value.get<double>()) return mustache::data(fmt::format("{}", *number));
  if (const auto* time = value.get<cel::Timestamp>()) {
    return mustache::data(rules::to_string(rules::Instant{time->seconds * 1000 + time->nanos / 1'000'000}));
  }
  return mustache::data(false);
}

}  // namespace

tl::expected<TemplateText, TemplateError> TemplateText::parse(std::string_view source, Escaping escaping) {
  TemplateParser parser(source, escaping);
  if (auto error = parser.parse()) return tl::unexpected(*std::move(error));
  TemplateText text;
  text.prepared_ = parser.take_prepared();
  text.escaping_ = escaping;
  text.reads_ = parser.take_reads();
  const mustache::mustache parsed(text.prepared_);
  if (!parsed.is_valid()) return tl::unexpected(TemplateError{0, parsed.error_message()});
  return text;
}

tl::expected<std::string, std::string> TemplateText::render(const cel::Value& data) const {
  // The library's renderer is not const; a parse of its own keeps this text shareable between threads.
  mustache::mustache parsed(prepared_);
  if (escaping_ == Escaping::none) parsed.set_custom_escape([](const std::string& text) { return text; });
  std::string out = parsed.render(to_mustache(data, 0));
  if (out.size() > kMaxRenderedBytes)
    return tl::unexpected(fmt::format("renders to more than {} KiB", kMaxRenderedBytes / 1024));
  std::replace(out.begin(), out.end(), kLineEnd, '\n');
  return out;
}

}  // namespace relance::engine
