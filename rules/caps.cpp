// Caps: "Counting" in the playbook language. A full cap names the instant at which it frees.

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

/// The cap's maximum, halved while a guardrail says so: rounded up, so never 0.
int most(const Cap& cap, const Scope& scope, const Enrollment& enrollment) {
  return scope.context.neighbourhood.operations().caps_halved(enrollment.playbook) ? (cap.max + 1) / 2 : cap.max;
}

/// Calls `visit(instant)` for each touch the cap counts, newest first, until it returns false.
template <class Visit>
void for_each_counted(const Cap& cap, const Scope& scope, const Enrollment& enrollment, Visit visit) {
  if (cap.scope == Cap::Scope::account && scope.lead.account) {
    const auto& touches = scope.context.neighbourhood.account_touches(*scope.lead.account);
    for (auto touch = touches.rbegin(); touch != touches.rend(); ++touch) {
      if (cap.channel && touch->channel != *cap.channel) continue;
      if (!visit(touch->at)) return;
    }
    return;
  }
  for (auto touch = scope.lead.touches.rbegin(); touch != scope.lead.touches.rend(); ++touch) {
    if (cap.channel && touch->channel != *cap.channel) continue;
    if (cap.scope == Cap::Scope::playbook && touch->enrollment != enrollment.ordinal) continue;
    if (!visit(touch->at)) return;
  }
}

/// A rolling window: a touch at T stops counting at T + period; the cap frees at the max-th most recent + period.
template <class Counted>
std::optional<Instant> rolling_frees(const Cap& cap, int max, const Span& period, const Scope& scope,
                                     const Enrollment& enrollment, const Form& form, Counted on_counted) {
  int counted = 0;
  std::optional<Instant> frees;
  for_each_counted(cap, scope, enrollment, [&](Instant at) {
    const Instant end = scope.after(at, period, form);
    if (end <= scope.now()) return false;
    on_counted(at);
    if (++counted < max) return true;
    frees = end;
    return false;
  });
  return frees;
}

/// The lead's local day or week (from Monday): the cap frees at the midnight that ends it.
template <class Counted>
std::optional<Instant> calendar_frees(const Cap& cap, int max, Cap::Calendar period, const Scope& scope,
                                      const Enrollment& enrollment, const Zone& zone, Counted on_counted) {
  const LocalDate today = zone.local_date(scope.now());
  const LocalDate first = period == Cap::Calendar::day ? today : today + -weekday_from_monday(today);
  const LocalDate next = first + (period == Cap::Calendar::day ? 1 : 7);
  int counted = 0;
  for_each_counted(cap, scope, enrollment, [&](Instant at) {
    // Three days of margin: around a clock change at midnight local dates need not be ordered like instants.
    if (at + kDay * 10 < scope.now()) return false;
    const LocalDate date = zone.local_date(at);
    if (date >= first && date < next) {
      ++counted;
      on_counted(at);
    }
    return counted < max;
  });
  if (counted < max) return std::nullopt;
  return midnight_after(zone, scope.now(), next);
}

/// The instant at which a full cap frees; `on_counted(instant)` for each touch that counts, newest first, up to `max`.
template <class Counted>
std::optional<Instant> frees_at(const Cap& cap, const Scope& scope, const Enrollment& enrollment, const Form& form,
                                Counted on_counted) {
  const int max = most(cap, scope, enrollment);
  if (const auto* rolling = std::get_if<Span>(&cap.per)) {
    return rolling_frees(cap, max, *rolling, scope, enrollment, form, on_counted);
  }
  return calendar_frees(cap, max, std::get<Cap::Calendar>(cap.per), scope, enrollment, scope.zone(form), on_counted);
}

}  // namespace

CapCount count(const Cap& cap, const Scope& scope, const Enrollment& enrollment, const Form& form) {
  CapCount result;
  result.max = most(cap, scope, enrollment);
  result.frees =
      frees_at(cap, scope, enrollment, form, [&](Instant at) { result.counted.insert(result.counted.begin(), at); });
  return result;
}

std::optional<FullCap> full_cap(const Scope& scope, const Enrollment& enrollment, const Form& form, Channel channel) {
  std::optional<Instant> latest;
  const Cap* named = nullptr;
  for (const Cap& cap : form.caps) {
    if (cap.channel && *cap.channel != channel) continue;
    const auto frees = frees_at(cap, scope, enrollment, form, [](Instant) {});
    if (frees && (!latest || *frees > *latest)) {
      latest = frees;
      named = &cap;
    }
  }
  if (!named) return std::nullopt;
  return FullCap{rule_id(*named), *latest};
}

}  // namespace relance::rules
