// Caps: "Counting" in the playbook language. A full cap names the instant at which it frees.

#include "rules/counting.h"
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

/// The instant at which a full cap frees; `on_counted(instant)` for each touch that counts, newest first, up to `max`.
template <class Counted>
std::optional<Instant> frees_at(const Cap& cap, const Scope& scope, const Enrollment& enrollment, const Form& form,
                                Counted on_counted) {
  const int max = most(cap, scope, enrollment);
  const auto for_each = [&](auto visit) { for_each_counted(cap, scope, enrollment, visit); };
  if (const auto* rolling = std::get_if<Span>(&cap.per)) {
    const auto end_of = [&](Instant at) { return scope.after(at, *rolling, form); };
    return rolling_frees(max, scope.now(), for_each, end_of, on_counted);
  }
  return calendar_frees(max, std::get<Cap::Calendar>(cap.per), scope.zone(form), scope.now(), for_each, on_counted);
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
