#include "rules/loader_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace relance::rules {

namespace {

constexpr std::size_t kWidestLine = 160;  // JSON on one line may have a million characters
constexpr std::size_t kBeforeCaret = 60;
constexpr std::string_view kCut = "...";

struct Excerpt {
  std::string text;
  int caret = 0;  // 1-based column in `text`
};

/// One character as it may be shown: bytes that are no UTF-8 and control characters are `?`, so that a caret can stand
/// under what follows.
std::string_view shown(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  const bool c1_control = lead == 0xC2 && character.size() == 2 && static_cast<unsigned char>(character[1]) < 0xA0;
  const bool control = (lead < 0x20 && lead != '\t') || lead == 0x7F || c1_control;
  return control || find_invalid_utf8(character) != std::string_view::npos ? std::string_view("?") : character;
}

/// The line around `offset`: whole when it is short, else the part that the caret needs. Looks at no more of a long
/// line than it shows.
Excerpt excerpt_of(std::string_view source, std::size_t offset) {
  const std::string_view line = line_around(source, offset);
  const auto column = static_cast<std::size_t>(source.data() + offset - line.data());
  std::size_t begin = std::min(column, line.size());
  std::size_t before = 0;  // code points between begin and the caret
  const bool is_long = line.size() > kWidestLine;
  while (begin > 0 && (!is_long || before < kBeforeCaret)) {
    do --begin;
    while (begin > 0 && is_continuation(line[begin]));
    ++before;
  }
  Excerpt excerpt;
  if (begin > 0) excerpt.text = kCut;
  excerpt.caret = static_cast<int>(excerpt.text.size() + before + 1);
  std::size_t at = begin;
  for (std::size_t characters = 0; at < line.size() && (!is_long || characters < kWidestLine); ++characters) {
    std::size_t next = at + 1;
    while (next < line.size() && is_continuation(line[next])) ++next;
    excerpt.text += shown(line.substr(at, next - at));
    at = next;
  }
  if (at < line.size()) excerpt.text += kCut;
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
  if (full()) return;
  Finding finding = make(std::move(problem));
  if (findings_.size() + 1 == kMostFindings) {
    finding.path.clear();
    finding.rule = "too-many-findings";
    finding.text = fmt::format("{} findings in this file; the rest is not shown", kMostFindings);
    finding.suggestion.clear();
  }
  findings_.push_back(std::move(finding));
}

Finding Report::make(Problem problem) const {
  Finding finding;
  finding.position = position(problem.position);
  finding.path = std::move(problem.path);
  finding.rule = std::move(problem.rule);
  finding.text = std::move(problem.text);
  finding.suggestion = std::move(problem.suggestion);
  Excerpt excerpt = excerpt_of(source_, std::min(problem.position.offset, source_.size()));
  finding.source_line = std::move(excerpt.text);
  finding.caret = finding.source_line.empty() ? 0 : excerpt.caret;
  return finding;
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

std::vector<Finding> sorted_findings(Report& report) {
  std::vector<Finding> findings = report.take();
  sort_findings(findings);
  return findings;
}

}  // namespace relance::rules
