#include "rules/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "rules/loader_keys.h"
#include "rules/sha256.h"

namespace relance::rules {

namespace {

/// A JSON string in which every character that the YAML reader refuses as unprintable is an escape.
std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    } else if (byte == 0xC2 && next < 0xA0) {
      json += fmt::format("\\u{:04x}", next);  // C1 controls
      ++at;
    } else if (text.substr(at, 3) == "\xEF\xBB\xBF") {
      json += "\\ufeff";
      at += 2;
    } else {
      json += c;
    }
  }
  json += '"';
  return json;
}

/// An object whose keys are added in ascending order.
class JsonObject {
 public:
  JsonObject& raw(std::string_view key, std::string_view json) {
    json_ += json_.size() > 1 ? "," : "";
    json_ += json_text(key) + ":";
    json_ += json;
    return *this;
  }
  JsonObject& text(std::string_view key, std::string_view value) { return raw(key, json_text(value)); }
  JsonObject& span(std::string_view key, const Span& value) {
    if (value.business_days > 0) return text(key, fmt::format("{}bd", value.business_days));
    return number(key, value.time.ms);
  }
  JsonObject& number(std::string_view key, std::int64_t value) { return raw(key, fmt::format("{}", value)); }
  std::string close() const { return json_ + "}"; }

 private:
  std::string json_ = "{";
};

template <class Items, class ToJson>
std::string json_list(const Items& items, ToJson to_json) {
  std::string json = "[";
  for (const auto& item : items) {
    if (json.size() > 1) json += ',';
    json += to_json(item);
  }
  return json + "]";
}

std::string names_of(const std::vector<EventType>& types) {
  return json_list(types, [](EventType type) { return json_text(to_string(type)); });
}

std::string json_of(const Cap& cap) {
  JsonObject object;
  object.text("channel", cap.channel ? to_string(*cap.channel) : std::string_view("any")).number("max", cap.max);
  if (const auto* rolling = std::get_if<Span>(&cap.per)) {
    object.span("per", *rolling);
  } else {
    object.text("per", calendar_period_names()[static_cast<std::size_t>(std::get<Cap::Calendar>(cap.per))]);
  }
  object.text("scope", cap_scope_names()[static_cast<std::size_t>(cap.scope)]);
  return object.close();
}

std::string json_of(const std::vector<LocalDate>& dates) {
  return json_list(dates, [](LocalDate date) { return json_text(to_string(date)); });
}

/// The dates themselves, also those that we ship: a later version may ship others, and a revision stays what it was.
std::string holidays_of(const ContactHours& hours) {
  if (hours.of_countries.empty()) return json_of(hours.holidays);
  JsonObject countries;
  for (const auto& [country, of_country] : hours.of_countries) countries.raw(country, json_of(of_country->holidays));
  return JsonObject().raw("by_country", countries.close()).raw("dates", json_of(hours.holidays)).close();
}

/// The file's own fallback zone stands beside its hours, a replacement's within.
enum class FallbackZone { beside, within };

std::string json_of(const ContactHours& hours, FallbackZone fallback) {
  std::vector<std::string_view> days;
  for (std::size_t day = 0; day < hours.days.size(); ++day) {
    if (hours.days[day]) days.push_back(weekday_names()[day]);
  }
  JsonObject object;
  object.raw("days", json_list(days, json_text));
  if (fallback == FallbackZone::within) object.text("fallback_zone", hours.fallback_zone->name());
  return object.raw("holidays", holidays_of(hours))
      .raw("hours", json_list(hours.windows,
                              [](const OpenWindow& window) {
                                return json_text(to_string(window.from) + "-" + to_string(window.to));
                              }))
      .text("zone", hours.fixed_zone ? std::string_view(hours.fixed_zone->name()) : std::string_view("lead"))
      .close();
}

std::string json_of(const Schedule& schedule) {
  const auto* fixed = std::get_if<LocalDate>(&schedule.start);
  return JsonObject()
      .text("at", to_string(schedule.at))
      .text("rrule", schedule.recurrence.text())
      .text("start", fixed ? to_string(*fixed) : std::string(kAttributePrefix) + std::get<std::string>(schedule.start))
      .close();
}

std::string json_of(const Enroll& enroll) {
  JsonObject object;
  if (enroll.again) {
    JsonObject again;
    again.span("after", enroll.again->after);
    if (enroll.again->max) again.number("max", *enroll.again->max);
    object.raw("again", again.close());
  }
  if (!enroll.on.empty()) object.raw("on", names_of(enroll.on));
  if (enroll.schedule) object.text("on", kScheduleTrigger).raw("schedule", json_of(*enroll.schedule));
  if (enroll.when) object.text("when", enroll.when->expression.text());
  return object.close();
}

std::string json_of(const Exception& exception) {
  return JsonObject()
      .text("do", "escalate")
      .text("to", exception.to)
      .text("when", exception.when.expression.text())
      .close();
}

std::string json_of(const Sla& sla) {
  std::vector<std::string_view> channels;
  for (const Channel channel : kChannels) {
    if (sla.channels.contains(channel)) channels.push_back(to_string(channel));
  }
  JsonObject first_touch;
  first_touch.raw("channels", json_list(channels, json_text));
  first_touch.text("clock", clock_names()[static_cast<std::size_t>(sla.clock)]);
  if (sla.escalate_on_breach) first_touch.text("on_breach", "escalate");
  if (sla.warn_at_ppm) first_touch.number("warn_at", *sla.warn_at_ppm);
  first_touch.span("within", sla.within);
  return JsonObject().raw("first_touch", first_touch.close()).close();
}

std::string json_of(const Step& step) {
  const auto* on_day = std::get_if<OnDay>(&step.when);
  JsonObject object;
  if (on_day && on_day->at) object.text("at", to_string(*on_day->at));
  object.text("channel", to_string(step.channel));
  if (on_day) object.number("day", on_day->day);
  if (step.expires) object.span("expires", *step.expires);
  object.text("id", step.id.value);
  object.text("on_cap", step.skip_on_cap ? "skip" : "defer");
  // The default is not written: revisions from before this key stay what they are.
  if (step.resend_on_unknown) object.text("on_unknown", "resend");
  if (step.requirement) object.text("requires", step.requirement->expression.text());
  if (step.skip_if) object.text("skip_if", step.skip_if->expression.text());
  if (step.template_name) object.text("template", *step.template_name);
  if (!on_day) object.span("wait", std::get<AfterWait>(step.when).wait);
  return object.close();
}

std::string json_of(const Touches& touches) {
  JsonObject object;
  if (touches.max) object.number("max", *touches.max);
  object.number("min", touches.min);
  if (touches.within) object.span("within", *touches.within);
  return object.close();
}

std::string json_of(const CoolDown& cool_down) {
  return JsonObject().number("after", cool_down.after).span("pause", cool_down.pause).close();
}

template <class T>
std::string list_of(const std::vector<T>& items) {
  return json_list(items, [](const T& item) { return json_of(item); });
}

std::string json_of(const StepChange& change) {
  JsonObject object;
  if (change.at) object.text("at", to_string(*change.at));
  if (change.channel) object.text("channel", to_string(*change.channel));
  if (change.day) object.number("day", *change.day);
  if (change.expires) object.span("expires", *change.expires);
  if (change.skip_on_cap) object.text("on_cap", *change.skip_on_cap ? "skip" : "defer");
  if (change.resend_on_unknown) object.text("on_unknown", *change.resend_on_unknown ? "resend" : "park");
  if (change.requirement) object.text("requires", change.requirement->expression.text());
  if (change.skip_if) object.text("skip_if", change.skip_if->expression.text());
  if (change.template_name) object.text("template", *change.template_name);
  if (change.wait) object.span("wait", *change.wait);
  return object.close();
}

std::string changes_of(std::vector<StepChange> changes) {
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  JsonObject object;
  for (const StepChange& change : changes) object.raw(change.id.value, json_of(change));
  return object.close();
}

std::string json_of(const Replacement& replacement) {
  JsonObject object;
  if (replacement.caps) object.raw("caps", list_of(*replacement.caps));
  if (replacement.contact_hours) {
    object.raw("contact_hours", json_of(*replacement.contact_hours, FallbackZone::within));
  }
  if (replacement.cool_down) object.raw("cool_down", json_of(*replacement.cool_down));
  if (replacement.sla) object.raw("sla", json_of(*replacement.sla));
  if (replacement.steps) {
    object.raw("steps", list_of(*replacement.steps));
  } else if (!replacement.step_changes.empty()) {
    object.raw("steps", changes_of(replacement.step_changes));
  }
  if (replacement.touches) object.raw("touches", json_of(*replacement.touches));
  return object.close();
}

std::string json_of(const Variant& variant) {
  return JsonObject()
      .text("id", variant.id)
      .raw("replace", json_of(variant.replace))
      .text("when", variant.when.expression.text())
      .close();
}

std::string json_of(const Experiment& experiment) {
  JsonObject arms;  // in the order of the file, which means something
  std::vector<const Arm*> replaced;
  for (const Arm& arm : experiment.arms) {
    arms.number(arm.id, arm.weight);
    if (arm.replace) replaced.push_back(&arm);
  }
  JsonObject object;
  object.raw("arms", arms.close());
  object.text("id", experiment.id);
  object.number("min_per_arm", experiment.min_per_arm);
  if (!replaced.empty()) {
    JsonObject replace;
    for (const Arm* arm : replaced) replace.raw(arm->id, json_of(*arm->replace));
    object.raw("replace", replace.close());
  }
  JsonObject success;
  success.raw("goal", experiment.success_goal.empty() ? json_text("any") : names_of(experiment.success_goal));
  if (experiment.success_within) success.span("within", *experiment.success_within);
  object.raw("success", success.close());
  object.text("unit", experiment_unit_names()[static_cast<std::size_t>(experiment.unit)]);
  return object.close();
}

std::string json_of(const std::vector<Workflow>& workflows) {
  JsonObject object;
  for (const Workflow& workflow : workflows) {
    object.raw(to_string(workflow.on), JsonObject().text("start", workflow.start.value).close());
  }
  return object.close();
}

std::string json_of(const Guardrail& guardrail) {
  JsonObject object;
  object.number("above", guardrail.above_ppm);
  if (guardrail.action) object.text("do", guardrail_action_names()[static_cast<std::size_t>(*guardrail.action)]);
  if (!guardrail.flag.empty()) object.text("flag", guardrail.flag);
  object.text("metric", guardrail_metric_names()[static_cast<std::size_t>(guardrail.metric)]);
  return object.number("min_touches", guardrail.min_touches).number("over", guardrail.over.ms).close();
}

std::string json_of(const Release& release) {
  JsonObject object;
  object.span("after", release.after);
  if (release.to) object.text("to", release.to->value);
  if (release.when) object.text("when", release.when->expression.text());
  return object.close();
}

template <class Names>
std::string texts_of(const Names& names) {
  return json_list(names, [](const auto& name) { return json_text(name); });
}

std::string json_of(const PolicyMatch& match) {
  std::vector<std::string_view> channels;
  for (const Channel channel : kChannels) {
    if (match.channels.contains(channel)) channels.push_back(to_string(channel));
  }
  JsonObject object;
  object.raw("channel", texts_of(channels)).raw("region", texts_of(match.regions));
  if (match.kind) object.text("subject_kind", subject_kind_names()[static_cast<std::size_t>(*match.kind)]);
  return object.close();
}

std::string json_of(const ConsentRule& consent) {
  return json_list(consent.accepted, [](const ConsentRule::Accepted& way) {
    JsonObject object;
    object.text("basis", to_string(way.basis));
    if (way.max_age) object.number("max_age", way.max_age->ms);
    return object.close();
  });
}

std::string json_of(const PolicyWindow& window) {
  std::vector<std::string> zones;
  zones.reserve(window.unknown_zones.size());
  for (const Zone& zone : window.unknown_zones) zones.push_back(zone.name());
  return JsonObject()
      .raw("hours", json_of(window.hours, FallbackZone::beside))
      .raw("unknown_zones", texts_of(zones))
      .close();
}

std::string json_of(const RegisterCheck& check) {
  return JsonObject().number("max_age", check.max_age.ms).text("name", check.name).close();
}

/// Of packs and rules alike.
template <class Dated>
void add_dates(JsonObject& object, const Dated& dated) {
  if (dated.effective_from) object.text("effective_from", to_string(*dated.effective_from));
  if (dated.effective_to) object.text("effective_to", to_string(*dated.effective_to));
}

std::string json_of(const PolicyRule& rule) {
  JsonObject object;
  if (rule.attempts) {
    object.raw("attempts", JsonObject()
                               .text("count_unanswered", rule.attempts->count_unanswered ? "true" : "false")
                               .number("max", rule.attempts->max)
                               .number("per", rule.attempts->per.ms)
                               .close());
  }
  if (rule.consent) object.raw("consent", json_of(*rule.consent));
  object.raw("content", texts_of(rule.content));
  add_dates(object, rule);
  object.text("id", rule.id).raw("match", json_of(rule.match));
  if (rule.refusal) {
    object.raw("refusal", JsonObject()
                              .number("cool_off", rule.refusal->cool_off.ms)
                              .text("scope", refusal_scope_names()[rule.refusal->every_channel ? 1 : 0])
                              .close());
  }
  object.raw("registers", json_list(rule.registers, [](const RegisterCheck& check) { return json_of(check); }));
  if (rule.window) object.raw("window", json_of(*rule.window));
  return object.close();
}

std::string json_of(const Disqualification& rule) {
  JsonObject object;
  object.text("reason", rule.reason);
  if (rule.to) object.text("to", rule.to->value);
  return object.text("when", rule.when.expression.text()).close();
}

std::string json_of(const Qualification& qualification) {
  JsonObject object;
  if (!qualification.disqualify.empty()) {
    object.raw("disqualify",
               json_list(qualification.disqualify, [](const Disqualification& rule) { return json_of(rule); }));
  }
  if (!qualification.fields.empty()) object.raw("fields", texts_of(qualification.fields));
  return object.close();
}

std::string exit_of(const Playbook& playbook) {
  std::vector<std::string_view> reasons(exit_reason_names().begin(), exit_reason_names().end());
  if (!playbook.exit_on_reply) reasons.erase(reasons.begin());
  for (const EventType type : playbook.exit_types) reasons.push_back(to_string(type));
  return json_list(reasons, json_text);
}

}  // namespace

std::string canonical_form(const Playbook& playbook) {
  JsonObject object;
  object.number("canonical", 1);
  object.raw("caps", list_of(playbook.caps));
  if (playbook.contact_hours) object.raw("contact_hours", json_of(*playbook.contact_hours, FallbackZone::beside));
  if (playbook.cool_down) object.raw("cool_down", json_of(*playbook.cool_down));
  object.raw("enroll", json_of(playbook.enroll));
  object.raw("exceptions", list_of(playbook.exceptions));
  object.raw("exit", exit_of(playbook));
  if (playbook.experiment) object.raw("experiment", json_of(*playbook.experiment));
  // What contact_hours.fallback_zone and the house's zone come to; the two are not told apart.
  object.text("fallback_zone", playbook.fallback_zone.name());
  object.raw("goal", names_of(playbook.goal));
  if (!playbook.guardrails.empty()) {
    object.raw("guardrails", json_list(playbook.guardrails, [](const Guardrail& item) { return json_of(item); }));
  }
  object.text("in_flight", in_flight_names()[static_cast<std::size_t>(playbook.in_flight)]);
  if (!playbook.workflows.empty()) object.raw("on", json_of(playbook.workflows));
  object.text("playbook", playbook.id.value);
  object.number("priority", playbook.priority);
  // What is absent is not written: revisions from before these keys stay what they are.
  const Qualification& qualification = playbook.qualification;
  if (!qualification.fields.empty() || !qualification.disqualify.empty()) {
    object.raw("qualification", json_of(qualification));
  }
  if (playbook.release) object.raw("release", json_of(*playbook.release));
  if (playbook.sla) object.raw("sla", json_of(*playbook.sla));
  object.raw("steps", list_of(playbook.steps));
  object.text("title", playbook.title);
  object.raw("touches", json_of(playbook.touches));
  if (!playbook.variants.empty()) {
    object.raw("variants", json_list(playbook.variants, [](const Variant& variant) { return json_of(variant); }));
  }
  return object.close();
}

std::string canonical_form(const PolicyPack& pack) {
  JsonObject object;
  object.number("canonical", 1);
  add_dates(object, pack);
  if (pack.honour_max) object.span("honour_max", *pack.honour_max);
  object.text("id", pack.id).text("jurisdiction", pack.jurisdiction).number("rev", pack.rev);
  return object.raw("rules", json_list(pack.rules, [](const PolicyRule& rule) { return json_of(rule); })).close();
}

void seal(PolicyPack& pack) {
  constexpr std::size_t kShown = 12;
  pack.canonical = canonical_form(pack);
  pack.name = fmt::format("{}@{}+{}", pack.id, pack.rev, to_hex(sha256(pack.canonical)).substr(0, kShown));
}

void seal(Playbook& playbook) {
  playbook.canonical = canonical_form(playbook);
  playbook.revision = Revision(to_hex(sha256(playbook.canonical)));
}

}  // namespace relance::rules
