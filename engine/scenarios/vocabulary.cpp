#include "engine/scenarios/vocabulary.h"

#include <algorithm>

#include "rules/owners.h"

namespace relance::engine {

using rules::EventType;
using rules::RecordType;

namespace {

/// Rule ids, reasons, outcomes and intakes that no playbook chooses.
constexpr std::string_view kFixedNames[] = {
    // rules of the gate and of asking
    "opt_out", "suppressed", "escalation", "halted", "paused", "cool_down", "spacing", "owner_absent", "contact_hours",
    "skip_if", "requires", "no_contact_point", "expired", "touches_max", "exited",
    // rules of enrollment and escalation
    "condition_error", "already_enrolled", "again", "priority", "merged", "exception", "sla", "workflow", "handoff",
    "disqualified",
    // reasons
    "completed", "complaint", "hard_bounce", "goal", "reply", "manual", "superseded", "withdrawn", "auto_reply",
    "released",
    // outcomes
    "sent", "bounced", "failed", "connected", "voicemail", "no_answer", "busy", "wrong_number", "refused",
    // intakes
    "link", "agent", "import", "register", "erasure",
    // channels
    "all", "email", "call", "social", "sms", "task", "meeting"};

void add_steps(const rules::Form& form, std::set<std::string, std::less<>>& steps) {
  for (const rules::Step& step : form.steps) steps.emplace(step.id.value);
}

}  // namespace

Vocabulary::Vocabulary(const rules::Rulebook& rulebook) {
  for (const std::string_view name : kFixedNames) names_.emplace(name);
  for (const std::string_view type : rules::event_type_names()) names_.emplace(type);  // reasons of exits
  const auto add_caps = [&](const std::vector<rules::Cap>& caps) {
    for (const rules::Cap& cap : caps) names_.insert(rules::rule_id(cap));
  };
  add_caps(rulebook.house().caps);
  if (const auto& owners = rulebook.house().owners) {
    for (const rules::Throttle& throttle : owners->throttles) names_.insert(rules::rule_id(throttle));
  }
  for (const auto& playbook : rulebook.current()) {
    playbooks_.emplace(playbook->id.value);
    add_steps(*playbook, steps_);
    add_caps(playbook->caps);
    for (const rules::Form& form : playbook->replaced_forms) {
      add_steps(form, steps_);
      add_caps(form.caps);
    }
    for (const rules::Variant& variant : playbook->variants) names_.insert(variant.id);
    for (const rules::Disqualification& rule : playbook->qualification.disqualify) {
      names_.insert(rule.reason);
      names_.insert("qualification:" + rule.reason);
    }
    if (!playbook->experiment) continue;
    for (const rules::Arm& arm : playbook->experiment->arms) names_.insert(arm.id);
  }
  names_.insert(playbooks_.begin(), playbooks_.end());
  names_.insert(steps_.begin(), steps_.end());
}

bool Vocabulary::knows_name(std::string_view name) const {
  return names_.find(name) != names_.end() || name.starts_with("policy:");
}

const std::vector<std::string_view>& record_type_names() {
  static const std::vector<std::string_view> kAll = [] {
    std::vector<std::string_view> all;
    for (int number = 0; number <= static_cast<int>(RecordType::experiment_assigned); ++number) {
      all.push_back(to_string(static_cast<RecordType>(number)));
    }
    return all;
  }();
  return kAll;
}

std::optional<RecordType> parse_record_type(std::string_view name) {
  const auto& all = record_type_names();
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end()) return std::nullopt;
  return static_cast<RecordType>(found - all.begin());
}

const std::vector<std::string_view>& record_groups() {
  static const std::vector<std::string_view> kAll = [] {
    std::set<std::string_view> groups;
    for (const std::string_view type : record_type_names()) groups.insert(type.substr(0, type.find('.')));
    return std::vector<std::string_view>(groups.begin(), groups.end());
  }();
  return kAll;
}

std::vector<std::string_view> data_keys(EventType type) {
  switch (type) {
    case EventType::lead_created:
    case EventType::lead_updated:
      return {};
    case EventType::lead_converted:
      return {"value", "cost"};
    case EventType::lead_lost:
      return {"reason"};
    case EventType::lead_merged:
      return {"into"};
    case EventType::touch_completed:
      return {"action", "channel", "outcome", "bounce"};
    case EventType::touch_delivered:
    case EventType::touch_opened:
    case EventType::touch_clicked:
      return {"action", "channel", "url"};
    case EventType::touch_replied:
      return {"action", "channel", "auto", "until"};
    case EventType::meeting_booked:
    case EventType::meeting_held:
    case EventType::meeting_missed:
      return {"meeting", "start", "duration", "owner"};
    case EventType::page_viewed:
    case EventType::form_submitted:
      return {"path", "form"};
    case EventType::optout_received:
      return {"channel", "intake", "received_at", "evidence"};
    case EventType::consent_granted:
    case EventType::consent_withdrawn:
      return {"purpose", "channel", "basis", "evidence", "expires"};
    case EventType::complaint_received:
      return {"channel", "feedback_type"};
    case EventType::flag_set:
    case EventType::flag_cleared:
      return {"flag"};
    case EventType::escalation_resolved:
      return {"channel", "by"};
    case EventType::playbook_enroll:
    case EventType::playbook_exit:
    case EventType::playbook_pause:
    case EventType::playbook_resume:
      return {"playbook", "by", "reason"};
    case EventType::erasure_requested:
      return {"by", "case"};
  }
  return {};
}

}  // namespace relance::engine
