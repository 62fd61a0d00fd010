// `owner_absent`: a touch that a person makes waits until the lead's owner is back. Clocks (SLA, windows, expiries) go
// on, and nothing is kept from the people who are told of it.

#include "rules/owners.h"
#include "rules/scope.h"

namespace relance::rules {

namespace {

/// Of the owner of that name, where the house has one and a person makes touches on the channel.
const OwnerCalendar* calendar_of(const Scope& scope, std::string_view owner, Channel channel) {
  const auto& owners = scope.context.rulebook.house().owners;
  if (!owners || !is_made_by_person(channel)) return nullptr;
  const auto found = owners->calendars.find(owner);
  return found == owners->calendars.end() ? nullptr : &found->second;
}

/// The first instant from now on at which the owner is there and contact hours and legal packs are open: absence and
/// hours are waited for together. What else the gate asks is asked then.
Instant first_present(const Scope& scope, const Form& form, Channel channel, const OwnerCalendar& calendar) {
  constexpr int kMostRounds = 400;  // each leads to a later day
  const ContactHours* hours = scope.hours(form);
  Instant at = scope.now();
  for (int round = 0; round < kMostRounds; ++round) {
    const Instant before = at;
    at = absent_until(calendar, at).value_or(at);
    if (hours) at = first_open(*hours, scope.hours_zone(form), at).value_or(at);
    const PolicyVerdict law = ask_policy(scope, form, {channel, at, nullptr});
    at = law.kind == PolicyVerdict::Kind::deferred ? law.until : law.open.value_or(at);
    if (at == before) break;
  }
  return at;
}

}  // namespace

std::optional<Absence> owner_absence(const Scope& scope, const Form& form, Channel channel) {
  if (!scope.context.rulebook.house().owners) return std::nullopt;  // looking an attribute up takes a while
  const std::string_view owner = scope.lead.attributes.text("owner");
  const OwnerCalendar* calendar = calendar_of(scope, owner, channel);
  if (!calendar) return std::nullopt;
  const auto back = absent_until(*calendar, scope.now());
  if (!back) return std::nullopt;
  return Absence{std::string(owner), *back, first_present(scope, form, channel, *calendar)};
}

void handle_new_owner(Scope& scope, std::string_view before) {
  for (auto* place : {&scope.lead.enrollment, &scope.lead.interrupted}) {
    if (!*place || !(*place)->asked || (*place)->asked->waiting != Asked::Waiting::deferred) continue;
    const Form& form = form_of(**place, scope.context.rulebook);
    Asked& asked = *(*place)->asked;
    const Step* step = form.find_step(asked.step);
    const OwnerCalendar* calendar = step ? calendar_of(scope, before, step->channel) : nullptr;
    if (!calendar || !absent_until(*calendar, scope.now())) continue;
    // A deferral does not say which rule it comes from; this one leads to the instant that the absence would give now.
    if (asked.until == first_present(scope, form, step->channel, *calendar)) asked.until = scope.now();
  }
}

}  // namespace relance::rules
