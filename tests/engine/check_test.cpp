// The check against the simulation: what it accepts keeps its promises whenever a lead arrives, what it refuses has a
// counter-example that can be repeated. Random playbooks; the arrivals here are not the check's own.

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <fmt/format.h>

#include <set>

#include "engine/check/check.h"
#include "engine/check/content.h"
#include "engine/check/trial.h"
#include "simulation_support.h"

namespace relance::engine {
namespace {

rc::Gen<std::string> playbooks() {
  return rc::gen::exec([] {
    const auto chance = [](int percent) { return *rc::gen::inRange(0, 100) < percent; };
    std::string text = "playbook: p\nenroll: { on: lead.created }\n";
    if (chance(80)) {
      const int from = *rc::gen::inRange(0, 12);
      text += fmt::format("contact_hours: {{ from: \"{:02}:00\", to: \"{:02}:00\", fallback_zone: Europe/Paris{} }}\n",
                          from, *rc::gen::inRange(from + 2, 24),
                          chance(40) ? ", holidays: [\"2026-05-01\", \"2026-05-14\", \"2026-12-25\"]" : "");
    }
    const int steps = *rc::gen::inRange(1, 7);
    if (chance(70)) {
      text += fmt::format("touches: {{ min: {}, within: {}d }}\n", *rc::gen::inRange(1, steps + 1),
                          *rc::gen::inRange(3, 25));
    }
    if (chance(40)) {
      text += fmt::format("sla: {{ first_touch: {{ within: {}h, clock: {} }} }}\n", *rc::gen::inRange(1, 100),
                          chance(50) ? "business" : "wall");
    }
    if (chance(40)) {
      text += fmt::format("caps: [{{ max: {}, per: {} }}]\n", *rc::gen::inRange(1, 4),
                          *rc::gen::element<std::string>("day", "week", "48h", "30h"));
    }
    if (chance(30)) {
      text += fmt::format("cool_down: {{ after: {}, pause: {}d }}\n", *rc::gen::inRange(1, 5), *rc::gen::inRange(1, 8));
    }
    text += "steps:\n";
    int day = 0;
    for (int i = 0; i < steps; ++i) {
      day += *rc::gen::inRange(0, 4);
      text += fmt::format("  - {{ id: s{}, day: {}, channel: {}{}{} }}\n", i, day,
                          *rc::gen::element<std::string>("email", "call", "task"),
                          chance(20) ? fmt::format(", at: \"{:02}:30\"", *rc::gen::inRange(0, 24)) : "",
                          chance(20) ? fmt::format(", expires: {}h", *rc::gen::inRange(1, 72)) : "");
    }
    return text;
  });
}

Profile anybody() {
  Profile profile;
  profile.lead.emplace_back(rules::cel::Value("email"), rules::cel::Value("lead@example.com"));
  profile.lead.emplace_back(rules::cel::Value("phone"), rules::cel::Value("+33612345678"));
  return profile;
}

std::set<std::string> errors_of(const CheckReport& report) {
  std::set<std::string> rules;
  for (const CheckFinding& found : report.findings) rules.insert(found.finding.rule);
  return rules;
}

TEST_CASE("what the check accepts keeps its promises, and what it refuses can be repeated") {
  const bool held = rc::check([] {
    const std::string text = *playbooks();
    RC_LOG() << text;
    const rules::Rulebook rulebook = tests::rulebook_of({text});
    const CheckReport report = check_playbooks(rulebook, "no-such-folder");
    const std::set<std::string> errors = errors_of(report);
    TrialRunner runner(rulebook, *rulebook.current().front(), {});
    for (const CheckFinding& found : report.findings) {
      if (!found.example) continue;
      const Trial trial = runner.run(anybody(), {found.example->arrival, found.example->zone});
      if (found.finding.rule == "min-unreachable") RC_ASSERT(trial.shortfall);
      if (found.finding.rule == "sla-unreachable") RC_ASSERT(trial.sla_missed);
    }
    constexpr std::int64_t kHour = 3'600'000;
    const std::int64_t start = tests::instant("2026-01-01T00:00:00Z").ms;
    std::vector<bool> went_out(runner.form().steps.size(), false);
    for (int i = 0; i < 30; ++i) {
      const char* zone = *rc::gen::element("Europe/Paris", "America/New_York", "UTC", "Asia/Tokyo");
      const LeadArrival arrival{{start + *rc::gen::inRange<std::int64_t>(0, 365 * 24) * kHour},
                                *rules::Zone::find(zone)};
      const Trial trial = runner.run(anybody(), arrival);
      RC_LOG() << local_text(arrival.at, arrival.zone) << "\n";
      if (!errors.contains("min-unreachable")) RC_ASSERT_FALSE(trial.shortfall);
      if (!errors.contains("sla-unreachable")) RC_ASSERT_FALSE(trial.sla_missed);
      for (std::size_t step = 0; step < trial.steps.size(); ++step) {
        went_out[step] = went_out[step] || trial.steps[step].kind == StepFate::Kind::emitted;
      }
    }
    for (const CheckFinding& found : report.findings) {
      if (found.finding.rule != "unreachable-step" && found.finding.rule != "always-expires") continue;
      for (std::size_t step = 0; step < went_out.size(); ++step) {
        const bool meant = found.finding.text.find("`" + runner.form().steps[step].id.value + "`") != std::string::npos;
        if (meant) RC_ASSERT_FALSE(went_out[step]);
      }
    }
  });
  CHECK(held);
}

TEST_CASE("conditions give the facts between which they choose") {
  const auto facts = [](const std::string& when) {
    const rules::Rulebook rulebook = tests::rulebook_of({"playbook: p\nenroll: { on: lead.created, when: '" + when +
                                                         "' }\nsteps: [{ id: a, day: 0, channel: email }]\n"});
    std::string text;
    for (const Fact& fact : facts_of(*rulebook.current().front(), {}).all) {
      text += fact.name + (fact.closed ? ":" : "?:");
      for (const auto& value : fact.values) text += ' ' + (value ? rules::cel::to_json(*value) : "-");
      text += ';';
    }
    return text;
  };
  CHECK(facts(R"(lead.size == "smb")") == R"(size: "smb" "another" -;)");
  CHECK(facts(R"(lead.size in ["smb", "mid"] || lead["size"] == "x")") == R"(size: "smb" "mid" "x" "another" -;)");
  CHECK(facts("lead.score >= 80") == "score: 80 79 81 -;");
  CHECK(facts("-5 < lead.score") == "score: -5 -6 -4 -;");
  CHECK(facts("has(lead.phone)") == R"(phone: "+33612345678" -;)");
  CHECK(facts("lead.vip && !lead.old") == "vip: true false -;old: true false -;");
  CHECK(facts(R"("a" in lead.tags && "b" in lead.tags)") == R"(tags: [] ["a"] ["b"] ["a","b"] -;)");
  CHECK(facts(R"(lead.flags.exists(f, f in ["vip"]))") == R"(flags: [] ["vip"] -;)");
  CHECK(facts(R"(lead.name.matches("^A"))") == R"(name?: "some" -;)");
  CHECK(facts("lead.score > lead.limit") == R"(score?: "some" -;limit?: "some" -;)");
}

TEST_CASE("what every reader sees stands in no section, no comment and no subject") {
  const auto text = [](std::string_view source) { return shown_to_everybody(source, false); };
  using Names = std::set<std::string>;
  CHECK(text("Subject: {{sender.name}}\n\n{{owner}} {{ unsubscribe_url }}") == Names{"owner", "unsubscribe_url"});
  CHECK(text("{{{owner}}} {{&account}} {{! sender.name }}") == Names{"account", "owner"});
  CHECK(text("{{#lead.name}}{{owner}}{{/lead.name}}{{^lead.name}}{{account}}{{/lead.name}}").empty());
  CHECK(text("{{#sender}}{{name}}{{/sender}}").contains("sender.name"));
  CHECK(text("{{#unsubscribe_url}}{{.}}{{/unsubscribe_url}}").contains("unsubscribe_url"));
  CHECK(text("{{#sender.name}}{{#lead.name}}{{owner}}{{/lead.name}}{{/sender.name}}").empty());
  CHECK(text("{{^unsubscribe_url}}{{owner}}{{/unsubscribe_url}}").empty());
  CHECK(text("{{^sender}}{{owner}}{{/sender}}{{account}}") == Names{"account"});
  CHECK(text("<!-- {{owner}} -->") == Names{"owner"});  // no comment in a text
  const auto html = [](std::string_view source) { return shown_to_everybody(source, true); };
  CHECK(html("<head><title>{{owner}}</title></head><!-- {{account}} --><p>{{sender.name}}</p>") ==
        Names{"sender.name"});
  CHECK(html("<p>{{owner}}</p><!-- never closed {{account}}") == Names{"owner"});
  CHECK(html("<header>{{owner}}</header>") == Names{"owner"});
}

}  // namespace
}  // namespace relance::engine
