#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "rules/forms.h"
#include "rules/loader_blocks.h"

namespace relance::rules {

namespace {

std::vector<Cap> with_house_caps(LoadContext& context, const Field& field, const std::vector<Cap>& own) {
  std::vector<Cap> caps = context.house.caps;
  caps.insert(caps.end(), own.begin(), own.end());
  // Together they are what the canonical form lists, which is read by the same rules.
  if (caps.size() > static_cast<std::size_t>(kMostCaps)) {
    report(context, field, "out-of-range",
           fmt::format("expected at most {} caps together with the house's, got {}", kMostCaps, caps.size()));
  }
  return caps;
}

Replacement read_replacement(LoadContext& context, const Field& field) {
  const Block block(context, field, kReplacementBlock);
  Replacement replacement;
  if (!block.is_map()) return replacement;
  if (field.node->entries.empty()) {
    report(context, field, "empty-value", "expected at least one key to replace, got none");
  }
  if (const auto touches = block.get("touches")) replacement.touches = read_touches(context, *touches);
  if (const auto caps = block.get("caps")) {
    if (const auto own = read_caps(context, *caps)) replacement.caps = with_house_caps(context, *caps, *own);
  }
  if (const auto cool_down = block.get("cool_down")) replacement.cool_down = read_cool_down(context, *cool_down);
  if (const auto sla = block.get("sla")) replacement.sla = read_sla(context, *sla);
  if (const auto hours = block.get("contact_hours")) {
    replacement.contact_hours = read_contact_hours(context, *hours);
    if (replacement.contact_hours && !replacement.contact_hours->fallback_zone) {
      replacement.contact_hours->fallback_zone = context.house.zone;
    }
  }
  if (const auto steps = block.get("steps")) {
    if (steps->node->is_map()) {
      replacement.step_changes = read_step_changes(context, *steps);
    } else if (!steps->node->is_list()) {
      report(context, *steps, "wrong-type",
             fmt::format(
                 "expected a list of steps, or changes by the id of a step such as {{ intro: {{ day: 1 }} }}, got {}",
                 describe(*steps->node)));
    } else {
      replacement.steps = read_steps(context, *steps);
    }
  }
  return replacement;
}

std::optional<Variant> read_variant(LoadContext& context, const Field& field) {
  const Block block(context, field, kVariantBlock);
  if (!block.is_map()) return std::nullopt;
  const auto id = block.get("id");
  const auto name = id ? read_step_id(context, *id) : std::nullopt;
  const auto condition = block.get("when");
  auto when = condition ? read_condition(context, *condition) : std::nullopt;
  Replacement replace;
  if (const auto replacement = block.get("replace")) replace = read_replacement(context, *replacement);
  if (!name || !when) return std::nullopt;
  return Variant{*name, std::move(*when), std::move(replace), context.report.position(id->node->position)};
}

void read_arms(LoadContext& context, const Field& field, Experiment& experiment) {
  for (const Entry& entry : read_entries(context, field, "arms and their weights", kMostArms)) {
    YamlNode key;
    key.kind = YamlNode::Kind::scalar;
    key.text = entry.key;
    key.position = entry.key_position;
    const auto id = read_step_id(context, {&key, entry.path});
    const auto weight = read_integer(context, entry, {.least = 1});
    if (id && weight) experiment.arms.push_back({*id, *weight, {}, context.report.position(entry.key_position)});
  }
}

void read_arm_replacements(LoadContext& context, const Field& field, Experiment& experiment) {
  std::vector<std::string_view> names;
  names.reserve(experiment.arms.size());
  for (const Arm& arm : experiment.arms) names.push_back(arm.id);
  for (const Entry& entry : read_entries(context, field, "replacements by arm", kMostArms)) {
    const auto arm = std::find_if(experiment.arms.begin(), experiment.arms.end(),
                                  [&](const Arm& known) { return known.id == entry.key; });
    if (arm == experiment.arms.end()) {
      context.report.add({entry.key_position, entry.path, "unknown-arm",
                          fmt::format("expected one of the arms, got `{}`", entry.key), suggest(entry.key, names)});
      continue;
    }
    if (arm->is_holdout()) {
      context.report.add({entry.key_position, entry.path, "contradiction",
                          "the arm `holdout` is sent nothing: there is nothing to replace",
                          "remove it, or give the arm another name"});
      continue;
    }
    arm->replace = read_replacement(context, entry);
  }
}

void read_success(LoadContext& context, const Field& field, Experiment& experiment) {
  const Block block(context, field, kSuccessBlock);
  if (!block.is_map()) return;
  const auto goal = block.get("goal");
  if (goal && !(goal->node->is_scalar() && goal->node->text == "any")) {
    experiment.success_goal = read_event_types(context, *goal).value_or(std::vector<EventType>{});
  }
  if (const auto within = block.get("within")) experiment.success_within = read_positive_span(context, *within);
}

/// The ids of all steps that some list of the file has.
std::set<StepId> step_ids(const Playbook& playbook) {
  std::set<StepId> ids;
  const auto add = [&](const std::vector<Step>& steps) {
    for (const Step& step : steps) ids.insert(step.id);
  };
  add(playbook.steps);
  for (const Variant& variant : playbook.variants) add(variant.replace.steps.value_or(std::vector<Step>{}));
  if (!playbook.experiment) return ids;
  for (const Arm& arm : playbook.experiment->arms) {
    if (arm.replace) add(arm.replace->steps.value_or(std::vector<Step>{}));
  }
  return ids;
}

/// Calls `visit(path, changes)` for every `steps:` that is a map. Paths name variants by their id: one that could not
/// be read is not counted here.
template <class Visit>
void for_each_changes(const Playbook& playbook, Visit visit) {
  for (const Variant& variant : playbook.variants) {
    visit(fmt::format("variants[{}].replace.steps", variant.id), variant.replace.step_changes);
  }
  if (!playbook.experiment) return;
  for (const Arm& arm : playbook.experiment->arms) {
    if (arm.replace) visit(fmt::format("experiment.replace.{}.steps", arm.id), arm.replace->step_changes);
  }
}

struct Slip {
  std::string rule;
  std::string text;
  std::string suggestion;
};

void report_change(LoadContext& context, std::string_view path, const StepChange& change, Slip slip) {
  const TextPosition at = position_at(context.report.source(), change.position.line, change.position.column);
  context.report.add({at, fmt::format("{}.{}", path, change.id.value), std::move(slip.rule), std::move(slip.text),
                      std::move(slip.suggestion)});
}

}  // namespace

std::vector<Variant> read_variants(LoadContext& context, const Field& field) {
  std::vector<Variant> variants;
  const auto items = read_list_or_empty(
      context, field, "a list of variants such as [{ id: hot, when: ..., replace: { ... } }]", kMostVariants);
  if (!items) return variants;
  std::set<std::string> ids;
  for (const Field& item : *items) {
    auto variant = read_variant(context, item);
    if (!variant) continue;
    if (!ids.insert(variant->id).second) {
      const YamlNode* id = item.node->find("id");
      report(context, {id, item.path + ".id"}, "duplicate-id",
             fmt::format("the variant id `{}` is used twice", variant->id), "give each variant its own id");
    }
    variants.push_back(std::move(*variant));
  }
  return variants;
}

std::optional<Experiment> read_experiment(LoadContext& context, const Field& field) {
  const Block block(context, field, kExperimentBlock);
  if (!block.is_map()) return std::nullopt;
  Experiment experiment;
  experiment.position = context.report.position(block.position());
  if (const auto id = block.get("id")) experiment.id = read_step_id(context, *id).value_or("");
  if (const auto unit = block.get("unit")) {
    experiment.unit = static_cast<Experiment::Unit>(read_word(context, *unit, experiment_unit_names()).value_or(0));
  }
  if (const auto arms = block.get("arms")) read_arms(context, *arms, experiment);
  if (const auto replace = block.get("replace")) read_arm_replacements(context, *replace, experiment);
  if (const auto success = block.get("success")) read_success(context, *success, experiment);
  if (const auto least = block.get("min_per_arm"))
    experiment.min_per_arm = read_integer(context, *least, {}).value_or(0);
  return experiment;
}

std::vector<Workflow> read_workflows(LoadContext& context, const Field& field) {
  std::vector<Workflow> workflows;
  for (const Entry& entry : read_entries(context, field, "playbooks to start by event type", kMostEventTypes)) {
    const auto type = parse_event_type(entry.key);
    if (!type) {
      context.report.add({entry.key_position, entry.path, "unknown-event-type",
                          fmt::format("expected an event type, got `{}`", entry.key),
                          suggest(entry.key, event_type_names())});
    }
    if (entry.node->is_scalar()) {
      report(context, entry, "wrong-type", fmt::format("expected a map of keys, got {}", describe(*entry.node)),
             fmt::format("write {{ start: {} }}", entry.node->text));
      continue;
    }
    const Block block(context, entry, kWorkflowBlock);
    const auto start = block.is_map() ? block.get("start") : std::nullopt;
    const auto id = start ? read_playbook_id(context, *start) : std::nullopt;
    if (type && id) workflows.push_back({*type, PlaybookId(*id), context.report.position(start->node->position)});
  }
  std::sort(workflows.begin(), workflows.end(), [](const auto& a, const auto& b) { return a.on < b.on; });
  return workflows;
}

void check_forms(LoadContext& context, const Playbook& playbook) {
  const std::set<StepId> known = step_ids(playbook);
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const StepId& id : known) names.push_back(id.value);
  const std::vector<FormProblem> problems = problems_of_forms(playbook);
  for_each_changes(playbook, [&](const std::string& path, const std::vector<StepChange>& changes) {
    for (const StepChange& change : changes) {
      if (!known.contains(change.id)) {
        report_change(context, path, change,
                      {"unknown-step", fmt::format("expected the id of a step, got `{}`", change.id.value),
                       suggest(change.id.value, names)});
      }
      const auto problem = std::find_if(problems.begin(), problems.end(),
                                        [&](const FormProblem& found) { return found.change == &change; });
      if (problem == problems.end()) continue;
      report_change(context, path, change,
                    problem->both_timings
                        ? Slip{"step-timing", "changed like this, the step would have both `day` and `wait`",
                               "replace the whole list of steps to change how it is timed"}
                        : Slip{"step-order", "changed like this, a step would come after one of a later day",
                               "replace the whole list of steps to change their order"});
    }
  });
}

}  // namespace relance::rules
