#include "engine/explain/obstacle_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>
#include <variant>

#include "rules/ascii.h"
#include "rules/policy_verdict.h"

namespace relance::engine {

using rules::Instant;
using rules::Obstacle;
using rules::Zone;

namespace {

constexpr std::array<std::string_view, 7> kWeekdays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::string_view name(rules::Channel channel) { return to_string(channel); }

/// ", since ..., by link, event e-17"
std::string provenance(const ObstacleHistory& history, const Zone& zone) {
  std::string text;
  if (history.since) text += ", since " + moment(*history.since, zone);
  if (!history.intake.empty()) text += ", by " + history.intake;
  if (!history.event.empty()) text += ", event " + history.event;
  return text;
}

/// What a clause of a legal pack found, and what it would take.
struct Clause {
  std::string_view name;  // PolicyVerdict::reason
  std::string_view found;
  std::string_view takes;
};
constexpr std::array<Clause, 7> kClauses{{
    {"consent_missing", "there is no consent that it accepts", "The person has to give express consent."},
    {"consent_expired", "the consent is older than it accepts", "The person has to give consent anew."},
    {"consent_unproven", "there is no evidence of the consent",
     "Consent has to come with its evidence (consent.granted, evidence)."},
    {"register", "the register of objections was not screened recently enough, or its date cannot be read",
     "The lead has to be screened against the register (attribute screened)."},
    {"refusal", "the person refused a call not long enough ago", "Its time after a refusal has to pass."},
    {"attempts", "there were as many attempts as it allows", "The oldest of the attempts has to leave its period."},
    {"hours", "its hours and the playbook's never meet within 400 days", "The contact hours have to be changed."},
}};

const Clause* clause_of(const rules::PolicyFacts& facts) {
  const auto* found =
      std::find_if(kClauses.begin(), kClauses.end(), [&](const Clause& clause) { return clause.name == facts.clause; });
  return found == kClauses.end() ? nullptr : found;
}

std::string policy_text(const rules::PolicyFacts& facts, const Obstacle& obstacle) {
  const std::string id = obstacle.rule.substr(obstacle.rule.find(':') + 1);
  std::string text = id == rules::kUnknownPack
                         ? "country or kind of the person is not known, or no legal pack of the country is named"
                         : "the legal pack " + id + " does not allow it now";
  const Clause* clause = clause_of(facts);
  if (obstacle.until) {
    text += ": it is outside its hours";
  } else if (clause != nullptr) {
    text += fmt::format(": {} ({})", clause->found, clause->name);
  }
  if (!facts.packs.empty()) text += "; what applies: " + facts.packs;
  return text;
}

std::string until_text(const Obstacle& obstacle, const Zone& zone) {
  return obstacle.until ? moment(*obstacle.until, zone) : std::string("an instant that nobody knows");
}

std::string suppressed_text(const rules::SuppressedFacts& facts, const Zone& zone) {
  std::string text;
  if (facts.complained) text = "the lead complained";
  for (const auto& row : facts.rows) {
    if (!text.empty()) text += "; ";
    text += fmt::format("its {} is on the suppression list for {}",
                        row.kind == rules::Address::Kind::email ? "email address" : "phone number",
                        row.scope.is_all() ? "all channels" : to_string(row.scope));
    if (!row.cause) continue;
    text += fmt::format(" (cause {}, intake {}, since {})", row.cause->cause, row.cause->intake,
                        moment(row.cause->at, zone));
  }
  return text.empty() ? "an address of the lead is on the suppression list" : text;
}

std::string hours_text(const rules::HoursFacts& facts, const Zone& zone) {
  const rules::LocalDateTime local = facts.zone.local(facts.now);
  std::string windows;
  for (const rules::OpenWindow& window : facts.windows) {
    windows += fmt::format("{}{}-{}", windows.empty() ? "" : ", ", to_string(window.from), to_string(window.to));
  }
  const std::string_view weekday = kWeekdays[static_cast<std::size_t>(weekday_from_monday(local.date))];
  std::string text =
      fmt::format("it is {} {} {} in {}", weekday, to_string(local.date), to_string(local.time), facts.zone.name());
  if (facts.holiday) {
    text += ", a holiday";
  } else if (!facts.day_is_open) {
    text += ", a day without contact hours";
  } else {
    text += ", and the contact hours of the day are " + windows;
  }
  if (!(facts.zone == zone)) text += fmt::format(" (the hours' own zone; the lead's is {})", zone.name());
  return text;
}

std::string hold_text(const rules::HoldFacts& facts, const Obstacle& obstacle) {
  if (obstacle.effect == Obstacle::Effect::held) {
    return fmt::format("an exception of the playbook holds ({}); it was escalated to {}", facts.condition, facts.to);
  }
  return fmt::format("an escalation was resolved with one channel, and only {} stays open",
                     facts.validated ? name(*facts.validated) : "that");
}

/// "at most 2 call touches a day"
std::string at_most(int max, std::optional<rules::Channel> channel,
                    const std::variant<rules::Cap::Calendar, rules::Span>& per) {
  std::string period;
  if (const auto* span = std::get_if<rules::Span>(&per)) {
    period = span->business_days > 0 ? fmt::format("in {} business days", span->business_days)
                                     : "in " + to_string(span->time);
  } else {
    period = std::get<rules::Cap::Calendar>(per) == rules::Cap::Calendar::day ? "a day" : "a week";
  }
  return fmt::format("at most {} {}{} {}", max, channel ? std::string(name(*channel)) + " " : "",
                     max == 1 ? "touch" : "touches", period);
}

}  // namespace

std::string moment(Instant at, const Zone& zone) {
  const rules::LocalDateTime local = zone.local(at);
  std::string utc = rules::to_string(at);
  if (utc.ends_with(".000Z")) utc.replace(utc.size() - 5, 5, "Z");
  return fmt::format("{} {} {} ({})", kWeekdays[static_cast<std::size_t>(weekday_from_monday(local.date))],
                     to_string(local.date), to_string(local.time), utc);
}

std::string cap_text(const rules::CapFacts& facts, const Zone& zone) {
  std::string_view scope = "the lead, over all playbooks";
  if (facts.cap.scope == rules::Cap::Scope::account) scope = "all leads of the account";
  if (facts.cap.scope == rules::Cap::Scope::playbook) scope = "this enrollment";
  std::string text =
      fmt::format("{} for {}; counted: ", at_most(facts.cap.max, facts.cap.channel, facts.cap.per), scope);
  bool first = true;
  for (const rules::CountedTouch& touch : facts.counted) {
    text += first ? "" : ", ";
    first = false;
    if (touch.channel) {
      text += fmt::format("{}/{} ({}) ", touch.playbook, touch.step, name(*touch.channel));
    } else {
      text += "a touch of another lead ";
    }
    text += moment(touch.at, zone);
  }
  return text;
}

namespace {

std::string facts_text(const Obstacle& obstacle, const ObstacleHistory& history, const Zone& zone) {
  const std::string& rule = obstacle.rule;
  if (const auto* cap = std::get_if<rules::CapFacts>(&obstacle.facts)) return cap_text(*cap, zone);
  if (const auto* list = std::get_if<rules::SuppressedFacts>(&obstacle.facts)) return suppressed_text(*list, zone);
  if (const auto* hold = std::get_if<rules::HoldFacts>(&obstacle.facts)) return hold_text(*hold, obstacle);
  if (const auto* opt_out = std::get_if<rules::OptOutFacts>(&obstacle.facts)) {
    if (opt_out->withdrawn) {
      return fmt::format("the person withdrew consent{}{}, {}", history.event.empty() ? "" : " by event ",
                         history.event, moment(*opt_out->withdrawn, zone));
    }
    return (opt_out->all_channels ? "the lead opted out of all channels" : "the lead opted out of the channel") +
           provenance(history, zone);
  }
  if (const auto* pause = std::get_if<rules::PauseFacts>(&obstacle.facts)) {
    return fmt::format("the enrollment is paused ({}) since {}", pause->manual ? "by a person" : "automatic reply",
                       moment(pause->since, zone));
  }
  if (const auto* cool_down = std::get_if<rules::CoolDownFacts>(&obstacle.facts)) {
    return fmt::format("{} touches without a reply: a cool-down of playbook {} runs{}", cool_down->non_replies,
                       cool_down->playbook, provenance(history, zone));
  }
  if (const auto* spacing = std::get_if<rules::SpacingFacts>(&obstacle.facts)) {
    return fmt::format("step {}, of an earlier day, went out on this date: {}", spacing->step,
                       moment(spacing->at, zone));
  }
  if (const auto* condition = std::get_if<rules::ConditionFacts>(&obstacle.facts)) {
    std::string_view says = rule == "requires" ? "what it requires does not hold now" : "its condition holds now";
    if (rule.starts_with("qualification:")) says = "the lead does not qualify, and is let go before another touch";
    return fmt::format("{}: {}", says, condition->condition);
  }
  if (const auto* limit = std::get_if<rules::LimitFacts>(&obstacle.facts)) {
    return fmt::format("the enrollment has had all of its {} touches", limit->limit);
  }
  if (const auto* full = std::get_if<rules::ThrottleFacts>(&obstacle.facts)) {
    const rules::Throttle& throttle = full->throttle;
    return fmt::format("its owner {} makes {}, over all leads and playbooks, and has made them", full->owner,
                       at_most(throttle.max, throttle.channel, throttle.per));
  }
  if (const auto* absence = std::get_if<rules::AbsenceFacts>(&obstacle.facts)) {
    return fmt::format("its owner {} is absent until {}, and no one else makes the touch", absence->owner,
                       moment(absence->back, zone));
  }
  if (const auto* hours = std::get_if<rules::HoursFacts>(&obstacle.facts)) return hours_text(*hours, zone);
  if (rule == "not_due") return fmt::format("the step is due {}", until_text(obstacle, zone));
  if (rule == "asked_later") {
    const auto& due = std::get<rules::DueFacts>(obstacle.facts);
    std::string text = fmt::format("the step was due {} and was {}", moment(due.due, zone),
                                   obstacle.effect == Obstacle::Effect::held ? "held" : "deferred");
    if (!history.rule.empty()) text += " by " + history.rule;
    if (history.since) text += " at " + moment(*history.since, zone);
    return text;
  }
  if (const auto* policy = std::get_if<rules::PolicyFacts>(&obstacle.facts)) return policy_text(*policy, obstacle);
  if (rule == "halted") return "the playbook, the channel or everything is halted, by a person or by a guardrail";
  if (rule == "not_enrolled") return "the lead is in no playbook";
  if (rule == "merged") return "the lead was merged into another, which lives on in its place";
  if (rule == "no_open_step") return "every step of the enrollment is resolved";
  if (rule == "no_contact_point") return "the lead has no usable contact point for the step's channel";
  if (rule == "expired") return "the step was due longer ago than it is good for";
  return "rule " + rule + " says so";
}

}  // namespace

std::string reason_text(const Obstacle& obstacle, const ObstacleHistory& history, const Zone& zone) {
  return rules::capitalised(facts_text(obstacle, history, zone)) + ".";
}

std::string remedy_text(const Obstacle& obstacle, const Zone& zone) {
  const std::string& rule = obstacle.rule;
  const std::string until = until_text(obstacle, zone);
  if (rule == "not_enrolled")
    return "An event that a playbook enrolls on, playbook.enroll, or an occurrence of a schedule would have to come.";
  if (rule == "merged") return "Nothing under this id: look at the lead that it was merged into.";
  if (rule == "no_open_step") return "Nothing in this enrollment: a new one would have to begin.";
  if (rule == "not_due") return fmt::format("Nothing needs to: its time has to come, {}.", until);
  if (rule == "asked_later" && obstacle.effect == Obstacle::Effect::held) {
    return "The hold has to end: the step is asked again then, or given up at its expiry.";
  }
  if (rule == "asked_later") {
    return fmt::format("Nothing needs to: it is asked again {}. An instant once computed stands.", until);
  }
  if (rule == "paused") {
    const std::string by_itself = obstacle.until ? fmt::format(", or the pause ends by itself {}", until) : "";
    return fmt::format("playbook.resume has to come{}.", by_itself);
  }
  if (const auto* opt_out = std::get_if<rules::OptOutFacts>(&obstacle.facts); opt_out && opt_out->withdrawn)
    return "Only express consent of the person could, with evidence: consent.granted for the channel.";
  if (rule == "opt_out")
    return "Only new consent of the person could: no import, merge or new address lifts an opt-out.";
  if (rule == "suppressed") {
    return "Only new consent of the person could; after a hard bounce, an address that is not on the list.";
  }
  if (rule == "escalation" && obstacle.effect == Obstacle::Effect::held) {
    return "escalation.resolved has to come, or the condition must no longer hold.";
  }
  if (rule.starts_with("policy:") && obstacle.until) return fmt::format("The pack allows it again {}.", until);
  if (const auto* policy = std::get_if<rules::PolicyFacts>(&obstacle.facts)) {
    const Clause* clause = clause_of(*policy);
    return std::string(clause == nullptr ? "What the pack asks for has to be there." : clause->takes);
  }
  if (rule == "halted") return "relance resume has to end every halt that covers it; relance halt lists them.";
  if (rule == "escalation") return "Another escalation.resolved, during a later hold, has to open the channel.";
  if (rule == "cool_down") {
    return fmt::format("A reply, a connected call or a booked meeting ends it; otherwise it ends {}.", until);
  }
  if (rule == "spacing") return fmt::format("The next local day has to begin, {}.", until);
  if (rule.starts_with("cap:")) {
    const bool waits = obstacle.effect == Obstacle::Effect::waits;
    return fmt::format("The cap frees {}{}.", until, waits ? "" : ", but the step says on_cap: skip");
  }
  if (rule.starts_with("throttle:")) {
    return fmt::format("The owner has room again {}; another owner (a lead event) may have it now.", until);
  }
  if (rule == "owner_absent") {
    return fmt::format(
        "The owner is back and the hours are open {}; a lead event that names another owner ends it now.", until);
  }
  if (rule == "contact_hours") return fmt::format("The contact hours open {}.", until);
  if (rule.starts_with("qualification:")) return "The condition must no longer hold before anything else comes.";
  if (rule == "requires") return "The condition must hold when the step is asked.";
  if (rule == "skip_if") return "The condition must no longer hold when the step is asked.";
  if (rule == "no_contact_point") return "A lead event has to bring a usable one before the step is asked.";
  if (rule == "expired" || rule == "touches_max") return "Nothing in this enrollment.";
  if (obstacle.until) return fmt::format("The rule frees the step {}.", until);
  return "What the rule names has to end.";
}

}  // namespace relance::engine
