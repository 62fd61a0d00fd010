#pragma once
// A YAML document as the reader (rules/yaml_reader.h) gives it: a tree of texts, lists and maps that knows where each
// key and value stands. No value is interpreted: what `010` or `no` means is decided by whoever knows the declared
// type. Values; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace relance::rules {

/// A place in a text. Line and column are 1-based, the column counts Unicode code points; `offset` counts bytes from 0.
struct TextPosition {
  int line = 1;
  int column = 1;
  std::size_t offset = 0;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  enum class Style { plain, single_quoted, double_quoted, block };

  Kind kind = Kind::null;
  Style style = Style::plain;      // of a scalar
  TextPosition position;           // of a scalar's first character (quote or `|` included), or of the first item
  std::string text;                // a scalar's text, escapes resolved; `~` or `null` when a null is written out
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in the order of the text; keys are unique

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }
  /// The value under the key of a map; nullptr when there is none.
  const YamlNode* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  TextPosition position;  // of the key
  YamlNode value;
};

}  // namespace relance::rules
