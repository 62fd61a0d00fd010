#pragma once
// One Mustache text: checked when it is made, rendered with a lead's data. Only what cannot run code is accepted; the
// tags are described in engine/render/template_set.h. A value; immutable, any thread.

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "rules/cel/value.h"

namespace relance::engine {

/// Of one rendered text: a list in a section may repeat a part often.
constexpr std::size_t kMaxRenderedBytes = 1024 * 1024;

struct TemplateError {
  std::size_t offset = 0;  // in the text, in bytes
  std::string message;
};

class TemplateText {
 public:
  enum class Escaping { none, html };

  TemplateText() = default;
  /// `source` is UTF-8.
  [[nodiscard]] static tl::expected<TemplateText, TemplateError> parse(std::string_view source, Escaping escaping);

  /// The names that the tags read, from the top: "lead.company", "unsubscribe_url".
  const std::set<std::string>& reads() const { return reads_; }

  /// `data` is a map. The error never holds what was rendered.
  [[nodiscard]] tl::expected<std::string, std::string> render(const rules::cel::Value& data) const;

 private:
  std::string prepared_;
  Escaping escaping_ = Escaping::none;
  std::set<std::string> reads_;
};

}  // namespace relance::engine
