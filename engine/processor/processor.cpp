#include "engine/processor/processor.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace relance::engine {

using rules::Instant;
using rules::LeadId;
using rules::LeadState;

Processor::Handled Processor::handle(const rules::Event& event) {
  if (is_duplicate(event)) return Handled::duplicate;  // it changes nothing, not even the clock
  advance(event.time);
  return handle_now(event);
}

bool Processor::is_duplicate(const rules::Event& event) { return store_.seen(event.source, event.id, clock_); }

Processor::Handled Processor::handle_now(const rules::Event& event) {
  if (!store_.first_sight(event.source, event.id, clock_)) return Handled::duplicate;
  decide_event(event);
  return Handled::yes;
}

void Processor::handle_own(const rules::Event& event) {
  advance(event.time);
  decide_event(event);
}

void Processor::decide_event(const rules::Event& event) {
  LeadState& lead = lead_of(event.lead);
  decision_.clear();
  rules::decide(lead, event, context(), decision_);
  settle(lead, event.id);
}

std::optional<Instant> Processor::next_due() {
  const auto wake = store_.next_wake();
  if (!wake) return std::nullopt;
  return wake->at;
}

bool Processor::do_next_due(Instant until, Instant no_earlier_than) {
  const auto wake = store_.next_wake();
  if (!wake || wake->at > until) return false;
  clock_ = std::max({clock_, wake->at, no_earlier_than});
  LeadState* lead = store_.find_lead(wake->lead);
  if (!lead) throw std::logic_error("a wake without its lead: the store is damaged");
  decision_.clear();
  rules::decide_due(*lead, context(), decision_);
  settle(*lead, "timer");
  return true;
}

rules::InFlightChanges Processor::follow_published(LeadState& lead) {
  decision_.clear();
  const rules::InFlightChanges changes = rules::decide_published(lead, context(), decision_);
  settle(lead, "publish");
  return changes;
}

void Processor::resume_held(LeadState& lead) {
  decision_.clear();
  rules::decide_resumed(lead, context(), decision_);
  settle(lead, "operator");
}

rules::HandOff Processor::hand_off(const LeadId& id, const rules::ActionId& action, const rules::Revision& revision) {
  LeadState* lead = store_.find_lead(id);
  if (!lead) return {rules::HandOff::Answer::cancelled, Instant::never(), "unknown_action"};
  decision_.clear();
  rules::HandOff answer = rules::decide_hand_off(*lead, action, revision, context(), decision_);
  settle(*lead, "dispatch");
  return answer;
}

void Processor::append(const LeadState& lead, const rules::Record& record, std::string_view cause) {
  store_.append({&lead, std::string(cause)}, {record});
}

void Processor::settle(LeadState& lead, std::string_view cause) {
  store_.save_lead(lead, decision_.attributes_changed);
  if (!decision_.records.empty()) store_.append({&lead, std::string(cause)}, decision_.records);
  if (decision_.effects.empty()) return;

  // Effects on other leads decide again and reuse decision_, so this lead's are taken out first.
  const std::vector<rules::Effect> effects = std::move(decision_.effects);
  decision_.effects = {};
  const LeadId id = lead.id;
  for (const rules::Effect& effect : effects) {
    if (const auto* touch = std::get_if<rules::EmitTouch>(&effect)) {
      effects_.emitted(lead, *touch);
    } else if (const auto* escalate = std::get_if<rules::Escalate>(&effect)) {
      effects_.escalated(lead, *escalate);
    } else if (const auto* cancel = std::get_if<rules::CancelTouch>(&effect)) {
      effects_.cancelled(lead, *cancel);
    } else if (const auto* carriers = std::get_if<rules::EndCarriers>(&effect)) {
      end_carriers(id, carriers->addresses, cause);
    } else if (const auto* merged = std::get_if<rules::MergeInto>(&effect)) {
      merge(id, *merged, cause);
    }
  }
}

void Processor::end_carriers(const LeadId& by, const std::vector<rules::Address>& addresses, std::string_view cause) {
  std::set<LeadId> others;
  for (const rules::Address& address : addresses) {
    for (LeadId& carrier : store_.carriers(address)) {
      if (carrier != by) others.insert(std::move(carrier));
    }
  }
  for (const LeadId& id : others) {
    LeadState* lead = store_.find_lead(id);
    if (!lead) continue;
    decision_.clear();
    rules::decide_carrier(*lead, context(), decision_);
    settle(*lead, cause);
  }
}

/// Walks what the lead was merged into, and what that was merged into in turn; merges may form a circle.
void Processor::merge(const LeadId& from, const rules::MergeInto& effect, std::string_view cause) {
  std::set<LeadId> seen{from};
  std::vector<std::pair<LeadId, LeadId>> open{{from, effect.into}};
  while (!open.empty()) {
    const auto [source, into] = std::move(open.back());
    open.pop_back();
    if (into.empty() || !seen.insert(into).second) continue;
    LeadState& target = lead_of(into);
    decision_.clear();
    rules::decide_merge(target, *store_.find_lead(source), effect.news, context(), decision_);
    for (const LeadId& next : target.merged_into) open.emplace_back(into, next);
    for (const LeadId& next : target.merged_from) open.emplace_back(into, next);
    settle(target, cause);
  }
  // What the others have objected to covers the addresses of the merged one as well.
  if (!effect.news.exit_reason.empty() || seen.size() < 2) return;
  LeadState& merged = lead_of(from);
  decision_.clear();
  rules::decide_merge(merged, *store_.find_lead(effect.into), {}, context(), decision_);
  settle(merged, cause);
}

LeadState& Processor::lead_of(const LeadId& id) {
  if (LeadState* known = store_.find_lead(id)) return *known;
  return store_.create_lead(id);
}

}  // namespace relance::engine
