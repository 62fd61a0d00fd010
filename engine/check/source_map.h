#pragma once
// Where a key stands in the author's files, for findings about what loaded well but cannot be kept. Reads each file
// once. One thread.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/loader.h"
#include "rules/yaml_node.h"

namespace relance::engine {

/// A way through a document: keys of maps, and ids of items of lists: {"steps", "intro-call", "at"}.
using KeyPath = std::vector<std::string>;

/// Which form of a playbook a finding is about; null: the file's own.
struct FormOf {
  const rules::Playbook* playbook = nullptr;
  const rules::Variant* variant = nullptr;
  const rules::Arm* arm = nullptr;
};

/// What is found; place and line of the file are added.
struct Found {
  rules::Finding::Severity severity = rules::Finding::Severity::error;
  std::string rule;
  std::string text;
  std::string suggestion = {};
};

class SourceMap {
 public:
  SourceMap();
  ~SourceMap();

  /// A finding at the value of `path` in the arm's replacement, else the variant's, else the file's own; where none has
  /// it, at the longest beginning of the path that the file has.
  rules::Finding at(const FormOf& form, const KeyPath& path, Found found);
  /// Where the value of `path` stands in a file; nullopt when the file does not have it.
  std::optional<rules::Position> find(const std::string& file, const KeyPath& path);

 private:
  struct Document;
  Document& document(const std::string& file);

  std::map<std::string, std::unique_ptr<Document>> documents_;
};

}  // namespace relance::engine
