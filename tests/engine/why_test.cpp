// What stands between a lead and its next touch: rules/why.h. Every rule of the gate, and that it never says anything
// but what the decision then does.

#include <doctest/doctest.h>

#include <sstream>

#include "engine/explain/obstacle_text.h"
#include "rules/policy_verdict.h"
#include "rules/why.h"
#include "simulation_support.h"

namespace relance::tests {
namespace {

using rules::Obstacle;
using rules::Why;

std::string name_of(Obstacle::Effect effect) {
  switch (effect) {
    case Obstacle::Effect::waits:
      return "waits";
    case Obstacle::Effect::held:
      return "held";
    case Obstacle::Effect::withheld:
      return "withheld";
    case Obstacle::Effect::skipped:
      return "skipped";
    case Obstacle::Effect::ended:
      break;
  }
  return "ended";
}

/// A run, and questions about its lead `L` in between.
class Questioned {
 public:
  explicit Questioned(std::vector<std::string> playbooks, const rules::House& house = {})
      : rulebook_(rulebook_of(playbooks, house)), run_(rulebook_) {}
  Questioned(const std::string& body, const std::vector<Given>& events) : Questioned({cadence(body)}) {
    for (const Given& given : events) run_.handle(given);
  }

  Run& run() { return run_; }
  Why why(std::string_view at) {
    run_.until(instant(at));
    return why_now(instant(at));
  }
  Why why_now(rules::Instant at) { return rules::explain(run_.lead("L"), {rulebook_, run_.simulation().store(), at}); }
  /// "cap:lead:any waits 03-03 00:00 house caps.0", a line each.
  std::string obstacles(std::string_view at) {
    std::string text;
    for (const Obstacle& obstacle : why(at).obstacles) {
      text += obstacle.rule + " " + name_of(obstacle.effect);
      if (obstacle.until) text += " " + short_text(*obstacle.until);
      std::string keys;
      for (const std::string& key : obstacle.place.keys) keys += (keys.empty() ? " " : ".") + key;
      if (obstacle.place.file == rules::RulePlace::File::house) text += " house";
      text += keys + "\n";
    }
    return text;
  }
  rules::LeadState& lead() { return run_.lead("L"); }
  const rules::Rulebook& rulebook() const { return rulebook_; }

 private:
  const rules::Rulebook rulebook_;
  Run run_;
};

TEST_CASE("a lead in no playbook has nothing to wait for") {
  Questioned asked(
      {std::string("playbook: p\ntitle: p\nenroll: { on: lead.created, when: 'false' }\n"
                   "steps: [{ id: a, day: 0, channel: task }]\n")});
  asked.run().handle(kArrival);
  CHECK(asked.obstacles("03-02 10:00") == "not_enrolled ended\n");
  CHECK_FALSE(asked.why("03-02 10:00").enrollment.has_value());
}

TEST_CASE("a step that is not due waits for its time, and the forecast says what it then does") {
  Questioned asked("steps: [{ id: a, day: 0, channel: task }, { id: b, day: 2, at: '10:30', channel: task }]",
                   {kArrival});
  CHECK(asked.obstacles("03-02 12:00") == "not_due waits 03-04 10:30 steps.b\nspacing waits 03-03 00:00 steps.b\n");
  const Why why = asked.why("03-02 12:00");
  REQUIRE(why.next.size() == 1);
  CHECK(why.next[0].type == rules::RecordType::touch_emitted);
  CHECK(short_text(why.next[0].at) == "03-04 10:30");
}

TEST_CASE("an opt-out of a channel stands in the way of its step, and says nothing of others") {
  Questioned asked("steps: [{ id: a, day: 2, channel: email }]\nexit: [opt_out, hard_bounce, complaint]", {kArrival});
  asked.run().handle({"03-02 10:00", "L", "optout.received", "'channel':'email'"});
  // It ends the enrollment, whatever its channel.
  CHECK(asked.obstacles("03-02 12:00") == "opt_out withheld\nnot_enrolled ended\n");
}

TEST_CASE("a withdrawal of consent is told from an opt-out, by its date, until consent is given anew") {
  Questioned asked("steps: [{ id: a, day: 1, channel: email }]", {kArrival});
  asked.run().handle({"03-02 10:00", "L", "consent.withdrawn", "'channel':'email'"});
  REQUIRE(asked.obstacles("03-02 12:00") == "not_due waits 03-03 09:00 steps.a\nopt_out withheld\n");
  const Obstacle obstacle = asked.why("03-02 12:00").obstacles[1];
  CHECK(std::get<rules::OptOutFacts>(obstacle.facts).withdrawn == instant("03-02 10:00"));
  CHECK(engine::reason_text(obstacle, {}, rules::Zone{}) ==
        "The person withdrew consent, Mon 2026-03-02 10:00 (2026-03-02T10:00:00Z).");
  CHECK(engine::remedy_text(obstacle, rules::Zone{}) ==
        "Only express consent of the person could, with evidence: consent.granted for the channel.");

  asked.run().handle({"03-02 13:00", "L", "consent.granted", "'channel':'email','evidence':'form 12'"});
  CHECK(asked.obstacles("03-02 14:00") == "not_due waits 03-03 09:00 steps.a\n");
}

TEST_CASE("a withdrawal of consent also stands in the way of a lead that is in no playbook") {
  Questioned asked("steps: [{ id: a, day: 0, channel: email }]", {kArrival});
  asked.run().handle({"03-03 10:00", "L", "consent.withdrawn", ""});
  CHECK(asked.obstacles("03-03 12:00") == "opt_out withheld\nnot_enrolled ended\n");
}

TEST_CASE("a legal pack says which clause is not met, and what would meet it") {
  rules::PolicyPack pack;
  pack.id = "fr";
  pack.name = "fr@1+0011";
  pack.jurisdiction = "FR";
  rules::PolicyRule rule;
  rule.match.channels = rules::ChannelSet::every();
  rule.consent = rules::ConsentRule{{{rules::ConsentBasis::express, std::nullopt}}};
  pack.rules.push_back(rule);
  rules::House house;
  house.policies.push_back(std::make_shared<const rules::PolicyPack>(pack));
  Questioned asked({cadence("steps: [{ id: a, day: 1, channel: email }]")}, house);
  asked.run().handle({"03-02 09:00", "L", "lead.created",
                      "'email':'a@example.org','timezone':'UTC','country':'FR','subject_kind':'consumer'"});
  REQUIRE(asked.obstacles("03-02 12:00") == "not_due waits 03-03 09:00 steps.a\npolicy:fr withheld\n");
  const Obstacle obstacle = asked.why("03-02 12:00").obstacles[1];
  CHECK(std::get<rules::PolicyFacts>(obstacle.facts).clause == "consent_missing");
  CHECK(engine::reason_text(obstacle, {}, rules::Zone{})
            .starts_with("The legal pack fr does not allow it now: there is no consent that it accepts "
                         "(consent_missing); what applies: fr@1+0011"));
  CHECK(engine::remedy_text(obstacle, rules::Zone{}) == "The person has to give express consent.");
}

TEST_CASE("an address that another lead opted out with is suppressed for who carries it") {
  Questioned asked("steps: [{ id: a, day: 1, channel: email }]", {kArrival});
  asked.run().handle({"03-02 09:30", "M", "lead.created", "'email':'a@example.org'"});
  asked.run().handle({"03-02 10:00", "M", "optout.received", "'channel':'email'"});
  CHECK(asked.obstacles("03-02 12:00") == "not_due waits 03-03 09:00 steps.a\nsuppressed withheld\n");
  const auto facts = std::get<rules::SuppressedFacts>(asked.why("03-02 12:00").obstacles[1].facts);
  REQUIRE(facts.rows.size() == 1);
  CHECK(facts.rows[0].kind == rules::Address::Kind::email);
  CHECK(facts.rows[0].scope == rules::ChannelScope::only(rules::Channel::email));
  CHECK_FALSE(facts.complained);
}

TEST_CASE("an exception that holds names its condition, and a validated channel shuts the others") {
  Questioned asked(
      "exceptions: [{ when: 'lead.flags.exists(f, f == \"vip\")', do: escalate, to: boss }]\n"
      "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: email }]",
      {kArrival, {"03-02 10:00", "L", "flag.set", "'flag':'vip'"}});
  CHECK(asked.obstacles("03-04 12:00") == "asked_later held steps.b\nescalation held exceptions.0\n");
  const auto held = std::get<rules::HoldFacts>(asked.why("03-04 12:00").obstacles[1].facts);
  CHECK(held.condition == "lead.flags.exists(f, f == \"vip\")");
  CHECK(held.to == "boss");

  Questioned resolved(
      "exceptions: [{ when: 'lead.flags.exists(f, f == \"vip\")', do: escalate }]\n"
      "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: email }]",
      {kArrival,
       {"03-02 10:00", "L", "flag.set", "'flag':'vip'"},
       {"03-02 11:00", "L", "escalation.resolved", "'channel':'call'"}});
  const Why why = resolved.why("03-02 12:00");
  REQUIRE(why.obstacles.size() == 3);
  CHECK(why.obstacles[1].rule == "escalation");
  CHECK(why.obstacles[1].effect == Obstacle::Effect::withheld);
  CHECK(std::get<rules::HoldFacts>(why.obstacles[1].facts).validated == rules::Channel::call);
}

TEST_CASE("a pause says since when, and whether a person must end it") {
  const std::string body = "steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1h, channel: task }]";
  Questioned manual(body, {kArrival, {"03-02 09:30", "L", "playbook.pause"}});
  CHECK(manual.obstacles("03-02 12:00") == "paused held\n");
  CHECK(std::get<rules::PauseFacts>(manual.why("03-02 12:00").obstacles[0].facts).manual);
  Questioned automatic(body, {kArrival, {"03-02 09:30", "L", "touch.replied", "'auto':true,'until':'2026-03-06'"}});
  CHECK(automatic.obstacles("03-02 12:00") == "paused waits 03-06 00:00\n");
  CHECK(short_text(std::get<rules::PauseFacts>(automatic.why("03-02 12:00").obstacles[0].facts).since) ==
        "03-02 09:30");
}

TEST_CASE("a cool-down says how many touches had no reply") {
  Questioned asked(
      "cool_down: { after: 2, pause: 3d }\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }, "
      "{ id: c, day: 2, channel: task }]",
      {kArrival});
  CHECK(asked.obstacles("03-04 12:00") ==
        "asked_later waits 03-06 09:00 steps.c\ncool_down waits 03-06 09:00 cool_down\n");
  CHECK(std::get<rules::CoolDownFacts>(asked.why("03-04 12:00").obstacles[1].facts).non_replies == 2);
}

TEST_CASE("spacing names the step that went out today") {
  Questioned asked(
      "caps: [{ max: 1, per: 26h }]\n"
      "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task }, { id: c, day: 1, channel: task }]",
      {kArrival});
  // b goes out on Tuesday at 11:00; c, due on that Tuesday, must wait for Wednesday.
  const Why why = asked.why("03-03 12:00");
  REQUIRE(why.obstacles.size() == 3);
  CHECK(why.obstacles[1].rule == "spacing");
  CHECK(std::get<rules::SpacingFacts>(why.obstacles[1].facts).step == "b");
  CHECK(short_text(*why.obstacles[1].until) == "03-04 00:00");
}

TEST_CASE("every full cap is listed with what it counted, the one that decides first") {
  const rules::House house = house_of("caps: [{ channel: email, max: 5, per: day }, { max: 1, per: day }]");
  Questioned asked(
      {cadence("caps: [{ channel: task, max: 2, per: 40h }, { scope: account, max: 1, per: 2h }]\n"
               "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }, { id: c, day: 1, "
               "channel: task }]")},
      house);
  asked.run().handle(kArrival);
  CHECK(asked.obstacles("03-03 12:00") ==
        "asked_later waits 03-04 01:00 steps.c\n"
        "cap:lead:task waits 03-04 01:00 caps.0\n"
        "cap:lead:any waits 03-04 00:00 house caps.1\n");
  const Why why = asked.why("03-03 10:00");
  const auto& facts = std::get<rules::CapFacts>(why.obstacles[1].facts);
  REQUIRE(facts.counted.size() == 2);
  CHECK(facts.counted[0].step == "a");
  CHECK(facts.counted[1].step == "b");
  CHECK(short_text(facts.counted[1].at) == "03-03 09:00");
}

TEST_CASE("an account's cap counts the touches of other leads without naming them") {
  Questioned asked(
      {cadence("caps: [{ scope: account, max: 1, per: 48h }]\nsteps: [{ id: a, day: 0, channel: task }]")});
  asked.run().handle({"03-02 08:00", "M", "lead.created", {}, {}, "acme"});
  asked.run().handle({"03-02 09:00", "L", "lead.created", {}, {}, "acme"});
  const Why why = asked.why("03-02 10:00");
  REQUIRE(why.obstacles.size() == 2);
  CHECK(why.obstacles[1].rule == "cap:account:any");
  const auto& facts = std::get<rules::CapFacts>(why.obstacles[1].facts);
  REQUIRE(facts.counted.size() == 1);
  CHECK(facts.counted[0].step.empty());
  CHECK_FALSE(facts.counted[0].channel.has_value());
}

TEST_CASE("contact hours say whether the day, a holiday or the hour is to blame") {
  Questioned asked(
      "contact_hours: { from: '09:00', to: '17:00', holidays: ['2026-03-03'] }\n"
      "steps: [{ id: a, day: 0, at: '18:00', channel: task }]",
      {kArrival});
  const auto facts = [&](std::string_view at) {
    return std::get<rules::HoursFacts>(asked.why(at).obstacles.back().facts);
  };
  CHECK(asked.obstacles("03-02 19:00") ==
        "asked_later waits 03-04 09:00 steps.a\ncontact_hours waits 03-04 09:00 contact_hours\n");
  CHECK(facts("03-02 19:00").day_is_open);
  CHECK_FALSE(facts("03-02 19:00").holiday);
  CHECK(facts("03-03 10:00").holiday);
}

TEST_CASE("an absence names the owner, its end and its line of the house") {
  Questioned asked(
      {cadence("contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, day: 1, channel: call }]")},
      house_of("owners: { rep-7: { absent: [2026-03-03/2026-03-06] } }"));
  asked.run().handle({"03-02 09:00", "L", "lead.created", "'phone':'+33612345678','owner':'rep-7'"});
  CHECK(asked.obstacles("03-04 08:30") ==
        "asked_later waits 03-09 09:00 steps.a\n"
        "owner_absent waits 03-09 09:00 house owners.rep-7\n"
        "contact_hours waits 03-04 09:00 contact_hours\n");
  const Obstacle obstacle = asked.why("03-04 08:30").obstacles[1];
  CHECK(
      engine::reason_text(obstacle, {}, rules::Zone()) ==
      "Its owner rep-7 is absent until Sat 2026-03-07 00:00 (2026-03-07T00:00:00Z), and no one else makes the touch.");
  CHECK(engine::remedy_text(obstacle, rules::Zone()) ==
        "The owner is back and the hours are open Mon 2026-03-09 09:00 (2026-03-09T09:00:00Z); a lead event that names "
        "another owner ends it now.");
}

TEST_CASE("every full throttle is listed, and the one that decides says when the touch fits") {
  Questioned asked(
      {cadence("contact_hours: { from: '09:00', to: '17:00' }\n"
               "steps: [{ id: a, day: 0, channel: call }, { id: b, wait: 1h, channel: call }]")},
      house_of("throttle: [{ max: 1, per: 3h }, { max: 9, per: day }, { channel: call, max: 1, per: day }]"));
  asked.run().handle({"03-02 09:00", "L", "lead.created", "'phone':'+33612345678','owner':'rep-7'"});
  CHECK(asked.obstacles("03-02 09:30") ==
        "not_due waits 03-02 10:00 steps.b\n"
        "throttle:call waits 03-03 09:00 house throttle.2\n"
        "throttle:any waits 03-02 12:00 house throttle.0\n");
  const Obstacle obstacle = asked.why("03-02 09:30").obstacles[1];
  CHECK(engine::reason_text(obstacle, {}, rules::Zone()) ==
        "Its owner rep-7 makes at most 1 call touch a day, over all leads and playbooks, and has made them.");
  CHECK(
      engine::remedy_text(obstacle, rules::Zone()) ==
      "The owner has room again Tue 2026-03-03 09:00 (2026-03-03T09:00:00Z); another owner (a lead event) may have it "
      "now.");
}

TEST_CASE("what keeps a step from the gate is listed before the gate") {
  Questioned asked(
      "touches: { max: 1 }\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: email, "
      "skip_if: '!has(lead.phone)', expires: 1h }]",
      {{"03-02 09:00", "L", "lead.created"}});
  CHECK(asked.obstacles("03-02 12:00") ==
        "not_due waits 03-03 09:00 steps.b\n"
        "skip_if skipped steps.b.skip_if\n"
        "no_contact_point skipped steps.b\n"
        "touches_max withheld touches.max\n"
        "spacing waits 03-03 00:00 steps.b\n");
}

TEST_CASE("asking changes nothing") {
  Questioned asked(
      "exceptions: [{ when: 'now > timestamp(\"2026-03-03T00:00:00Z\")', do: escalate }]\nsteps: [{ id: a, day: 0, "
      "channel: task }, "
      "{ id: b, day: 1, channel: task }]",
      {kArrival});
  asked.run().until("03-02 12:00");
  const auto wake = asked.lead().wake;
  const std::size_t records = asked.run().ledger().size();
  // Asking would begin the hold; the lead is as it was.
  const Why why = asked.why_now(instant("03-03 09:00"));
  REQUIRE_FALSE(why.obstacles.empty());
  CHECK(why.obstacles[0].rule == "escalation");
  CHECK_FALSE(asked.lead().enrollment->holding.has_value());
  CHECK(asked.lead().wake == wake);
  CHECK(asked.run().ledger().size() == records);
}

/// Goes from wake to wake: what is said at each is what is then written down.
void follow(Questioned& asked) {
  for (int i = 0; i < 60 && asked.lead().wake != rules::Instant::never(); ++i) {
    const rules::Instant at = asked.lead().wake;
    const Why before = asked.why_now(asked.run().simulation().clock());
    const Why then = asked.why_now(at);
    const std::size_t known = asked.run().ledger().size();
    asked.run().until(at);
    REQUIRE(asked.run().ledger().size() > known);
    const rules::Record& first = asked.run().ledger()[known].record;
    CAPTURE(short_text(at));
    CAPTURE(rules::sentence(first));
    REQUIRE_FALSE(before.next.empty());
    CHECK(rules::sentence(before.next[0]) == rules::sentence(first));
    CHECK(before.next[0].at == first.at);
    using rules::RecordType;
    if (first.type == RecordType::touch_emitted) CHECK(then.obstacles.empty());
    const bool refused = first.type == RecordType::touch_deferred || first.type == RecordType::touch_withheld ||
                         first.type == RecordType::touch_skipped;
    // The end of a window gives steps up without asking them.
    if (!refused || before.enrollment->window_end == at) continue;
    REQUIRE_FALSE(then.obstacles.empty());
    CHECK(then.obstacles[0].rule == std::string_view(first.rule));
    if (first.type == RecordType::touch_deferred) CHECK((then.obstacles[0].until == first.until));
  }
}

TEST_CASE("whatever it says of an instant is what the decision then does") {
  const std::string body = R"(
touches: { min: 2, max: 5, within: 14d }
sla: { first_touch: { within: 4h, warn_at: 50%, channels: [call] } }
contact_hours: { from: '09:00', to: '12:00', holidays: ['2026-03-05'] }
caps: [{ channel: email, max: 1, per: 36h }, { max: 2, per: day }, { scope: playbook, channel: call, max: 1, per: week }]
cool_down: { after: 3, pause: 2d }
steps:
  - { id: a, day: 0, channel: email }
  - { id: b, day: 0, channel: email, expires: 2d }
  - { id: c, day: 0, channel: call }
  - { id: d, wait: 1h, channel: call, on_cap: skip }
  - { id: e, day: 1, channel: sms, skip_if: 'enrollment.touches > 2' }
  - { id: f, day: 3, channel: email, expires: 4h }
  - { id: g, wait: 5h, channel: task }
  - { id: h, day: 9, channel: task }
)";
  for (const std::string hour : {"00:00", "08:59", "09:00", "11:59", "12:00", "23:30"}) {
    for (const std::string day : {"02", "04", "06", "08"}) {
      Questioned asked(body, {});
      asked.run().handle({"03-" + day + " " + hour, "L", "lead.created",
                          hour < "10" ? "'email':'a@example.org'" : "'email':'a@example.org','phone':'+33612345678'"});
      follow(asked);
    }
  }
}

TEST_CASE("what is still to be found out is named, and when the lead is released") {
  Questioned asked(
      "qualification: { fields: [budget, need] }\nrelease: { after: 7d, when: 'has(lead.need)' }\n"
      "steps: [{ id: a, day: 2, channel: task }]",
      {kArrival});
  const Why before = asked.why("03-02 10:00");
  CHECK(before.enrollment->unknown == std::vector<std::string>{"budget", "need"});
  CHECK_FALSE(before.enrollment->release_at.has_value());
  asked.run().handle({"03-02 11:00", "L", "lead.updated", "'need':'urgent'"});
  const Why after = asked.why("03-02 12:00");
  CHECK(after.enrollment->unknown == std::vector<std::string>{"budget"});
  CHECK(after.enrollment->release_at == instant("03-09 11:00"));
}

TEST_CASE("a lead that time disqualifies is let go before the next step, and the forecast says so") {
  Questioned asked(
      "qualification: { disqualify: [{ when: 'lead.budget < 1', reason: budget }, "
      "{ when: 'now >= timestamp(\"2026-03-03T00:00:00Z\")', reason: timing }] }\n"
      "steps: [{ id: a, day: 2, channel: task }]",
      {kArrival});
  CHECK(asked.obstacles("03-02 12:00") == "not_due waits 03-04 09:00 steps.a\n");
  CHECK(asked.obstacles("03-03 12:00") ==
        "qualification:timing ended qualification.disqualify.1\nnot_due waits 03-04 09:00 steps.a\n");
  const Why why = asked.why("03-03 12:00");
  REQUIRE(why.next.size() == 1);
  CHECK(why.next[0].reason == "disqualified");
}

TEST_CASE("what a cap had counted is counted again as it was then") {
  Questioned asked(
      "caps: [{ max: 2, per: 30h }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: call }, "
      "{ id: c, day: 0, channel: task }, { id: d, day: 4, channel: task }]",
      {kArrival});
  asked.run().until("03-05 00:00");
  int found = 0;
  for (const Line& line : asked.run().ledger()) {
    if (line.record.type != rules::RecordType::touch_deferred) continue;
    const auto count = rules::recount(
        asked.lead(), {*line.record.enrollment, line.record.at, std::string(line.record.rule), *line.record.until},
        {asked.rulebook(), asked.run().simulation().store(), instant("03-05 00:00")});
    REQUIRE(count.has_value());
    ++found;
    REQUIRE(count->facts.counted.size() == 2);
    CHECK(count->facts.counted[0].step == "a");
    CHECK(count->facts.counted[1].step == "b");
    CHECK(count->place.keys == std::vector<std::string>{"caps", "0"});
  }
  CHECK(found == 1);
}

}  // namespace
}  // namespace relance::tests
