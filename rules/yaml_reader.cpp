#include "rules/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "rules/text_positions.h"

namespace relance::rules {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kAfterEnd = "unexpected text after the end of the document";
constexpr std::string_view kWriteOut = "write the value out; quote a text that begins with `&` or `*`";

/// Thrown by our own handler through yaml-cpp to stop it; the problem is already noted.
struct StopReading {};

std::size_t offset_of(const YAML::Mark& mark) { return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos); }

class Problems {
 public:
  explicit Problems(std::string_view text) : finder_(text) {}

  void add(std::size_t offset, std::string rule, std::string text, std::string suggestion = {}) {
    // The finder of problems is another one than that of nodes, so that it does not throw that one back.
    add(finder_.at(offset), std::move(rule), std::move(text), std::move(suggestion));
  }
  void add(TextPosition position, std::string rule, std::string text, std::string suggestion = {}) {
    problems_.push_back({position, std::move(rule), std::move(text), std::move(suggestion)});
    if (problems_.size() >= kMaxYamlProblems) throw StopReading{};
  }
  bool empty() const { return problems_.empty(); }

  std::vector<YamlProblem> take() {
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const YamlProblem& a, const YamlProblem& b) { return a.position.offset < b.position.offset; });
    return std::move(problems_);
  }

 private:
  PositionFinder finder_;
  std::vector<YamlProblem> problems_;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const YamlLimits& limits, Problems& problems)
      : text_(text), limits_(limits), finder_(text), problems_(problems) {}

  YamlNode take_root() { return std::move(root_); }

  /// yaml-cpp takes the end of the file for the closing quote when a line break comes before it.
  void check_last_quote() {
    if (!last_quoted_) return;
    const char quote = text_[*last_quoted_];
    for (std::size_t at = *last_quoted_ + 1; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        // Two single quotes are one inside the text.
        if (quote == '"' || at + 1 == text_.size() || text_[at + 1] != quote) return;
        ++at;
      }
    }
    problems_.add(*last_quoted_, "syntax", fmt::format("not valid YAML: the closing {} is missing", quote));
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_properties(mark, "", anchor);
    const std::size_t offset = offset_of(mark);
    if (expects_key()) {
      problems_.add(offset, "key-type", "expected a key, got nothing", "write a name before the `:`");
      return begin_entry(fmt::format("~{}", offset), finder_.at(offset));
    }
    YamlNode node;
    // yaml-cpp marks an absent value where the next token stands, which may be lines further down.
    const std::size_t before = last_text_before(offset);
    const bool same_line = text_.substr(before, offset - before).find('\n') == std::string_view::npos;
    const std::string_view written = written_null(offset);
    if (same_line && !written.empty()) {
      node.text = written;
      node.position = finder_.at(offset);
    } else if (expects_value()) {
      node.position = stack_.back().node.entries.back().position;
    } else {
      node.position = finder_.at(before);
    }
    put(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(offset_of(mark), "alias", "aliases (`*name`) are not allowed", std::string(kWriteOut));
    YamlNode node;
    node.position = finder_.at(offset_of(mark));
    // Some key is needed to go on; no two of these are equal.
    if (expects_key()) return begin_entry(fmt::format("*{}", node.position.offset), node.position);
    put(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_properties(mark, tag, anchor);
    const TextPosition position = finder_.at(offset_of(mark));
    const YamlNode::Style style = style_at(position.offset, tag);
    if (style == YamlNode::Style::single_quoted || style == YamlNode::Style::double_quoted) {
      last_quoted_ = position.offset;
    }
    if (expects_key()) return begin_entry(value, position);
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.style = style;
    node.position = position;
    node.text = value;
    put(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    bool has_key = false;  // of a map: the next event is the value
    bool skip = false;     // the entry repeats a key: its value is read and dropped
    std::unordered_map<std::string, TextPosition> keys;
  };

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::map && !stack_.back().has_key;
  }
  bool expects_value() const {
    return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::map && stack_.back().has_key;
  }

  void refuse_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const std::size_t offset = offset_of(mark);
    if (anchor != 0) problems_.add(offset, "anchor", "anchors (`&name`) are not allowed", std::string(kWriteOut));
    // yaml-cpp says "?" for no tag and "!" for a quoted text; a lone `!` in the text would look the same.
    const bool lone_mark = tag == "!" && offset < text_.size() && text_[offset] == '!';
    if (lone_mark || (!tag.empty() && tag != "?" && tag != "!")) {
      problems_.add(offset, "tag", "tags (`!name`) are not allowed", "quote a text that begins with `!`");
    }
  }

  void begin_entry(const std::string& key, TextPosition position) {
    Open& map = stack_.back();
    map.has_key = true;
    const auto [first, is_new] = map.keys.emplace(key, position);
    map.skip = !is_new;
    if (!is_new) {
      problems_.add(
          position, "duplicate-key",
          fmt::format("the key `{}` stands here for the second time; the first is on line {}", key, first->second.line),
          "remove one of the two");
    }
    map.node.entries.push_back({key, position, {}});
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_properties(mark, tag, anchor);
    const TextPosition position = finder_.at(offset_of(mark));
    if (expects_key()) {
      problems_.add(position, "key-type",
                    fmt::format("expected a text as the key, got a {}", kind == YamlNode::Kind::map ? "map" : "list"));
      throw StopReading{};
    }
    if (stack_.size() >= static_cast<std::size_t>(limits_.max_levels)) {
      problems_.add(position, "too-deep",
                    fmt::format("lists and maps stand inside each other more than {} levels deep", limits_.max_levels));
      throw StopReading{};
    }
    stack_.emplace_back();
    stack_.back().node.kind = kind;
    stack_.back().node.position = position;
  }

  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    put(std::move(node));
  }

  void put(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    parent.node.entries.back().value = std::move(node);
    if (parent.skip) parent.node.entries.pop_back();
    parent.has_key = false;
  }

  YamlNode::Style style_at(std::size_t offset, const std::string& tag) const {
    if (tag != "!" || offset >= text_.size()) return YamlNode::Style::plain;
    switch (text_[offset]) {
      case '"':
        return YamlNode::Style::double_quoted;
      case '\'':
        return YamlNode::Style::single_quoted;
      default:
        return YamlNode::Style::block;
    }
  }

  /// `~`, `null`, `Null`, `NULL`, or empty when something else stands there.
  std::string_view written_null(std::size_t offset) const {
    for (const std::string_view spelling : {"~", "null", "Null", "NULL"}) {
      if (text_.substr(offset, spelling.size()) == spelling) return text_.substr(offset, spelling.size());
    }
    return {};
  }

  std::size_t last_text_before(std::size_t offset) const {
    const std::size_t found = offset == 0 ? std::string_view::npos : text_.find_last_not_of(" \t\r\n", offset - 1);
    return found == std::string_view::npos ? 0 : found;
  }

  std::string_view text_;
  const YamlLimits& limits_;
  PositionFinder finder_;
  Problems& problems_;
  std::vector<Open> stack_;
  YamlNode root_;
  std::optional<std::size_t> last_quoted_;  // where the latest quoted text begins
};

/// Notices that a second document begins, and stops.
class SecondDocument : public YAML::EventHandler {
 public:
  std::optional<std::size_t> begins;
  void OnDocumentStart(const YAML::Mark& mark) override {
    begins = offset_of(mark);
    throw StopReading{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// YAML's printable characters (YAML 1.2.2, section 5.1). yaml-cpp takes 0x04 for the end of the file and would drop
/// what follows; others would travel unseen into a terminal or a header.
std::size_t find_unprintable(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) return at;
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
    // A lone CR breaks lines for some versions of yaml-cpp and not for others, and for their counting never.
    if (byte == '\r' && next != '\n') return at;
    if (byte == 0xC2 && next < 0xA0 && next != 0x85) return at;               // C1 controls but NEL
    if (text.substr(at, kByteOrderMark.size()) == kByteOrderMark) return at;  // no character inside a text
  }
  return std::string_view::npos;
}

/// yaml-cpp queues the tokens of a whole line before it says anything about them, so a line of brackets must be refused
/// before it starts. The bound is generous: brackets in quoted texts count too.
std::size_t find_excessive_nesting(std::string_view text) {
  constexpr int kMostOpenBrackets = 1000;
  int open = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[' || text[at] == '{') ++open;
    if ((text[at] == ']' || text[at] == '}') && open > 0) --open;
    if (open > kMostOpenBrackets) return at;
  }
  return std::string_view::npos;
}

void check_before_parsing(std::string_view text, const YamlLimits& limits, Problems& problems) {
  if (text.size() > limits.max_bytes) {
    return problems.add(0, "too-large", fmt::format("expected at most {} bytes, got {}", limits.max_bytes, text.size()),
                        "split it into several playbooks");
  }
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos) {
    return problems.add(at, "encoding", "expected UTF-8, got a byte that is none", "save the file as UTF-8");
  }
  if (const std::size_t at = find_unprintable(text); at != std::string_view::npos) {
    return problems.add(at, "encoding",
                        fmt::format("expected printable characters, got the byte 0x{:02X}",
                                    static_cast<unsigned>(static_cast<unsigned char>(text[at]))),
                        "remove it, or write it as an escape in double quotes");
  }
  if (const std::size_t at = find_excessive_nesting(text); at != std::string_view::npos) {
    problems.add(at, "too-deep",
                 fmt::format("lists and maps stand inside each other more than {} levels deep", limits.max_levels));
  }
}

void note_syntax_error(const YAML::Exception& error, std::string_view text, Problems& problems) {
  std::string_view message = error.msg;
  const std::size_t offset = offset_of(error.mark);
  if (message.substr(0, std::string_view(YAML::ErrorMsg::UNKNOWN_ANCHOR).size()) == YAML::ErrorMsg::UNKNOWN_ANCHOR) {
    return problems.add(offset, "alias", "aliases (`*name`) are not allowed", std::string(kWriteOut));
  }
  // The only message that newer versions of yaml-cpp have and older ones do not: ours in both.
  if (message.find("after end of document") != std::string_view::npos) message = kAfterEnd;
  std::string suggestion;
  const std::size_t line_begin = text.find_last_of('\n', offset == 0 ? 0 : offset - 1) + 1;
  const std::string_view line = text.substr(std::min(line_begin, text.size()));
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    suggestion = "indent with blanks, not with tabs";
  } else if (message == YAML::ErrorMsg::MAP_VALUE || message == YAML::ErrorMsg::END_OF_MAP) {
    suggestion = "check the indentation, and quote a text that contains `: ` or ` #`";
  }
  problems.add(offset, "syntax", fmt::format("not valid YAML: {}", message), std::move(suggestion));
}

void note_second_document(YAML::Parser& parser, std::string_view text, Problems& problems) {
  SecondDocument second;
  try {
    parser.HandleNextDocument(second);
  } catch (const StopReading&) {
  }
  if (!second.begins) return;
  if (text.substr(std::min(*second.begins, text.size()), 3) == "---") {
    return problems.add(*second.begins, "several-documents", "expected one document, here a second one begins",
                        "write one file for each");
  }
  problems.add(*second.begins, "syntax", fmt::format("not valid YAML: {}", kAfterEnd));
}

void parse(std::string_view text, TreeBuilder& builder, Problems& problems) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    // No document at all leaves the root null, like an empty one.
    if (!parser.HandleNextDocument(builder)) return;
    builder.check_last_quote();
    note_second_document(parser, text, problems);
  } catch (const StopReading&) {
  } catch (const YAML::Exception& error) {
    try {
      note_syntax_error(error, text, problems);
    } catch (const StopReading&) {
    }
  } catch (const std::exception& error) {
    problems.add(0, "syntax", fmt::format("not readable as YAML: {}", error.what()));
  }
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

tl::expected<YamlNode, std::vector<YamlProblem>> read_yaml(std::string_view text, const YamlLimits& limits) {
  Problems problems(text);
  check_before_parsing(text, limits, problems);
  if (!problems.empty()) return tl::unexpected(problems.take());
  TreeBuilder builder(text, limits, problems);
  parse(text, builder, problems);
  YamlNode root = builder.take_root();
  if (problems.empty() && root.kind == YamlNode::Kind::null) {
    problems.add(TextPosition{}, "empty-document", "expected a map of keys, got an empty document");
  }
  if (!problems.empty()) return tl::unexpected(problems.take());
  return root;
}

}  // namespace relance::rules
