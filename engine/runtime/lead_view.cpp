#include "engine/runtime/lead_view.h"

#include <nlohmann/json.hpp>

#include "engine/ledger/ledger_line.h"

namespace relance::engine {

using nlohmann::ordered_json;
using rules::Instant;
using rules::LeadState;

namespace {

ordered_json channels(rules::ChannelSet set, bool all) {
  auto names = ordered_json::array();
  if (all) names.push_back("all");
  for (const rules::Channel channel : rules::kChannels) {
    if (set.contains(channel)) names.push_back(rules::to_string(channel));
  }
  return names;
}

std::string_view name_of(rules::StepStatus status) {
  switch (status) {
    case rules::StepStatus::open:
      return "open";
    case rules::StepStatus::emitted:
      return "emitted";
    case rules::StepStatus::skipped:
      return "skipped";
    case rules::StepStatus::withheld:
      return "withheld";
  }
  return "open";
}

ordered_json enrollment_json(const rules::Enrollment& enrollment) {
  ordered_json json;
  json["playbook"] = enrollment.playbook.value;
  json["revision"] = enrollment.revision.value;
  json["enrolled_at"] = to_string(enrollment.enrolled_at);
  json["anchor"] = to_string(enrollment.anchor);
  if (enrollment.window_end) json["window_end"] = to_string(*enrollment.window_end);
  if (enrollment.release_at) json["release_at"] = to_string(*enrollment.release_at);
  json["touches"] = enrollment.touches;
  auto steps = ordered_json::array();
  for (const rules::StepState& step : enrollment.steps) {
    ordered_json state{{"step", step.id.value}, {"status", name_of(step.status)}};
    if (enrollment.asked && enrollment.asked->step == step.id) {
      state["waiting"] = enrollment.asked->waiting == rules::Asked::Waiting::held ? "held" : "deferred";
      if (enrollment.asked->until != Instant::never()) state["until"] = to_string(enrollment.asked->until);
    }
    steps.push_back(std::move(state));
  }
  json["steps"] = std::move(steps);
  if (enrollment.sla) json["first_touch_due"] = to_string(enrollment.sla->deadline);
  if (enrollment.holding) json["held_by_exception"] = *enrollment.holding;
  if (enrollment.pause) {
    json["paused_since"] = to_string(enrollment.pause->since);
    if (enrollment.pause->until) json["paused_until"] = to_string(*enrollment.pause->until);
  }
  return json;
}

}  // namespace

std::string lead_json(const LeadState& lead, const std::vector<std::string>& timeline, Instant now) {
  ordered_json json;
  json["lead"] = lead.id.value;
  json["subject"] = lead.subject.value;
  if (lead.account) json["account"] = lead.account->value;
  json["now"] = to_string(now);
  json["opted_out"] = channels(lead.opted_out, lead.opted_out_of_all);
  json["complained"] = channels(lead.complained, lead.complained_of_all);
  json["non_replies"] = lead.non_replies;
  if (lead.cool_down) json["cool_down_until"] = to_string(lead.cool_down->until);
  if (lead.enrollment) json["enrollment"] = enrollment_json(*lead.enrollment);
  if (lead.interrupted) json["interrupted"] = enrollment_json(*lead.interrupted);
  auto history = ordered_json::array();
  for (const rules::PlaybookHistory& entry : lead.history) {
    ordered_json past{{"playbook", entry.playbook.value}, {"enrollments", entry.enrollments}};
    if (entry.last_exit) past["last_exit"] = to_string(*entry.last_exit);
    history.push_back(std::move(past));
  }
  json["history"] = std::move(history);
  if (lead.wake != Instant::never()) json["next"] = to_string(lead.wake);
  auto lines = ordered_json::array();
  for (const std::string& line : timeline) {
    auto parsed = ordered_json::parse(with_lead(line, lead.id.value), nullptr, false);
    if (!parsed.is_discarded()) lines.push_back(std::move(parsed));
  }
  json["timeline"] = std::move(lines);
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace relance::engine
