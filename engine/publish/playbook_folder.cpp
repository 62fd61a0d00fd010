#include "engine/publish/playbook_folder.h"

#include "engine/check/check.h"
#include "rules/loader.h"

namespace relance::engine {

namespace {

/// The place without the folder, which says where this machine keeps its files.
std::string place_in(const std::filesystem::path& folder, const std::string& file) {
  const std::string root = folder.generic_string();
  if (file.size() > root.size() && file.starts_with(root)) {
    return file.substr(file[root.size()] == '/' ? root.size() + 1 : root.size());
  }
  return std::filesystem::path(file).filename().generic_string();
}

std::string reason_of(const std::filesystem::path& folder, const rules::Finding& finding) {
  std::string reason = finding.rule + " " + place_in(folder, finding.position.file);
  if (finding.position.line > 0) reason += ":" + std::to_string(finding.position.line);
  return reason;
}

/// Of `file:line:column: error: text [template]`.
std::string reason_of(const std::filesystem::path& folder, const std::string& finding) {
  std::string place = finding.substr(0, finding.find(": error:"));
  if (const std::size_t colon = place.rfind(':'); colon != std::string::npos) place.resize(colon);
  return "template " + place_in(folder, place);
}

}  // namespace

tl::expected<PlaybookFolder, FolderRefusal> read_playbook_folder(const std::filesystem::path& folder,
                                                                 const std::string& default_language,
                                                                 const std::vector<std::string>& policies) {
  auto rulebook = rules::load_folder(folder, {policies});
  auto templates = TemplateSet::load(folder / "templates", default_language);
  if (rulebook && templates) return PlaybookFolder{std::move(*rulebook), std::move(*templates)};
  FolderRefusal refusal;
  if (!rulebook) {
    refusal.reason = reason_of(folder, rulebook.error().front());
    for (const rules::Finding& finding : rulebook.error()) refusal.findings.push_back(rules::to_string(finding));
  }
  if (!templates) {
    if (refusal.reason.empty()) refusal.reason = reason_of(folder, templates.error().front());
    refusal.findings.insert(refusal.findings.end(), templates.error().begin(), templates.error().end());
  }
  return tl::unexpected(std::move(refusal));
}

std::optional<FolderRefusal> find_broken_promises(const rules::Rulebook& rulebook,
                                                  const std::filesystem::path& folder) {
  FolderRefusal refusal;
  for (const CheckFinding& found : check_playbooks(rulebook, folder).findings) {
    if (found.finding.severity != rules::Finding::Severity::error) continue;
    if (refusal.findings.empty()) refusal.reason = reason_of(folder, found.finding);
    refusal.findings.push_back(to_string(found));
  }
  if (refusal.findings.empty()) return std::nullopt;
  return refusal;
}

}  // namespace relance::engine
