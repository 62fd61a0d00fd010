#pragma once
// JSON text to cel::Value, with the limits under which an event's data may stand. Adapter around simdjson.
// Source: RFC 8259; playbook-language.md, "Conditions" (which JSON numbers are ints). Errors: values; never throws.
// Threads: one JsonParser per thread; the DOM it returns lives until the next call.

#include <cstddef>
#include <string_view>
#include <vector>

#include <simdjson.h>
#include <tl/expected.hpp>

#include "engine/intake/unusable.h"
#include "rules/cel/value.h"

namespace relance::engine {

/// Containers within containers, the outermost counts as one.
constexpr std::size_t kMaxJsonDepth = 32;
constexpr std::size_t kMaxJsonKeys = 1000;
constexpr std::size_t kMaxJsonItems = 10'000;

class JsonParser {
 public:
  /// The document, completely validated but for duplicate keys, depth and counts (to_value sees to those).
  tl::expected<simdjson::dom::element, Unusable> parse(std::string_view json);

 private:
  void reserve(std::size_t bytes);

  simdjson::dom::parser parser_;
  std::vector<char> padded_;  // simdjson reads past the end of what it parses
  std::size_t capacity_ = 0;
};

/// Numbers without fraction or exponent become int, else uint where only that fits, else double. `depth` is the number
/// of containers around `element`.
tl::expected<rules::cel::Value, Unusable> to_value(simdjson::dom::element element, std::size_t depth);

}  // namespace relance::engine
