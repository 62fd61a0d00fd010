#include "random_world.h"

#include <fmt/format.h>
#include <rapidcheck.h>

namespace relance::tests {

using rules::Duration;
using rules::Instant;

namespace {

constexpr std::array<const char*, 5> kChannelNames{"email", "call", "sms", "social", "task"};
constexpr std::array<const char*, 5> kZones{"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
                                            "Pacific/Apia"};

/// The value of `steps`: s0, s1, ... in order.
std::string draw_steps() {
  std::string steps;
  int day = 0;
  const int count = 1 + pick(6);
  for (int i = 0; i < count; ++i) {
    steps += fmt::format("{}{{ id: s{}, template: mail, channel: {}", i == 0 ? "" : ", ", i, any_of(kChannelNames));
    if (one_in(3)) {
      steps += fmt::format(", wait: {}m", pick(3000));
    } else {
      day += pick(3);
      steps += fmt::format(", day: {}", day);
      if (one_in(3)) steps += fmt::format(", at: '{:02}:{:02}'", pick(24), pick(60));
    }
    if (one_in(4)) steps += fmt::format(", expires: {}h", 1 + pick(72));
    if (one_in(4)) steps += ", on_cap: skip";
    if (one_in(6)) steps += ", skip_if: 'lead.score > 2'";
    steps += " }";
  }
  return "[" + steps + "]";
}

/// Of s0, which every list has; never its timing, which would have to fit.
std::string draw_step_changes() {
  return "{ s0: { " + any_of(std::array{"channel: task", "expires: 1h", "on_cap: skip", "skip_if: 'lead.score > 1'"}) +
         " } }";
}

std::string draw_caps() {
  std::string caps;
  for (int i = pick(4); i > 0; --i) {
    caps += "{ scope: " + any_of(std::array{"lead", "account", "playbook"});
    if (one_in(2)) caps += ", channel: " + any_of(kChannelNames);
    caps += fmt::format(", max: {}, per: {} }}", 1 + pick(3), any_of(std::array{"day", "week", "5h", "30h", "9d"}));
    if (i > 1) caps += ", ";
  }
  return "[" + caps + "]";
}

std::string draw_hours() {
  const int from = 6 + pick(6);
  return fmt::format("{{ from: '{:02}:00', to: '{:02}:30', holidays: ['2026-03-05'] }}", from, from + 1 + pick(8));
}

std::string draw_cool_down() { return fmt::format("{{ after: {}, pause: {}h }}", 1 + pick(4), 1 + pick(100)); }
std::string draw_sla() { return fmt::format("{{ first_touch: {{ within: {}m, warn_at: 50% }} }}", 1 + pick(3000)); }

std::string draw_touches() {
  if (one_in(2)) return fmt::format("{{ within: {}h }}", 1 + pick(300));
  return fmt::format("{{ min: 1, max: {}, within: {}d }}", 1 + pick(4), 1 + pick(12));
}

/// The value of `replace`, with one key at least.
std::string draw_replacement() {
  std::string replace = one_in(2) ? "steps: " + draw_steps() : "steps: " + draw_step_changes();
  if (one_in(3)) replace += ", caps: " + draw_caps();
  if (one_in(3)) replace += ", cool_down: " + draw_cool_down();
  if (one_in(3)) replace += ", contact_hours: " + draw_hours();
  if (one_in(3)) replace += ", sla: " + draw_sla();
  if (one_in(3)) replace += ", touches: " + draw_touches();
  return "{ " + replace + " }";
}

std::string draw_variants() {
  std::string variants;
  for (int i = pick(3); i > 0; --i) {
    const std::string when = any_of(
        std::array{"lead.score > 2", "lead.score > 5", "'\"vip\" in lead.flags'", "event.missing", "has(lead.phone)"});
    variants += fmt::format("  - {{ id: v{}, when: {}, replace: {} }}\n", i, when, draw_replacement());
  }
  return variants.empty() ? "" : "variants:\n" + variants;
}

std::string draw_experiment() {
  return fmt::format(
      "experiment: {{ id: e{}, unit: {}, arms: {{ control: 2, other: 2, holdout: 1 }}, replace: {{ other: {} }} }}\n",
      pick(9), any_of(std::array{"lead", "account"}), draw_replacement());
}

std::string draw_workflows() {
  std::string workflows;
  for (const char* type : {"meeting.missed", "page.viewed", "touch.completed"}) {
    if (one_in(2))
      workflows += fmt::format("  {}: {{ start: {} }}\n", type, any_of(std::array{"w", "w", "w", "p", "q"}));
  }
  return workflows.empty() ? "" : "on:\n" + workflows;
}

/// Conditions ask nothing but the score, so that the auditor can ask them for itself.
std::string draw_qualification(const std::string& id) {
  // Each to one that is nearer to the end: no circles.
  const std::string to = id == "p"   ? any_of(std::array{", to: q", ", to: w", ""})
                         : id == "q" ? any_of(std::array{", to: w", ""})
                                     : "";
  std::string text;
  if (one_in(2)) {
    text +=
        fmt::format("qualification: {{ disqualify: [{{ when: 'lead.score > {}', reason: high{} }}, ", 2 + pick(5), to);
    text += fmt::format("{{ when: 'lead.score < {}', reason: low{} }}] }}\n", pick(3) - 2, to);
  }
  if (one_in(2)) {
    const std::string when = one_in(2) ? fmt::format(", when: 'lead.score > {}'", pick(3)) : "";
    text += fmt::format("release: {{ after: {}h{}{} }}\n", 1 + pick(200), when, to);
  }
  return text;
}

/// Its rules ask nothing but the type of the event, so that the auditor can keep the score for itself.
std::string draw_house() {
  std::string house = "zone: UTC\n";
  if (one_in(2)) house += "caps: " + draw_caps() + "\n";
  if (one_in(2)) {
    house += fmt::format(
        "score: [{{ on: page.viewed, points: {}, max: {} }}, {{ on: [form.submitted, page.viewed], points: {} }}]\n",
        1 + pick(3), 1 + pick(5), pick(2) == 0 ? -1 : 2);
  }
  if (one_in(2))
    house += fmt::format("handoff: {{ at: {}, then: {} }}\n", 2 + pick(6), any_of(std::array{"exit", "continue"}));
  if (one_in(2)) {
    house += fmt::format(
        "owners: {{ r1: {{ absent: [2026-03-{:02}/2026-03-{}] }}, r2: {{ absent: 2026-03-{:02}, zone: {} }} }}\n",
        1 + pick(9), 10 + pick(8), 1 + pick(12), any_of(kZones));
  }
  if (one_in(2)) {
    house += fmt::format("throttle: [{{ channel: {}, max: {}, per: day }}, {{ max: {}, per: {} }}]\n",
                         any_of(std::array{"call", "task", "any"}), 1 + pick(2), 1 + pick(3),
                         any_of(std::array{"day", "week", "5h", "30h"}));
  }
  return house;
}

constexpr std::array<const char*, 29> kTypes{
    "lead.created",   "lead.created",        "lead.created",       "form.submitted",  "form.submitted",
    "lead.updated",   "lead.updated",        "touch.completed",    "touch.completed", "touch.replied",
    "meeting.booked", "optout.received",     "complaint.received", "flag.set",        "flag.set",
    "flag.cleared",   "escalation.resolved", "playbook.enroll",    "playbook.exit",   "playbook.pause",
    "playbook.pause", "playbook.resume",     "playbook.resume",    "page.viewed",     "page.viewed",
    "page.viewed",    "meeting.missed",      "meeting.missed",     "meeting.missed"};

}  // namespace

int pick(int below) { return *rc::gen::inRange(0, below); }
bool one_in(int n) { return pick(n) == n - 1; }

rules::Rulebook rulebook_of(const World& world) { return rulebook_of(world.playbooks, house_of(world.house)); }

std::string draw_playbook(const std::string& id, const std::string& type) {
  std::string text = fmt::format("playbook: {}\npriority: {}\nenroll: {{ on: {}, again: {{ after: {}h, max: 4 }} }}\n",
                                 id, 40 + 10 * pick(3), type, pick(48));
  if (one_in(2)) text += "goal: [meeting.booked]\n";
  if (one_in(2)) text += "exit: [opt_out, hard_bounce, complaint]\n";
  if (one_in(2)) text += "contact_hours: " + draw_hours() + "\n";
  text += "caps: " + draw_caps() + "\n";
  if (one_in(2)) text += "cool_down: " + draw_cool_down() + "\n";
  if (one_in(2)) text += "sla: " + draw_sla() + "\n";
  if (!one_in(3)) text += "touches: " + draw_touches() + "\n";
  if (one_in(2)) text += "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n";
  text += draw_variants() + draw_workflows() + draw_qualification(id);
  if (one_in(3)) text += draw_experiment();
  return text + "steps: " + draw_steps() + "\n";
}

std::string draw_data(const std::string& type) {
  if (type == "lead.created" || type == "lead.updated") {
    std::string data = fmt::format("'score':{}", pick(5));
    if (!one_in(3)) data += ",'email':'" + any_of(std::array{"a@example.org", "b@example.org", "c@example.org"}) + "'";
    if (!one_in(3)) data += ",'phone':'" + any_of(std::array{"+33612345678", "+33612345679"}) + "'";
    if (one_in(2)) data += ",'timezone':'" + any_of(kZones) + "'";
    if (!one_in(3)) data += ",'owner':'" + any_of(std::array{"r1", "r1", "r2", "r3"}) + "'";
    return data;
  }
  if (type == "touch.completed") {
    return any_of(std::array{"'channel':'call','outcome':'connected'", "'channel':'call','outcome':'refused'",
                             "'channel':'email','outcome':'bounced','bounce':'hard'",
                             "'channel':'call','outcome':'wrong_number'", "'channel':'email','outcome':'sent'"});
  }
  if (type == "touch.replied") return any_of(std::array{"", "'auto':true", "'auto':true,'until':'2026-03-09'"});
  if (type == "optout.received" || type == "complaint.received")
    return any_of(std::array{"", "'channel':'email'", "'channel':'call'", "'channel':'task'"});
  if (type == "flag.set" || type == "flag.cleared") return "'flag':'vip'";
  if (type == "escalation.resolved") return any_of(std::array{"", "'channel':'email'", "'channel':'task'"});
  if (type == "playbook.enroll") return any_of(std::array{"'playbook':'p'", "'playbook':'q'"});
  if (type == "playbook.exit") return any_of(std::array{"", "'playbook':'p'", "'playbook':'w'"});
  return "";
}

World draw_world() {
  World world{{draw_playbook("p", "lead.created"), draw_playbook("q", "form.submitted"),
               draw_playbook("w", "meeting.held")},  // which never comes: others start it
              draw_house(),
              {}};
  Instant clock = instant("02-27 06:00");
  const int count = 4 + pick(22);
  for (int i = 0; i < count; ++i) {
    const std::string type = i == 0 ? "lead.created" : any_of(kTypes);
    clock = clock + Duration{60'000LL * pick(i % 4 == 0 ? 4000 : 300)};
    const Instant happened = one_in(6) ? clock - Duration{60'000LL * pick(3000)} : clock;
    const std::string lead = any_of(std::array{"L1", "L2", "L3"});
    world.events.push_back({rules::to_string(happened), lead, type, draw_data(type), {}, lead == "L3" ? "" : "acme"});
  }
  return world;
}

std::string text_of(const World& world) {
  std::string text;
  for (const std::string& playbook : world.playbooks) text += playbook + "---\n";
  text += world.house + "---\n";
  for (const Given& given : world.events) {
    text += fmt::format("{} {} {} {}\n", given.at, given.lead, given.type, given.data);
  }
  return text;
}

}  // namespace relance::tests
