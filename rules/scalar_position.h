#pragma once
// Where a character of a scalar's text stands in the file: quotes, escapes, line folding and the indentation of block
// scalars lie between the two. Internal to the loader. Pure; any thread.

#include <string>
#include <string_view>

#include "rules/yaml_node.h"

namespace relance::rules {

/// A character of a part of a scalar's text: the part begins at byte `begin`, and line and column (1-based, code
/// points) count from there.
struct PlaceInText {
  std::size_t begin = 0;
  int line = 1;
  int column = 1;
};

/// Exact for a scalar on one line and for literal blocks (`|`); folded texts are followed line by line, and the
/// scalar's own position is the answer where that fails.
TextPosition position_in_scalar(std::string_view source, const YamlNode& scalar, const PlaceInText& place);

}  // namespace relance::rules
