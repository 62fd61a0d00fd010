// The explanation of a lead as JSON: the answer of the API, and what the text is made of.

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>
#include <utility>

#include "engine/explain/lead_explanation.h"
#include "engine/explain/obstacle_text.h"
#include "engine/ledger/ledger_line.h"
#include "engine/ledger/record_json.h"

namespace relance::engine {

using nlohmann::ordered_json;
using rules::Instant;
using rules::Obstacle;

namespace {

std::string_view name_of(Obstacle::Effect effect) {
  switch (effect) {
    case Obstacle::Effect::waits:
      return "waits";
    case Obstacle::Effect::held:
      return "held";
    case Obstacle::Effect::withheld:
      return "withheld";
    case Obstacle::Effect::skipped:
      return "skipped";
    case Obstacle::Effect::ended:
      return "ended";
  }
  return "waits";
}

std::optional<Instant> instant_of(const ordered_json& record, const char* key) {
  return rules::parse_rfc3339(text_of(record, key));
}

class WhyWriter {
 public:
  WhyWriter(const LeadExplanation& made, PlaybookPlaces* places) : made_(made), why_(made.why), places_(places) {
    for (const std::string& line : made.timeline) {
      records_.push_back(ordered_json::parse(with_lead(line, made.lead), nullptr, false));
    }
  }

  ordered_json write() {
    ordered_json json;
    json["lead"] = made_.lead;
    json["subject"] = made_.subject;
    if (!made_.account.empty()) json["account"] = made_.account;
    json["now"] = to_string(why_.now);
    json["zone"] = why_.zone.name();
    json["local_now"] = moment(why_.now, why_.zone);
    json["state"] = state();
    json["touch_now"] = why_.obstacles.empty() && why_.step.has_value();
    if (why_.enrollment) json["enrollment"] = enrollment(*why_.enrollment);
    if (why_.interrupted) json["interrupted"] = why_.interrupted->value;
    if (why_.step) json["step"] = step(*why_.step);
    json["obstacles"] = obstacles();
    json["waiting"] = waiting();
    if (!why_.schedules.empty()) json["schedules"] = schedules();
    json["next"] = next();
    json["happened"] = happened();
    return json;
  }

 private:
  std::string local(Instant at) const { return moment(at, why_.zone); }

  std::string state() const {
    if (!why_.enrollment) return "The lead is in no playbook: nothing is going to be sent.";
    std::string text = "In playbook " + std::string(why_.enrollment->playbook.value) + " since " +
                       local(why_.enrollment->enrolled_at) + ", " + std::to_string(why_.enrollment->touches) +
                       (why_.enrollment->touches == 1 ? " touch" : " touches") + " so far";
    if (why_.interrupted) text += ", which interrupts " + std::string(why_.interrupted->value);
    if (why_.enrollment->release_at) text += "; it is released at " + local(*why_.enrollment->release_at);
    for (std::size_t i = 0; i < why_.enrollment->unknown.size(); ++i) {
      text += (i == 0 ? "; not known yet: " : ", ") + why_.enrollment->unknown[i];
    }
    if (!why_.step) return text + "; no step is open.";
    text += "; the next step is " + why_.step->id + " (" + std::string(to_string(why_.step->channel)) + ")";
    if (why_.obstacles.empty()) return text + ", and it goes out now.";
    return text + ", and " + std::to_string(why_.obstacles.size()) +
           (why_.obstacles.size() == 1 ? " thing stands" : " things stand") + " in its way.";
  }

  void place(ordered_json& json, const PlaybookPlaces::Form& form, const rules::RulePlace& place) {
    if (places_ == nullptr) return;
    if (const auto found = places_->find(form, place)) json["place"] = *found;
  }

  PlaybookPlaces::Form current_form() const {
    if (!why_.enrollment) return {};
    return {why_.enrollment->revision, why_.enrollment->variant_index, why_.enrollment->arm_index};
  }

  ordered_json enrollment(const rules::WhyEnrollment& told) {
    ordered_json json{{"playbook", told.playbook.value}, {"revision", told.revision.value}};
    place(json, current_form(), {rules::RulePlace::File::playbook, {"playbook"}});
    if (!told.variant.empty()) json["variant"] = told.variant;
    if (!told.arm.empty()) json["arm"] = told.arm;
    json["enrolled_at"] = to_string(told.enrolled_at);
    json["anchor"] = to_string(told.anchor);
    if (told.window_end) json["window_end"] = to_string(*told.window_end);
    json["touches"] = told.touches;
    json["min"] = told.min;
    if (told.max) json["max"] = *told.max;
    if (told.sla_deadline) json["first_touch_due"] = to_string(*told.sla_deadline);
    if (told.release_at) json["release_at"] = to_string(*told.release_at);
    if (!told.unknown.empty()) json["unknown"] = told.unknown;
    return json;
  }

  ordered_json step(const rules::WhyStep& told) {
    ordered_json json{{"step", told.id}, {"channel", to_string(told.channel)}, {"due", to_string(told.due)}};
    if (told.asked_at != Instant::never()) json["asked_at"] = to_string(told.asked_at);
    json["was_asked"] = told.was_asked;
    place(json, current_form(), told.place);
    return json;
  }

  /// The newest record that `matches`.
  template <class Matches>
  const ordered_json* newest(Matches matches) const {
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
      if (record->is_object() && matches(*record)) return &*record;
    }
    return nullptr;
  }

  ObstacleHistory history_of(const Obstacle& obstacle) const {
    ObstacleHistory history;
    const ordered_json* record = nullptr;
    const auto* opt_out = std::get_if<rules::OptOutFacts>(&obstacle.facts);
    if (opt_out != nullptr && opt_out->withdrawn) {
      record = newest([](const ordered_json& line) { return text_of(line, "type") == "consent.withdrawn"; });
    } else if (obstacle.rule == "opt_out") {
      const std::string channel(why_.step ? to_string(why_.step->channel) : "all");
      record = newest([&](const ordered_json& line) {
        const std::string scope = text_of(line, "channel");
        return text_of(line, "type") == "opt_out.effective" && (scope == "all" || channel == "all" || scope == channel);
      });
    } else if (obstacle.rule == "cool_down") {
      record = newest([](const ordered_json& line) { return text_of(line, "type") == "cool_down.started"; });
    } else if (obstacle.rule == "asked_later" && why_.step) {
      record = newest([&](const ordered_json& line) {
        return text_of(line, "type") == "touch.deferred" && text_of(line, "step") == why_.step->id;
      });
      if (record != nullptr) history.rule = text_of(*record, "rule");
    }
    if (record == nullptr) return history;
    history.since = instant_of(*record, "at");
    history.intake = text_of(*record, "intake");
    if (obstacle.rule == "opt_out") history.event = text_of(*record, "cause");
    return history;
  }

  ordered_json obstacles() {
    auto list = ordered_json::array();
    for (const Obstacle& obstacle : why_.obstacles) {
      const ObstacleHistory history = history_of(obstacle);
      ordered_json json{{"rule", obstacle.rule}, {"effect", name_of(obstacle.effect)}};
      if (obstacle.until) json["until"] = to_string(*obstacle.until);
      if (history.since) json["since"] = to_string(*history.since);
      if (!history.intake.empty()) json["intake"] = history.intake;
      if (!history.event.empty()) json["event"] = history.event;
      if (!history.rule.empty()) json["deferred_by"] = history.rule;
      json["why"] = reason_text(obstacle, history, why_.zone);
      json["change"] = remedy_text(obstacle, why_.zone);
      rules::RulePlace written = obstacle.place;
      if (!history.rule.empty() && why_.enrollment) {
        // What matters of an asking that was put off is the rule that did it.
        if (auto place = place_of_past(history.rule, why_.step->id, current_form());
            place.file != rules::RulePlace::File::none) {
          written = std::move(place);
        }
      }
      place(json, current_form(), written);
      if (const auto* cap = std::get_if<rules::CapFacts>(&obstacle.facts)) json["counted"] = counted(*cap);
      list.push_back(std::move(json));
    }
    return list;
  }

  static ordered_json counted(const rules::CapFacts& facts) {
    auto list = ordered_json::array();
    for (const rules::CountedTouch& touch : facts.counted) {
      ordered_json json{{"at", to_string(touch.at)}};
      if (touch.channel) {
        json["channel"] = to_string(*touch.channel);
        json["playbook"] = touch.playbook;
        json["step"] = touch.step;
      }
      list.push_back(std::move(json));
    }
    return list;
  }

  ordered_json waiting() const {
    auto list = ordered_json::array();
    for (const rules::WaitingTouch& touch : why_.waiting) {
      ordered_json json{{"playbook", touch.playbook},
                        {"step", touch.step},
                        {"channel", to_string(touch.channel)},
                        {"emitted_at", to_string(touch.emitted_at)},
                        {"not_after", to_string(touch.not_after)}};
      if (!touch.rule.empty()) json["rule"] = touch.rule;
      if (touch.until) json["until"] = to_string(*touch.until);
      json["effect"] = touch.cancelled ? "cancelled" : touch.rule.empty() ? "goes" : "waits";
      list.push_back(std::move(json));
    }
    return list;
  }

  ordered_json schedules() const {
    auto list = ordered_json::array();
    for (const rules::WhySchedule& schedule : why_.schedules) {
      list.push_back(
          {{"playbook", schedule.playbook.value}, {"next", to_string(schedule.next)}, {"local", local(schedule.next)}});
    }
    return list;
  }

  ordered_json next() {
    auto list = ordered_json::array();
    for (const rules::Record& record : why_.next) {
      std::string line;
      append_ledger_line(line, record, {});
      auto json = ordered_json::parse(line, nullptr, false);
      json.erase("seq");
      json["local"] = local(record.at);
      list.push_back(std::move(json));
    }
    return list;
  }

  rules::RulePlace place_of_past(const std::string& rule, const std::string& step,
                                 const PlaybookPlaces::Form& form) const {
    for (const auto& playbook : made_.rulebook->current()) {
      if (playbook->revision != form.revision) continue;
      return rules::place_of(rule, step, playbook->form(form.variant, form.arm), made_.rulebook->house());
    }
    return {};
  }

  /// By what the enrollment was run when the record was written: its variant and its arm as recorded so far.
  PlaybookPlaces::Form form_then(const ordered_json& record) {
    const rules::Revision revision(text_of(record, "revision"));
    PlaybookPlaces::Form& form = forms_[text_of(record, "enrollment")];
    form.revision = revision;
    const rules::Playbook* playbook = made_.rulebook->find(rules::PlaybookId(text_of(record, "playbook")), revision);
    if (playbook == nullptr) return form;
    if (const std::string variant = text_of(record, "variant"); !variant.empty()) {
      form.variant.reset();
      for (std::size_t i = 0; i < playbook->variants.size(); ++i) {
        if (playbook->variants[i].id == variant) form.variant = static_cast<std::uint32_t>(i);
      }
    }
    if (const std::string arm = text_of(record, "arm"); !arm.empty() && playbook->experiment) {
      form.arm.reset();
      for (std::size_t i = 0; i < playbook->experiment->arms.size(); ++i) {
        if (playbook->experiment->arms[i].id == arm) form.arm = static_cast<std::uint32_t>(i);
      }
    }
    return form;
  }

  ordered_json happened() {
    auto list = ordered_json::array();
    for (std::size_t i = 0; i < records_.size(); ++i) {
      ordered_json& record = records_[i];
      if (!record.is_object()) continue;
      if (const auto at = instant_of(record, "at")) record["local"] = local(*at);
      if (const auto until = instant_of(record, "until")) record["until_local"] = local(*until);
      if (record.contains("revision")) explain_record(record, i);
      list.push_back(std::move(record));
    }
    return list;
  }

  void explain_record(ordered_json& record, std::size_t index) {
    const PlaybookPlaces::Form form = form_then(record);
    const std::string rule = text_of(record, "rule");
    const std::string type = text_of(record, "type");
    const auto count = made_.counts.find(index);
    if (count != made_.counts.end()) {
      record["facts"] = cap_text(count->second.facts, why_.zone);
      record["counted"] = counted(count->second.facts);
      return place(record, form, count->second.place);
    }
    if (!rule.empty()) return place(record, form, place_of_past(rule, text_of(record, "step"), form));
    if (type == "touch.emitted") {
      return place(record, form, {rules::RulePlace::File::playbook, {"steps", text_of(record, "step")}});
    }
    if (type.starts_with("sla.")) place(record, form, {rules::RulePlace::File::playbook, {"sla"}});
    if (type == "cool_down.started") place(record, form, {rules::RulePlace::File::playbook, {"cool_down"}});
    if (type == "touches.shortfall") place(record, form, {rules::RulePlace::File::playbook, {"touches"}});
    if (type == "lead.exited" && text_of(record, "reason") == "released") {
      place(record, form, {rules::RulePlace::File::playbook, {"release"}});
    }
    if (type == "lead.enrolled") place(record, form, {rules::RulePlace::File::playbook, {"enroll"}});
  }

  const LeadExplanation& made_;
  const rules::Why& why_;
  PlaybookPlaces* const places_;
  std::vector<ordered_json> records_;
  std::map<std::string, PlaybookPlaces::Form> forms_;  // by enrollment id, as recorded so far
};

}  // namespace

std::string why_json(const LeadExplanation& explanation, PlaybookPlaces* places) {
  return WhyWriter(explanation, places).write().dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace relance::engine
