#include "engine/dispatch/outbox.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "rules/sha256.h"

namespace relance::engine {

using rules::ActionId;
using rules::Channel;
using rules::Duration;
using rules::Instant;
using rules::LeadId;
using rules::LeadState;
using rules::RecordType;
using rules::cel::Map;
using rules::cel::Value;

namespace {

ActionKind kind_of(Channel channel) {
  switch (channel) {
    case Channel::email:
      return ActionKind::email;
    case Channel::call:
      return ActionKind::call;
    case Channel::social:
      return ActionKind::social;
    case Channel::sms:
      return ActionKind::sms;
    case Channel::task:
    case Channel::meeting:
      return ActionKind::task;
  }
  return ActionKind::task;
}

std::string_view name_of(AttemptResult::Kind kind) {
  switch (kind) {
    case AttemptResult::Kind::accepted:
      return "accepted";
    case AttemptResult::Kind::rejected:
      return "rejected";
    case AttemptResult::Kind::retry:
      return "retry";
    case AttemptResult::Kind::outcome_unknown:
      return "outcome_unknown";
  }
  return "outcome_unknown";
}

}  // namespace

bool passes_gate(const OutboxRow& row) { return row.channel.has_value() && row.kind != ActionKind::cancel; }

Outbox::Outbox(Parts parts) : parts_(std::move(parts)) {
  for (const auto& [kind, route] : parts_.routes) queues_[route.pool].per_second = route.per_second;
}

const Route& Outbox::route(const OutboxRow& row) const {
  // Taking back goes where the action went.
  return parts_.routes.at(row.kind == ActionKind::cancel && row.channel ? kind_of(*row.channel) : row.kind);
}

Outbox::Known& Outbox::add(const OutboxRow& row) {
  Known& known = known_[row.id];
  known.lead = row.lead;
  known.pool = route(row).pool;
  return known;
}

/// The one place where an action moves: counts, queues and busy leads follow.
void Outbox::place(const ActionId& action, Known& known, Known::Place next) {
  Queue& queue = queues_[known.pool];
  const auto busy = [](Known::Place place) { return place == Known::Place::ready || place == Known::Place::under_way; };
  switch (known.place) {
    case Known::Place::ready:
      --ready_count_;
      break;  // its entry in the queue goes stale
    case Known::Place::under_way:
      --under_way_;
      --queue.under_way;
      break;
    case Known::Place::waiting:
      waiting_.erase({known.until, action});
      if (known.held) {
        auto& held = held_[known.lead];
        held.erase(action);
        if (held.empty()) held_.erase(known.lead);
      }
      break;
    case Known::Place::none:
      break;
  }
  if (busy(known.place) && !busy(next) && --leads_busy_[known.lead] == 0) leads_busy_.erase(known.lead);
  if (!busy(known.place) && busy(next)) ++leads_busy_[known.lead];
  known.place = next;
  if (next == Known::Place::ready) {
    ++ready_count_;
    queue.ready.push_back(action);
  } else if (next == Known::Place::under_way) {
    ++under_way_;
    ++queue.under_way;
  }
}

void Outbox::make_ready(const ActionId& action) { place(action, known_.at(action), Known::Place::ready); }

void Outbox::make_wait(const ActionId& action, Instant until, bool held) {
  Known& known = known_.at(action);
  place(action, known, Known::Place::waiting);
  known.until = until;
  known.held = held;
  waiting_.emplace(until, action);
  if (held) held_[known.lead].insert(action);
}

void Outbox::forget(const ActionId& action) {
  const auto found = known_.find(action);
  if (found == known_.end()) return;
  place(action, found->second, Known::Place::none);
  known_.erase(found);
  parked_.erase(action);
}

void Outbox::recover(Processor& processor) {
  recovering_ = true;
  for (const OutboxRow& row : parts_.store.outbox_rows()) {
    Known& known = add(row);
    switch (row.state) {
      case OutboxState::parked:
        parked_.emplace(row.id, row.created);
        break;
      case OutboxState::queued:
        make_wait(row.id, row.not_before, true);  // which wait it was is not stored: ask after events, too
        break;
      case OutboxState::started: {
        place(row.id, known, Known::Place::under_way);
        AttemptResult unknown;
        unknown.kind = AttemptResult::Kind::outcome_unknown;
        unknown.reason = "process_ended";
        finished({row.id, row.attempts, unknown}, processor);
        break;
      }
    }
  }
  recovering_ = false;
}

void Outbox::emitted(LeadState& lead, const rules::EmitTouch& effect) {
  OutboxRow row;
  row.id = effect.touch.action;
  row.kind = kind_of(effect.touch.channel);
  row.lead = lead.id;
  row.playbook = effect.touch.playbook;
  row.revision = effect.revision;
  row.step = effect.touch.step;
  row.channel = effect.touch.channel;
  row.template_name = effect.template_name.value_or("");
  row.resend_on_unknown = effect.resend_on_unknown;
  row.created = effect.touch.at;
  row.due = effect.touch.due;
  row.not_after = effect.touch.not_after;
  parts_.store.put_outbox(row);
  add(row);
  make_ready(row.id);
}

void Outbox::escalated(const LeadState& lead, const rules::Escalate& effect) {
  OutboxRow row;
  row.id = effect.action;
  // A hand-off is work for the owner; it is no touch, so no gate keeps it back.
  row.kind = effect.rule == "handoff" ? ActionKind::task : ActionKind::escalate;
  row.lead = lead.id;
  row.playbook = effect.playbook;
  row.revision = effect.revision;
  row.reason = effect.reason;
  row.to = effect.to;
  row.created = effect.at;
  row.due = effect.at;
  parts_.store.put_outbox(row);
  add(row);
  make_ready(row.id);
}

void Outbox::cancelled(const LeadState&, const rules::CancelTouch& effect) {
  ++statistics_.cancelled;
  const auto row = parts_.store.find_outbox(effect.action);
  if (!row) return;
  forget(effect.action);
  parts_.store.erase_outbox(effect.action);
  take_back_there(*row, effect.rule);
}

/// Tells the other side, where it sees actions before they are carried out, not to carry this one out.
void Outbox::take_back_there(const OutboxRow& row, std::string_view why) {
  if (!route(row).wants_cancels) return;
  OutboxRow cancel;
  const auto digest = rules::sha256("relance cancel " + row.id.value);
  cancel.id = ActionId(rules::to_hex({digest.data(), 16}));
  cancel.kind = ActionKind::cancel;
  cancel.lead = row.lead;
  cancel.playbook = row.playbook;
  cancel.revision = row.revision;
  cancel.step = row.step;
  cancel.channel = row.channel;
  cancel.reason = why;
  cancel.to = row.id.value;
  cancel.created = row.created;
  cancel.due = row.due;
  parts_.store.put_outbox(cancel);
  add(cancel);
  make_ready(cancel.id);
}

std::size_t Outbox::start_ready(Processor& processor) {
  const auto now = Real::now();
  std::size_t asked = 0;
  for (auto& [pool, queue] : queues_) {
    while (queue.startable(*pool, now)) {
      const ActionId action = std::move(queue.ready.front());
      queue.ready.pop_front();
      const auto known = known_.find(action);
      if (known == known_.end() || known->second.place != Known::Place::ready) continue;  // cancelled meanwhile
      start(action, processor);
      ++asked;
    }
  }
  return asked;
}

void Outbox::start(const ActionId& action, Processor& processor) {
  auto row = parts_.store.find_outbox(action);
  Known& known = known_.at(action);
  LeadState* lead = row ? parts_.store.find_lead(row->lead) : nullptr;
  if (!lead) {  // erased since: it fails closed
    parts_.store.erase_outbox(action);
    forget(action);
    return;
  }
  if (passes_gate(*row)) {
    const rules::HandOff answer = processor.hand_off(row->lead, action, row->revision);
    if (answer.answer == rules::HandOff::Answer::cancelled) {
      if (known_.contains(action)) {  // the state does not know it: nothing was recorded, nothing goes out
        parts_.store.erase_outbox(action);
        forget(action);
      }
      return;
    }
    if (answer.answer == rules::HandOff::Answer::wait) {
      row->not_before = answer.until;
      parts_.store.put_outbox(*row);
      make_wait(action, answer.until, true);
      return;
    }
  }

  // Identical on every retry, unless the lead has another contact point by now: the gate asked about that one.
  const auto earlier = action_from_cloud_event(row->payload);
  const bool same = earlier && earlier->contact_point == contact_point(*row, *lead);
  if (row->may_have_happened && !same) {
    park(*std::move(row), "other_contact_point",
         processor.clock());  // the earlier one may have it: to another it would be a second message
    return;
  }
  place(action, known, Known::Place::under_way);
  ++row->attempts;
  auto built = same ? earlier : parts_.builder.build(*row, *lead);
  if (!built) {
    spdlog::error("event=action_not_built action={} playbook={} step={} reason=\"{}\"", action.value,
                  row->playbook.value, row->step.value, built.error());
    AttemptResult rejected;
    rejected.kind = AttemptResult::Kind::rejected;
    rejected.reason = "not_built";
    record_attempt(RecordType::attempt_started, *row, *lead, nullptr, processor);
    row->state = OutboxState::started;
    parts_.store.put_outbox(*row);
    finished({action, row->attempts, rejected}, processor);
    return;
  }
  row->state = OutboxState::started;
  row->payload = to_cloud_event(*built);
  parts_.store.put_outbox(*row);
  record_attempt(RecordType::attempt_started, *row, *lead, nullptr, processor);
  started_.emplace_back(known.pool, Delivery{std::move(*built), row->attempts});
  Queue& queue = queues_[known.pool];
  if (queue.per_second > 0) {
    const auto pause =
        std::chrono::duration_cast<Real::duration>(std::chrono::duration<double>(1.0 / queue.per_second));
    queue.next_start = std::max(queue.next_start, Real::now() - pause) + pause;
  }
  ++statistics_.started;
}

void Outbox::deliver_started() {
  for (auto& [pool, delivery] : started_) pool->start(std::move(delivery));
  started_.clear();
}

void Outbox::finished(const DeliveryResult& done, Processor& processor) {
  auto row = parts_.store.find_outbox(done.action);
  LeadState* lead = row ? parts_.store.find_lead(row->lead) : nullptr;
  if (!lead || row->state != OutboxState::started || row->attempts != done.attempt) return;
  const AttemptResult& result = done.result;
  record_attempt(RecordType::attempt_finished, *row, *lead, &result, processor);
  switch (result.kind) {
    case AttemptResult::Kind::accepted:
      ++statistics_.accepted;
      complete(*row, result.outcome, result, processor);
      break;
    case AttemptResult::Kind::rejected:
      ++statistics_.rejected;
      complete(*row, result.hard_bounce || result.soft_bounce ? "bounced" : "failed", result, processor);
      break;
    case AttemptResult::Kind::retry:
      ++statistics_.retried;
      try_again(std::move(*row), *lead, result, processor);
      break;
    case AttemptResult::Kind::outcome_unknown:
      ++statistics_.unknown;
      row->may_have_happened = true;
      row->was_unknown = true;
      if (may_repeat(*row)) {
        try_again(std::move(*row), *lead, result, processor);
      } else {
        park(std::move(*row), result.reason, processor.clock());
      }
      break;
  }
}

/// After an unknown outcome: the other side knows the action again; or it does not concern the person, and telling a
/// colleague twice, or taking back twice, is better than not at all; or the step opts in, to one more attempt.
bool Outbox::may_repeat(OutboxRow& row) const {
  return route(row).pool->idempotent() || !passes_gate(row) || std::exchange(row.resend_on_unknown, false);
}

void Outbox::try_again(OutboxRow row, LeadState& lead, const AttemptResult& result, Processor& processor) {
  // After a restart at once: it was this process that failed, not the other side.
  const Instant next = processor.clock() + (recovering_ ? Duration{0} : backoff(row, result));
  if (row.attempts >= parts_.dispatch.max_attempts || next > row.not_after) {
    give_up(std::move(row), result, processor);
    return;
  }
  if (passes_gate(row)) {
    rules::take_back(lead, row.id);
    parts_.store.save_lead(lead, false);
  }
  row.state = OutboxState::queued;
  row.not_before = next;
  parts_.store.put_outbox(row);
  make_wait(row.id, next, false);
}

void Outbox::give_up(OutboxRow row, const AttemptResult& result, Processor& processor) {
  spdlog::warn("event=action_given_up action={} attempts={} reason=\"{}\"", row.id.value, row.attempts, result.reason);
  // What may have happened is for a person to find out; what did not happen has failed.
  if (row.may_have_happened || !passes_gate(row)) {
    park(std::move(row), result.reason, processor.clock());
  } else {
    complete(row, "failed", result, processor);
  }
}

void Outbox::park(OutboxRow row, std::string_view because, Instant now) {
  spdlog::warn("event=action_parked action={} playbook={} step={} attempts={}", row.id.value, row.playbook.value,
               row.step.value, row.attempts);
  row.state = OutboxState::parked;
  row.parked_at = now;
  row.parked_because = because;
  parts_.store.put_outbox(row);
  place(row.id, known_.at(row.id), Known::Place::none);
  parked_.emplace(row.id, row.created);
}

void Outbox::complete(const OutboxRow& row, std::string_view outcome, const AttemptResult& result,
                      Processor& processor) {
  parts_.store.erase_outbox(row.id);
  forget(row.id);
  if (!passes_gate(row) || outcome.empty()) return;
  Map data;
  data.emplace_back(Value("action"), Value(row.id.value));
  data.emplace_back(Value("channel"), Value(rules::to_string(*row.channel)));
  data.emplace_back(Value("outcome"), Value(outcome));
  if (result.hard_bounce || result.soft_bounce) {
    data.emplace_back(Value("bounce"), Value(result.hard_bounce ? "hard" : "soft"));
  }
  rules::Event event;
  event.id = row.id.value + "/" + std::to_string(row.attempts);
  event.source = "relance/dispatch";
  event.type = rules::EventType::touch_completed;
  event.lead = row.lead;
  event.time = processor.clock();
  event.data = Value(std::move(data));
  processor.handle_own(event);
  lead_changed(row.lead);
}

void Outbox::record_attempt(RecordType type, const OutboxRow& row, const LeadState& lead, const AttemptResult* result,
                            Processor& processor) {
  rules::Record record;
  record.type = type;
  record.at = processor.clock();
  record.playbook = row.playbook;
  record.revision = row.revision;
  if (!row.step.empty()) record.step = row.step;
  record.channel = row.channel;
  record.action = row.id;
  record.attempt = row.attempts;
  record.connector = route(row).pool->name();
  if (result) {
    record.outcome = name_of(result->kind);
    record.provider_id = result->provider_id;
    record.reason = result->reason;
  }
  // It takes a touch back: in a timeline it must not look like one that went out after an opt-out.
  if (row.kind == ActionKind::cancel && record.reason.empty()) record.reason = "cancel";
  processor.append(lead, record, "dispatch");
}

/// Exponential, shortened by up to the jitter; the jitter comes from the action, so that a replay waits as long.
Duration Outbox::backoff(const OutboxRow& row, const AttemptResult& result) const {
  const DispatchConfig& dispatch = parts_.dispatch;
  std::int64_t wait = dispatch.backoff_base.ms;
  for (int attempt = 1; attempt < row.attempts && wait < dispatch.backoff_cap.ms; ++attempt) wait *= 2;
  wait = std::min(wait, dispatch.backoff_cap.ms);
  const auto digest = rules::sha256(row.id.value + "/" + std::to_string(row.attempts));
  const double share = static_cast<double>(digest[0]) / 255.0 * dispatch.jitter;
  wait -= static_cast<std::int64_t>(static_cast<double>(wait) * share);
  if (result.retry_after) wait = std::max(wait, result.retry_after->ms);
  return {std::max<std::int64_t>(wait, 1)};
}

void Outbox::lead_changed(const LeadId& lead) {
  const auto found = held_.find(lead);
  if (found == held_.end()) return;
  const std::vector<ActionId> actions(found->second.begin(), found->second.end());
  for (const ActionId& action : actions) make_ready(action);
}

void Outbox::ask_held() {
  std::vector<LeadId> leads;
  leads.reserve(held_.size());
  for (const auto& [lead, actions] : held_) leads.push_back(lead);
  for (const LeadId& lead : leads) lead_changed(lead);
}

void Outbox::release(Instant now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const ActionId action = waiting_.begin()->second;
    make_ready(action);
  }
}

std::optional<Instant> Outbox::next_release() const {
  if (waiting_.empty() || waiting_.begin()->first == Instant::never()) return std::nullopt;
  return waiting_.begin()->first;
}

std::optional<std::chrono::milliseconds> Outbox::next_start() const {
  std::optional<Real::time_point> first;
  for (const auto& [pool, queue] : queues_) {
    if (queue.ready.empty() || queue.under_way >= pool->capacity()) continue;
    if (!first || queue.next_start < *first) first = queue.next_start;
  }
  if (!first) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - Real::now());
  return std::max(left, std::chrono::milliseconds(0));
}

bool Outbox::has_startable() const {
  const auto now = Real::now();
  return std::any_of(queues_.begin(), queues_.end(),
                     [&](const auto& entry) { return entry.second.startable(*entry.first, now); });
}

}  // namespace relance::engine
