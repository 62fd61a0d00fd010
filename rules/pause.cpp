// Pauses: step 7 of "One event, in this order". Auto-replies pause for a while, operators until they resume.

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

/// Until when an auto-reply pauses: the instant or the local date that it names, else seven days.
Instant auto_reply_until(const Scope& scope, const Form& form) {
  const std::string_view text = scope.event->text("until");
  if (const auto instant = parse_rfc3339(text)) return *instant;
  if (const auto date = parse_date(text)) return scope.zone(form).midnight(*date);
  return scope.now() + kDay * 7;
}

void pause(Scope& scope, Enrollment& enrollment, bool manual, std::optional<Instant> until) {
  if (enrollment.pause) {
    const Pause& running = *enrollment.pause;
    if (running.manual || (!manual && *until <= *running.until)) return;
  }
  const Instant since = enrollment.pause ? enrollment.pause->since : scope.now();
  enrollment.pause = Pause{manual, since, until};
  Record& record = scope.record(RecordType::lead_paused, enrollment);
  record.until = until;
  record.reason = manual ? "manual" : "auto_reply";
}

}  // namespace

void handle_pause(Scope& scope) {
  auto& enrollment = scope.lead.enrollment;
  if (!enrollment) return;
  const Event& event = *scope.event;
  const std::string_view named = event.text("playbook");
  const bool concerned = named.empty() || named == enrollment->playbook.value;
  switch (event.type) {
    case EventType::touch_replied:
      if (event.flag("auto")) {
        const Instant until = auto_reply_until(scope, form_of(*enrollment, scope.context.rulebook));
        if (until > scope.now()) pause(scope, *enrollment, false, until);
      }
      break;
    case EventType::playbook_pause:
      if (concerned) pause(scope, *enrollment, true, std::nullopt);
      break;
    case EventType::playbook_resume:
      if (concerned && enrollment->pause) resume(scope, *enrollment);
      break;
    default:
      break;
  }
}

void resume(Scope& scope, Enrollment& enrollment) {
  const Form& form = form_of(enrollment, scope.context.rulebook);
  const Duration length = scope.now() - enrollment.pause->since;
  const auto days = static_cast<std::int32_t>((length.ms + kDay.ms - 1) / kDay.ms);
  enrollment.pause.reset();
  scope.record(RecordType::lead_resumed, enrollment);

  const Zone& zone = scope.zone(form);
  const LocalDateTime anchor = zone.local(enrollment.anchor);
  if (days > 0) enrollment.anchor = zone.resolve({anchor.date + days, anchor.time});
  enrollment.wait_from = enrollment.wait_from + length;
  enrollment.ready_from = scope.now();
  fix_wait(scope, enrollment, form);
  if (form.touches.within) enrollment.window_end = scope.after(enrollment.anchor, *form.touches.within, form);
  if (enrollment.asked) {
    const Step* step = form.find_step(enrollment.asked->step);
    if (step) {
      enrollment.asked->due = step_due(scope, enrollment, form, *step);
      fix_expiry(scope, enrollment, form, *step);
    }
  }
}

}  // namespace relance::rules
