#pragma once
// Reads one file of the language into the model. Internal to the loader: rules/loader.h is the way in.

#include <optional>
#include <string>
#include <vector>

#include "rules/loader_values.h"

namespace relance::rules {

/// A file of the folder: its name in messages, and its text without a byte order mark.
struct SourceText {
  std::string name;
  std::string_view text;
};

using ReadBeside = std::function<tl::expected<std::string, std::string>(const std::string& name)>;

/// What could be read of a file. The playbook is complete and sealed when there is no finding; otherwise only its id
/// and position may be used, when the id is not empty.
struct PlaybookReading {
  Playbook playbook;
  std::vector<Finding> findings;
  Finding id_place;                      // no finding yet: where the id stands, should another file have it too
  std::vector<Finding> workflow_places;  // the same for the playbooks that `on` starts, in the order of `workflows`
  std::vector<NamedPlaybook> recycled;   // the playbooks that qualification and release send leads to
};
PlaybookReading read_playbook(const SourceText& source, const House& house, const ReadBeside& read_beside);
/// The model from a document, without the seal.
Playbook read_model(LoadContext& context, const YamlNode& document);

/// A pack that the house names: the place of the name, should there be no such pack.
struct NamedPolicy {
  std::string id;
  Finding place;
};
/// What could be read of house.yaml; it may be used when there is no finding. Its packs are named, not read.
struct HouseReading {
  House house;
  std::vector<NamedPolicy> policies;
  std::vector<Finding> findings;
};
HouseReading read_house(const SourceText& source, const ReadBeside& read_beside);

/// The document of a file, or nothing and the reader's problems in the report.
std::optional<YamlNode> read_document(Report& report);

}  // namespace relance::rules
