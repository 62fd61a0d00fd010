#pragma once
// The one door through which YAML enters: yaml-cpp's events, turned into a small tree with positions. It closes what
// yaml-cpp leaves open: duplicate keys, anchors, aliases and tags are errors, documents are bounded in size and depth,
// encoding is UTF-8 of printable characters. Pure; any thread. Source: playbook-language.md, "Values"; YAML 1.2.2.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "rules/yaml_node.h"

namespace relance::rules {

struct YamlLimits {
  std::size_t max_bytes = 1024 * 1024;
  int max_levels = 32;  // lists and maps inside each other; the outermost is level 1
};

/// One thing that makes a text no acceptable document.
struct YamlProblem {
  TextPosition position;
  std::string rule;  // "syntax", "duplicate-key", "anchor", "alias", "tag", "too-large", "too-deep", ...
  std::string text;
  std::string suggestion;
};

/// The document in `text`, which starts without a byte order mark (see text_positions.h), or every problem that could
/// be found in the order of the text (never empty, at most kMaxYamlProblems).
tl::expected<YamlNode, std::vector<YamlProblem>> read_yaml(std::string_view text, const YamlLimits& limits = {});
constexpr std::size_t kMaxYamlProblems = 100;

}  // namespace relance::rules
