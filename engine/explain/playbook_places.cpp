#include "engine/explain/playbook_places.h"

#include <fmt/format.h>

#include <utility>

namespace relance::engine {

using rules::RulePlace;

PlaybookPlaces::PlaybookPlaces(std::filesystem::path folder) : folder_(std::move(folder)) {}

/// What the folder has now; nothing when it does not load.
void PlaybookPlaces::read() {
  by_revision_.clear();
  sources_ = std::make_unique<SourceMap>();
  auto loaded = rules::load_folder(folder_);
  if (!loaded) return;
  rulebook_ = std::move(*loaded);
  for (const auto& playbook : rulebook_.current()) by_revision_.emplace(playbook->revision, playbook);
}

std::optional<std::string> PlaybookPlaces::find(const Form& form, const RulePlace& place) {
  if (place.file == RulePlace::File::none) return std::nullopt;
  const std::lock_guard lock(mutex_);
  auto found = by_revision_.find(form.revision);
  // What belongs to the house moves without a revision having changed.
  if (found == by_revision_.end() || place.file == RulePlace::File::house) {
    FolderMark mark = mark_of(folder_);
    if (!sources_ || mark != mark_) {
      mark_ = std::move(mark);
      read();
      found = by_revision_.find(form.revision);
    }
    if (found == by_revision_.end()) return std::nullopt;
  }
  const rules::Playbook& playbook = *found->second;
  rules::Position position;
  if (place.file == RulePlace::File::house) {
    const std::string file = (folder_ / "house.yaml").string();
    position = sources_->find(file, place.keys).value_or(rules::Position{file, 0, 0});
  } else {
    FormOf source{&playbook, nullptr, nullptr};
    if (form.variant && *form.variant < playbook.variants.size()) source.variant = &playbook.variants[*form.variant];
    if (form.arm && playbook.experiment && *form.arm < playbook.experiment->arms.size()) {
      source.arm = &playbook.experiment->arms[*form.arm];
    }
    position = sources_->at(source, place.keys, {}).position;
  }
  std::error_code error;
  const std::string file = std::filesystem::relative(position.file, folder_, error).generic_string();
  return position.line > 0 ? fmt::format("{}:{}", file, position.line) : file;
}

}  // namespace relance::engine
