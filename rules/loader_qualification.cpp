#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/loader_blocks.h"

namespace relance::rules {

namespace {

std::optional<PlaybookId> read_to(LoadContext& context, const Block& block) {
  const auto to = block.get("to");
  if (!to) return std::nullopt;
  const auto id = read_playbook_id(context, *to);
  if (!id) return std::nullopt;
  PlaybookId playbook(*id);
  context.recycled.push_back({playbook, context.report.make({to->node->position, to->path, "", "", ""})});
  return playbook;
}

std::vector<std::string> read_fields(LoadContext& context, const Field& field) {
  std::vector<std::string> names;
  const auto items =
      read_list(context, field, "a list of attributes such as [budget, authority, need, timing]", kMostFields);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    auto name = read_step_id(context, item);
    if (!name) continue;
    if (std::find(names.begin(), names.end(), *name) != names.end()) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", *name), "remove one of the two");
      continue;
    }
    names.push_back(std::move(*name));
  }
  return names;
}

std::optional<Disqualification> read_disqualification(LoadContext& context, const Field& field) {
  const Block block(context, field, kDisqualificationBlock);
  if (!block.is_map()) return std::nullopt;
  std::optional<Condition> when;
  std::string id;
  if (const auto condition = block.get("when")) when = read_condition(context, *condition);
  if (const auto reason = block.get("reason")) id = read_step_id(context, *reason).value_or("");
  auto to = read_to(context, block);
  if (!when) return std::nullopt;
  return Disqualification{std::move(*when), std::move(id), std::move(to)};
}

}  // namespace

Qualification read_qualification(LoadContext& context, const Field& field) {
  Qualification qualification;
  const Block block(context, field, kQualificationBlock);
  if (!block.is_map()) return qualification;
  if (field.node->entries.empty()) {
    report(context, field, "missing-key", "a qualification without `fields` and `disqualify` says nothing",
           "add one of them");
  }
  if (const auto fields = block.get("fields")) qualification.fields = read_fields(context, *fields);
  const auto rules = block.get("disqualify");
  if (!rules) return qualification;
  const auto items =
      read_list_or_empty(context, *rules, "a list of conditions such as [{ when: ..., reason: budget, to: nurture }]",
                         kMostDisqualifications);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    if (auto rule = read_disqualification(context, item)) qualification.disqualify.push_back(std::move(*rule));
  }
  return qualification;
}

std::optional<Release> read_release(LoadContext& context, const Field& field) {
  const Block block(context, field, kReleaseBlock);
  if (!block.is_map()) return std::nullopt;
  Release release;
  if (const auto after = block.get("after")) release.after = read_positive_span(context, *after).value_or(Span{});
  if (const auto when = block.get("when")) release.when = read_condition(context, *when);
  release.to = read_to(context, block);
  return release;
}

}  // namespace relance::rules
