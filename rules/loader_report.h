#pragma once
// Collects the findings of one file while it is read. Internal to the loader. One thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/loader.h"
#include "rules/text_positions.h"
#include "rules/yaml_node.h"

namespace relance::rules {

/// What is wrong at one place; the report adds file and source line.
struct Problem {
  TextPosition position;
  std::string path;
  std::string rule;
  std::string text;
  std::string suggestion;
};

class Report {
 public:
  /// A file with more findings than this is not worth reading on; the last finding says so.
  static constexpr std::size_t kMostFindings = 500;

  Report(std::string file, std::string_view source) : file_(std::move(file)), source_(source) {}

  void add(Problem problem);
  /// A finding of this file that is not added.
  Finding make(Problem problem) const;
  /// Nothing more is taken: looking further is wasted time.
  bool full() const { return findings_.size() >= kMostFindings; }
  bool empty() const { return findings_.empty(); }
  const std::string& file() const { return file_; }
  std::string_view source() const { return source_; }
  Position position(const TextPosition& at) const { return {file_, at.line, at.column}; }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  std::string file_;
  std::string_view source_;
  std::vector<Finding> findings_;
};

/// By file, line, column, then rule and path: the order never depends on the order in which files were read.
void sort_findings(std::vector<Finding>& findings);
/// Those of the report, which is empty afterwards.
std::vector<Finding> sorted_findings(Report& report);

}  // namespace relance::rules
