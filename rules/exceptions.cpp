// Exceptions: step 9 of "One event, in this order". A hold keeps every step of the enrollment until a person resolves
// it or its condition turns false.

#include "rules/scope.h"

namespace relance::rules {

namespace {

void hold(Scope& scope, Enrollment& enrollment, const Playbook& playbook, std::uint32_t index) {
  enrollment.holding = index;
  enrollment.exceptions[index].held_since_false = true;
  Escalate escalate{action_id(enrollment.id, "escalate:exception:" + std::to_string(index), scope.now().ms),
                    playbook.id,
                    playbook.revision,
                    "exception",
                    playbook.exceptions[index].to,
                    "An exception of the playbook holds: " + playbook.exceptions[index].when.expression.text(),
                    scope.now()};
  Record& record = scope.record(RecordType::lead_escalated, enrollment);
  record.rule = "exception";
  record.action = escalate.action;
  scope.out.effects.emplace_back(std::move(escalate));
}

}  // namespace

void release(Scope& scope, Enrollment& enrollment) {
  enrollment.holding.reset();
  if (enrollment.asked && enrollment.asked->waiting == Asked::Waiting::held) enrollment.asked->until = scope.now();
}

void handle_resolution(Scope& scope) {
  auto& enrollment = scope.lead.enrollment;
  if (!enrollment || !enrollment->holding || scope.event->type != EventType::escalation_resolved) return;
  Record& record = scope.record(RecordType::escalation_resolved, *enrollment);
  record.actor = scope.event->text("by");
  enrollment->validated_channel = parse_channel(scope.event->text("channel"));
  record.channel = enrollment->validated_channel;
  release(scope, *enrollment);
}

void ask_exceptions(Scope& scope, Enrollment& enrollment) {
  const Playbook& playbook = playbook_of(enrollment, scope.context.rulebook);
  std::optional<std::uint32_t> first;
  for (std::uint32_t i = 0; i < playbook.exceptions.size(); ++i) {
    ExceptionState& state = enrollment.exceptions[i];
    if (scope.ask(playbook.exceptions[i].when) != Truth::yes) {
      state.held_since_false = false;
      if (enrollment.holding == i) release(scope, enrollment);
    } else if (!first && !state.held_since_false) {
      first = i;
    }
  }
  if (!enrollment.holding && first) hold(scope, enrollment, playbook, *first);
}

}  // namespace relance::rules
