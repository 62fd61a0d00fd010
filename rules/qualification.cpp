// Leads that are let go: those who do not qualify, early and with a reason, and those who did not decide in time.

#include <algorithm>
#include <utility>

#include "rules/scope.h"

namespace relance::rules {

namespace {

/// The first that holds; an error is false: what is not known yet disqualifies nobody.
const Disqualification* first_that_holds(const Scope& scope, const Playbook& playbook) {
  for (const Disqualification& rule : playbook.qualification.disqualify) {
    if (scope.ask(rule.when) == Truth::yes) return &rule;
  }
  return nullptr;
}

/// Asks of the interrupted enrollment, which conditions see as `enrollment` meanwhile.
template <class Ask>
auto of_interrupted(LeadState& lead, Ask ask) {
  std::swap(lead.enrollment, lead.interrupted);
  auto answer = ask();
  std::swap(lead.enrollment, lead.interrupted);
  return answer;
}

/// Of the enrollment that conditions see.
std::optional<Instant> release_of(const Scope& scope) {
  const Enrollment& enrollment = *scope.lead.enrollment;
  if (enrollment.release_at) return enrollment.release_at;
  const Playbook& playbook = playbook_of(enrollment, scope.context.rulebook);
  const auto& release = playbook.release;
  if (!release || (release->when && scope.ask(*release->when) != Truth::yes)) return std::nullopt;
  const Instant begin = release->when ? std::max(scope.now(), enrollment.enrolled_at) : enrollment.anchor;
  const Form& form = playbook.form(enrollment.variant, enrollment.arm);
  return std::max(scope.after(begin, release->after, form), scope.now());
}

bool lets_go(const Playbook& playbook) {
  return playbook.release.has_value() || !playbook.qualification.disqualify.empty();
}

void end_disqualified(Scope& scope, std::optional<Enrollment>& place, const Disqualification& rule) {
  end(scope, place, "disqualified", "qualification:" + rule.reason);
}

}  // namespace

const Disqualification* disqualified_from(Scope& scope, const Playbook& playbook) {
  if (playbook.qualification.disqualify.empty()) return nullptr;
  // Whatever runs now is no enrollment in this playbook.
  auto running = std::exchange(scope.lead.enrollment, std::nullopt);
  const Disqualification* rule = first_that_holds(scope, playbook);
  scope.lead.enrollment = std::move(running);
  return rule;
}

const Disqualification* disqualified(Scope& scope, const Enrollment& enrollment) {
  const Playbook& playbook = playbook_of(enrollment, scope.context.rulebook);
  if (playbook.qualification.disqualify.empty()) return nullptr;
  const auto ask = [&] { return first_that_holds(scope, playbook); };
  const auto& running = scope.lead.enrollment;
  return running && running->ordinal == enrollment.ordinal ? ask() : of_interrupted(scope.lead, ask);
}

bool ask_qualification(Scope& scope) {
  LeadState& lead = scope.lead;
  if (!lead.enrollment) return false;
  // This is asked at every event and every step, and most playbooks let nobody go.
  if (!lead.interrupted && !lets_go(playbook_of(*lead.enrollment, scope.context.rulebook))) return false;
  const Disqualification* running = disqualified(scope, *lead.enrollment);
  const Disqualification* behind = lead.interrupted ? disqualified(scope, *lead.interrupted) : nullptr;
  if (running) end_disqualified(scope, lead.enrollment, *running);
  if (behind) end_disqualified(scope, lead.interrupted, *behind);
  go_on(scope);
  if (running) recycle(scope, running->to);
  if (behind) recycle(scope, behind->to);
  begin_releases(scope);
  return running != nullptr;
}

void begin_releases(Scope& scope) {
  LeadState& lead = scope.lead;
  if (lead.enrollment) lead.enrollment->release_at = release_of(scope);
  if (!lead.interrupted || !playbook_of(*lead.interrupted, scope.context.rulebook).release) return;
  lead.interrupted->release_at = of_interrupted(lead, [&] { return release_of(scope); });
}

void release_lead(Scope& scope, Enrollment& enrollment) {
  LeadState& lead = scope.lead;
  // A file that goes on under another revision may have dropped the rule: then nobody is recycled.
  const auto& release = playbook_of(enrollment, scope.context.rulebook).release;
  const bool is_running = lead.enrollment && lead.enrollment->ordinal == enrollment.ordinal;
  end(scope, is_running ? lead.enrollment : lead.interrupted, "released");
  go_on(scope);
  if (release) recycle(scope, release->to);
}

}  // namespace relance::rules
