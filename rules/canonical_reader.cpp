#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "rules/canonical.h"
#include "rules/forms.h"
#include "rules/loader.h"
#include "rules/loader_playbook.h"
#include "rules/yaml_reader.h"

// The canonical form is JSON, and JSON is YAML: the way back writes the few values that differ (durations in
// milliseconds, rates in parts per million) as the language does, and goes through the language's own reader. So
// nothing that a file may not say can come back from a store either.

namespace relance::rules {

namespace {

// A playbook of 1 MiB may grow by escapes and by holidays.
constexpr YamlLimits kLimits{.max_bytes = 8 * 1024 * 1024};

YamlNode* find(YamlNode* map, std::string_view key) {
  if (!map) return nullptr;
  for (YamlEntry& entry : map->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

/// 7200000 -> "2h". Anything else stays as it is, for the reader to refuse.
void to_duration(YamlNode* node) {
  if (!node || !node->is_scalar() || node->style != YamlNode::Style::plain) return;
  std::int64_t ms = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [stop, error] = std::from_chars(node->text.data(), end, ms);
  if (error == std::errc() && stop == end) node->text = to_string(Duration{ms});
}

/// 750000 -> "75.0000%"
void to_rate(YamlNode* node) {
  if (!node || !node->is_scalar()) return;
  int ppm = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [stop, error] = std::from_chars(node->text.data(), end, ppm);
  constexpr int kPpmPerPercent = 10'000;
  if (error == std::errc() && stop == end && ppm >= 0) {
    node->text = fmt::format("{}.{:04}%", ppm / kPpmPerPercent, ppm % kPpmPerPercent);
  }
}

/// Steps of a list, or changes by step.
void step_durations(YamlNode* steps) {
  if (!steps) return;
  const auto convert = [](YamlNode& step) {
    to_duration(find(&step, "expires"));
    to_duration(find(&step, "wait"));
  };
  for (YamlNode& step : steps->items) convert(step);
  for (YamlEntry& entry : steps->entries) convert(entry.value);
}

/// The keys that a playbook and its replacements share.
void form_durations(YamlNode& form) {
  to_duration(find(find(&form, "cool_down"), "pause"));
  to_duration(find(find(&form, "touches"), "within"));
  YamlNode* first_touch = find(find(&form, "sla"), "first_touch");
  to_duration(find(first_touch, "within"));
  to_rate(find(first_touch, "warn_at"));
  if (YamlNode* caps = find(&form, "caps")) {
    for (YamlNode& cap : caps->items) to_duration(find(&cap, "per"));
  }
  step_durations(find(&form, "steps"));
}

void to_language(YamlNode& root) {
  form_durations(root);
  to_duration(find(find(find(&root, "enroll"), "again"), "after"));
  if (YamlNode* variants = find(&root, "variants")) {
    for (YamlNode& variant : variants->items) {
      if (YamlNode* replacement = find(&variant, "replace")) form_durations(*replacement);
    }
  }
  if (YamlNode* guardrails = find(&root, "guardrails")) {
    for (YamlNode& guardrail : guardrails->items) {
      to_duration(find(&guardrail, "over"));
      to_rate(find(&guardrail, "above"));
    }
  }
  to_duration(find(find(&root, "release"), "after"));
  YamlNode* experiment = find(&root, "experiment");
  to_duration(find(find(experiment, "success"), "within"));
  if (YamlNode* replace = find(experiment, "replace")) {
    for (YamlEntry& arm : replace->entries) form_durations(arm.value);
  }
}

/// Takes the scalar out of the root; empty when it is no text.
std::string take(YamlNode& root, std::string_view key) {
  for (auto entry = root.entries.begin(); entry != root.entries.end(); ++entry) {
    if (entry->key != key || !entry->value.is_scalar()) continue;
    std::string text = std::move(entry->value.text);
    root.entries.erase(entry);
    return text;
  }
  return {};
}

void forget_positions(std::vector<Step>& steps) {
  for (Step& step : steps) {
    step.position = {};
    if (step.skip_if) step.skip_if->position = {};
    if (step.requirement) step.requirement->position = {};
  }
}

void forget_positions(Replacement& replacement) {
  if (replacement.steps) forget_positions(*replacement.steps);
  for (StepChange& change : replacement.step_changes) {
    change.position = {};
    if (change.skip_if) change.skip_if->position = {};
    if (change.requirement) change.requirement->position = {};
  }
}

void forget_positions(Playbook& playbook) {
  playbook.position = {};
  if (playbook.enroll.when) playbook.enroll.when->position = {};
  forget_positions(playbook.steps);
  for (Exception& exception : playbook.exceptions) exception.when.position = {};
  for (Workflow& workflow : playbook.workflows) workflow.position = {};
  for (Disqualification& rule : playbook.qualification.disqualify) rule.when.position = {};
  if (playbook.release && playbook.release->when) playbook.release->when->position = {};
  for (Variant& variant : playbook.variants) {
    variant.position = {};
    variant.when.position = {};
    forget_positions(variant.replace);
  }
  if (!playbook.experiment) return;
  playbook.experiment->position = {};
  for (Arm& arm : playbook.experiment->arms) {
    arm.position = {};
    if (arm.replace) forget_positions(*arm.replace);
  }
}

}  // namespace

tl::expected<Playbook, std::string> load_canonical(std::string_view canonical) {
  auto document = read_yaml(canonical, kLimits);
  if (!document) {
    return tl::unexpected(fmt::format("a stored playbook is damaged: {}", document.error().front().text));
  }
  if (const std::string version = take(*document, "canonical"); version != "1") {
    return tl::unexpected(fmt::format("a stored playbook has the form `{}`, this version reads form 1", version));
  }
  House house;
  const std::string zone_name = take(*document, "fallback_zone");
  const auto zone = Zone::find(zone_name);
  if (!zone)
    return tl::unexpected(fmt::format("a stored playbook names the time zone `{}`, which is unknown", zone_name));
  house.zone = *zone;

  to_language(*document);
  Report report("", canonical);
  LoadContext context{report, house, {}};
  Playbook playbook = read_model(context, *document);
  if (!report.empty()) {
    const Finding finding = report.take().front();
    return tl::unexpected(fmt::format("a stored playbook cannot be used: {}: {}", finding.path, finding.text));
  }
  forget_positions(playbook);
  make_forms(playbook);  // anew, without positions
  seal(playbook);
  // Whatever was changed on the way, also a blank, is another playbook than the one that was pinned.
  if (playbook.canonical != canonical) {
    return tl::unexpected(fmt::format("the stored playbook `{}` is not in its canonical form", playbook.id.value));
  }
  return playbook;
}

}  // namespace relance::rules
