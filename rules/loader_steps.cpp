#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "rules/loader_blocks.h"

namespace relance::rules {

namespace {

bool read_resends_on_unknown(LoadContext& context, const Field& field) {
  return read_word(context, field, on_unknown_names()).value_or(0) == 1;
}

bool read_skips_on_cap(LoadContext& context, const Field& field) {
  return read_word(context, field, on_cap_names()).value_or(0) == 1;
}

/// The time of a `day:` step: 24:00 is no time of its day.
std::optional<LocalTime> read_step_time(LoadContext& context, const Field& field) {
  const auto at = read_time_of_day(context, field);
  if (at && at->ms >= kDay.ms) {
    report(context, field, "out-of-range", "expected a time before 24:00, which is the end of the day",
           "write 00:00 and the next day");
  }
  return at;
}

std::variant<OnDay, AfterWait> read_when(LoadContext& context, const Block& block) {
  const auto day = block.get("day");
  const auto at = block.get("at");
  const auto wait = block.get("wait");
  OnDay on_day;
  if (day) on_day.day = read_integer(context, *day, {.least = 0, .most = kLastDay}).value_or(0);
  if (at) on_day.at = read_step_time(context, *at);
  AfterWait after_wait{};
  if (wait) after_wait.wait = read_span(context, *wait).value_or(Span{});

  if (day && wait) {
    report(context, *wait, "step-timing", "expected either `day` or `wait`, got both", "keep one of them");
  } else if (!day && !wait) {
    context.report.add({block.position(), block.path(), "step-timing", "expected `day` or `wait`, got neither",
                        "add `day: 0`, or `wait: 2h` after the step before"});
  } else if (wait && at) {
    report(context, *at, "step-timing", "`at` goes with `day` only, this step has `wait`",
           "remove `at`, or write `day` instead of `wait`");
  }
  if (wait && !day) return after_wait;
  return on_day;
}

std::optional<Step> read_step(LoadContext& context, const Field& field) {
  const Block block(context, field, kStepBlock);
  if (!block.is_map()) return std::nullopt;
  Step step;
  step.position = context.report.position(block.position());
  if (const auto id = block.get("id")) step.id = StepId(read_step_id(context, *id).value_or(""));
  if (const auto channel = block.get("channel"))
    step.channel = read_channel(context, *channel).value_or(Channel::email);
  step.when = read_when(context, block);
  if (const auto expires = block.get("expires")) step.expires = read_positive_span(context, *expires);
  if (const auto requirement = block.get("requires")) step.requirement = read_condition(context, *requirement);
  if (const auto skip_if = block.get("skip_if")) step.skip_if = read_condition(context, *skip_if);
  if (const auto on_cap = block.get("on_cap")) step.skip_on_cap = read_skips_on_cap(context, *on_cap);
  if (const auto word = block.get("on_unknown")) step.resend_on_unknown = read_resends_on_unknown(context, *word);
  if (const auto name = block.get("template")) step.template_name = read_template_name(context, *name);
  return step;
}

/// Ids are unique, days never go down: both over the whole list.
void check_list(LoadContext& context, const std::vector<Field>& items, const std::vector<std::optional<Step>>& steps) {
  std::map<StepId, int> lines;  // id -> line of the first step that has it
  const Step* latest = nullptr;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i]) continue;
    const Step& step = *steps[i];
    const YamlNode* id = items[i].node->find("id");
    if (id && !step.id.empty()) {
      const auto [first, is_new] = lines.emplace(step.id, id->position.line);
      if (!is_new) {
        report(context, {id, items[i].path + ".id"}, "duplicate-id",
               fmt::format("the step id `{}` is used twice; the first is on line {}", step.id.value, first->second),
               "give each step its own id");
      }
    }
    const auto* on_day = std::get_if<OnDay>(&step.when);
    const YamlNode* day = items[i].node->find("day");
    if (!on_day || !day) continue;
    if (latest && on_day->day < std::get<OnDay>(latest->when).day) {
      report(context, {day, items[i].path + ".day"}, "step-order",
             fmt::format("day {} comes after day {} of the step `{}` on line {}", on_day->day,
                         std::get<OnDay>(latest->when).day, latest->id.value, latest->position.line),
             "order the steps by day");
    } else {
      latest = &step;
    }
  }
}

StepChange read_change(LoadContext& context, const Field& field) {
  const Block block(context, field, kStepChangeBlock);
  StepChange change;
  if (!block.is_map()) return change;
  if (field.node->entries.empty()) report(context, field, "empty-value", "expected at least one key, got none");
  if (const auto channel = block.get("channel")) change.channel = read_channel(context, *channel);
  if (const auto day = block.get("day")) change.day = read_integer(context, *day, {.least = 0, .most = kLastDay});
  if (const auto at = block.get("at")) change.at = read_step_time(context, *at);
  if (const auto wait = block.get("wait")) change.wait = read_span(context, *wait);
  if (const auto expires = block.get("expires")) change.expires = read_positive_span(context, *expires);
  if (const auto requirement = block.get("requires")) change.requirement = read_condition(context, *requirement);
  if (const auto skip_if = block.get("skip_if")) change.skip_if = read_condition(context, *skip_if);
  if (const auto on_cap = block.get("on_cap")) change.skip_on_cap = read_skips_on_cap(context, *on_cap);
  if (const auto word = block.get("on_unknown")) change.resend_on_unknown = read_resends_on_unknown(context, *word);
  if (const auto name = block.get("template")) change.template_name = read_template_name(context, *name);
  return change;
}

}  // namespace

std::vector<StepChange> read_step_changes(LoadContext& context, const Field& field) {
  std::vector<StepChange> changes;
  for (const Entry& item : read_entries(context, field, "changes by the id of a step", kMostSteps)) {
    StepChange change = read_change(context, item);
    change.id = StepId(item.key);
    change.position = context.report.position(item.key_position);
    changes.push_back(std::move(change));
  }
  return changes;
}

std::optional<std::vector<Step>> read_steps(LoadContext& context, const Field& field) {
  const auto items = read_list(context, field, "a list of steps", kMostSteps);
  if (!items) return std::nullopt;
  std::vector<std::optional<Step>> read;
  for (const Field& item : *items) read.push_back(read_step(context, item));
  check_list(context, *items, read);
  std::vector<Step> steps;
  for (std::optional<Step>& step : read) {
    if (step) steps.push_back(std::move(*step));
  }
  return steps;
}

}  // namespace relance::rules
