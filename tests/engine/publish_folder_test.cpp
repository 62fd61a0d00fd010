// What a folder of playbooks is to publishing: engine/publish/folder_watch.h, folder_difference.h, playbook_folder.h.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "engine/publish/folder_difference.h"
#include "engine/publish/folder_watch.h"
#include "engine/publish/playbook_folder.h"
#include "tests/engine/simulation_support.h"
#include "tests/engine/temporary_directory.h"

namespace relance::tests {
namespace {

using engine::FolderMark;
using engine::FolderWatch;
using engine::PlaybookDifference;
using DifferenceKind = engine::PlaybookDifference::Kind;

const std::string kPlaybook =
    "playbook: p\ntitle: P\nenroll: { on: lead.created }\nsteps: [{ id: s, day: 0, channel: task }]\n";

TEST_CASE("a change of a folder is taken when two looks in a row see the same, and once") {
  const FolderMark one{{"a.yaml", 1, 1}};
  const FolderMark half{{"a.yaml", 1, 1}, {"b.yaml", 0, 2}};
  const FolderMark whole{{"a.yaml", 1, 1}, {"b.yaml", 9, 3}};
  FolderWatch watch(one);
  CHECK_FALSE(watch.look(one));
  CHECK_FALSE(watch.look(half));
  CHECK_FALSE(watch.look(whole));
  CHECK(watch.look(whole));
  CHECK_FALSE(watch.look(whole));
  CHECK_FALSE(watch.look(half));
  CHECK_FALSE(watch.look(whole));
  CHECK_FALSE(watch.look(half));
  watch.took(half);
  CHECK_FALSE(watch.look(half));
}

TEST_CASE("a folder looks different when a file that is read comes, goes or changes, and only then") {
  TemporaryDirectory folder;
  folder.write("p.yaml", kPlaybook);
  const FolderMark first = engine::mark_of(folder.path());
  REQUIRE(first.size() == 1);
  folder.write("p.test.yaml", "x");
  folder.write(".p.yaml.swp", "x");
  folder.write(".git/p.yaml", "x");
  folder.write("README.md", "x");
  CHECK(engine::mark_of(folder.path()) == first);
  folder.write("templates/p/mail.en.txt", "Subject: x\n\nx\n");
  const FolderMark second = engine::mark_of(folder.path());
  CHECK(second != first);
  folder.write("p.yaml", kPlaybook + "# longer\n");
  CHECK(engine::mark_of(folder.path()) != second);
  CHECK(engine::mark_of(folder.path() / "nothing").empty());
}

TEST_CASE("a folder is read whole or refused with every finding and a short reason that names no machine") {
  TemporaryDirectory folder;
  folder.write("p.yaml", kPlaybook);
  folder.write("templates/mail.en.txt", "Subject: Hello\n\nHello {{lead.name}}\n");
  CHECK(engine::read_playbook_folder(folder.path(), "en").has_value());

  folder.write("templates/mail.en.txt", "Subject: Hello\n\nHello {{>partial}}\n");
  auto refused = engine::read_playbook_folder(folder.path(), "en");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().reason == "template templates/mail.en.txt:3");
  CHECK(refused.error().findings.size() == 1);

  folder.write("sub/q.yaml", "playbook: q\ntitle: Q\nenrol: { on: lead.created }\nsteps: []\n");
  refused = engine::read_playbook_folder(folder.path(), "en");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().reason == "unknown-key sub/q.yaml:3");
  CHECK(refused.error().findings.size() >= 3);
}

TEST_CASE("a folder that promises what it cannot keep loads, and is not to be published") {
  TemporaryDirectory folder;
  folder.write("p.yaml", kPlaybook);
  const auto kept = engine::read_playbook_folder(folder.path(), "en");
  REQUIRE(kept.has_value());
  CHECK_FALSE(engine::find_broken_promises(kept->rulebook, folder.path()).has_value());

  folder.write("p.yaml", kPlaybook + "touches: { min: 2 }\n");
  const auto broken = engine::read_playbook_folder(folder.path(), "en");
  REQUIRE(broken.has_value());
  const auto refused = engine::find_broken_promises(broken->rulebook, folder.path());
  REQUIRE(refused.has_value());
  CHECK(refused->findings.size() == 1);
  CHECK_MESSAGE(refused->reason.find(" p.yaml:5") != std::string::npos, refused->reason);
}

TEST_CASE("a difference names what is new, gone and changed, and by which keys") {
  const std::string first = cadence("steps: [{ id: s, day: 0, channel: task }]");
  const std::string other = "playbook: q\nenroll: { on: lead.created }\nsteps: [{ id: s, day: 0, channel: task }]\n";
  const auto before = rulebook_of({first, other});
  const auto after =
      rulebook_of({cadence("in_flight: end\npriority: 60\nsteps: [{ id: s, day: 1, channel: task }]"),
                   "playbook: r\nenroll: { on: lead.created }\nsteps: [{ id: s, day: 0, channel: task }]\n"});
  const auto found = engine::differences(before, after);
  REQUIRE(found.size() == 3);
  CHECK(found[0].kind == DifferenceKind::changed);
  CHECK(found[0].keys == std::vector<std::string>{"in_flight", "priority", "steps"});
  CHECK(found[0].in_flight == rules::InFlight::end);
  CHECK(found[1].kind == DifferenceKind::gone);
  CHECK(found[2].kind == DifferenceKind::added);
  for (const PlaybookDifference& difference : engine::differences(before, before)) {
    CHECK(difference.kind == DifferenceKind::same);
  }

  const auto report = nlohmann::json::parse(engine::report_json(found, nullptr));
  CHECK(report["playbooks"][0] == nlohmann::json::parse(R"({"playbook":"p","change":"changed",
    "keys":["in_flight","priority","steps"],"in_flight":"end"})"));
  CHECK(report["playbooks"][1] == nlohmann::json::parse(R"({"playbook":"q","change":"gone"})"));
}

TEST_CASE("keys of the house that belong to no playbook are compared, too") {
  const auto before = house_of("score: [{ on: page.viewed, points: 15 }]\n");
  CHECK(engine::house_differences(before, before).empty());
  CHECK(engine::house_differences(before, house_of("score: [{ on: page.viewed, points: 20 }]\n")) ==
        std::vector<std::string>{"score"});
  const rules::House away = house_of("owners: { rep-7: { absent: 2026-08-03 } }\n");
  CHECK(engine::house_differences(away, away).empty());
  CHECK(engine::house_differences(away, house_of("owners: { rep-7: { absent: 2026-08-04 } }\n")) ==
        std::vector<std::string>{"owners"});
  CHECK(engine::house_differences(rules::House{}, house_of("throttle: [{ channel: call, max: 30, per: day }]\n")) ==
        std::vector<std::string>{"throttle"});
  CHECK(engine::house_differences(before, house_of("handoff: { at: 80 }\n")) ==
        std::vector<std::string>{"handoff", "score"});
}

TEST_CASE("a report counts leads of playbooks that are in no folder any more") {
  rules::LeadState lead;
  lead.enrollment.emplace();
  lead.enrollment->playbook = rules::PlaybookId("old");
  engine::InFlightTally tally;
  rules::InFlightChanges changes;
  changes.running = rules::InFlightChange::pinned;
  tally.add(engine::InFlightTally::Enrollments(lead), changes);
  const auto report = nlohmann::json::parse(engine::report_json({}, &tally));
  REQUIRE(report["playbooks"].size() == 1);
  CHECK(report["playbooks"][0]["playbook"] == "old");
  CHECK(report["playbooks"][0]["leads"]["pinned"] == 1);
}

}  // namespace
}  // namespace relance::tests
