// `throttle`: an owner's touches in a period, over all of its leads. The step waits until there is room; it is never
// withheld. Counted with the touches of accounts, under a name of its own.

#include <algorithm>

#include "rules/counting.h"
#include "rules/owners.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

/// Null without a throttle.
const Owners* with_throttles(const Scope& scope) {
  const auto& owners = scope.context.rulebook.house().owners;
  return owners && !owners->throttles.empty() ? owners.get() : nullptr;
}

const Zone& zone_of_owner(const Owners& owners, std::string_view owner) {
  const OwnerCalendar* calendar = owners.calendar_of(owner);
  return calendar ? calendar->zone : owners.zone;
}

/// How far back the throttle looks at the most, with a margin for days of local calendars.
Duration reach(const Throttle& throttle) {
  if (const auto* rolling = std::get_if<Span>(&throttle.per)) return rolling->time;
  return kDay * (std::get<Cap::Calendar>(throttle.per) == Cap::Calendar::day ? 3 : 9);
}

}  // namespace

std::optional<Instant> throttle_frees(const Throttle& throttle, const Scope& scope, std::string_view owner) {
  const Owners* owners = with_throttles(scope);
  if (!owners || owner.empty()) return std::nullopt;
  const auto& touches = scope.context.neighbourhood.account_touches(counted_under(owner));
  const auto for_each = [&](auto visit) {
    for (auto touch = touches.rbegin(); touch != touches.rend(); ++touch) {
      if (throttle.channel && touch->channel != *throttle.channel) continue;
      if (!visit(touch->at)) return;
    }
  };
  const auto ignored = [](Instant) {};
  if (const auto* rolling = std::get_if<Span>(&throttle.per)) {
    const auto end_of = [&](Instant at) { return at + rolling->time; };
    return rolling_frees(throttle.max, scope.now(), for_each, end_of, ignored);
  }
  return calendar_frees(throttle.max, std::get<Cap::Calendar>(throttle.per), zone_of_owner(*owners, owner), scope.now(),
                        for_each, ignored);
}

std::optional<FullThrottle> full_throttle(const Scope& scope, const Form& form, Channel channel) {
  const Owners* owners = with_throttles(scope);
  if (!owners) return std::nullopt;
  const std::string_view owner = scope.lead.attributes.text("owner");
  std::optional<FullThrottle> latest;
  for (std::size_t i = 0; i < owners->throttles.size(); ++i) {
    const Throttle& throttle = owners->throttles[i];
    if (throttle.channel && *throttle.channel != channel) continue;
    const auto frees = throttle_frees(throttle, scope, owner);
    if (frees && (!latest || *frees > latest->frees)) latest = FullThrottle{i, *frees, *frees};
  }
  if (latest) latest->until = first_present(scope, form, channel, latest->frees);
  return latest;
}

void count_for_owner(Scope& scope, const EmittedTouch& touch) {
  const Owners* owners = with_throttles(scope);
  if (!owners) return;
  const std::string_view owner = scope.lead.attributes.text("owner");
  bool counts = false;
  Duration longest{0};
  for (const Throttle& throttle : owners->throttles) {
    counts |= !throttle.channel || *throttle.channel == touch.channel;
    longest = std::max(longest, reach(throttle));
  }
  if (!counts || owner.empty()) return;
  scope.context.neighbourhood.add_account_touch(counted_under(owner), {touch.at, touch.channel, touch.action},
                                                scope.now() - longest);
}

void uncount_for_owner(Scope& scope, const ActionId& action) {
  const std::string_view owner = scope.lead.attributes.text("owner");
  if (!with_throttles(scope) || owner.empty()) return;
  scope.context.neighbourhood.remove_account_touch(counted_under(owner), action);
}

}  // namespace relance::rules
