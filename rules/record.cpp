#include "rules/record.h"

#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace relance::rules {
namespace {

using Phrase = std::pair<std::string_view, std::string_view>;

constexpr std::array<std::string_view, 37> kTypeNames{
    "lead.enrolled",
    "lead.not_enrolled",
    "lead.exited",
    "lead.paused",
    "lead.resumed",
    "touch.emitted",
    "touch.deferred",
    "touch.withheld",
    "touch.skipped",
    "touch.cancelled",
    "attempt.started",
    "attempt.finished",
    "touch.completed",
    "touches.shortfall",
    "sla.met",
    "sla.at_risk",
    "sla.breached",
    "cool_down.started",
    "cool_down.ended",
    "lead.escalated",
    "escalation.resolved",
    "opt_out.received",
    "opt_out.effective",
    "consent.granted",
    "consent.withdrawn",
    "suppression.added",
    "subject.erased",
    "playbook.published",
    "playbook.rejected",
    "lead.scored",
    "lead.variant",
    "experiment.assigned",
    "lead.migrated",
    "guardrail.tripped",
    "halted",
    "resumed",
    "attempt.resolved",
};
static_assert(kTypeNames.size() == static_cast<std::size_t>(RecordType::attempt_resolved) + 1);

/// Why a touch or an enrollment did not happen, by rule id.
constexpr std::array<Phrase, 24> kRulePhrases{{
    {"opt_out", "the person opted out"},
    {"suppressed", "the contact point is on the suppression list"},
    {"escalation", "an exception holds the enrollment"},
    {"halted", "sending is halted"},
    {"paused", "the enrollment is paused"},
    {"cool_down", "a cool-down runs"},
    {"spacing", "a step of an earlier day went out on this date"},
    {"owner_absent", "the lead's owner is absent"},
    {"contact_hours", "outside contact hours"},
    {"skip_if", "its skip_if condition holds"},
    {"requires", "what it requires is not there"},
    {"no_contact_point", "the lead has no contact point for the channel"},
    {"expired", "it is too late for it"},
    {"touches_max", "the playbook's maximum of touches is reached"},
    {"condition_error", "its condition could not be evaluated"},
    {"already_enrolled", "the lead is in it already"},
    {"again", "the playbook does not allow another enrollment now"},
    {"priority", "the running enrollment has priority"},
    {"exception", "an exception of the playbook holds"},
    {"sla", "the promised first touch did not happen in time"},
    {"workflow", "another playbook runs in between"},
    {"merged", "the lead was merged into another one"},
    {"handoff", "its score has reached the hand-off"},
    {"disqualified", "the lead does not qualify"},
}};

/// Why an enrollment ended, by reason code. Event types are not here.
constexpr std::array<Phrase, 12> kExitPhrases{{
    {"completed", "all steps are resolved or the window has ended"},
    {"opt_out", "the person opted out"},
    {"complaint", "the person complained"},
    {"hard_bounce", "the email address does not exist"},
    {"goal", "the goal is reached"},
    {"reply", "the person replied"},
    {"manual", "somebody ended it"},
    {"superseded", "a playbook of higher priority took the lead over"},
    {"withdrawn", "the playbook was withdrawn"},
    {"handoff", "a person took over"},
    {"disqualified", "the lead does not qualify"},
    {"released", "the time that the lead had to decide has ended"},
}};

/// What a legal pack found, by reason code.
constexpr std::array<Phrase, 7> kPolicyPhrases{{
    {"consent_missing", "consent is required and there is none"},
    {"consent_expired", "consent is required and has expired"},
    {"consent_unproven", "consent is required and there is no evidence of it"},
    {"register", "the contact point was not compared with a register lately"},
    {"refusal", "the person refused not long ago"},
    {"attempts", "the permitted attempts are used up"},
    {"hours", "it is outside the permitted hours"},
}};

template <std::size_t kSize>
std::string_view find_phrase(const std::array<Phrase, kSize>& phrases, std::string_view code) {
  for (const auto& [known, phrase] : phrases) {
    if (known == code) return phrase;
  }
  return {};
}

void append_number(std::string& out, std::int32_t number) {
  std::array<char, 12> buffer;
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

/// "cap:lead:email" -> "the cap of the lead on email is full".
void append_cap(std::string& out, std::string_view rule) {
  const std::string_view rest = rule.substr(std::string_view("cap:").size());
  const std::size_t colon = rest.find(':');
  out.append("the cap of the ").append(rest.substr(0, colon)).append(" on ");
  const std::string_view channel = colon == std::string_view::npos ? "any" : rest.substr(colon + 1);
  out.append(channel == "any" ? "any channel" : channel).append(" is full");
}

/// "throttle:call" -> "the owner has no room for another touch on call".
void append_throttle(std::string& out, std::string_view rule) {
  const std::string_view channel = rule.substr(std::string_view("throttle:").size());
  out.append("the owner has no room for another touch on ").append(channel == "any" ? "any channel" : channel);
}

/// "policy:fr", "hours" -> "by the policy pack fr it is outside the permitted hours".
void append_policy(std::string& out, std::string_view rule, std::string_view reason) {
  const std::string_view pack = rule.substr(std::string_view("policy:").size());
  if (const std::string_view phrase = find_phrase(kPolicyPhrases, reason); !phrase.empty()) {
    out.append("by the policy pack ").append(pack).append(" ").append(phrase);
  } else {
    out.append("the policy pack ").append(pack).append(" says so");
  }
}

/// "qualification:budget": which condition of the playbook let the lead go.
constexpr std::string_view kQualification = "qualification:";

void append_rule(std::string& out, std::string_view rule, std::string_view reason = {}) {
  if (rule.empty()) {
    out += "no rule was named";
  } else if (const std::string_view phrase = find_phrase(kRulePhrases, rule); !phrase.empty()) {
    out += phrase;
  } else if (rule.substr(0, 4) == "cap:") {
    append_cap(out, rule);
  } else if (rule.starts_with("throttle:")) {
    append_throttle(out, rule);
  } else if (rule.substr(0, 7) == "policy:") {
    append_policy(out, rule, reason);
  } else if (rule.starts_with(kQualification)) {
    out.append("the lead does not qualify: ").append(rule.substr(kQualification.size()));
  } else {
    out.append("rule ").append(rule);
  }
}

void append_until(std::string& out, std::string_view before, const Record& record) {
  if (!record.until) return;
  out += before;
  append_to(out, *record.until);
}

/// "Step intro-call", "An email touch", "A touch".
void append_touch(std::string& out, const Record& record) {
  if (record.step) {
    out.append("Step ").append(record.step->value);
  } else if (record.channel) {
    const bool vowel = *record.channel == Channel::email;
    out.append(vowel ? "An " : "A ").append(to_string(*record.channel)).append(" touch");
  } else {
    out += "A touch";
  }
}

void append_playbook(std::string& out, std::string_view fallback, const Record& record) {
  if (record.playbook) {
    out.append("playbook ").append(record.playbook->value);
  } else {
    out += fallback;
  }
}

void append_scope(std::string& out, const Record& record) {
  const std::string_view scope = record.scope     ? to_string(*record.scope)
                                 : record.channel ? to_string(*record.channel)
                                                  : std::string_view("all");
  out += scope == "all" ? "all channels" : scope;
}

void append_detail(std::string& out, std::string_view before, std::string_view detail) {
  if (!detail.empty()) out.append(before).append(detail);
}

void append_touch_sentence(std::string& out, const Record& record) {
  append_touch(out, record);
  switch (record.type) {
    case RecordType::touch_emitted:
      if (record.step && record.channel)
        out.append(" was emitted: ").append(to_string(*record.channel));
      else
        out += " was emitted";
      break;
    case RecordType::touch_deferred:
      out += " was deferred: ";
      append_rule(out, record.rule, record.reason);
      if (record.until)
        append_until(out, "; asked again at ", record);
      else
        out += "; asked again when that ends";
      break;
    case RecordType::touch_withheld:
      out += " was withheld: ";
      append_rule(out, record.rule, record.reason);
      break;
    case RecordType::touch_skipped:
      out += " was skipped: ";
      append_rule(out, record.rule);
      break;
    case RecordType::touch_cancelled:
      out += " was cancelled before it was handed off: ";
      append_rule(out, record.rule, record.reason);
      break;
    default:  // touch_completed
      out += " was completed";
      append_detail(out, ": ", record.outcome);
      break;
  }
  out += '.';
}

void append_attempt_sentence(std::string& out, const Record& record) {
  out += "Attempt";
  if (record.attempt) {
    out += ' ';
    append_number(out, *record.attempt);
  }
  if (record.step) out.append(" of step ").append(record.step->value);
  out += record.type == RecordType::attempt_started ? " was handed to " : " of ";
  if (record.connector.empty())
    out += "the connector";
  else
    out.append("connector ").append(record.connector);
  if (record.type == RecordType::attempt_finished) out += " finished";
  append_detail(out, ": ", record.outcome);
  append_detail(out, record.outcome.empty() ? ": " : ", ", record.reason);
  out += '.';
}

/// What somebody said, or an event told, about an attempt whose outcome was unknown.
constexpr std::array<Phrase, 4> kResolutionPhrases{{
    {"delivered", "was declared delivered"},
    {"resend", "was declared not delivered; it is sent again"},
    {"drop", "was given up; it is not sent again"},
    {"known", "is known by now"},
}};

void append_resolution_sentence(std::string& out, const Record& record) {
  out += "The unknown outcome of ";
  if (record.step)
    out.append("step ").append(record.step->value);
  else
    out += "an action";
  out += ' ';
  const std::string_view phrase = find_phrase(kResolutionPhrases, record.outcome);
  out += phrase.empty() ? std::string_view("was resolved") : phrase;
  append_detail(out, ": ", record.reason);
  out += '.';
}

void append_enrollment_sentence(std::string& out, const Record& record) {
  switch (record.type) {
    case RecordType::lead_enrolled:
      out += "Enrolled in ";
      append_playbook(out, "a playbook", record);
      append_detail(out, " as variant ", record.variant);
      break;
    case RecordType::lead_variant:
      out += "The enrollment in ";
      append_playbook(out, "the playbook", record);
      append_detail(out, " goes on as variant ", record.variant);
      break;
    case RecordType::lead_migrated:
      out += "The enrollment goes on under the new revision of ";
      append_playbook(out, "the playbook", record);
      append_detail(out, ", as variant ", record.variant);
      break;
    case RecordType::experiment_assigned:
      out += "The experiment of ";
      append_playbook(out, "the playbook", record);
      append_detail(out, " assigned the arm ", record.arm);
      break;
    case RecordType::lead_scored:
      out += "The score is now ";
      if (record.score) append_score(out, *record.score);
      break;
    case RecordType::lead_not_enrolled:
      out += "Not enrolled in ";
      append_playbook(out, "any playbook", record);
      out += ": ";
      append_rule(out, record.rule);
      append_detail(out, ": ", record.reason);
      break;
    case RecordType::lead_exited: {
      out += "Left ";
      append_playbook(out, "the playbook", record);
      out += ": ";
      if (!record.rule.empty()) {
        append_rule(out, record.rule);
        break;
      }
      const std::string_view phrase = find_phrase(kExitPhrases, record.reason);
      out += !phrase.empty() ? phrase : record.reason.empty() ? "no reason was named" : record.reason.view();
      break;
    }
    case RecordType::lead_paused:
      out += "The enrollment in ";
      append_playbook(out, "the playbook", record);
      out += " was paused";
      append_until(out, " until ", record);
      if (!record.rule.empty()) {
        out += ": ";
        append_rule(out, record.rule);
      }
      break;
    default:  // lead_resumed
      out += "The enrollment in ";
      append_playbook(out, "the playbook", record);
      out += " was resumed";
      break;
  }
  out += '.';
}

void append_promise_sentence(std::string& out, const Record& record) {
  switch (record.type) {
    case RecordType::touches_shortfall:
      out += "Fewer touches were emitted than ";
      append_playbook(out, "the playbook", record);
      out += " promises";
      break;
    case RecordType::sla_met:
      out += "The promised first touch happened in time";
      break;
    case RecordType::sla_at_risk:
      out += "The promised first touch is at risk";
      append_until(out, "; the deadline is ", record);
      break;
    case RecordType::sla_breached:
      out += "The promised first touch did not happen in time";
      break;
    case RecordType::cool_down_started:
      out += "Too many touches without a reply: a cool-down runs";
      append_until(out, " until ", record);
      break;
    case RecordType::cool_down_ended:
      out += "The cool-down has ended";
      break;
    case RecordType::lead_escalated:
      out += "The lead was escalated: ";
      append_rule(out, record.rule);
      break;
    default:  // escalation_resolved
      out += "The escalation was resolved";
      if (record.channel) out.append("; only ").append(to_string(*record.channel)).append(" stays open");
      break;
  }
  out += '.';
}

void append_consent_sentence(std::string& out, const Record& record) {
  switch (record.type) {
    case RecordType::opt_out_received:
      out += "An opt-out from ";
      append_scope(out, record);
      out += " was received";
      append_detail(out, " by ", record.intake);
      break;
    case RecordType::opt_out_effective:
      out += "The opt-out from ";
      append_scope(out, record);
      out += " is in effect";
      break;
    case RecordType::consent_granted:
      out += "Consent was granted";
      break;
    case RecordType::consent_withdrawn:
      out += "Consent was withdrawn";
      break;
    case RecordType::suppression_added:
      out += "Added to the suppression list for ";
      append_scope(out, record);
      append_detail(out, " by ", record.intake);
      break;
    default:  // subject_erased
      out += "The person's data was erased";
      break;
  }
  out += '.';
}

/// "email of playbook x", "playbook x", "everything".
void append_halt_scope(std::string& out, const Record& record) {
  if (record.channel) {
    out.append("channel ").append(to_string(*record.channel));
  } else {
    append_playbook(out, "everything", record);
  }
}

void append_halt_sentence(std::string& out, const Record& record) {
  if (record.type == RecordType::guardrail_tripped) {
    out.append("The ").append(record.rule).append(" of ");
    append_playbook(out, "a playbook", record);
    out.append(" is too high (").append(record.outcome).append(" touches)");
    if (record.reason == "pause") out += "; nothing goes out until somebody resumes it";
    if (record.reason == "halve_caps") out += "; its caps are halved until somebody resumes it";
    append_detail(out, "; flagged ", record.flag);
  } else if (record.type == RecordType::halted) {
    out += "Halted ";
    append_halt_scope(out, record);
    append_detail(out, ": ", record.reason);
  } else {
    out += "Resumed ";
    append_halt_scope(out, record);
    append_detail(out, ": ", record.reason);
  }
  out += '.';
}

void append_operation_sentence(std::string& out, const Record& record) {
  out += record.type == RecordType::playbook_published ? "Published " : "Rejected ";
  append_playbook(out, "a playbook", record);
  append_detail(out, ": ", record.reason);
  out += '.';
}

}  // namespace

std::string_view to_string(RecordType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

void append_sentence(std::string& out, const Record& record) {
  switch (record.type) {
    case RecordType::lead_enrolled:
    case RecordType::lead_not_enrolled:
    case RecordType::lead_exited:
    case RecordType::lead_paused:
    case RecordType::lead_resumed:
    case RecordType::lead_scored:
    case RecordType::lead_variant:
    case RecordType::experiment_assigned:
    case RecordType::lead_migrated:
      return append_enrollment_sentence(out, record);
    case RecordType::touch_emitted:
    case RecordType::touch_deferred:
    case RecordType::touch_withheld:
    case RecordType::touch_skipped:
    case RecordType::touch_cancelled:
    case RecordType::touch_completed:
      return append_touch_sentence(out, record);
    case RecordType::attempt_started:
    case RecordType::attempt_finished:
      return append_attempt_sentence(out, record);
    case RecordType::attempt_resolved:
      return append_resolution_sentence(out, record);
    case RecordType::touches_shortfall:
    case RecordType::sla_met:
    case RecordType::sla_at_risk:
    case RecordType::sla_breached:
    case RecordType::cool_down_started:
    case RecordType::cool_down_ended:
    case RecordType::lead_escalated:
    case RecordType::escalation_resolved:
      return append_promise_sentence(out, record);
    case RecordType::opt_out_received:
    case RecordType::opt_out_effective:
    case RecordType::consent_granted:
    case RecordType::consent_withdrawn:
    case RecordType::suppression_added:
    case RecordType::subject_erased:
      return append_consent_sentence(out, record);
    case RecordType::playbook_published:
    case RecordType::playbook_rejected:
      return append_operation_sentence(out, record);
    case RecordType::guardrail_tripped:
    case RecordType::halted:
    case RecordType::resumed:
      return append_halt_sentence(out, record);
  }
}

void append_score(std::string& out, const Score& score) {
  if (const auto* whole = std::get_if<std::int64_t>(&score)) {
    fmt::format_to(std::back_inserter(out), "{}", *whole);
  } else {
    const std::string shortest = fmt::format("{}", std::get<double>(score));
    out += shortest;
    if (shortest.find_first_not_of("-0123456789") == std::string::npos) out += ".0";
  }
}

std::string sentence(const Record& record) {
  std::string out;
  append_sentence(out, record);
  return out;
}

}  // namespace relance::rules
