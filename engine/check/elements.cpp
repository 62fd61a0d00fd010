#include "engine/check/elements.h"

#include <algorithm>

namespace relance::engine {

using rules::Form;
using rules::Step;

namespace {

bool same(const std::optional<rules::Sla>& a, const std::optional<rules::Sla>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->within == b->within && a->clock == b->clock && a->warn_at_ppm == b->warn_at_ppm &&
         a->escalate_on_breach == b->escalate_on_breach && a->channels == b->channels;
}

bool same(const rules::Touches& a, const rules::Touches& b) {
  return a.min == b.min && a.max == b.max && a.within == b.within;
}

bool same(const std::optional<rules::ContactHours>& a, const std::optional<rules::ContactHours>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->days == b->days && a->windows == b->windows && a->holidays == b->holidays &&
         a->fixed_zone == b->fixed_zone && a->fallback_zone == b->fallback_zone;
}

bool same(const std::vector<rules::Cap>& a, const std::vector<rules::Cap>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const rules::Cap& one, const rules::Cap& other) {
    return one.scope == other.scope && one.channel == other.channel && one.max == other.max && one.per == other.per;
  });
}

bool same(const std::optional<rules::CoolDown>& a, const std::optional<rules::CoolDown>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->after == b->after && a->pause == b->pause;
}

struct Timing {
  std::optional<int> day;
  std::optional<rules::LocalTime> at;
  std::optional<rules::Span> wait;
  friend bool operator==(const Timing&, const Timing&) = default;
};

Timing timing(const Step& step) {
  if (const auto* on_day = std::get_if<rules::OnDay>(&step.when)) return {on_day->day, on_day->at, std::nullopt};
  return {std::nullopt, std::nullopt, std::get<rules::AfterWait>(step.when).wait};
}

std::string text(const std::optional<rules::Condition>& condition) {
  return condition ? condition->expression.text() : "";
}

void compare(const Step& a, const Step& b, std::vector<std::string>& elements) {
  const auto note = [&](bool differs, std::string_view what) {
    if (differs) elements.push_back("the " + std::string(what) + " of " + a.id.value);
  };
  note(a.channel != b.channel, "channel");
  note(!(timing(a) == timing(b)), "time");
  note(a.expires != b.expires, "expiry");
  note(text(a.skip_if) != text(b.skip_if), "skip_if");
  note(text(a.requirement) != text(b.requirement), "requires");
  note(a.skip_on_cap != b.skip_on_cap, "on_cap");
  note(a.resend_on_unknown != b.resend_on_unknown, "on_unknown");
  note(a.template_name != b.template_name, "template");
}

}  // namespace

std::vector<std::string> differing_elements(const Form& control, const Form& arm) {
  std::vector<std::string> elements;
  if (!same(control.sla, arm.sla)) elements.emplace_back("sla");
  if (!same(control.touches, arm.touches)) elements.emplace_back("touches");
  if (!same(control.contact_hours, arm.contact_hours)) elements.emplace_back("contact_hours");
  if (!same(control.caps, arm.caps)) elements.emplace_back("caps");
  if (!same(control.cool_down, arm.cool_down)) elements.emplace_back("cool_down");
  for (const Step& step : control.steps) {
    if (const Step* other = arm.find_step(step.id)) {
      compare(step, *other, elements);
    } else {
      elements.push_back("the step " + step.id.value);
    }
  }
  for (const Step& step : arm.steps) {
    if (!control.find_step(step.id)) elements.push_back("the step " + step.id.value);
  }
  return elements;
}

const rules::Arm* control_arm(const rules::Experiment& experiment) {
  const auto find = [&](auto fits) {
    const auto found = std::find_if(experiment.arms.begin(), experiment.arms.end(), fits);
    return found == experiment.arms.end() ? nullptr : &*found;
  };
  if (const rules::Arm* named = find([](const rules::Arm& arm) { return arm.id == "control"; })) return named;
  return find([](const rules::Arm& arm) { return !arm.replace && !arm.is_holdout(); });
}

}  // namespace relance::engine
