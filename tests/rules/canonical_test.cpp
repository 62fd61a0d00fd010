#include "rules/canonical.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "rules/sha256.h"
#include "tests/rules/rules_support.h"

namespace relance::rules {
namespace {

using tests::load;

House house_in(std::string_view zone, std::vector<Cap> caps = {}) {
  const auto found = Zone::find(zone);
  REQUIRE(found);
  return {*found, std::move(caps)};
}

constexpr const char* kFull = R"(
playbook: full
title: "All of it: \"quoted\" and é"
priority: 70
enroll: { on: [lead.updated, lead.created], when: lead.size == "smb", again: { after: 90d, max: 3 } }
in_flight: pin
goal: [meeting.booked, lead.converted]
exit: [lead.lost, complaint, hard_bounce, opt_out]
sla: { first_touch: { within: 90m, clock: business, warn_at: 75%, on_breach: escalate, channels: [call, email] } }
touches: { min: 4, max: 6, within: 10d }
contact_hours: { days: [fri, mon], hours: ["10:00-13:00", "14:00-24:00"], zone: Europe/Paris, holidays: [2026-12-25, 2026-05-01] }
caps: [{ channel: email, max: 2, per: day }, { scope: account, max: 2, per: 48h }, { scope: playbook, max: 1, per: week }]
cool_down: { after: 5, pause: 7d }
steps:
  - { id: one, day: 0, at: "09:30", channel: call, skip_if: '!has(lead.phone)', expires: 2d, on_cap: skip }
  - { id: two, wait: 0s, channel: email, template: full/two }
exceptions: [{ when: '"vip" in lead.flags', do: escalate, to: manager }]
)";

TEST_CASE("the canonical form, byte for byte: it is on disk for ever") {
  CHECK(load(kFull).canonical ==
        R"json({"canonical":1,"caps":[{"channel":"email","max":2,"per":"day","scope":"lead"},)json"
        R"json({"channel":"any","max":2,"per":172800000,"scope":"account"},)json"
        R"json({"channel":"any","max":1,"per":"week","scope":"playbook"}],)json"
        R"json("contact_hours":{"days":["mon","fri"],"holidays":["2026-05-01","2026-12-25"],)json"
        R"json("hours":["10:00-13:00","14:00-24:00"],"zone":"Europe/Paris"},)json"
        R"json("cool_down":{"after":5,"pause":604800000},)json"
        R"json("enroll":{"again":{"after":7776000000,"max":3},"on":["lead.created","lead.updated"],)json"
        R"json("when":"lead.size == \"smb\""},)json"
        R"json("exceptions":[{"do":"escalate","to":"manager","when":"\"vip\" in lead.flags"}],)json"
        R"json("exit":["opt_out","hard_bounce","complaint","lead.lost"],"fallback_zone":"UTC",)json"
        R"json("goal":["lead.converted","meeting.booked"],"in_flight":"pin","playbook":"full","priority":70,)json"
        R"json("sla":{"first_touch":{"channels":["email","call"],"clock":"business","on_breach":"escalate",)json"
        R"json("warn_at":750000,"within":5400000}},)json"
        R"json("steps":[{"at":"09:30","channel":"call","day":0,"expires":172800000,"id":"one","on_cap":"skip",)json"
        R"json("skip_if":"!has(lead.phone)"},{"channel":"email","id":"two","on_cap":"defer",)json"
        R"json("template":"full/two","wait":0}],"title":"All of it: \"quoted\" and é",)json"
        R"json("touches":{"max":6,"min":4,"within":864000000}})json");
}

TEST_CASE("a step that opts in to a resend says so in its revision, and every other revision stays what it was") {
  const std::string head = "playbook: p\nsteps:\n  - { id: a, day: 0, channel: email";
  const Playbook plain = load(head + " }");
  CHECK(load(head + ", on_unknown: park }").revision == plain.revision);
  CHECK(plain.canonical.find("on_unknown") == std::string::npos);
  const Playbook resend = load(head + ", on_unknown: resend }");
  CHECK(resend.revision != plain.revision);
  const auto again = load_canonical(resend.canonical);
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->steps[0].resend_on_unknown);

  const Playbook variant =
      load(head + " }\nvariants: [{ id: v, when: \"true\", replace: { steps: { a: { on_unknown: resend } } } }]");
  CHECK_FALSE(variant.steps[0].resend_on_unknown);
  CHECK(variant.form(0, std::nullopt).steps[0].resend_on_unknown);
  CHECK(load_canonical(variant.canonical));
}

// Every word that makes other forms of a playbook.
constexpr const char* kForms = R"(
playbook: forms
steps:
  - { id: one, day: 0, channel: email, template: forms/one }
  - { id: two, wait: 1h, channel: call }
variants:
  - id: hot
    when: lead.score >= 80
    replace:
      touches: { max: 3, within: 5d }
      caps: [{ max: 1, per: 36h }]
      cool_down: { after: 2, pause: 90m }
      sla: { first_touch: { within: 1h, warn_at: 0.5% } }
      contact_hours: { from: "08:00", to: "12:00", fallback_zone: Asia/Tokyo }
      steps: [{ id: one, day: 0, channel: call, expires: 2h }, { id: three, wait: 1d, channel: task }]
  - id: Warm_2
    when: "true"
    replace:
      steps:
        two: { wait: 3h, channel: sms, expires: 4h, skip_if: "true", on_cap: skip, template: forms/two }
        one: { on_cap: defer, at: "09:30", day: 1 }
on: { page.viewed: { start: other }, meeting.missed: { start: no-show } }
experiment:
  id: subject-line
  unit: account
  arms: { short: 1, control: 2, holdout: 3 }
  replace: { short: { steps: { one: { template: forms/short } } }, control: { touches: { min: 1 } } }
  success: { goal: [meeting.held, meeting.booked], within: 14d }
  min_per_arm: 200
)";

TEST_CASE("the canonical form of variants, workflows and an experiment, byte for byte") {
  CHECK(load(kForms, house_in("Europe/Paris", {Cap{Cap::Scope::account, std::nullopt, 9, kDay}})).canonical ==
        R"json({"canonical":1,"caps":[{"channel":"any","max":9,"per":86400000,"scope":"account"}],)json"
        R"json("enroll":{},"exceptions":[],"exit":["reply","opt_out","hard_bounce","complaint",)json"
        R"json("lead.lost"],"experiment":{"arms":{"short":1,"control":2,"holdout":3},"id":"subject-line",)json"
        R"json("min_per_arm":200,"replace":{"short":{"steps":{"one":{"template":"forms/short"}}},)json"
        R"json("control":{"touches":{"min":1}}},"success":{"goal":["meeting.booked","meeting.held"],)json"
        R"json("within":1209600000},"unit":"account"},"fallback_zone":"Europe/Paris",)json"
        R"json("goal":["lead.converted"],"in_flight":"pin","on":{"meeting.missed":{"start":"no-show"},)json"
        R"json("page.viewed":{"start":"other"}},"playbook":"forms","priority":50,)json"
        R"json("steps":[{"channel":"email","day":0,"id":"one","on_cap":"defer","template":"forms/one"},)json"
        R"json({"channel":"call","id":"two","on_cap":"defer","wait":3600000}],"title":"forms",)json"
        R"json("touches":{"min":0},"variants":[{"id":"hot","replace":{"caps":[{"channel":"any","max":9,)json"
        R"json("per":86400000,"scope":"account"},{"channel":"any","max":1,"per":129600000,"scope":"lead"}],)json"
        R"json("contact_hours":{"days":["mon","tue","wed","thu","fri"],"fallback_zone":"Asia/Tokyo",)json"
        R"json("holidays":[],"hours":["08:00-12:00"],"zone":"lead"},"cool_down":{"after":2,)json"
        R"json("pause":5400000},"sla":{"first_touch":{"channels":["email","call","social","sms","task",)json"
        R"json("meeting"],"clock":"wall","warn_at":5000,"within":3600000}},"steps":[{"channel":"call",)json"
        R"json("day":0,"expires":7200000,"id":"one","on_cap":"defer"},{"channel":"task","id":"three",)json"
        R"json("on_cap":"defer","wait":86400000}],"touches":{"max":3,"min":0,"within":432000000}},)json"
        R"json("when":"lead.score >= 80"},{"id":"Warm_2","replace":{"steps":{"one":{"at":"09:30","day":1,)json"
        R"json("on_cap":"defer"},"two":{"channel":"sms","expires":14400000,"on_cap":"skip",)json"
        R"json("skip_if":"true","template":"forms/two","wait":10800000}}},"when":"true"}]})json");
}

TEST_CASE("variants, workflows and an experiment come back from the canonical form as they were") {
  const Playbook playbook = load(kForms, house_in("Europe/Paris", {Cap{Cap::Scope::account, std::nullopt, 9, kDay}}));
  const auto again = load_canonical(playbook.canonical);
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->canonical == playbook.canonical);
  REQUIRE(again->variants.size() == 2);
  CHECK(again->variants[0].replace.sla->warn_at_ppm == 5000);
  CHECK(again->variants[0].replace.cool_down->pause == Duration{90 * 60'000});
  CHECK(again->variants[1].id == "Warm_2");
  REQUIRE(again->workflows.size() == 2);
  CHECK(again->workflows[1].start.value == "other");
  REQUIRE(again->experiment->arms.size() == 3);
  CHECK(again->experiment->arms[0].id == "short");  // the order of the file decides who gets which
  CHECK(again->experiment->unit == Experiment::Unit::account);
  CHECK(again->experiment->success_goal == std::vector{EventType::meeting_booked, EventType::meeting_held});
  CHECK(again->experiment->success_within == kDay * 14);
  CHECK(again->experiment->min_per_arm == 200);
  CHECK(again->experiment->position.line == 0);
  CHECK(again->variants[1].replace.step_changes[0].position.line == 0);

  REQUIRE(again->replaced_forms.size() == playbook.replaced_forms.size());
  const Form& form = again->form(1, 0);
  CHECK(form.steps[0].template_name == "forms/short");
  CHECK(std::get<OnDay>(form.steps[0].when).day == 1);
  CHECK(form.steps[1].skip_on_cap);
  CHECK(form.steps[1].skip_if->position.line == 0);
  CHECK(again->form(0, 1).caps.size() == 2);
  CHECK(again->form(0, 1).fallback_zone.name() == "Asia/Tokyo");
  CHECK(again->form(1, 2).steps.empty());
}

TEST_CASE("the revision is the SHA-256 of the canonical form") {
  const Playbook playbook = load(kFull);
  CHECK(playbook.revision.value == to_hex(sha256(playbook.canonical)));
  CHECK(playbook.revision.value.size() == 64);
}

TEST_CASE("a playbook comes back from its canonical form as it was, but for the positions") {
  const Playbook playbook = load(kFull, house_in("America/Santiago", {Cap{Cap::Scope::lead, std::nullopt, 9, kDay}}));
  const auto again = load_canonical(playbook.canonical);
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->revision == playbook.revision);
  CHECK(again->canonical == playbook.canonical);
  CHECK(again->title == playbook.title);
  CHECK(again->caps.size() == 4);
  CHECK(again->fallback_zone.name() == "America/Santiago");
  CHECK(again->contact_hours->holidays == playbook.contact_hours->holidays);
  CHECK(again->sla->warn_at_ppm == 750'000);
  CHECK(again->sla->within == Duration{90 * 60'000});
  CHECK(std::get<AfterWait>(again->steps[1].when).wait == Duration{0});
  CHECK(again->steps[0].skip_if->expression.text() == "!has(lead.phone)");
  CHECK(again->steps[0].position.line == 0);
  CHECK(again->steps[0].skip_if->position.line == 0);
}

TEST_CASE("files that mean the same have the same revision") {
  const std::string plain = R"(
playbook: same
enroll: { on: [lead.created, page.viewed], when: lead.score > 3 }
exit: [reply, opt_out, hard_bounce, complaint, lead.lost]
sla: { first_touch: { within: 90m, channels: [email, call] } }
touches: { within: 2d }
contact_hours: { from: "09:00", to: "17:00", holidays: [2026-05-01] }
steps: [{ id: a, day: 3, channel: email, expires: 1w }]
)";
  const std::string twisted = R"(# Another hand wrote this one.
"steps":
  - channel: 'email'     # by mail
    expires: 168h
    on_cap: defer
    day: 003
    id: a
title: same
priority: 050
touches:
  within: 48h
  min: 0
exit: [lead.lost, complaint, opt_out, reply, hard_bounce]
goal: lead.converted
contact_hours:
  holidays: ["2026-05-01", 2026-05-01]
  hours: ["09:00-17:00"]
  days: [fri, thu, wed, tue, mon]
  zone: lead
  fallback_zone: UTC
caps: []
in_flight: pin
sla: { first_touch: { clock: wall, within: "5400s", channels: [call, email] } }
enroll:
  when: >-
    lead.score > 3
  on:
    - page.viewed
    - lead.created
playbook: same
)";
  CHECK(load(plain).canonical == load(twisted).canonical);
  CHECK(load(plain).revision == load(twisted).revision);
}

TEST_CASE("a zone means the same whether the playbook or the house names it") {
  const std::string steps = "playbook: a\nsteps: [{ id: b, day: 0, channel: call }]\n";
  const std::string hours = "contact_hours: { from: \"09:00\", to: \"17:00\" }\n";
  const std::string named = "contact_hours: { from: \"09:00\", to: \"17:00\", fallback_zone: Europe/Paris }\n";
  CHECK(load(steps + hours, house_in("Europe/Paris")).revision == load(steps + named).revision);
  CHECK(load(steps + hours, house_in("Europe/Paris")).revision != load(steps + hours).revision);
  CHECK(load(steps + named, house_in("Asia/Tehran")).revision == load(steps + named).revision);
  CHECK(load(steps, house_in("Europe/Paris")).revision != load(steps).revision);
  const Playbook playbook = load(steps + hours, house_in("Europe/Paris"));
  REQUIRE(playbook.contact_hours->fallback_zone);
  CHECK(*playbook.contact_hours->fallback_zone == playbook.fallback_zone);
}

TEST_CASE("whatever changes the meaning changes the revision") {
  const std::string base =
      "playbook: a\nsteps:\n  - { id: b, day: 1, channel: email }\n  - { id: c, day: 1, channel: call }\n";
  const Revision revision = load(base).revision;
  for (const std::string more :
       {"title: Other\n", "priority: 51\n", "goal: meeting.booked\n", "exit: [opt_out, hard_bounce, complaint]\n",
        "enroll: { on: lead.created }\n", "enroll: { again: {} }\n", "touches: { min: 1 }\n", "touches: { max: 1 }\n",
        "touches: { within: 1d }\n", "caps: [{ max: 1, per: day }]\n", "cool_down: { after: 1, pause: 1d }\n",
        "sla: { first_touch: { within: 1h } }\n", "contact_hours: { hours: [\"00:00-24:00\"] }\n",
        "exceptions: [{ when: 'true', do: escalate }]\n",
        "variants: [{ id: v, when: 'true', replace: { touches: { min: 1 } } }]\n",
        "variants: [{ id: v, when: 'true', replace: { steps: { b: { channel: sms } } } }]\n",
        "on: { page.viewed: { start: a } }\n", "experiment: { id: e, arms: { b: 1 } }\n",
        "experiment: { id: e, arms: { c: 1, b: 1 } }\n"}) {
    CAPTURE(more);
    CHECK(load(base + more).revision != revision);
  }
  CHECK(load("playbook: a\nsteps:\n  - { id: c, day: 1, channel: call }\n  - { id: b, day: 1, channel: email }\n")
            .revision != revision);
  CHECK(load(base + "caps: [{ max: 1, per: 24h }]\n").revision !=
        load(base + "caps: [{ max: 1, per: day }]\n").revision);
}

TEST_CASE("the order of variants and arms means something, that of changes and workflows does not") {
  const std::string base =
      "playbook: a\nsteps:\n  - { id: b, day: 1, channel: email }\n  - { id: c, day: 1, channel: call }\n";
  const auto revision = [&](const std::string& more) { return load(base + more).revision; };
  const std::string v = "{ id: v, when: 'true', replace: { touches: { min: 1 } } }";
  const std::string w = "{ id: w, when: 'true', replace: { touches: { min: 1 } } }";
  CHECK(revision("variants: [" + v + ", " + w + "]\n") != revision("variants: [" + w + ", " + v + "]\n"));
  CHECK(revision("experiment: { id: e, arms: { b: 1, c: 1 } }\n") !=
        revision("experiment: { id: e, arms: { c: 1, b: 1 } }\n"));
  const auto changes = [&](const std::string& steps) {
    return revision("variants: [{ id: v, when: 'true', replace: { steps: " + steps + " } }]\n");
  };
  CHECK(changes("{ b: { channel: sms }, c: { on_cap: skip } }") ==
        changes("{ c: { on_cap: skip }, b: { channel: sms } }"));
  CHECK(revision("on: { page.viewed: { start: a }, meeting.missed: { start: a } }\n") ==
        revision("on: { meeting.missed: { start: a }, page.viewed: { start: a } }\n"));
  CHECK(revision("variants: []\n") == revision(""));
  CHECK(revision("experiment: { id: e, unit: lead, min_per_arm: 0, success: { goal: any }, arms: { b: 1 } }\n") ==
        revision("experiment: { id: e, arms: { b: 1 } }\n"));
}

TEST_CASE("holidays and business days survive the way to the store and back") {
  const std::string steps = "playbook: a\nsteps: [{ id: b, wait: 2bd, channel: call, expires: 1bd }]\n";
  for (const std::string holidays :
       {"{ country: FR }", "{ country: lead }", "{ by_country: { BE: [\"2026-07-21\"] }, dates: [\"2026-12-24\"] }"}) {
    CAPTURE(holidays);
    const Playbook playbook =
        load(steps + "contact_hours: { from: \"09:00\", to: \"17:00\", holidays: " + holidays + " }\n");
    const auto again = load_canonical(playbook.canonical);
    REQUIRE(again);
    CHECK(again->revision == playbook.revision);
    CHECK(again->contact_hours->of("FR").holidays == playbook.contact_hours->of("FR").holidays);
  }
}

TEST_CASE("a damaged canonical form is refused with a sentence") {
  const std::string canonical = load(kFull).canonical;
  const auto refused = [](const std::string& text) {
    const auto playbook = load_canonical(text);
    return !playbook && !playbook.error().empty();
  };
  const auto without = [&](const std::string& part, const std::string& instead) {
    std::string text = canonical;
    const std::size_t at = text.find(part);
    REQUIRE(at != std::string::npos);
    return text.replace(at, part.size(), instead);
  };
  CHECK_FALSE(refused(canonical));
  CHECK(refused(""));
  CHECK(refused("{}"));
  CHECK(refused("[1]"));
  CHECK(refused(canonical.substr(0, canonical.size() - 1)));
  CHECK(refused(canonical + "\n"));
  CHECK(refused(" " + canonical));
  CHECK(refused(without("\"canonical\":1", "\"canonical\":2")));
  CHECK(refused(without("\"canonical\":1,", "")));
  CHECK(refused(without("\"UTC\"", "\"Mars/Olympus\"")));
  CHECK(refused(without("\"priority\":70", "\"priority\":071")));
  CHECK(refused(without("5400000", "5400001")));
  CHECK(refused(without("750000", "1750000")));
  CHECK(refused(without("\"wait\":0", "\"wait\":-1")));
  CHECK(refused(without("\"playbook\":\"full\"", "\"playbook\":\"full\",\"extra\":1")));
  CHECK(refused(without("lead.size", "leed.size")));
}

TEST_CASE("any title and condition text survives the canonical form") {
  const auto part =
      rc::gen::element<std::string>("a", " ", "\"", "\\", "'", "é", "😀", "\\u0085", "\\uFEFF", "\\u0080", "\\u009F",
                                    "\\u2028", "#", ": ", "{", "]", "&", "*", "!", "%", "\\t", "\\x7F");
  rc::check([&] {
    // Written as escapes in a double-quoted scalar, inside a string of the condition.
    std::string text;
    for (const std::string& piece : *rc::gen::container<std::vector<std::string>>(part)) {
      text += piece == "\"" ? "\\\"" : piece == "\\" ? "\\\\" : piece;
    }
    const std::string when = "exceptions: [{ when: \"lead.x == r'''" + text + " '''\", do: escalate }]\n";
    const auto playbook =
        load_playbook("playbook: a\nsteps: [{ id: b, day: 0, channel: call }]\n" + when, "test.yaml", House{});
    if (!playbook) RC_DISCARD("three quotes in a row end the string");
    const auto again = load_canonical(playbook->canonical);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->revision == playbook->revision);
    RC_ASSERT(again->exceptions[0].when.expression.text() == playbook->exceptions[0].when.expression.text());
  });
}

TEST_CASE("a schedule is part of the canonical form, in one spelling, and comes back from it") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }]\n";
  const Playbook playbook = load(
      "playbook: gold\nenroll: { on: [schedule], schedule: { start: lead.gold_since, rrule: interval=4;freq=monthly } "
      "}\n" +
      steps);
  CHECK(playbook.canonical.find(R"json("enroll":{"on":"schedule","schedule":{"at":"00:00",)json"
                                R"json("rrule":"FREQ=MONTHLY;INTERVAL=4","start":"lead.gold_since"}},)json") !=
        std::string::npos);
  const auto again = load_canonical(playbook.canonical);
  REQUIRE(again);
  REQUIRE(again->enroll.schedule);
  CHECK(again->revision == playbook.revision);
  CHECK(again->enroll.schedule->key == playbook.enroll.schedule->key);
  const Playbook fixed =
      load("playbook: gold\nenroll: { on: schedule, schedule: { start: 2026-01-31, rrule: FREQ=DAILY } }\n" + steps);
  CHECK(load_canonical(fixed.canonical)->revision == fixed.revision);
}

}  // namespace
}  // namespace relance::rules
