#include "engine/check/trial.h"

#include <algorithm>
#include <utility>

namespace relance::engine {

using rules::EventType;
using rules::Record;
using rules::RecordType;
using rules::cel::Map;
using rules::cel::Value;

namespace {

const rules::LeadId kLead("lead");

rules::Condition constant(const rules::Condition& of, bool value) {
  return {*rules::cel::Expression::compile(value ? "true" : "false", rules::condition_variables()), of.position};
}

/// The playbook as only leads of this choice would know it.
rules::Playbook forced(rules::Playbook playbook, const TrialRunner::Choice& choice) {
  if (choice.force_variant) {
    for (std::size_t i = 0; i < playbook.variants.size(); ++i) {
      rules::Variant& variant = playbook.variants[i];
      variant.when = constant(variant.when, choice.variant && i == *choice.variant);
    }
  }
  if (playbook.release && playbook.release->when) {
    if (choice.force_release) {
      playbook.release->when = constant(*playbook.release->when, true);
    } else {
      playbook.release.reset();
    }
  }
  if (choice.arm && playbook.experiment) {
    for (std::size_t i = 0; i < playbook.experiment->arms.size(); ++i) {
      playbook.experiment->arms[i].weight = i == *choice.arm ? 1 : 0;
    }
  }
  return playbook;
}

/// A playbook whose leads come by a schedule, with an event in the place of the occurrence: what follows is the same.
rules::Playbook by_event(rules::Playbook playbook) {
  if (!playbook.enroll.schedule) return playbook;
  playbook.enroll.on = {trigger_of(playbook)};
  playbook.enroll.schedule.reset();
  return playbook;
}

/// The promises of a playbook hold for any lead: those of nobody, and nobody knows yet who will be away when.
rules::House of_nobody(rules::House house) {
  house.score.clear();
  house.handoff.reset();
  house.owners.reset();
  return house;
}

}  // namespace

TrialRunner::TrialRunner(const rules::Rulebook& rulebook, const rules::Playbook& playbook, const Choice& choice)
    : rulebook_(of_nobody(rulebook.house()), {by_event(forced(playbook, choice))}), trigger_(trigger_of(playbook)) {
  if (choice.variant) variant_ = playbook.variants[*choice.variant].id;
  form_ = &rulebook_.current().front()->form(choice.variant, choice.arm);
  for (const rules::Step& step : form_->steps) {
    if (step.channel != rules::Channel::call) continue;
    Map data;
    data.emplace_back(Value("outcome"), Value("voicemail"));
    outcomes_[{kLead, step.id}].push_back({rules::Duration{0}, EventType::touch_completed, Value(std::move(data))});
  }
}

Trial TrialRunner::run(const Profile& profile, const LeadArrival& arrival, bool with_timeline) {
  ++count_;
  Trial trial;
  trial.steps.resize(form_->steps.size());
  Simulation simulation(
      rulebook_,
      [&](std::uint64_t, const LedgerContext&, const std::vector<Record>& records) {
        records_ += records.size();
        for (const Record& record : records) {
          note(record, trial);
          if (with_timeline) trial.timeline.push_back({kLead, record});
        }
      },
      outcomes_);
  if (!rulebook_.house().policies.empty()) grant_consent(simulation, arrival.at);
  rules::Event event;
  event.id = "1";
  event.source = "check";
  event.lead = kLead;
  event.time = arrival.at;
  event.type = carries_attributes(trigger_) ? trigger_ : EventType::lead_created;
  Map attributes = profile.lead;
  attributes.emplace_back(Value("timezone"), Value(arrival.zone.name()));
  event.data = Value(std::move(attributes));
  simulation.handle(event);
  if (!carries_attributes(trigger_)) {
    event.id = "2";
    event.type = trigger_;
    Map data = profile.event;
    if (trigger_ == EventType::playbook_enroll) {
      data.emplace_back(Value("playbook"), Value(rulebook_.current().front()->id.value));
    }
    event.data = Value(std::move(data));
    simulation.handle(event);
  }
  simulation.run_until(rules::Instant::never());
  if (form_->sla && trial.enrolled && !trial.first_touched) trial.sla_missed = true;
  return trial;
}

/// A playbook that this very event enrolls into is tried as it is.
void TrialRunner::grant_consent(Simulation& simulation, rules::Instant at) const {
  if (trigger_ == EventType::consent_granted) return;
  rules::Event event;
  event.id = "0";
  event.source = "check";
  event.lead = kLead;
  event.time = at;
  event.type = EventType::consent_granted;
  Map data;
  data.emplace_back(Value("evidence"), Value("assumed"));
  event.data = Value(std::move(data));
  simulation.handle(event);
}

/// A meeting that is asked for is no contact yet: no outcome of it is effective.
bool TrialRunner::is_first_touch(rules::Channel channel) const {
  return form_->sla && form_->sla->channels.contains(channel) && channel != rules::Channel::meeting;
}

void TrialRunner::note(const Record& record, Trial& trial) const {
  const auto fate = [&]() -> StepFate& {
    const auto step = std::find_if(form_->steps.begin(), form_->steps.end(),
                                   [&](const rules::Step& known) { return known.id == *record.step; });
    static thread_local StepFate nobody;
    return step == form_->steps.end() ? nobody : trial.steps[static_cast<std::size_t>(step - form_->steps.begin())];
  };
  switch (record.type) {
    case RecordType::lead_enrolled:
      trial.enrolled = true;
      trial.other_form = record.variant != variant_;
      break;
    case RecordType::lead_variant:
      trial.other_form = true;
      break;
    case RecordType::lead_escalated:
      trial.excepted = trial.excepted || record.rule == "exception";
      break;
    case RecordType::touches_shortfall:
      trial.shortfall = true;
      break;
    case RecordType::lead_exited:
      trial.disqualified = record.reason == "disqualified";
      trial.released = record.reason == "released";
      if (!trial.released) break;
      trial.shortfall = trial.touches < form_->touches.min;
      for (StepFate& step : trial.steps) {
        if (step.kind == StepFate::Kind::open) step.rule = "released";
      }
      break;
    case RecordType::sla_breached:
      trial.sla_missed = true;
      break;
    case RecordType::touch_emitted:
      ++trial.touches;
      trial.first_touched = trial.first_touched || is_first_touch(*record.channel);
      fate().kind = StepFate::Kind::emitted;
      break;
    case RecordType::touch_deferred:
      fate().deferral = record.rule;
      break;
    case RecordType::touch_skipped:
      fate().kind = StepFate::Kind::skipped;
      fate().rule = record.rule;
      break;
    case RecordType::touch_withheld:
      fate().kind = StepFate::Kind::withheld;
      fate().rule = record.rule;
      fate().reason = record.reason;
      break;
    default:
      break;
  }
}

}  // namespace relance::engine
