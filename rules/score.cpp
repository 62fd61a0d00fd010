// Score and hand-off, which are the house's: step 8 of "One event, in this order".

#include <algorithm>
#include <limits>

#include "rules/scope.h"

namespace relance::rules {

namespace {

/// The attribute, or 0 when it is no number.
Score score_of(const LeadState& lead) {
  const cel::Value* value = lead.attributes.find("score");
  if (!value) return std::int64_t{0};
  if (const auto* whole = value->get<std::int64_t>()) return *whole;
  if (const auto* fraction = value->get<double>()) return *fraction;
  return std::int64_t{0};
}

cel::Value value_of(const Score& score) {
  return std::visit([](auto number) { return cel::Value(number); }, score);
}

/// A score that would leave the range stays at its end.
Score plus(const Score& score, std::int64_t points) {
  if (const auto* fraction = std::get_if<double>(&score)) return *fraction + static_cast<double>(points);
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(std::get<std::int64_t>(score), points, &sum)) return sum;
  return points > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

bool reaches(const Score& score, int at) {
  if (const auto* fraction = std::get_if<double>(&score)) return *fraction >= at;
  return std::get<std::int64_t>(score) >= at;
}

/// What the rule gives now: never more in all than its `max`. Remembers it.
std::int64_t take_points(LeadState& lead, const ScoreRule& rule) {
  if (!rule.max) return rule.points;
  const auto found = std::find_if(lead.score_given.begin(), lead.score_given.end(),
                                  [&](const ScoreGiven& given) { return given.rule == rule.key; });
  ScoreGiven& given = found != lead.score_given.end() ? *found : lead.score_given.emplace_back(ScoreGiven{rule.key, 0});
  const std::int64_t points = std::clamp<std::int64_t>(*rule.max - given.points, 0, rule.points);
  given.points += points;
  return points;
}

}  // namespace

void handle_score(Scope& scope) {
  LeadState& lead = scope.lead;
  const auto& rules = scope.context.rulebook.house().score;
  if (rules.empty()) return;
  const Score before = score_of(lead);
  for (const ScoreRule& rule : rules) {
    if (std::find(rule.on.begin(), rule.on.end(), scope.event->type) == rule.on.end()) continue;
    if (rule.when && scope.ask(*rule.when) != Truth::yes) continue;
    const std::int64_t points = take_points(lead, rule);
    if (points != 0) lead.attributes.set("score", value_of(plus(score_of(lead), points)));
  }
  const Score after = score_of(lead);
  if (after == before) return;
  scope.out.attributes_changed = true;
  scope.record(RecordType::lead_scored).score = after;
}

void handle_handoff(Scope& scope) {
  LeadState& lead = scope.lead;
  const auto& handoff = scope.context.rulebook.house().handoff;
  if (!handoff || lead.handed_over || !reaches(score_of(lead), handoff->at)) return;
  lead.handed_over = true;
  // No enrollment has the ordinal 0: the hand-off is the lead's own.
  Escalate escalate{action_id(enrollment_id(lead.subject, 0), "escalate:handoff", 0),
                    {},
                    {},
                    "handoff",
                    handoff->to,
                    "The lead's score has reached the hand-off.",
                    scope.now()};
  Record& record = lead.enrollment ? scope.record(RecordType::lead_escalated, *lead.enrollment)
                                   : scope.record(RecordType::lead_escalated);
  record.rule = "handoff";
  record.action = escalate.action;
  if (lead.enrollment) {
    escalate.playbook = lead.enrollment->playbook;
    escalate.revision = lead.enrollment->revision;
  }
  scope.out.effects.emplace_back(std::move(escalate));
  if (handoff->exit) exit_all(scope, "handoff");
}

}  // namespace relance::rules
