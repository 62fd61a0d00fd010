// Merged leads: one person under two ids. What protects the person reaches the lead that lives on, whichever of the ids
// an event names, and the merged id starts nothing any more. rules/README.md: `lead.merged`.

#include <algorithm>
#include <tuple>

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kThreeSteps = R"(
steps:
  - { id: mail, day: 1, channel: email }
  - { id: call, day: 1, channel: call }
  - { id: task, day: 1, channel: task }
)";
const std::string kCadence = cadence(kThreeSteps);
const std::string kAdaAtHome = "'email':'ada@example.org','phone':'+33612345678'";
const std::string kAdaAtWork = "'email':'ada@example.com','phone':'+33687654321'";

Given a_arrives(const std::string& data = kAdaAtHome) { return {"03-02 08:00", "A", "lead.created", data}; }
const Given kBArrives{"03-02 08:30", "B", "lead.created", kAdaAtWork};
Given merged(const std::string& at, const std::string& from, const std::string& into) {
  return {at, from, "lead.merged", "'into':'" + into + "'"};
}
const Given kMerged = merged("03-02 09:00", "A", "B");

/// What the lead that lives on writes down after A was merged into it and `last` arrived.
std::string survivor_after(const Given& last) {
  return story_of({{kCadence}, {a_arrives(), kBArrives, kMerged, last}}, "B");
}

TEST_CASE("an opt-out that names a merged lead ends the cadence of the one that lives on") {
  CHECK(survivor_after({"03-02 10:00", "A", "optout.received"}) == lines(R"(
    03-02 08:30 lead.enrolled p
    03-02 10:00 opt_out.effective all
    03-02 10:00 lead.exited p opt_out [mail,call,task]
  )"));
}

TEST_CASE("an opt-out from one channel reaches the one that lives on, whatever it is enrolled in later") {
  const std::string next = "playbook: next\nenroll: { on: form.submitted }" + kThreeSteps;
  CHECK(story_of({{kCadence, next},
                  {a_arrives(),
                   kBArrives,
                   kMerged,
                   {"03-02 10:00", "A", "optout.received", "'channel':'email'"},
                   {"03-02 11:00", "B", "form.submitted"}}},
                 "B") == lines(R"(
    03-02 08:30 lead.enrolled p
    03-02 10:00 opt_out.effective email
    03-02 10:00 lead.exited p opt_out [mail,call,task]
    03-02 11:00 lead.enrolled next
    03-03 11:00 touch.withheld mail opt_out
    03-03 11:00 touch.emitted call
    03-03 11:00 touch.emitted task
    03-03 11:00 lead.exited next completed []
  )"));
}

TEST_CASE("a refused call under the old id is an opt-out of the one that lives on") {
  CHECK(survivor_after({"03-02 10:00", "A", "touch.completed", "'channel':'call','outcome':'refused'"}) == lines(R"(
    03-02 08:30 lead.enrolled p
    03-02 10:00 opt_out.effective call
    03-02 10:00 lead.exited p opt_out [mail,call,task]
  )"));
}

TEST_CASE("a complaint under the old id ends the cadence of the one that lives on and blocks its addresses") {
  CHECK(survivor_after({"03-02 10:00", "A", "complaint.received"}) == lines(R"(
    03-02 08:30 lead.enrolled p
    03-02 10:00 suppression.added email
    03-02 10:00 lead.exited p complaint [mail,call,task]
  )"));
}

TEST_CASE("a hard bounce under the old id concerns the one that lives on when it has the same address") {
  const Given bounce{"03-02 10:00", "A", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"};
  CHECK(story_of({{kCadence}, {a_arrives(kAdaAtWork), kBArrives, kMerged, bounce}}, "B") == lines(R"(
    03-02 08:30 lead.enrolled p
    03-02 10:00 lead.exited p hard_bounce [mail,call,task]
  )"));
  CHECK(survivor_after(bounce) == lines(R"(
    03-02 08:30 lead.enrolled p
    03-03 08:30 touch.emitted mail
    03-03 08:30 touch.emitted call
    03-03 08:30 touch.emitted task
    03-03 08:30 lead.exited p completed []
  )"));
}

TEST_CASE("an erasure under the old id forgets the one that lives on, too") {
  Run run(rulebook_of({kCadence}));
  for (const Given& given : {a_arrives(), kBArrives, kMerged}) run.handle(given);
  run.handle({"03-02 10:00", "A", "erasure.requested"});
  run.to_the_end();
  CHECK(run.lead("B").erased);
  CHECK(run.lead("B").attributes.entries().empty());
  CHECK(run.lead("B").opted_out_of_all);
  CHECK(run.story("B", "touch.emitted") == "");
}

TEST_CASE("an opt-out follows a chain of merges, also one that closes a circle") {
  const Given c{"03-02 08:40", "C", "lead.created", "'email':'ada@example.net'"};
  const Given out{"03-02 10:00", "A", "optout.received"};
  const Given b_into_c = merged("03-02 09:10", "B", "C");
  const std::string ended = lines(R"(
    03-02 08:40 lead.enrolled p
    03-02 10:00 opt_out.effective all
    03-02 10:00 lead.exited p opt_out [mail,call,task]
  )");
  CHECK(story_of({{kCadence}, {a_arrives(), kBArrives, c, kMerged, b_into_c, out}}, "C") == ended);
  CHECK(story_of({{kCadence}, {a_arrives(), kBArrives, c, b_into_c, merged("03-02 09:20", "A", "B"), out}}, "C") ==
        ended);
  const std::vector<Given> circle{a_arrives(), kBArrives, kMerged, merged("03-02 09:10", "B", "A"), out};
  CHECK(story_of({{kCadence}, circle}, "B", "opt_out") == lines("03-02 10:00 opt_out.effective all"));
  CHECK(story_of({{kCadence}, circle}, "A", "touch.emitted") == "");
}

TEST_CASE("an opt-out that came before the merge follows a chain that was there already") {
  const Given c{"03-02 08:40", "C", "lead.created", "'email':'ada@example.net'"};
  CHECK(story_of({{kCadence},
                  {a_arrives(),
                   kBArrives,
                   c,
                   merged("03-02 09:00", "B", "C"),
                   {"03-02 09:30", "A", "optout.received"},
                   merged("03-02 10:00", "A", "B")}},
                 "C") == lines(R"(
    03-02 08:40 lead.enrolled p
    03-02 10:00 opt_out.effective all
    03-02 10:00 lead.exited p opt_out [mail,call,task]
  )"));
}

TEST_CASE("an opt-out of the lead that lives on covers the addresses of the merged one, before and after the merge") {
  const Given opt_out{"03-02 09:30", "B", "optout.received"};
  const Given early{"03-02 08:45", "B", "optout.received"};
  const Given c_arrives{"03-02 10:00", "C", "lead.created", kAdaAtHome};
  const std::string expected = lines(R"(
    03-03 10:00 touch.withheld mail suppressed
    03-03 10:00 touch.withheld call suppressed
    03-03 10:00 touch.emitted task
  )");
  CHECK(story_of({{kCadence}, {a_arrives(), kBArrives, kMerged, opt_out, c_arrives}}, "C", "touch.") == expected);
  CHECK(story_of({{kCadence}, {a_arrives(), kBArrives, early, kMerged, c_arrives}}, "C", "touch.") == expected);
}

TEST_CASE("a lead that was merged into two others stands for both") {
  const Given c{"03-02 08:40", "C", "lead.created", "'email':'ada@example.net'"};
  const std::vector<Given> events{
      a_arrives(), kBArrives, c, kMerged, merged("03-02 09:10", "A", "C"), {"03-02 10:00", "A", "optout.received"}};
  CHECK(story_of({{kCadence}, events}, "B", "lead.exited") ==
        lines("03-02 10:00 lead.exited p opt_out [mail,call,task]"));
  CHECK(story_of({{kCadence}, events}, "C", "lead.exited") ==
        lines("03-02 10:00 lead.exited p opt_out [mail,call,task]"));
}

TEST_CASE("consent ends up the same whether the opt-out or the merge comes first") {
  const Given third{"03-02 11:00", "D", "lead.created", kAdaAtWork};
  const auto state_after = [&](std::vector<Given> events) {
    events.push_back(third);
    return story_of({{kCadence}, events}, "D") + "|" + story_of({{kCadence}, events}, "B", "touch.emitted");
  };
  const std::string out_first =
      state_after({a_arrives(), kBArrives, {"03-02 09:00", "A", "optout.received"}, merged("03-02 10:00", "A", "B")});
  const std::string merge_first =
      state_after({a_arrives(), kBArrives, kMerged, {"03-02 10:00", "A", "optout.received"}});
  CHECK(out_first == merge_first);
  CHECK(merge_first == lines(R"(
    03-02 11:00 lead.enrolled p
    03-03 11:00 touch.withheld mail suppressed
    03-03 11:00 touch.withheld call suppressed
    03-03 11:00 touch.emitted task
    03-03 11:00 lead.exited p completed []
  )") + "|");
}

TEST_CASE("a merged id starts no cadence any more, whatever address an event for it brings") {
  CHECK(story_of({{cadence(kThreeSteps), "playbook: again\nenroll: { on: [lead.updated, lead.merged] }" + kThreeSteps},
                  {a_arrives(),
                   kBArrives,
                   kMerged,
                   {"03-02 10:00", "B", "optout.received"},
                   {"03-02 11:00", "A", "lead.updated", "'email':'ada@example.net'"},
                   {"03-02 12:00", "A", "playbook.enroll", "'playbook':'again'"}}},
                 "A") == lines(R"(
    03-02 08:00 lead.enrolled p
    03-02 09:00 lead.exited p lead.merged [mail,call,task]
    03-02 09:00 lead.not_enrolled again merged
    03-02 10:00 opt_out.effective all
    03-02 11:00 lead.not_enrolled again merged
    03-02 12:00 lead.not_enrolled again merged
  )"));
}

TEST_CASE("a merged id belongs to the account of the lead that lives on, whose account stands") {
  const auto accounts = [](const std::string& of_b) {
    Run run(rulebook_of({kCadence}));
    Given a = a_arrives();
    a.account = "acme";
    run.handle(a);
    if (!of_b.empty()) {
      Given b = kBArrives;
      b.account = of_b;
      run.handle(b);
    }
    run.handle(kMerged);
    const auto name = [](const rules::LeadState& lead) { return lead.account ? lead.account->value : "alone"; };
    return name(run.lead("A")) + " " + name(run.lead("B"));
  };
  CHECK(accounts("globex") == "globex globex");
  CHECK(accounts("") == "acme acme");  // nobody has heard of B before
}

TEST_CASE("a merge ends the cadence of the old id also when it happened before the enrollment") {
  Given late = merged("03-02 07:00", "A", "B");
  CHECK(story_of({{kCadence}, {a_arrives(), late}}, "A") == lines(R"(
    03-02 08:00 lead.enrolled p
    03-02 08:00 lead.exited p lead.merged [mail,call,task]
  )"));
}

TEST_CASE("consent that is taken back under the old id silences the one that lives on, before and after the merge") {
  const Given withdrawn{"03-02 10:00", "A", "consent.withdrawn", "'channel':'email'"};
  const Given withdrawn_early{"03-02 08:45", "A", "consent.withdrawn", "'channel':'email'"};
  for (const auto& [events] : {std::tuple{std::vector<Given>{a_arrives(), kBArrives, kMerged, withdrawn}},
                               std::tuple{std::vector<Given>{a_arrives(), kBArrives, withdrawn_early, kMerged}}}) {
    CHECK(story_of({{kCadence}, events}, "B", "touch") == lines(R"(
      03-03 08:30 touch.withheld mail opt_out
      03-03 08:30 touch.emitted call
      03-03 08:30 touch.emitted task
    )"));
  }
}

}  // namespace
}  // namespace relance::tests
