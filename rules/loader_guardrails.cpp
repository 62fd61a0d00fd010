#include <fmt/format.h>

#include <utility>

#include "rules/loader_blocks.h"

namespace relance::rules {

namespace {

constexpr Duration kShortestWindow{kMsPerHour};  // rates are counted in hours
constexpr Duration kLongestWindow = kDay * 90;

Duration read_rate_window(LoadContext& context, const Field& field) {
  const auto span = read_positive_span(context, field);
  if (!span) return kShortestWindow;
  if (span->business_days > 0 || span->time < kShortestWindow || span->time > kLongestWindow) {
    report(context, field, "out-of-range",
           fmt::format("expected a duration from 1h to 90d, got {}", describe(*field.node)), "write for example `7d`");
    return kShortestWindow;
  }
  return span->time;
}

Guardrail read_guardrail(LoadContext& context, const Block& block) {
  Guardrail guardrail;
  guardrail.position = context.report.position(block.position());
  if (const auto metric = block.get("metric")) {
    guardrail.metric =
        static_cast<Guardrail::Metric>(read_word(context, *metric, guardrail_metric_names()).value_or(0));
  }
  if (const auto above = block.get("above")) guardrail.above_ppm = read_rate(context, *above).value_or(1);
  if (const auto over = block.get("over")) guardrail.over = read_rate_window(context, *over);
  if (const auto min_touches = block.get("min_touches")) {
    guardrail.min_touches = read_integer(context, *min_touches, {.least = 1, .zero_stops = true}).value_or(1);
  }
  if (const auto action = block.get("do")) {
    if (const auto word = read_word(context, *action, guardrail_action_names())) {
      guardrail.action = static_cast<Guardrail::Action>(*word);
    }
  }
  if (const auto flag = block.get("flag")) guardrail.flag = read_step_id(context, *flag).value_or("");
  return guardrail;
}

}  // namespace

std::vector<Guardrail> read_guardrails(LoadContext& context, const Field& field) {
  std::vector<Guardrail> guardrails;
  const auto items = read_list_or_empty(
      context, field,
      "a list of guardrails such as [{ metric: complaint_rate, above: 0.2%, over: 7d, min_touches: 200, do: pause }]",
      kMostGuardrails);
  if (!items) return guardrails;
  for (const Field& item : *items) {
    const Block block(context, item, kGuardrailBlock);
    if (!block.is_map()) continue;
    if (!block.has("do") && !block.has("flag")) {
      report(context, item, "missing-key", "a guardrail without `do` and `flag` would do nothing",
             "add `do: halve_caps`, `do: pause` or a `flag`");
    }
    guardrails.push_back(read_guardrail(context, block));
  }
  return guardrails;
}

}  // namespace relance::rules
