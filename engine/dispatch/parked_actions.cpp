// The outbox's part in deciding about actions whose outcome is unknown: engine/ports/parked_actions.h.

#include "engine/ports/parked_actions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/dispatch/outbox.h"

namespace relance::engine {

using rules::Channel;
using rules::HandOff;
using rules::LeadState;
using rules::Record;

namespace {

constexpr std::array<std::string_view, 3> kDecisionNames{"delivered", "resend", "drop"};

/// What a delivery means for the touch. A rep's call or task has an outcome of its own, which comes as an event.
std::string_view outcome_of_delivery(const OutboxRow& row) {
  if (!row.channel) return {};
  if (*row.channel == Channel::email) return "sent";
  if (*row.channel == Channel::sms) return "completed";
  return {};
}

bool tells_outcome(rules::EventType type) {
  using rules::EventType;
  return type == EventType::touch_completed || type == EventType::touch_delivered || type == EventType::touch_opened ||
         type == EventType::touch_clicked;
}

}  // namespace

std::string_view to_string(ParkedDecision decision) { return kDecisionNames[static_cast<std::size_t>(decision)]; }

std::optional<ParkedDecision> parse_parked_decision(std::string_view name) {
  const auto found = std::find(kDecisionNames.begin(), kDecisionNames.end(), name);
  if (found == kDecisionNames.end()) return std::nullopt;
  return static_cast<ParkedDecision>(found - kDecisionNames.begin());
}

std::vector<OutboxRow> Outbox::parked_rows(std::size_t limit) const {
  std::vector<std::pair<rules::Instant, rules::ActionId>> oldest;
  oldest.reserve(parked_.size());
  for (const auto& [action, created] : parked_) oldest.emplace_back(created, action);
  std::sort(oldest.begin(), oldest.end());
  std::vector<OutboxRow> rows;
  for (const auto& [created, action] : oldest) {
    if (rows.size() == limit) break;
    if (auto row = parts_.store.find_outbox(action)) rows.push_back(*std::move(row));
  }
  return rows;
}

ReleaseAnswer Outbox::release_parked(const ParkedRelease& release, Processor& processor) {
  auto row = parked_.contains(release.action) ? parts_.store.find_outbox(release.action) : std::nullopt;
  LeadState* lead = row ? parts_.store.find_lead(row->lead) : nullptr;
  if (!lead) return {ReleaseAnswer::Kind::not_found, {}};
  const bool resend = release.decision == ParkedDecision::resend;
  if (resend && passes_gate(*row)) {
    const HandOff answer = processor.preview_hand_off(*lead, row->id, row->revision);
    if (answer.answer == HandOff::Answer::cancelled) return {ReleaseAnswer::Kind::refused, answer.rule};
  }
  Record record;
  record.outcome = to_string(release.decision);
  record.reason = release.reason;
  record.actor = release.by;
  record_resolution(*row, *lead, std::move(record), processor, "parked");
  switch (release.decision) {
    case ParkedDecision::delivered:
      complete(*row, outcome_of_delivery(*row), {}, processor);
      break;
    case ParkedDecision::resend:
      if (passes_gate(*row)) {
        rules::take_back(*lead, row->id);
        parts_.store.save_lead(*lead, false);
      }
      row->state = OutboxState::queued;
      row->may_have_happened = false;
      row->not_before = processor.clock();
      row->parked_at = rules::Instant::never();
      row->parked_because.clear();
      parts_.store.put_outbox(*row);
      parked_.erase(row->id);
      make_ready(row->id);
      break;
    case ParkedDecision::drop:
      parts_.store.erase_outbox(row->id);
      forget(row->id);
      take_back_there(*row, "dropped");
      break;
  }
  return {ReleaseAnswer::Kind::done, {}};
}

void Outbox::outcome_told(const rules::Event& event, Processor& processor) {
  if (!tells_outcome(event.type)) return;
  const rules::ActionId action{std::string(event.text("action"))};
  const auto known = known_.find(action);
  if (known == known_.end() || known->second.place == Known::Place::under_way) return;
  // Parked, or on its way to another attempt: an attempt of which nobody knew has arrived after all.
  const auto row = parts_.store.find_outbox(action);
  if (!row || row->lead != event.lead || !row->was_unknown) return;
  LeadState* lead = parts_.store.find_lead(row->lead);
  if (!lead) return;
  rules::mark_handed_off(*lead, action);
  parts_.store.save_lead(*lead, false);
  Record record;
  record.outcome = "known";
  record.reason = rules::to_string(event.type);
  record_resolution(*row, *lead, std::move(record), processor, event.id);
  parts_.store.erase_outbox(action);
  forget(action);
}

void Outbox::record_resolution(const OutboxRow& row, const LeadState& lead, Record record, Processor& processor,
                               std::string_view cause) {
  record.type = rules::RecordType::attempt_resolved;
  record.at = processor.clock();
  record.playbook = row.playbook;
  record.revision = row.revision;
  if (!row.step.empty()) record.step = row.step;
  record.channel = row.channel;
  record.action = row.id;
  record.attempt = row.attempts;
  record.connector = route(row).pool->name();
  processor.append(lead, record, cause);
}

}  // namespace relance::engine
