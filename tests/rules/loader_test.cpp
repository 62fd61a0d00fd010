#include "rules/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/rules/rules_support.h"

namespace relance::rules {
namespace {

using tests::load;

constexpr const char* kSteps = "steps: [{ id: hello, day: 0, channel: email }]\n";

std::vector<Finding> findings_of(const std::string& text, const House& house = {}) {
  auto playbook = load_playbook(text, "test.yaml", house);
  return playbook ? std::vector<Finding>{} : playbook.error();
}

/// `rule@path` of every finding, joined; "" when it loads.
std::string wrong(const std::string& text, const House& house = {}) {
  std::string all;
  for (const Finding& finding : findings_of(text, house)) {
    all += (all.empty() ? "" : " ") + finding.rule + "@" + finding.path;
  }
  return all;
}

TEST_CASE("the example of the language's page loads as it is written there") {
  const Playbook playbook = load(R"(playbook: smb-inbound
title: SMB inbound, reactivity first
priority: 50
enroll:
  on: lead.created
  when: lead.source == "inbound" && lead.size == "smb"
  again: { after: 90d, max: 3 }
in_flight: pin
goal: [meeting.booked, lead.converted]
exit: [reply, opt_out, hard_bounce, complaint, lead.lost]
sla:
  first_touch: { within: 2h, clock: business, warn_at: 75%, on_breach: escalate, channels: [call] }
touches: { min: 4, max: 6, within: 10d }
contact_hours:
  { days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00", zone: lead, fallback_zone: Europe/Paris, holidays: ["2026-05-01"] }
caps:
  - { channel: email, max: 2, per: day }
  - { scope: account, max: 2, per: 48h }
cool_down: { after: 5, pause: 7d }
steps:
  - { id: intro-call,    day: 0, channel: call }
  - { id: context-email, day: 0, channel: email, template: smb-inbound/context }
  - { id: second-call,   day: 4, channel: call, at: "10:30", skip_if: '!has(lead.phone)' }
  - { id: case-study,    wait: 90m, channel: email, expires: 2d, on_cap: skip }
exceptions:
  - { when: 'lead.flags.exists(f, f in ["vip", "dispute", "no_reach"])', do: escalate, to: manager }
)");
  CHECK(playbook.id.value == "smb-inbound");
  CHECK(playbook.title == "SMB inbound, reactivity first");
  CHECK(playbook.priority == 50);
  CHECK(playbook.enroll.on == std::vector{EventType::lead_created});
  CHECK(playbook.enroll.when->expression.text() == "lead.source == \"inbound\" && lead.size == \"smb\"");
  CHECK(playbook.enroll.again->after == kDay * 90);
  CHECK(playbook.enroll.again->max == 3);
  CHECK(playbook.goal == std::vector{EventType::lead_converted, EventType::meeting_booked});
  CHECK(playbook.exit_types == std::vector{EventType::lead_lost});
  CHECK(playbook.exit_on_reply);
  CHECK(playbook.sla->within == Duration{7'200'000});
  CHECK(playbook.sla->clock == Sla::Clock::business);
  CHECK(playbook.sla->warn_at_ppm == 750'000);
  CHECK(playbook.sla->escalate_on_breach);
  CHECK(playbook.sla->channels.contains(Channel::call));
  CHECK_FALSE(playbook.sla->channels.contains(Channel::email));
  CHECK(playbook.touches.min == 4);
  CHECK(playbook.touches.max == 6);
  CHECK(playbook.touches.within == kDay * 10);
  CHECK(playbook.contact_hours->days == std::array{true, true, true, true, true, false, false});
  CHECK(playbook.contact_hours->windows.size() == 1);
  CHECK(to_string(playbook.contact_hours->windows[0].to) == "17:00");
  CHECK_FALSE(playbook.contact_hours->fixed_zone);
  CHECK(playbook.fallback_zone.name() == "Europe/Paris");
  CHECK(playbook.contact_hours->holidays == std::vector{*parse_date("2026-05-01")});
  REQUIRE(playbook.caps.size() == 2);
  CHECK(playbook.caps[0].channel == Channel::email);
  CHECK(std::get<Cap::Calendar>(playbook.caps[0].per) == Cap::Calendar::day);
  CHECK(playbook.caps[1].scope == Cap::Scope::account);
  CHECK_FALSE(playbook.caps[1].channel);
  CHECK(std::get<Span>(playbook.caps[1].per) == kDay * 2);
  CHECK(playbook.cool_down->after == 5);
  CHECK(playbook.cool_down->pause == kDay * 7);
  REQUIRE(playbook.steps.size() == 4);
  CHECK(playbook.steps[1].template_name == "smb-inbound/context");
  CHECK(to_string(*std::get<OnDay>(playbook.steps[2].when).at) == "10:30");
  CHECK(playbook.steps[2].skip_if->position.line == 23);
  CHECK(playbook.steps[2].skip_if->position.column == 71);
  CHECK(std::get<AfterWait>(playbook.steps[3].when).wait == Duration{5'400'000});
  CHECK(playbook.steps[3].expires == kDay * 2);
  CHECK(playbook.steps[3].skip_on_cap);
  CHECK(playbook.steps[3].position.file == "test.yaml");
  CHECK(playbook.steps[3].position.line == 24);
  CHECK(playbook.exceptions[0].to == "manager");
  CHECK(playbook.position.line == 1);
}

TEST_CASE("what is absent has the language's defaults") {
  const Playbook playbook = load("playbook: a\n" + std::string(kSteps));
  CHECK(playbook.title == "a");
  CHECK(playbook.priority == 50);
  CHECK(playbook.enroll.on.empty());
  CHECK_FALSE(playbook.enroll.when);
  CHECK_FALSE(playbook.enroll.again);
  CHECK(playbook.in_flight == InFlight::pin);
  CHECK(playbook.goal == std::vector{EventType::lead_converted});
  CHECK(playbook.exit_types == std::vector{EventType::lead_lost});
  CHECK(playbook.exit_on_reply);
  CHECK_FALSE(playbook.sla);
  CHECK(playbook.touches.min == 0);
  CHECK_FALSE(playbook.touches.max);
  CHECK_FALSE(playbook.touches.within);
  CHECK_FALSE(playbook.contact_hours);
  CHECK(playbook.caps.empty());
  CHECK_FALSE(playbook.cool_down);
  CHECK(playbook.exceptions.empty());
  CHECK(playbook.fallback_zone.name() == Zone().name());
  CHECK_FALSE(std::get<OnDay>(playbook.steps[0].when).at);
  CHECK_FALSE(playbook.steps[0].skip_on_cap);

  const Playbook blocks = load(
      "playbook: a\nsla: { first_touch: { within: 1h } }\ncaps: [{ max: 1, per: 1d }]\n"
      "contact_hours: { from: \"09:00\", to: \"10:00\" }\nenroll: { again: {} }\n"
      "exceptions: [{ when: 'true', do: escalate }]\n" +
      std::string(kSteps));
  CHECK(blocks.sla->clock == Sla::Clock::wall);
  CHECK_FALSE(blocks.sla->warn_at_ppm);
  CHECK_FALSE(blocks.sla->escalate_on_breach);
  CHECK(blocks.sla->channels == ChannelSet::every());
  CHECK(blocks.caps[0].scope == Cap::Scope::lead);
  CHECK_FALSE(blocks.caps[0].channel);
  CHECK(blocks.contact_hours->days == std::array{true, true, true, true, true, false, false});
  CHECK(blocks.contact_hours->holidays.empty());
  CHECK(blocks.enroll.again->after == Duration{0});
  CHECK_FALSE(blocks.enroll.again->max);
  CHECK(blocks.exceptions[0].to == "manager");
}

TEST_CASE("every scalar is read as its declared type from its text") {
  const Playbook playbook = load(
      "playbook: no\ntitle: 010\npriority: 010\nsteps:\n"
      "  - { id: yes, day: 010, at: 09:00, channel: email, template: 1.0, expires: \"010d\" }\n");
  CHECK(playbook.id.value == "no");
  CHECK(playbook.title == "010");
  CHECK(playbook.priority == 10);
  CHECK(playbook.steps[0].id.value == "yes");
  CHECK(std::get<OnDay>(playbook.steps[0].when).day == 10);
  CHECK(std::get<OnDay>(playbook.steps[0].when).at == LocalTime{9 * 3'600'000});
  CHECK(playbook.steps[0].template_name == "1.0");
  CHECK(playbook.steps[0].expires == kDay * 10);
}

TEST_CASE("the house's caps come before the playbook's own") {
  House house;
  house.zone = *Zone::find("Asia/Tehran");
  house.caps.push_back({Cap::Scope::lead, Channel::sms, 7, Cap::Calendar::week});
  const Playbook playbook = load("playbook: a\ncaps: [{ max: 1, per: 1h }]\n" + std::string(kSteps), house);
  REQUIRE(playbook.caps.size() == 2);
  CHECK(playbook.caps[0].max == 7);
  CHECK(playbook.caps[1].max == 1);
  CHECK(playbook.fallback_zone.name() == "Asia/Tehran");
  CHECK(load("playbook: a\n" + std::string(kSteps), house).caps.size() == 1);
}

TEST_CASE("the caps of a variant and of an arm come after the house's as well, and count together with them") {
  House house;
  house.caps.push_back({Cap::Scope::lead, Channel::sms, 7, Cap::Calendar::week});
  const std::string head = "playbook: a\n" + std::string(kSteps);
  const std::string variant = "variants: [{ id: v, when: 'true', replace: { caps: ";
  const Playbook playbook =
      load(head + "caps: [{ max: 1, per: 1h }]\n" + variant + "[{ max: 2, per: 1h }] } }]\n", house);
  const Form& form = playbook.form(0, std::nullopt);
  REQUIRE(form.caps.size() == 2);
  CHECK(form.caps[0].max == 7);
  CHECK(form.caps[1].max == 2);
  CHECK(load(head + variant + "[] } }]\n", house).form(0, std::nullopt).caps.size() == 1);

  std::string most = "[";
  for (int i = 0; i < 50; ++i) most += "{ max: 1, per: day },";
  most += "]";
  CHECK(wrong(head + variant + most + " } }]\n") == "");
  CHECK(wrong(head + variant + most + " } }]\n", house) == "out-of-range@variants[0].replace.caps");
  CHECK(wrong(head + "experiment: { id: e, arms: { b: 1 }, replace: { b: { caps: " + most + " } } }\n", house) ==
        "out-of-range@experiment.replace.b.caps");
}

TEST_CASE("a form is the file's, then the variant's, then the arm's; a holdout's is empty") {
  const Playbook playbook = load(R"(playbook: a
sla: { first_touch: { within: 1h } }
touches: { min: 2, within: 9d }
contact_hours: { from: "09:00", to: "17:00", fallback_zone: Europe/Paris }
steps:
  - { id: one, day: 0, channel: email, template: a/one, expires: 1d }
  - { id: two, wait: 1h, channel: call }
variants:
  - id: hot
    when: lead.score > 80
    replace: { touches: { max: 5 }, steps: { one: { template: a/hot }, two: { wait: 2h } } }
  - id: other
    when: lead.score > 60
    replace: { steps: [{ id: three, day: 1, channel: call }], contact_hours: { from: "08:00", to: "10:00" } }
experiment:
  id: e
  arms: { control: 1, changed: 2, holdout: 1 }
  replace: { changed: { touches: { min: 1 }, steps: { one: { channel: sms }, three: { at: "10:00" } } } }
)");
  const auto none = std::nullopt;
  CHECK(playbook.replaced_forms.size() == 11);
  CHECK(playbook.form(none, 0).touches.min == 2);
  CHECK(playbook.form(none, 1).touches.min == 1);
  CHECK_FALSE(playbook.form(none, 1).touches.within);
  CHECK(playbook.form(none, 1).steps[0].channel == Channel::sms);
  CHECK(playbook.form(none, 1).steps[0].template_name == "a/one");
  CHECK(playbook.form(none, 1).steps[0].expires == kDay);

  const Form& hot = playbook.form(0, 1);
  CHECK(hot.touches.min == 1);
  CHECK_FALSE(hot.touches.max);  // the arm's `touches` as a whole
  CHECK(hot.steps[0].channel == Channel::sms);
  CHECK(hot.steps[0].template_name == "a/hot");
  CHECK(std::get<AfterWait>(hot.steps[1].when).wait == Duration{7'200'000});
  CHECK(hot.sla);
  CHECK(playbook.form(0, none).touches.max == 5);
  CHECK(playbook.form(0, 0).touches.max == 5);

  const Form& other = playbook.form(1, 1);
  REQUIRE(other.steps.size() == 1);
  CHECK(to_string(*std::get<OnDay>(other.steps[0].when).at) == "10:00");
  CHECK(other.fallback_zone.name() == "UTC");
  CHECK(playbook.form(0, 1).fallback_zone.name() == "Europe/Paris");

  for (const Form* held_out : {&playbook.form(none, 2), &playbook.form(0, 2), &playbook.form(1, 2)}) {
    CHECK(held_out->steps.empty());
    CHECK_FALSE(held_out->sla);
    CHECK(held_out->touches.min == 0);
  }
  CHECK(playbook.form(none, 2).touches.within == kDay * 9);
}

TEST_CASE("what is absent in an experiment has the language's defaults") {
  const Playbook playbook = load("playbook: a\nexperiment: { id: e, arms: { b: 3 } }\n" + std::string(kSteps));
  REQUIRE(playbook.experiment);
  CHECK(playbook.experiment->unit == Experiment::Unit::lead);
  CHECK(playbook.experiment->success_goal.empty());
  CHECK_FALSE(playbook.experiment->success_within);
  CHECK(playbook.experiment->min_per_arm == 0);
  CHECK(playbook.experiment->arms[0].weight == 3);
  CHECK_FALSE(playbook.experiment->arms[0].replace);
  CHECK(playbook.variants.empty());
  CHECK(playbook.workflows.empty());
}

TEST_CASE("zeros that stop nothing are settings") {
  CHECK(wrong("playbook: a\npriority: 0\ntouches: { min: 0 }\nenroll: { again: { after: 0s } }\n"
              "steps: [{ id: b, day: 0, channel: email }, { id: c, wait: 0s, channel: email }]\n") == "");
}

TEST_CASE("the bounds themselves are fine, one more is not") {
  const std::string head = "playbook: a\n";
  const auto steps = [](int count) {
    std::string text = "steps:\n";
    for (int i = 0; i < count; ++i) text += "  - { id: s" + std::to_string(i) + ", day: 0, channel: email }\n";
    return text;
  };
  const auto caps = [](int count) {
    std::string text = "caps:\n";
    for (int i = 0; i < count; ++i) text += "  - { max: 1, per: day }\n";
    return text;
  };
  CHECK(wrong(head + steps(200)) == "");
  CHECK(wrong(head + steps(201)) == "out-of-range@steps");
  CHECK(wrong(head + kSteps + caps(50)) == "");
  CHECK(wrong(head + kSteps + caps(51)) == "out-of-range@caps");
  House house;
  house.caps.push_back({Cap::Scope::lead, std::nullopt, 1, Cap::Calendar::week});
  CHECK(wrong(head + kSteps + caps(50), house) == "out-of-range@caps");
  CHECK(wrong(head + kSteps + "priority: 100\n") == "");
  CHECK(wrong(head + "steps: [{ id: a, day: 3650, channel: email }]\n") == "");
  CHECK(wrong("playbook: " + std::string(64, 'a') + "\n" + kSteps) == "");
  CHECK(wrong("playbook: " + std::string(65, 'a') + "\n" + kSteps) == "bad-id@playbook");
  CHECK(wrong(head + kSteps + "cool_down: { after: 1000000, pause: 36500d }\n") == "");
  CHECK(wrong(head + kSteps + "sla: { first_touch: { within: 1s, warn_at: 0.0001% } }\n") == "");
  CHECK(wrong(head + kSteps + "sla: { first_touch: { within: 1s, warn_at: 99.9999% } }\n") == "");
}

TEST_CASE("what the three deadly reasons are cannot be left out of exit, reply can") {
  const std::string head = "playbook: a\n" + std::string(kSteps);
  CHECK(wrong(head + "exit: [opt_out, hard_bounce]\n") == "exit-incomplete@exit");
  const Playbook playbook = load(head + "exit: [opt_out, hard_bounce, complaint]\n");
  CHECK_FALSE(playbook.exit_on_reply);
  CHECK(playbook.exit_types.empty());
}

TEST_CASE("business days need contact hours, which say what they are") {
  const std::string head = "playbook: a\n" + std::string(kSteps);
  const std::string hours = "contact_hours: { from: \"09:00\", to: \"17:00\" }\n";
  CHECK(wrong(head + "cool_down: { after: 1, pause: 2bd }\n") == "business-days@cool_down.pause");
  CHECK(load(head + hours + "cool_down: { after: 1, pause: 2bd }\n").cool_down->pause == Span::in_business_days(2));
  CHECK(wrong(head + hours + "cool_down: { after: 1, pause: 0bd }\n") == "stops-everything@cool_down.pause");
  CHECK(wrong(head + hours + "cool_down: { after: 1, pause: 3651bd }\n") == "out-of-range@cool_down.pause");
  CHECK(wrong(head + hours + "cool_down: { after: 1, pause: 2b }\n") == "wrong-type@cool_down.pause");
  CHECK(wrong(head + hours + "cool_down: { after: 1, pause: bd }\n") == "wrong-type@cool_down.pause");
}

TEST_CASE("holidays are dates, those of a country, or those of the lead's country") {
  const std::string head = "playbook: a\n" + std::string(kSteps) + "contact_hours: { from: \"09:00\", to: \"10:00\", ";
  const auto hours = [&](const std::string& holidays) { return *load(head + holidays + " }\n").contact_hours; };
  const LocalDate bastille = parse_date("2026-07-14").value();
  const LocalDate eve = parse_date("2026-12-24").value();
  const auto closes = [](const ContactHours& of, LocalDate date) {
    return std::binary_search(of.holidays.begin(), of.holidays.end(), date);
  };
  const ContactHours french = hours("holidays: { country: FR, dates: [\"2026-12-24\"] }");
  CHECK(closes(french, bastille));
  CHECK(closes(french, eve));
  CHECK(french.of_countries.empty());
  const ContactHours leads =
      hours("holidays: { country: lead, dates: [\"2026-12-24\"], by_country: { BE: [\"2026-07-21\"] } }");
  CHECK_FALSE(closes(leads, bastille));
  CHECK(closes(leads.of("FR"), bastille));
  CHECK(closes(leads.of("fr"), eve));
  CHECK(closes(leads.of("BE"), parse_date("2026-07-21").value()));
  CHECK_FALSE(closes(leads.of("XX"), bastille));
  CHECK(wrong(head + "holidays: { country: IT } }\n") == "unknown-value@contact_hours.holidays.country");
  CHECK(wrong(head + "holidays: { by_country: { Fr: [] } } }\n") ==
        "unknown-value@contact_hours.holidays.by_country.Fr");
  CHECK(wrong(head + "holidays: {} }\n") == "empty-value@contact_hours.holidays");
}

TEST_CASE("all findings of a file come at once, in the order of the text") {
  const auto findings = findings_of(
      "playbook: A\npriority: 101\nsteps:\n  - { id: b, day: 5, channel: emial }\n"
      "  - { id: b, day: 4, channel: call, skip_if: lead.x = 1 }\n");
  REQUIRE(findings.size() == 6);
  std::vector<std::string> rules;
  for (const Finding& finding : findings) rules.push_back(finding.rule);
  CHECK(rules ==
        std::vector<std::string>{"bad-id", "out-of-range", "unknown-value", "duplicate-id", "step-order", "condition"});
  for (const Finding& finding : findings) CHECK(finding.position.file == "test.yaml");
}

TEST_CASE("a file with more findings than anyone reads is cut, and says so") {
  std::string text = "playbook: a\n" + std::string(kSteps);
  for (int i = 0; i < 2000; ++i) text += "zz" + std::to_string(i) + ": 1\n";
  const auto findings = findings_of(text);
  REQUIRE(findings.size() == 500);
  CHECK(findings.back().rule == "too-many-findings");
}

TEST_CASE("a finding prints its place, the line, a caret and what to do") {
  const auto findings = findings_of("playbook: a\n" + std::string(kSteps) + "cool-down: { after: 5, pause: 7d }\n");
  REQUIRE(findings.size() == 1);
  CHECK(to_string(findings[0]) ==
        "test.yaml:3:1: error: cool-down: unknown key `cool-down` in `playbook` [unknown-key]\n"
        "    cool-down: { after: 5, pause: 7d }\n"
        "    ^\n"
        "    did you mean `cool_down`?\n");
  Finding folder;
  folder.position.file = "playbooks";
  folder.rule = "no-playbook";
  folder.text = "none";
  folder.severity = Finding::Severity::warning;
  CHECK(to_string(folder) == "playbooks: warning: none [no-playbook]\n");
}

/// Where the caret of the only finding stands: the text of its line from there on.
std::string at_caret(const std::string& text) {
  const auto findings = findings_of(text);
  REQUIRE(findings.size() == 1);
  const std::string printed = to_string(findings[0]);
  const std::size_t line = printed.find('\n') + 1;
  const std::size_t caret_line = printed.find('\n', line) + 1;
  const std::size_t column = printed.find('^', caret_line) - caret_line;
  return printed.substr(line + column, caret_line - 1 - (line + column));
}

TEST_CASE("the caret of a condition stands under what is wrong, however it is written") {
  const std::string head = "playbook: a\n" + std::string(kSteps);
  CHECK(at_caret(head + "enroll: { on: lead.created, when: lead.a = 1 }\n") == "= 1 }");
  CHECK(at_caret(head + "enroll:\n  on: lead.created\n  when:   'lead.a == ''x'' = 1'  # so\n") == "= 1'  # so");
  CHECK(at_caret(head + "enroll: { on: lead.created, when: \"lead.a == \\\"x\\\" \\u003D 1\" }\n") == "\\u003D 1\" }");
  CHECK(at_caret(head + "enroll:\n  on: lead.created\n  when: |\n\n    lead.a == 1 &&\n      lead.b = 2\n") == "= 2");
  CHECK(at_caret(head + "enroll:\n  on: lead.created\n  when: >-\n    lead.a == 1 &&\n    lead.b = 2\n") == "= 2");
  CHECK(at_caret(head + "enroll:\n  on: lead.created\n  when: lead.a == 1 &&\n    lead.b = 2\n") == "= 2");
  CHECK(at_caret(head + "enroll:\n  on: lead.created\n  when: \"lead.a == 1 \\\n    && lead.b = 2\"\n") == "= 2\"");
  CHECK(at_caret(head + "enroll:\r\n  on: lead.created\r\n  when: |\r\n    lead.a\r\n    = 2\r\n") == "= 2");
  CHECK(at_caret("\xEF\xBB\xBFplaybook: a_b\n" + std::string(kSteps)) == "a_b");
}

TEST_CASE("an .ics file is only read when a folder is loaded") {
  CHECK(wrong("playbook: a\ncontact_hours: { from: \"09:00\", to: \"10:00\", holidays: a.ics }\n" +
              std::string(kSteps)) == "holidays@contact_hours.holidays");
}

TEST_CASE("guardrails load, and what would make one useless is said") {
  const auto guarded = [](const std::string& guardrail) {
    return std::string("playbook: p\n") + kSteps + "guardrails: [" + guardrail + "]\n";
  };
  const Playbook playbook = load(guarded(
      "{ metric: complaint_rate, above: 0.2%, over: 7d, min_touches: 200, do: halve_caps, flag: revise_content }"));
  REQUIRE(playbook.guardrails.size() == 1);
  const Guardrail& guardrail = playbook.guardrails.front();
  CHECK(guardrail.metric == Guardrail::Metric::complaint_rate);
  CHECK(guardrail.above_ppm == 2000);
  CHECK(guardrail.over == kDay * 7);
  CHECK(guardrail.min_touches == 200);
  CHECK(guardrail.action == Guardrail::Action::halve_caps);
  CHECK(guardrail.flag == "revise_content");
  // What the store keeps says the same.
  const auto again = load_canonical(playbook.canonical);
  REQUIRE(again);
  CHECK(again->revision == playbook.revision);

  CHECK(wrong(guarded("{ metric: complaint_rate, above: 1%, over: 7d, min_touches: 1 }")) ==
        "missing-key@guardrails[0]");
  CHECK(wrong(guarded("{ metric: complaints, above: 1%, over: 7d, min_touches: 1, do: pause }")) ==
        "unknown-value@guardrails[0].metric");
  CHECK(wrong(guarded("{ metric: complaint_rate, above: 0%, over: 7d, min_touches: 1, do: pause }")) ==
        "out-of-range@guardrails[0].above");
  CHECK(wrong(guarded("{ metric: complaint_rate, above: 1%, over: 30m, min_touches: 1, do: pause }")) ==
        "out-of-range@guardrails[0].over");
  CHECK(wrong(guarded("{ metric: complaint_rate, above: 1%, over: 2bd, min_touches: 1, do: pause }"))
            .find("out-of-range@guardrails[0].over") != std::string::npos);
  CHECK(wrong(guarded("{ metric: complaint_rate, above: 1%, over: 7d, min_touches: 1, do: stop }")) ==
        "unknown-value@guardrails[0].do");
  CHECK(wrong(guarded("{ metric: complaint_rate, above: 1%, over: 7d, do: pause }")) == "missing-key@guardrails[0]");
}

}  // namespace
}  // namespace relance::rules
