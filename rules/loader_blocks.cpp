#include "rules/loader_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace relance::rules {

namespace {

constexpr IntegerBounds kPositiveCount{.least = 1, .most = kHighestCount, .zero_stops = true};

std::optional<Again> read_again(LoadContext& context, const Field& field) {
  const Block block(context, field, kAgainBlock);
  if (!block.is_map()) return std::nullopt;
  Again again;
  if (const auto after = block.get("after")) again.after = read_span(context, *after).value_or(Span{});
  if (const auto max = block.get("max")) again.max = read_integer(context, *max, kPositiveCount);
  return again;
}

ChannelSet read_channels(LoadContext& context, const Field& field) {
  ChannelSet channels;
  const auto items =
      read_list(context, field, "a list of channels such as [call, email]", static_cast<int>(kChannels.size()));
  if (!items) return channels;
  for (const Field& item : *items) {
    const auto channel = read_channel(context, item);
    if (!channel) continue;
    if (channels.contains(*channel)) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", to_string(*channel)),
             "remove one of the two");
    }
    channels.insert(*channel);
  }
  return channels;
}

std::optional<std::variant<Cap::Calendar, Span>> read_period(LoadContext& context, const Field& field) {
  const auto text = read_text(context, field, "`day`, `week` or a duration such as `48h`");
  if (!text) return std::nullopt;
  if (*text == "day") return Cap::Calendar::day;
  if (*text == "week") return Cap::Calendar::week;
  const bool digit_first = !text->empty() && text->front() >= '0' && text->front() <= '9';
  if (!digit_first) {
    report(context, field, "unknown-value",
           fmt::format("expected `day`, `week` or a duration such as `48h`, got {}", describe(*field.node)),
           text->starts_with("month") ? "write 30d" : suggest(*text, calendar_period_names()));
    return std::nullopt;
  }
  return read_positive_span(context, field);
}

/// Absent: any.
std::optional<Channel> read_channel_or_any(LoadContext& context, const Block& block) {
  const auto channel = block.get("channel");
  if (!channel || (channel->node->is_scalar() && channel->node->text == "any")) return std::nullopt;
  return read_channel(context, *channel);
}

std::optional<Cap> read_cap(LoadContext& context, const Field& field) {
  const Block block(context, field, kCapBlock);
  if (!block.is_map()) return std::nullopt;
  Cap cap;
  if (const auto scope = block.get("scope")) {
    cap.scope = static_cast<Cap::Scope>(read_word(context, *scope, cap_scope_names()).value_or(0));
  }
  cap.channel = read_channel_or_any(context, block);
  if (const auto max = block.get("max")) cap.max = read_integer(context, *max, kPositiveCount).value_or(1);
  if (const auto per = block.get("per")) {
    if (const auto period = read_period(context, *per)) cap.per = *period;
  }
  return cap;
}

std::optional<Exception> read_exception(LoadContext& context, const Field& field) {
  const Block block(context, field, kExceptionBlock);
  if (!block.is_map()) return std::nullopt;
  std::string to = "manager";
  if (const auto recipient = block.get("to")) to = read_line(context, *recipient).value_or(to);
  if (const auto action = block.get("do")) read_word(context, *action, exception_action_names());
  std::optional<Condition> when;
  if (const auto condition = block.get("when")) when = read_condition(context, *condition);
  if (!when) return std::nullopt;
  return Exception{std::move(*when), std::move(to)};
}

/// `on: schedule`, also as a list of one or with others beside it.
bool names_schedule(const YamlNode& on) {
  const auto is_schedule = [](const YamlNode& node) { return node.is_scalar() && node.text == kScheduleTrigger; };
  return is_schedule(on) || std::any_of(on.items.begin(), on.items.end(), is_schedule);
}

/// `on` and `schedule`, which need each other.
void read_triggers(LoadContext& context, const Block& block, Enroll& enroll) {
  const auto on = block.get("on");
  const auto schedule = block.get("schedule");
  if (schedule) enroll.schedule = read_schedule(context, *schedule);
  if (!on || !names_schedule(*on->node)) {
    if (on && on->node->is_map() && on->node->find(kScheduleTrigger)) {
      report(context, *on, "wrong-type", "expected `schedule` or event types, got a map",
             "write `on: schedule`, and `schedule: { rrule: ..., start: ... }` beside it");
      return;
    }
    if (on) enroll.on = read_event_types(context, *on).value_or(std::vector<EventType>{});
    if (!schedule) return;
    context.report.add({block.position_of("schedule"), schedule->path, "contradiction",
                        "`schedule` is never asked without `on: schedule`",
                        on ? "a playbook enrolls by events or by a schedule: write two" : "add `on: schedule`"});
    return;
  }
  if (on->node->items.size() > 1) {
    report(context, *on, "contradiction", "`schedule` stands alone in `on`, got other triggers beside it",
           "write another playbook for the events");
  }
  if (schedule) return;
  report(context, *on, "missing-key", "`on: schedule` needs `schedule`, which says when",
         "add `schedule: { rrule: \"FREQ=MONTHLY;INTERVAL=4\", start: lead.NAME }`");
}

}  // namespace

std::optional<Enroll> read_enroll(LoadContext& context, const Field& field) {
  const Block block(context, field, kEnrollBlock);
  if (!block.is_map()) return std::nullopt;
  Enroll enroll;
  read_triggers(context, block, enroll);
  if (const auto when = block.get("when")) {
    enroll.when = read_condition(context, *when);
    // `again` alone makes sense for leads that playbook.enroll brings in; a condition is then never asked.
    if (!block.has("on")) {
      context.report.add({block.position_of("when"), when->path, "missing-key",
                          "`when` is never asked without `on`, the event types that may enroll",
                          "add `on`, or remove `when`"});
    }
  }
  if (const auto again = block.get("again")) enroll.again = read_again(context, *again);
  return enroll;
}

std::optional<ExitReasons> read_exit(LoadContext& context, const Field& field) {
  constexpr std::array<std::string_view, 3> kMandatory{"opt_out", "hard_bounce", "complaint"};
  std::vector<std::string_view> known(exit_reason_names().begin(), exit_reason_names().end());
  known.insert(known.end(), event_type_names().begin(), event_type_names().end());

  const auto items = read_list(context, field, "a list of reasons such as [opt_out, hard_bounce, complaint, lead.lost]",
                               kMostEventTypes);
  if (!items) return std::nullopt;
  std::vector<std::string> names;
  ExitReasons exit{{}, false};
  for (const Field& item : *items) {
    const auto text = read_text(context, item, "a reason such as `reply` or an event type such as `lead.lost`");
    if (!text) continue;
    if (std::find(names.begin(), names.end(), *text) != names.end()) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", *text), "remove one of the two");
      continue;
    }
    names.push_back(*text);
    if (*text == "reply") exit.on_reply = true;
    if (std::find(exit_reason_names().begin(), exit_reason_names().end(), *text) != exit_reason_names().end()) continue;
    if (const auto type = parse_event_type(*text)) {
      exit.types.push_back(*type);
    } else {
      report(context, item, "unknown-event-type",
             fmt::format("expected a reason to exit or an event type, got {}", describe(*item.node)),
             suggest(*text, known));
    }
  }
  for (const std::string_view reason : kMandatory) {
    if (std::find(names.begin(), names.end(), reason) != names.end()) continue;
    report(context, field, "exit-incomplete", fmt::format("`{}` cannot be left out of `exit`", reason),
           fmt::format("add `{}`", reason));
  }
  std::sort(exit.types.begin(), exit.types.end());
  return exit;
}

std::optional<Sla> read_sla(LoadContext& context, const Field& field) {
  const Block promises(context, field, kSlaBlock);
  const auto first_touch = promises.is_map() ? promises.get("first_touch") : std::nullopt;
  if (!first_touch) return std::nullopt;
  const Block block(context, *first_touch, kFirstTouchBlock);
  if (!block.is_map()) return std::nullopt;
  Sla sla{};
  if (const auto within = block.get("within")) sla.within = read_positive_span(context, *within).value_or(Span{});
  if (const auto clock = block.get("clock")) {
    sla.clock = static_cast<Sla::Clock>(read_word(context, *clock, clock_names()).value_or(0));
  }
  if (const auto warn_at = block.get("warn_at")) sla.warn_at_ppm = read_rate(context, *warn_at);
  if (const auto on_breach = block.get("on_breach")) {
    sla.escalate_on_breach = read_word(context, *on_breach, on_breach_names()).has_value();
  }
  if (const auto channels = block.get("channels")) sla.channels = read_channels(context, *channels);
  return sla;
}

std::optional<Touches> read_touches(LoadContext& context, const Field& field) {
  const Block block(context, field, kTouchesBlock);
  if (!block.is_map()) return std::nullopt;
  Touches touches;
  const auto min = block.get("min");
  if (min) touches.min = read_integer(context, *min, {}).value_or(0);
  if (const auto max = block.get("max")) touches.max = read_integer(context, *max, kPositiveCount);
  if (const auto within = block.get("within")) touches.within = read_positive_span(context, *within);
  if (min && touches.max && touches.min > *touches.max) {
    report(context, *min, "contradiction", fmt::format("`min` is above `max`: {} and {}", touches.min, *touches.max),
           "lower `min` or raise `max`");
  }
  return touches;
}

std::optional<std::vector<Cap>> read_caps(LoadContext& context, const Field& field) {
  const auto items =
      read_list_or_empty(context, field, "a list of caps such as [{ channel: email, max: 2, per: day }]", kMostCaps);
  if (!items) return std::nullopt;
  std::vector<Cap> caps;
  for (const Field& item : *items) {
    if (auto cap = read_cap(context, item)) caps.push_back(*cap);
  }
  return caps;
}

std::vector<Throttle> read_throttles(LoadContext& context, const Field& field) {
  std::vector<Throttle> throttles;
  const auto items = read_list_or_empty(
      context, field, "a list of throttles such as [{ channel: call, max: 30, per: day }]", kMostThrottles);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    const Block block(context, item, kThrottleBlock);
    if (!block.is_map()) continue;
    Throttle& throttle = throttles.emplace_back();
    throttle.channel = read_channel_or_any(context, block);
    if (const auto max = block.get("max")) throttle.max = read_integer(context, *max, kPositiveCount).value_or(1);
    if (const auto per = block.get("per")) {
      throttle.per = read_period(context, *per).value_or(Cap::Calendar::day);
    }
  }
  return throttles;
}

std::optional<CoolDown> read_cool_down(LoadContext& context, const Field& field) {
  const Block block(context, field, kCoolDownBlock);
  if (!block.is_map()) return std::nullopt;
  CoolDown cool_down{};
  if (const auto after = block.get("after"))
    cool_down.after = read_integer(context, *after, kPositiveCount).value_or(1);
  if (const auto pause = block.get("pause")) {
    cool_down.pause = read_positive_span(context, *pause).value_or(Span{});
  }
  return cool_down;
}

std::optional<std::vector<Exception>> read_exceptions(LoadContext& context, const Field& field) {
  const auto items =
      read_list_or_empty(context, field, "a list of exceptions such as [{ when: ..., do: escalate }]", kMostExceptions);
  if (!items) return std::nullopt;
  std::vector<Exception> exceptions;
  for (const Field& item : *items) {
    if (auto exception = read_exception(context, item)) exceptions.push_back(std::move(*exception));
  }
  return exceptions;
}

std::optional<InFlight> read_in_flight(LoadContext& context, const Field& field) {
  const auto index = read_word(context, field, in_flight_names());
  if (!index) return std::nullopt;
  return static_cast<InFlight>(*index);
}

}  // namespace relance::rules
