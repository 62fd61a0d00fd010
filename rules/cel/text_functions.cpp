#include "rules/cel/text_functions.h"

#include <re2/stringpiece.h>

#include <cstring>

namespace relance::rules::cel {

namespace {

/// RE2 has a view type of its own, which is not std::string_view everywhere (Debian 13 builds Abseil without it).
re2::StringPiece view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

bool contains(std::string_view text, std::string_view part) {
  // std::string_view::find is quadratic for adversarial texts; the C library's search is not.
  return part.empty() || memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

tl::expected<std::unique_ptr<const re2::RE2>, std::string> compile_regex(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto regex = std::make_unique<const re2::RE2>(view(pattern), options);
  if (!regex->ok()) return tl::make_unexpected(regex->error());
  return regex;
}

bool matches(std::string_view text, const re2::RE2& regex) { return re2::RE2::PartialMatch(view(text), regex); }

}  // namespace relance::rules::cel
