// The schemas that editors use are what the loader reads.
//
// RELANCE_GOLDEN=update writes the schema files; read the difference before you commit it.

#include "rules/schema/schema.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event.h"
#include "rules/loader_keys.h"
#include "rules/record.h"
#include "rules/yaml_reader.h"
#include "tests/golden/kept_files.h"

namespace relance::rules {
namespace {

namespace fs = std::filesystem;

const fs::path kSchemas = fs::path(RELANCE_SOURCE_DIR) / "rules" / "schema";

/// The file as a tree: JSON is YAML, and our reader refuses duplicate keys.
YamlNode parsed(const std::string& name) {
  auto root = read_yaml(tests::read_file(kSchemas / name));
  REQUIRE(root);
  return std::move(*root);
}

std::vector<std::string> texts(const YamlNode* list) {
  std::vector<std::string> found;
  if (list == nullptr) return found;
  for (const YamlNode& item : list->items) found.push_back(item.text);
  return found;
}

std::vector<std::string> texts(std::span<const std::string_view> names) { return {names.begin(), names.end()}; }

/// The first `enum` below the node, depth first.
std::vector<std::string> first_enum(const YamlNode& node) {
  if (const YamlNode* words = node.find("enum")) return texts(words);
  for (const YamlEntry& entry : node.entries) {
    if (auto found = first_enum(entry.value); !found.empty()) return found;
  }
  for (const YamlNode& item : node.items) {
    if (auto found = first_enum(item); !found.empty()) return found;
  }
  return {};
}

TEST_CASE("the schema files are written from the loader's tables") {
  tests::check_kept(kSchemas / "playbook.schema.json", playbook_schema());
  tests::check_kept(kSchemas / "house.schema.json", house_schema());
  tests::check_kept(kSchemas / "policy.schema.json", policy_schema());
}

TEST_CASE("every block of the schema has exactly the keys that the loader reads") {
  const YamlNode playbook = parsed("playbook.schema.json");
  const YamlNode house = parsed("house.schema.json");
  const YamlNode policy = parsed("policy.schema.json");
  std::set<std::string> defined;
  for (const YamlNode* schema : {&playbook, &house, &policy}) {
    for (const YamlEntry& entry : schema->find("$defs")->entries) defined.insert(entry.key);
  }
  for (const BlockSpec* block : all_blocks()) {
    CAPTURE(block->name);
    const YamlNode* definition = playbook.find("$defs")->find(block->name);
    if (definition == nullptr) definition = house.find("$defs")->find(block->name);
    if (definition == nullptr) definition = policy.find("$defs")->find(block->name);
    REQUIRE(definition != nullptr);
    CHECK(definition->find("additionalProperties")->text == "false");
    std::vector<std::string> keys;
    std::vector<std::string> required;
    for (const KeySpec& key : block->keys) {
      keys.emplace_back(key.name);
      if (key.presence == KeySpec::Presence::required) required.emplace_back(key.name);
    }
    std::vector<std::string> properties;
    for (const YamlEntry& entry : definition->find("properties")->entries) properties.push_back(entry.key);
    CHECK(properties == keys);
    CHECK(texts(definition->find("required")) == required);
    defined.erase(std::string(block->name));
  }
  CHECK(defined.empty());
}

TEST_CASE("the schema names the words that the loader knows") {
  const YamlNode playbook = parsed("playbook.schema.json");
  const YamlNode& definitions = *playbook.find("$defs");
  const auto words = [&](std::string_view block, std::string_view key) {
    return first_enum(*definitions.find(block)->find("properties")->find(key));
  };
  CHECK(words("step", "channel") == texts(channel_names()));
  CHECK(words("step", "on_cap") == texts(on_cap_names()));
  CHECK(words("step", "on_unknown") == texts(on_unknown_names()));
  CHECK(words("cap", "scope") == texts(cap_scope_names()));
  CHECK(words("cap", "per") == texts(calendar_period_names()));
  CHECK(words("first_touch", "clock") == texts(clock_names()));
  CHECK(words("contact_hours", "days") == texts(weekday_names()));
  CHECK(words("enroll", "on") == texts(event_type_names()));
  CHECK(words("playbook", "goal") == texts(event_type_names()));
  CHECK(words("playbook", "exit").size() == exit_reason_names().size() + event_type_names().size());
}

TEST_CASE("the schemas of events and ledger records name exactly the types that there are") {
  const auto types_in = [](const char* name) {
    auto root = read_yaml(tests::read_file(fs::path(RELANCE_SOURCE_DIR) / "engine" / "contract" / name));
    REQUIRE(root);
    auto types = texts(root->find("properties")->find("type")->find("enum"));
    std::sort(types.begin(), types.end());
    return types;
  };
  auto events = texts(event_type_names());
  std::sort(events.begin(), events.end());
  CHECK(types_in("event.schema.json") == events);
  std::vector<std::string> records;
  for (int number = 0; number <= static_cast<int>(RecordType::attempt_resolved); ++number) {
    records.emplace_back(to_string(static_cast<RecordType>(number)));
  }
  std::sort(records.begin(), records.end());
  CHECK(types_in("record.schema.json") == records);
}

}  // namespace
}  // namespace relance::rules
