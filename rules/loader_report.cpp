#include "rules/loader_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace relance::rules {

namespace {

constexpr std::size_t kWidestLine = 160;  // code points; JSON on one line may be a million
constexpr std::size_t kBeforeCaret = 60;
constexpr std::string_view kCut = "...";

struct Excerpt {
  std::string text;
  int caret = 0;  // 1-based column in `text`
};

/// The line with one code point for every column, so that a caret can stand under it: bytes that are no UTF-8 and
/// control characters show as `?`.
std::vector<std::string_view> characters_of(std::string_view line) {
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t next = at + 1;
    while (next < line.size() && is_continuation(line[next])) ++next;
    const std::string_view character = line.substr(at, next - at);
    const auto lead = static_cast<unsigned char>(character[0]);
    const bool control = (lead < 0x20 && lead != '\t') || lead == 0x7F ||
                         (lead == 0xC2 && next - at == 2 && static_cast<unsigned char>(character[1]) < 0xA0);
    const bool broken = find_invalid_utf8(character) != std::string_view::npos;
    characters.push_back(control || broken ? std::string_view("?") : character);
    at = next;
  }
  return characters;
}

Excerpt excerpt_of(std::string_view line, int column) {
  const std::vector<std::string_view> characters = characters_of(line);
  const std::size_t at = std::min(static_cast<std::size_t>(std::max(column, 1)) - 1, characters.size());
  const bool fits = characters.size() <= kWidestLine;
  const std::size_t begin = fits || at < kBeforeCaret ? 0 : at - kBeforeCaret;
  const std::size_t end = fits ? characters.size() : std::min(characters.size(), begin + kWidestLine);
  Excerpt excerpt;
  if (begin > 0) excerpt.text = kCut;
  excerpt.caret = static_cast<int>(excerpt.text.size() + (at - begin) + 1);
  for (std::size_t i = begin; i < end; ++i) excerpt.text += characters[i];
  if (end < characters.size()) excerpt.text += kCut;
  return excerpt;
}

/// Blanks up to the caret; tabs stay tabs, so that both lines are as wide.
std::string blanks_before(std::string_view line, int caret) {
  std::string blanks;
  int column = 1;
  for (std::size_t at = 0; at < line.size() && column < caret; ++at) {
    if (is_continuation(line[at])) continue;
    blanks += line[at] == '\t' ? '\t' : ' ';
    ++column;
  }
  blanks.append(static_cast<std::size_t>(std::max(caret - column, 0)), ' ');
  return blanks;
}

}  // namespace

void Report::add(Problem problem) {
  if (findings_.size() >= kMostFindings) return;
  Finding finding;
  finding.position = position(problem.position);
  finding.path = std::move(problem.path);
  finding.rule = std::move(problem.rule);
  finding.text = std::move(problem.text);
  finding.suggestion = std::move(problem.suggestion);
  if (findings_.size() + 1 == kMostFindings) {
    finding.path.clear();
    finding.rule = "too-many-findings";
    finding.text = fmt::format("{} findings in this file; the rest is not shown", kMostFindings);
    finding.suggestion.clear();
  }
  Excerpt excerpt = excerpt_of(line_of(source_, problem.position.line), problem.position.column);
  finding.source_line = std::move(excerpt.text);
  finding.caret = finding.source_line.empty() ? 0 : excerpt.caret;
  findings_.push_back(std::move(finding));
}

void sort_findings(std::vector<Finding>& findings) {
  const auto key = [](const Finding& f) {
    return std::tie(f.position.file, f.position.line, f.position.column, f.rule, f.path, f.text);
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
}

std::string to_string(const Finding& finding) {
  std::string text = finding.position.file;
  if (finding.position.line > 0) text += fmt::format(":{}:{}", finding.position.line, finding.position.column);
  text += finding.severity == Finding::Severity::error ? ": error: " : ": warning: ";
  if (!finding.path.empty()) text += finding.path + ": ";
  text += fmt::format("{} [{}]\n", finding.text, finding.rule);
  if (finding.caret > 0) {
    text += fmt::format("    {}\n    {}^\n", finding.source_line, blanks_before(finding.source_line, finding.caret));
  }
  if (!finding.suggestion.empty()) text += fmt::format("    {}\n", finding.suggestion);
  return text;
}

}  // namespace relance::rules
