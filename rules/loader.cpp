#include "rules/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "rules/loader_playbook.h"
#include "rules/loader_policy.h"
#include "rules/yaml_reader.h"

namespace relance::rules {

namespace {

namespace fs = std::filesystem;

constexpr int kDeepestFolder = 16;
constexpr std::string_view kHouseFile = "house.yaml";

Finding about_file(const fs::path& file, std::string rule, std::string text, std::string suggestion = {}) {
  Finding finding;
  finding.position.file = file.generic_string();
  finding.rule = std::move(rule);
  finding.text = std::move(text);
  finding.suggestion = std::move(suggestion);
  return finding;
}

/// The folder as far as the language looks at it.
struct Listing {
  std::vector<fs::path> playbooks;  // sorted
  std::optional<fs::path> house;
  std::vector<Finding> findings;
};

class FolderWalk {
 public:
  explicit FolderWalk(fs::path root) : root_(std::move(root)) {}

  Listing walk() {
    std::error_code error;
    real_root_ = fs::canonical(root_, error);
    if (error || !fs::is_directory(real_root_, error)) {
      refuse(root_, "no-folder", "this is no folder that can be read");
    } else {
      visit(root_, 0);
    }
    std::sort(listing_.playbooks.begin(), listing_.playbooks.end());
    return std::move(listing_);
  }

  /// True when the file, its links followed, lies below the folder.
  bool is_inside(const fs::path& file) const {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error) return false;
    return std::mismatch(real_root_.begin(), real_root_.end(), real.begin(), real.end()).first == real_root_.end();
  }

 private:
  void refuse(const fs::path& file, std::string rule, std::string text, std::string suggestion = {}) {
    listing_.findings.push_back(about_file(file, std::move(rule), std::move(text), std::move(suggestion)));
  }

  void visit(const fs::path& folder, int depth) {
    if (depth > kDeepestFolder) {
      return refuse(folder, "too-deep", fmt::format("folders are nested more than {} deep", kDeepestFolder));
    }
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error) return refuse(folder, "cannot-read", fmt::format("the folder cannot be read: {}", error.message()));
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      if (error) return refuse(folder, "cannot-read", fmt::format("the folder cannot be read: {}", error.message()));
      visit_entry(*entries, depth);
    }
  }

  void visit_entry(const fs::directory_entry& entry, int depth) {
    const std::string name = entry.path().filename().string();
    // Hidden entries are other tools' own: editors' back-ups, and the versions behind a mounted ConfigMap's links.
    if (name.starts_with('.')) return;
    std::error_code error;
    const bool is_link = entry.is_symlink(error);
    if (entry.is_directory(error)) {
      if (name == "policies" || name == "templates") return;
      if (is_link)
        return refuse(entry.path(), "symbolic-link", "links to folders are not followed", "link single files");
      return visit(entry.path(), depth + 1);
    }
    if (name.ends_with(".yml")) {
      return refuse(entry.path(), "file-name", "expected the ending .yaml, got .yml", "rename the file");
    }
    if (!name.ends_with(".yaml") || name.ends_with(".test.yaml")) return;
    if (!is_inside(entry.path())) {
      return refuse(entry.path(), "symbolic-link", "the link leads out of the folder, or nowhere");
    }
    if (!entry.is_regular_file(error)) return refuse(entry.path(), "cannot-read", "this is no regular file");
    if (name != kHouseFile) {
      listing_.playbooks.push_back(entry.path());
    } else if (depth == 0) {
      listing_.house = entry.path();
    } else {
      refuse(entry.path(), "house-place", "house.yaml belongs at the top of the folder", "move it there, or rename it");
    }
  }

  fs::path root_;
  fs::path real_root_;
  Listing listing_;
};

/// The file's text, or one sentence. One byte more than is allowed is enough to know that it is too large.
tl::expected<std::string, std::string> read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return tl::unexpected(std::string("it cannot be opened"));
  std::string text(YamlLimits{}.max_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return tl::unexpected(std::string("it cannot be read"));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

/// Of the files beside the one that names them.
ReadBeside beside(const FolderWalk& walk, const fs::path& naming) {
  return [&walk, folder = naming.parent_path(),
          neighbour = naming.filename().string()](const std::string& name) -> tl::expected<std::string, std::string> {
    const fs::path file = folder / name;
    std::error_code error;
    if (!fs::is_regular_file(file, error))
      return tl::unexpected(fmt::format("there is no such file beside {}", neighbour));
    if (!walk.is_inside(file)) return tl::unexpected(std::string("it lies outside the folder"));
    auto text = read_file(file);
    if (text && text->size() > YamlLimits{}.max_bytes) {
      return tl::unexpected(fmt::format("it has more than {} bytes", YamlLimits{}.max_bytes));
    }
    return text;
  };
}

void append(std::vector<Finding>& all, std::vector<Finding> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

HouseReading load_house(const std::optional<fs::path>& file, const FolderWalk& walk) {
  if (!file) return {};
  const auto text = read_file(*file);
  if (text) return read_house({file->generic_string(), without_byte_order_mark(*text)}, beside(walk, *file));
  HouseReading reading;
  reading.findings.push_back(about_file(*file, "cannot-read", text.error()));
  return reading;
}

/// The packs that there are, by the names of their files.
std::vector<std::string> packs_in(const fs::path& folder) {
  std::vector<std::string> ids;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& file = entries->path();
    if (file.extension() == ".yaml" && !file.filename().string().starts_with('.')) ids.push_back(file.stem().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// Only what is named is read: a pack that nobody signed may lie in the folder unfinished.
class PolicyFolder {
 public:
  PolicyFolder(fs::path folder, const FolderWalk& walk) : folder_(std::move(folder)), walk_(walk) {}

  void load(const NamedPolicy& named, House& house, std::vector<Finding>& findings) {
    const auto same = [&](const auto& known) { return known->id == named.id; };
    if (std::any_of(house.policies.begin(), house.policies.end(), same)) return;
    const fs::path file = folder_ / (named.id + ".yaml");
    std::error_code error;
    if (!fs::is_regular_file(file, error)) {
      const std::vector<std::string> ids = packs_in(folder_);
      const std::vector<std::string_view> known(ids.begin(), ids.end());
      Finding finding = named.place;
      finding.text = fmt::format("expected a pack of policies/, got `{}`", named.id);
      finding.suggestion =
          known.empty() ? "there is none: write policies/" + named.id + ".yaml" : suggest(named.id, known);
      findings.push_back(std::move(finding));
      return;
    }
    const auto text =
        walk_.is_inside(file) ? read_file(file) : tl::unexpected(std::string("the link leads out of the folder"));
    if (!text) return findings.push_back(about_file(file, "cannot-read", text.error()));
    auto pack = read_policy({file.generic_string(), without_byte_order_mark(*text)}, named.id, beside(walk_, file));
    if (!pack) return append(findings, std::move(pack.error()));
    house.policies.push_back(std::make_shared<const PolicyPack>(std::move(*pack)));
  }

 private:
  fs::path folder_;
  const FolderWalk& walk_;
};

House load_house_and_policies(const Listing& listing, const fs::path& folder, const FolderWalk& walk,
                              const LoadOptions& options, std::vector<Finding>& findings) {
  HouseReading reading = load_house(listing.house, walk);
  append(findings, std::move(reading.findings));
  PolicyFolder policies(folder / "policies", walk);
  for (const NamedPolicy& named : reading.policies) policies.load(named, reading.house, findings);
  for (const std::string& id : options.policies) {
    // A name is no path: it comes from a command line or a configuration.
    const bool plain =
        !id.empty() && id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    Finding place = about_file(folder / "policies", "unknown-policy", "");
    if (plain) {
      policies.load({id, std::move(place)}, reading.house, findings);
    } else {
      place.text = fmt::format("expected the id of a pack such as `fr`, got `{}`", id);
      findings.push_back(std::move(place));
    }
  }
  return std::move(reading.house);
}

/// Ids are unique in the folder; the second place names the first.
void check_ids(const std::vector<PlaybookReading>& readings, std::vector<Finding>& findings) {
  std::map<PlaybookId, const Position*> places;
  for (const PlaybookReading& reading : readings) {
    const PlaybookId& id = reading.playbook.id;
    if (id.empty()) continue;
    const auto [first, is_new] = places.emplace(id, &reading.id_place.position);
    if (is_new) continue;
    Finding finding = reading.id_place;
    finding.text = fmt::format("the playbook id `{}` is used twice; the first is in {}:{}", id.value,
                               first->second->file, first->second->line);
    finding.suggestion = "give each playbook its own id";
    findings.push_back(std::move(finding));
  }
}

/// Where each playbook of the folder sends leads that it lets go.
using Recycling = std::map<PlaybookId, std::vector<PlaybookId>>;

/// The way from one to the other, both included; empty when there is none.
std::vector<PlaybookId> way(const Recycling& recycling, const PlaybookId& from, const PlaybookId& to,
                            std::set<PlaybookId>& seen) {
  if (from == to) return {to};
  const auto next = recycling.find(from);
  if (next == recycling.end() || !seen.insert(from).second) return {};
  for (const PlaybookId& id : next->second) {
    std::vector<PlaybookId> rest = way(recycling, id, to, seen);
    if (rest.empty()) continue;
    rest.insert(rest.begin(), from);
    return rest;
  }
  return {};
}

/// Whom `qualification` and `release` let go goes to a playbook of the folder, and never back: a lead that fails in
/// each would go round for ever.
void check_recycling(const std::vector<PlaybookReading>& readings, std::vector<Finding>& findings) {
  std::vector<std::string_view> ids;
  Recycling recycling;
  for (const PlaybookReading& reading : readings) {
    ids.push_back(reading.playbook.id.value);
    for (const NamedPlaybook& named : reading.recycled) recycling[reading.playbook.id].push_back(named.id);
  }
  for (const PlaybookReading& reading : readings) {
    for (const NamedPlaybook& named : reading.recycled) {
      Finding finding = named.place;
      std::set<PlaybookId> seen;
      if (std::find(ids.begin(), ids.end(), named.id.value) == ids.end()) {
        finding.rule = "unknown-playbook";
        finding.text = fmt::format("expected the id of a playbook of this folder, got `{}`", named.id.value);
        finding.suggestion = suggest(named.id.value, ids);
      } else if (const auto back = way(recycling, named.id, reading.playbook.id, seen); !back.empty()) {
        finding.rule = "recycling-circle";
        finding.text = fmt::format("leads that are let go would go round in a circle: {}", reading.playbook.id.value);
        for (const PlaybookId& id : back) finding.text += fmt::format(" -> {}", id.value);
        finding.suggestion = "let one of them go nowhere: what comes back by itself enters by `enroll`";
      } else {
        continue;
      }
      findings.push_back(std::move(finding));
    }
  }
}

/// What `on` starts is in the folder.
void check_workflows(const std::vector<PlaybookReading>& readings, std::vector<Finding>& findings) {
  std::vector<std::string_view> ids;
  ids.reserve(readings.size());
  for (const PlaybookReading& reading : readings) ids.push_back(reading.playbook.id.value);
  for (const PlaybookReading& reading : readings) {
    for (std::size_t i = 0; i < reading.workflow_places.size(); ++i) {
      const std::string_view start = reading.playbook.workflows[i].start.value;
      if (std::find(ids.begin(), ids.end(), start) != ids.end()) continue;
      Finding finding = reading.workflow_places[i];
      finding.text = fmt::format("expected the id of a playbook of this folder, got `{}`", start);
      finding.suggestion = suggest(start, ids);
      findings.push_back(std::move(finding));
    }
  }
}

}  // namespace

tl::expected<Playbook, std::vector<Finding>> load_playbook(std::string_view yaml, const std::string& file,
                                                           const House& house) {
  // A text alone has no neighbours on any disk.
  const ReadBeside none = [](const std::string&) -> tl::expected<std::string, std::string> {
    return tl::unexpected(std::string("files are only read when a folder is loaded"));
  };
  PlaybookReading reading = read_playbook({file, without_byte_order_mark(yaml)}, house, none);
  if (!reading.findings.empty()) return tl::unexpected(std::move(reading.findings));
  return std::move(reading.playbook);
}

tl::expected<Rulebook, std::vector<Finding>> load_folder(const std::filesystem::path& folder,
                                                         const LoadOptions& options) {
  FolderWalk walk(folder);
  Listing listing = walk.walk();
  std::vector<Finding> findings = std::move(listing.findings);
  if (listing.playbooks.empty() && findings.empty()) {
    findings.push_back(about_file(folder, "no-playbook", "expected at least one playbook (*.yaml), found none"));
  }
  if (listing.playbooks.size() > kMostPlaybooks) {
    findings.push_back(
        about_file(folder, "too-large",
                   fmt::format("expected at most {} playbooks, found {}", kMostPlaybooks, listing.playbooks.size())));
    listing.playbooks.clear();
  }
  House house = load_house_and_policies(listing, folder, walk, options, findings);
  std::vector<PlaybookReading> readings;
  for (const fs::path& file : listing.playbooks) {
    const auto text = read_file(file);
    if (!text) {
      findings.push_back(about_file(file, "cannot-read", text.error()));
      continue;
    }
    readings.push_back(
        read_playbook({file.generic_string(), without_byte_order_mark(*text)}, house, beside(walk, file)));
    append(findings, std::move(readings.back().findings));
  }
  check_ids(readings, findings);
  check_workflows(readings, findings);
  check_recycling(readings, findings);
  if (findings.empty()) {
    std::vector<Playbook> playbooks;
    playbooks.reserve(readings.size());
    for (PlaybookReading& reading : readings) playbooks.push_back(std::move(reading.playbook));
    return Rulebook(std::move(house), std::move(playbooks));
  }
  sort_findings(findings);
  return tl::unexpected(std::move(findings));
}

}  // namespace relance::rules
