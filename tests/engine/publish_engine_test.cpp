// Publishing through the daemon's loop: engine/runtime/engine_publish.cpp, engine/runtime/lead_walk.h.

#include <chrono>
#include <future>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "engine/publish/revisions.h"
#include "engine/store/lead_pages.h"
#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using engine::InFlightCounts;
using rules::PlaybookId;

const std::string kMigrated =
    cadence("in_flight: migrate\nsteps: [{ id: first, day: 0, channel: task }, { id: third, day: 3, channel: task }]");
const std::string kEnded = cadence("in_flight: end\nsteps: [{ id: first, day: 0, channel: task }]");
const std::string kPinned = cadence("steps: [{ id: first, day: 0, channel: task }]");

/// How many records of the type each lead has, by lead.
std::map<std::string, int> records(EngineDesk& desk, const std::string& type) {
  std::map<std::string, int> counts;
  std::istringstream lines(desk.engine().ledger_lines(0, 100'000));
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    if (record.value("type", "") == type) ++counts[record.value("lead", "")];
  }
  return counts;
}

bool walk_is_over(EngineDesk& desk) {
  bool over = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!over && std::chrono::steady_clock::now() < deadline) {
    const auto rulebook = desk.engine().rulebook();
    desk.engine().call([&] { over = engine::was_followed(desk.store(), *rulebook); });
  }
  return over;
}

TEST_CASE("publishing pins, migrates and ends exactly what the preview counted") {
  for (const auto& [next, wanted] : std::vector<std::pair<std::string, InFlightCounts>>{
           {kPinned, {.pinned = 3}}, {kMigrated, {.migrated = 3, .lose_open_step = 3}}, {kEnded, {.ended = 3}}}) {
    EngineDesk desk({.playbooks = {kTwoTasks}});
    desk.begin();
    desk.submit_leads(3);
    desk.settle_after(3);
    CHECK(desk.preview({next}).of(PlaybookId("p")) == wanted);
    CHECK(records(desk, "lead.migrated").empty());
    const auto done = desk.publish({next});
    REQUIRE(done.has_value());
    CHECK(done->of(PlaybookId("p")) == wanted);
    CHECK(records(desk, "lead.migrated").size() == wanted.migrated);
    CHECK(records(desk, "lead.exited").size() == wanted.ended);
  }
}

TEST_CASE("a lead goes on by the file that its enrollment follows") {
  const auto story = [](const std::string& next) {
    EngineDesk desk({.playbooks = {kTwoTasks}});
    desk.begin();
    desk.submit_leads(1);
    desk.settle_after(1);
    desk.publish({next});
    desk.set_clock("03-04 09:00");
    desk.set_clock("03-05 09:00");
    desk.settle();
    return desk.story("L-0");
  };
  CHECK(story(kPinned).find("03-04 09:00 touch.emitted second") != std::string::npos);
  CHECK(story(kMigrated).find("second") == std::string::npos);
  CHECK(story(kMigrated).find("03-05 09:00 touch.emitted third") != std::string::npos);
  CHECK(story(kEnded).find("03-02 09:00 lead.exited withdrawn") != std::string::npos);
  CHECK(story(kEnded).find("03-04") == std::string::npos);
}

TEST_CASE("what waits in the outbox is cancelled when its enrollment is ended") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin([](engine::Engine& engine) { engine.hold_dispatch([] { return true; }, std::chrono::hours(1)); });
  desk.submit_leads(2);
  desk.settle();
  CHECK(desk.ready() == 2);
  const auto done = desk.publish({kEnded});
  REQUIRE(done.has_value());
  CHECK(done->of(PlaybookId("p")).ended == 2);
  CHECK(desk.ready() == 0);
  CHECK(records(desk, "touch.cancelled").size() == 2);
  CHECK(desk.other_side().calls() == 0);
}

TEST_CASE("who arrives after publishing is enrolled under the new file, and the ledger says who published it") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.publish({kMigrated});
  desk.submit_leads(1);
  desk.settle_after(1);
  CHECK(desk.preview({kMigrated}).of(PlaybookId("p")) == InFlightCounts{.current = 1});
  const std::string ledger = desk.engine().ledger_lines(0, 1);
  CHECK(ledger.find(R"("type":"playbook.published")") != std::string::npos);
  CHECK(ledger.find(R"("cause":"publish")") != std::string::npos);
  CHECK(ledger.find(R"("actor":"ops")") != std::string::npos);
}

TEST_CASE("publishing the same folder again writes nothing down") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.publish({kMigrated});
  desk.publish({kMigrated});
  CHECK(records(desk, "playbook.published")[""] == 1);
  desk.publish({kTwoTasks});
  desk.publish({kMigrated});
  CHECK(records(desk, "playbook.published")[""] == 3);
}

TEST_CASE("a refused folder is in the ledger and the metrics, and nothing else changes") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  const auto before = desk.engine().rulebook();
  REQUIRE(desk.engine().reject("unknown-key p.yaml:3", {"file_change", ""}));
  desk.settle();
  CHECK(desk.engine().rulebook() == before);
  const std::string ledger = desk.engine().ledger_lines(0, 10);
  CHECK(ledger.find(R"("type":"playbook.rejected","reason":"unknown-key p.yaml:3")") != std::string::npos);
  CHECK(ledger.find(R"("cause":"file_change")") != std::string::npos);
}

TEST_CASE("leads follow a folder that changed while no daemon ran") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.submit_leads(2);
  desk.settle_after(2);
  REQUIRE(walk_is_over(desk));
  desk.end();
  desk.change_folder({kMigrated});
  desk.begin();
  REQUIRE(walk_is_over(desk));
  CHECK(records(desk, "lead.migrated").size() == 2);
}

/// Publishes, and dies after a turn in which the first lead has followed: the last ones have not, unless this thread
/// was kept from looking for several turns.
void publish_and_die(EngineDesk& desk, const std::string& playbook) {
  const rules::Revision next = rulebook_of({playbook}).find(PlaybookId("p"))->revision;
  auto publishing = std::async(std::launch::async, [&] { return desk.publish({playbook}); });
  for (bool moved = false; !moved;) {
    REQUIRE(desk.engine().call([&] {
      moved = desk.store().leads_after(nullptr, 1).front().enrollment->revision == next;
      if (moved) desk.engine().context().stop();
    }));
  }
  publishing.wait();
  desk.crash();
}

constexpr int kSeveralPages = 900;

TEST_CASE("a process that dies on its way through the leads comes to the same result after its restart") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.submit_leads(kSeveralPages);
  desk.settle_after(kSeveralPages);
  publish_and_die(desk, kMigrated);
  desk.begin();
  REQUIRE(walk_is_over(desk));
  const auto migrated = records(desk, "lead.migrated");
  CHECK(migrated.size() == kSeveralPages);
  for (const auto& lead : migrated) CHECK_MESSAGE(lead.second == 1, lead.first);
}

TEST_CASE("leads that followed a folder which was taken back after a crash follow the one that came back") {
  const std::string first = cadence(
      "in_flight: migrate\nsteps: [{ id: first, day: 0, channel: task }, { id: second, day: 2, channel: task }]");
  EngineDesk desk({.playbooks = {first}});
  desk.begin();
  desk.submit_leads(kSeveralPages);
  desk.settle_after(kSeveralPages);
  REQUIRE(walk_is_over(desk));
  publish_and_die(desk, kMigrated);
  desk.change_folder({first});
  desk.begin();
  REQUIRE(walk_is_over(desk));
  CHECK(desk.preview({first}).of(PlaybookId("p")) == InFlightCounts{.current = kSeveralPages});
}

TEST_CASE("where events move the clock, leads follow a folder before the next event does") {
  EngineDesk desk({.playbooks = {kTwoTasks}, .clock = engine::ClockConfig::Mode::events});
  desk.begin();
  desk.submit_leads(2);
  desk.submit({"03-02 10:00", "clock", "page.viewed"});
  REQUIRE(walk_is_over(desk));
  desk.end();
  desk.change_folder({kMigrated});
  desk.begin([&](engine::Engine&) { desk.push({"03-09 09:00", "clock", "page.viewed"}); });
  REQUIRE(walk_is_over(desk));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (desk.engine().now() < instant("03-09 09:00") && std::chrono::steady_clock::now() < deadline) desk.settle();
  const std::string story = desk.story("L-0");
  CHECK(story.find("03-02 10:00 lead.migrated") != std::string::npos);
  CHECK(story.find("touch.emitted second") == std::string::npos);
  CHECK(story.find("03-05 09:00 touch.emitted third") != std::string::npos);
}

TEST_CASE("an opt-out is handled while leads follow a folder, and stands whichever comes first") {
  constexpr int kLeads = 600;
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.submit_leads(kLeads);
  desk.settle_after(kLeads);
  auto publishing = std::async(std::launch::async, [&] { return desk.publish({kMigrated}); });
  CHECK(desk.submit({"03-02 09:00", "L-599", "optout.received"}).kind == engine::SubmitResult::Kind::durable);
  const auto done = publishing.get();
  REQUIRE(done.has_value());
  desk.set_clock("03-09 09:00");
  const std::string story = desk.story("L-599");
  CHECK(story.find("lead.exited opt_out") != std::string::npos);
  CHECK(story.find("third") == std::string::npos);
  CHECK(done->of(PlaybookId("p")).migrated >= kLeads - 1);
}

const std::string kByForm =
    "playbook: p\nenroll: { on: form.submitted }\nsteps: [{ id: first, day: 0, channel: task }]\n";
/// Every Monday, 09:00.
std::string every_monday(const std::string& start) {
  return "playbook: gold\nenroll: { on: schedule, schedule: { rrule: FREQ=WEEKLY, start: " + start +
         ", at: \"09:00\" } }\nsteps: [{ id: visit, day: 0, channel: task }]\n";
}

TEST_CASE("a schedule that is published enrolls an idle lead at its next occurrence, with a restart in between") {
  for (const bool dies : {false, true}) {
    EngineDesk desk({.playbooks = {kByForm}});
    desk.begin();
    REQUIRE(desk.submit({"03-02 09:00", "L-0", "lead.updated", "'gold_since':'2026-01-05'"}).kind ==
            engine::SubmitResult::Kind::durable);
    REQUIRE(desk.submit({"03-02 09:00", "L-1", "lead.updated", "'gold_since':'who knows'"}).kind ==
            engine::SubmitResult::Kind::durable);
    desk.publish({kByForm, every_monday("lead.gold_since")});
    dies ? desk.crash() : desk.end();
    desk.begin();
    REQUIRE(walk_is_over(desk));
    desk.set_clock("03-09 08:59");
    CHECK(desk.story("L-0").find("lead.enrolled") == std::string::npos);
    desk.set_clock("03-09 09:00");
    desk.settle_after(1);
    CHECK(desk.story("L-0").find("03-09 09:00 lead.enrolled") != std::string::npos);
    CHECK(desk.story("L-0").find("03-09 09:00 touch.emitted visit") != std::string::npos);
    CHECK(desk.story("L-1").empty());
  }
}

TEST_CASE("a schedule that an idle daemon is given counts from then, not from its last event") {
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    EngineDesk desk({.playbooks = {kByForm}});
    desk.begin();
    REQUIRE(desk.submit({"03-02 09:00", "L-0", "lead.updated", "'gold_since':'2026-01-05'"}).kind ==
            engine::SubmitResult::Kind::durable);
    desk.set_clock("03-09 12:00");
    desk.publish({kByForm, every_monday("lead.gold_since")});
    REQUIRE(walk_is_over(desk));
    if (restarts) {
      desk.crash();
      desk.begin();
      REQUIRE(walk_is_over(desk));
    }
    CHECK(desk.story("L-0").find("lead.enrolled") == std::string::npos);
    desk.set_clock("03-16 09:00");
    desk.settle_after(1);
    CHECK(desk.story("L-0").find("03-16 09:00 lead.enrolled") != std::string::npos);
  }
}

TEST_CASE("leads that follow another folder with the same schedules follow these since they were published") {
  EngineDesk desk({.playbooks = {kByForm}});
  desk.begin();
  const std::string schedule = every_monday("2026-01-05");
  const auto since = [&](const std::vector<std::string>& playbooks, std::string_view now) {
    rules::Instant answer;
    const rules::Rulebook rulebook = rulebook_of(playbooks);
    desk.engine().call([&] { answer = engine::stage_following(desk.store(), rulebook, instant(now)); });
    return answer;
  };
  CHECK(since({schedule}, "03-02 08:59") == instant("03-02 08:59"));
  CHECK(since({kByForm, schedule}, "03-02 09:01") == instant("03-02 08:59"));
  CHECK(since({kByForm, every_monday("2026-01-12")}, "03-02 09:02") == instant("03-02 09:02"));
}

TEST_CASE("a schedule that is changed or taken back is followed by leads that wait for it") {
  EngineDesk desk({.playbooks = {kByForm, every_monday("lead.gold_since")}});
  desk.begin();
  REQUIRE(desk.submit({"03-02 09:00", "L-0", "lead.updated", "'gold_since':'2026-01-05'"}).kind ==
          engine::SubmitResult::Kind::durable);
  REQUIRE(desk.submit({"03-02 09:00", "L-1", "lead.updated", "'since':'2026-01-06'"}).kind ==
          engine::SubmitResult::Kind::durable);
  desk.publish({kByForm, every_monday("lead.since")});
  desk.set_clock("03-10 09:00");
  desk.settle_after(1);
  CHECK(desk.story("L-0").empty());
  CHECK(desk.story("L-1").find("03-10 09:00 lead.enrolled") != std::string::npos);
  desk.publish({kByForm});
  desk.set_clock("04-30 09:00");
  desk.settle();
  CHECK(records(desk, "lead.enrolled").size() == 1);
}

TEST_CASE("a process that dies before all leads have met a new schedule loses none of its occurrences") {
  EngineDesk desk({.playbooks = {kByForm}, .begins = "03-02 08:59"});
  desk.begin();
  desk.submit_leads(kSeveralPages, "03-02 08:59");
  desk.settle();
  const std::string schedule = every_monday("2026-01-05");
  auto publishing = std::async(std::launch::async, [&] { return desk.publish({kByForm, schedule}); });
  for (bool moved = false; !moved;) {
    REQUIRE(desk.engine().call([&] {
      moved = !desk.store().leads_after(nullptr, 1).front().schedules.empty();
      if (moved) desk.engine().context().stop();
    }));
  }
  publishing.wait();
  desk.crash();
  desk.set_clock("03-02 12:00");
  desk.begin();
  REQUIRE(walk_is_over(desk));
  desk.settle_after(kSeveralPages);
  const auto enrolled = records(desk, "lead.enrolled");
  CHECK(enrolled.size() == kSeveralPages);
  for (const auto& lead : enrolled) CHECK_MESSAGE(lead.second == 1, lead.first);
}

TEST_CASE("a store is read by the page, past the daemon that has it") {
  EngineDesk desk({.playbooks = {kTwoTasks}});
  desk.begin();
  desk.submit_leads(5);
  desk.settle_after(5);
  desk.engine().call([&] {
    const auto first = desk.store().leads_after(nullptr, 2);
    REQUIRE(first.size() == 2);
    CHECK(first[0].id.value == "L-0");
    CHECK(first[0].enrollment.has_value());
    CHECK(first[0].attributes.entries().empty());
    const auto rest = desk.store().leads_after(&first[1].id, 10);
    REQUIRE(rest.size() == 3);
    CHECK(rest[0].id.value == "L-2");
    CHECK(desk.store().leads_after(&rest.back().id, 10).empty());
  });
  const auto reader = engine::StoreReader::open(desk.store_path());
  REQUIRE(reader.has_value());
  CHECK((*reader)->leads_after(nullptr, 10).size() == 5);
  CHECK_FALSE(engine::StoreReader::open(desk.store_path() / "nothing").has_value());
}

}  // namespace
}  // namespace relance::tests
