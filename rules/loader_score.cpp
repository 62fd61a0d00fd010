#include <fmt/format.h>

#include <map>
#include <utility>

#include "rules/loader_blocks.h"
#include "rules/sha256.h"

namespace relance::rules {

namespace {

std::optional<ScoreRule> read_score_rule(LoadContext& context, const Field& field) {
  const Block block(context, field, kScoreBlock);
  if (!block.is_map()) return std::nullopt;
  ScoreRule rule;
  if (const auto on = block.get("on")) rule.on = read_event_types(context, *on).value_or(std::vector<EventType>{});
  if (const auto when = block.get("when")) rule.when = read_condition(context, *when);
  if (const auto points = block.get("points")) {
    const auto read = read_integer(context, *points, {.least = -kMostPoints, .most = kMostPoints});
    rule.points = read.value_or(0);
    if (read == 0) {
      report(context, *points, "stops-everything", "`points: 0` would change nothing",
             "write points above or below 0, or remove the rule");
    }
  }
  if (const auto max = block.get("max")) {
    rule.max = read_integer(context, *max, {.least = 1, .most = kMostPoints, .zero_stops = true});
    if (rule.points < 0) {
      report(context, *max, "contradiction", "`max` bounds what a rule gives, and this one only takes points away",
             "remove `max`, or write positive points");
    }
  }
  return rule;
}

/// What the rule asks, so that it is known again after others were added before it.
std::string question_of(const ScoreRule& rule) {
  std::string question;
  for (const EventType type : rule.on) question += fmt::format("{}\n", to_string(type));
  if (rule.when) question += rule.when->expression.text();
  return question;
}

}  // namespace

std::vector<ScoreRule> read_score(LoadContext& context, const Field& field) {
  std::vector<ScoreRule> rules;
  const auto items = read_list_or_empty(
      context, field, "a list of score rules such as [{ on: page.viewed, points: 5 }]", kMostScoreRules);
  if (!items) return rules;
  std::map<std::string, int> asked_before;
  for (const Field& item : *items) {
    auto rule = read_score_rule(context, item);
    if (!rule) continue;
    const std::string question = question_of(*rule);
    rule->key = first_eight_octets(sha256(fmt::format("{} {}", asked_before[question]++, question)));
    rules.push_back(std::move(*rule));
  }
  return rules;
}

std::optional<Handoff> read_handoff(LoadContext& context, const Field& field) {
  const Block block(context, field, kHandoffBlock);
  if (!block.is_map()) return std::nullopt;
  Handoff handoff;
  if (const auto at = block.get("at")) {
    handoff.at = read_integer(context, *at, {.least = 1, .most = kMostPoints}).value_or(0);
  }
  if (const auto to = block.get("to")) handoff.to = read_line(context, *to).value_or(handoff.to);
  if (const auto then = block.get("then"))
    handoff.exit = read_word(context, *then, handoff_then_names()).value_or(0) == 1;
  return handoff;
}

}  // namespace relance::rules
