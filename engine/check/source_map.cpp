#include "engine/check/source_map.h"

#include <algorithm>

#include "engine/check/file_text.h"
#include "rules/loader_report.h"
#include "rules/yaml_reader.h"

namespace relance::engine {

using rules::YamlNode;

struct SourceMap::Document {
  std::string text;
  rules::YamlNode root;
};

SourceMap::SourceMap() = default;
SourceMap::~SourceMap() = default;

namespace {

/// The value under a key, or the item of a list: the one whose `id` it is, else the one at that place.
const YamlNode* child(const YamlNode& node, const std::string& key) {
  if (node.is_map()) return node.find(key);
  for (const YamlNode& item : node.items) {
    const YamlNode* id = item.is_map() ? item.find("id") : nullptr;
    if (id && id->text == key) return &item;
  }
  const bool is_place = key.size() < 4 && key.find_first_not_of("0123456789") == std::string::npos;
  const std::size_t place = is_place && !key.empty() ? std::stoul(key) : node.items.size();
  return place < node.items.size() ? &node.items[place] : nullptr;
}

struct Walk {
  const YamlNode* node;
  std::size_t steps = 0;  // keys that were there
};

Walk walk(const YamlNode& root, const KeyPath& path) {
  Walk walk{&root, 0};
  for (const std::string& key : path) {
    const YamlNode* next = child(*walk.node, key);
    if (!next) break;
    walk.node = next;
    ++walk.steps;
  }
  return walk;
}

KeyPath joined(KeyPath begin, const KeyPath& end) {
  begin.insert(begin.end(), end.begin(), end.end());
  return begin;
}

}  // namespace

SourceMap::Document& SourceMap::document(const std::string& file) {
  std::unique_ptr<Document>& known = documents_[file];
  if (known) return *known;
  known = std::make_unique<Document>();
  const std::string bytes = file_text(file);
  known->text = rules::without_byte_order_mark(bytes);
  if (auto root = rules::read_yaml(known->text)) known->root = std::move(*root);
  return *known;
}

rules::Finding SourceMap::at(const FormOf& form, const KeyPath& path, Found found) {
  const rules::Playbook& playbook = *form.playbook;
  const Document& source = document(playbook.position.file);
  std::vector<KeyPath> places;
  if (form.arm) places.push_back(joined({"experiment", "replace", form.arm->id}, path));
  if (form.variant) places.push_back(joined({"variants", form.variant->id, "replace"}, path));
  places.push_back(path);
  // The first that has it all, else the one of the file's own as far as it goes.
  Walk best;
  KeyPath taken;
  for (const KeyPath& place : places) {
    best = walk(source.root, place);
    taken = place;
    if (best.steps == place.size()) break;
  }
  taken.resize(best.steps);
  std::string name;
  for (const std::string& key : taken) {
    const bool is_place = key.find_first_not_of("0123456789") == std::string::npos;
    name += is_place ? "[" + key + "]" : (name.empty() ? "" : ".") + key;
  }

  rules::Report report(playbook.position.file, source.text);
  rules::Finding finding = report.make(
      {best.node->position, name, std::move(found.rule), std::move(found.text), std::move(found.suggestion)});
  finding.severity = found.severity;
  return finding;
}

std::optional<rules::Position> SourceMap::find(const std::string& file, const KeyPath& path) {
  const Walk found = walk(document(file).root, path);
  if (found.steps != path.size()) return std::nullopt;
  return rules::Position{file, found.node->position.line, found.node->position.column};
}

}  // namespace relance::engine
