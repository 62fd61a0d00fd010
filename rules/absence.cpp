// `owner_absent`: a touch that a person makes waits until the lead's owner is back. Clocks (SLA, windows, expiries) go
// on, and nothing is kept from the people who are told of it.

#include "rules/owners.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

/// Of the lead's owner, where the house has one and a person makes touches on the channel.
const OwnerCalendar* calendar_for(const Scope& scope, Channel channel) {
  const auto& owners = scope.context.rulebook.house().owners;
  if (!owners || !is_made_by_person(channel)) return nullptr;
  return owners->calendar_of(scope.lead.attributes.text("owner"));
}

}  // namespace

Instant first_present(const Scope& scope, const Form& form, Channel channel, Instant from) {
  constexpr int kMostRounds = 400;  // each leads to a later day
  const OwnerCalendar* calendar = calendar_for(scope, channel);
  const ContactHours* hours = scope.hours(form);
  Instant at = from;
  for (int round = 0; round < kMostRounds; ++round) {
    const Instant before = at;
    if (calendar) at = absent_until(*calendar, at).value_or(at);
    if (hours) at = first_open(*hours, scope.hours_zone(form), at).value_or(at);
    const PolicyVerdict law = ask_policy(scope, form, {channel, at, nullptr});
    at = law.kind == PolicyVerdict::Kind::deferred ? law.until : law.open.value_or(at);
    if (at == before) break;
  }
  return at;
}

std::optional<Absence> owner_absence(const Scope& scope, const Form& form, Channel channel) {
  const OwnerCalendar* calendar = calendar_for(scope, channel);
  if (!calendar) return std::nullopt;
  const auto back = absent_until(*calendar, scope.now());
  if (!back) return std::nullopt;
  return Absence{*back, first_present(scope, form, channel, scope.now())};
}

void handle_new_owner(Scope& scope) {
  for (auto* place : {&scope.lead.enrollment, &scope.lead.interrupted}) {
    if (!*place || !(*place)->asked || (*place)->asked->waiting != Asked::Waiting::deferred) continue;
    (*place)->asked->until = scope.now();
  }
}

}  // namespace relance::rules
