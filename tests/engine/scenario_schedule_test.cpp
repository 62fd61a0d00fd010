// Recurring cadences through the simulator: rules/README.md, "Schedules". The occurrences themselves:
// rules/schedule_test.

#include <doctest/doctest.h>

#include "engine/scenarios/scenario_run.h"
#include "rules/why.h"
#include "simulation_support.h"

namespace relance::tests {
namespace {

std::string every_four_months(const std::string& more = "steps: [{ id: visit, day: 0, channel: task }]\n") {
  return "playbook: p\nenroll: { on: schedule, schedule: { rrule: FREQ=MONTHLY;INTERVAL=4, start: lead.gold_since, at: "
         "'09:00' }, when: 'lead.tier == \"gold\"' }\n" +
         more;
}
const Given kGold{"01-20 10:00", "L", "lead.created", "'gold_since':'2026-01-15','tier':'gold'"};

TEST_CASE("each occurrence up to the end enrolls, by the timer") {
  Run run(rulebook_of({every_four_months()}));
  run.handle(kGold);
  run.until("12-31 00:00");
  CHECK(run.story("L") == lines(R"(
    05-15 09:00 lead.enrolled p
    05-15 09:00 touch.emitted visit
    05-15 09:00 lead.exited p completed []
    09-15 09:00 lead.enrolled p
    09-15 09:00 touch.emitted visit
    09-15 09:00 lead.exited p completed []
  )"));
  CHECK(run.ledger().front().cause == "timer");
}

TEST_CASE("an occurrence has its anchor and its promise of the first touch as an event has") {
  const std::string promises = every_four_months(
      "contact_hours: { from: '10:00', to: '17:00' }\nsla: { first_touch: { within: 2h } }\n"
      "steps: [{ id: visit, day: 1, channel: task }]\n");
  CHECK(story_of({{promises}, {kGold}, "05-31 00:00"}) == lines(R"(
    05-15 09:00 lead.enrolled p
    05-15 11:00 sla.breached
    05-16 10:00 touch.deferred visit contact_hours until 05-18 10:00
    05-18 10:00 touch.emitted visit
    05-18 10:00 lead.exited p completed []
  )"));
}

TEST_CASE("without an end a simulation takes the occurrences up to the last event, and says that there are more") {
  Run run(rulebook_of({every_four_months("steps: [{ id: visit, day: 3, channel: task }]\n")}));
  run.handle(kGold);
  run.handle({"05-15 10:00", "M", "page.viewed"});
  CHECK(run.simulation().finish(run.simulation().clock()));
  CHECK(run.story("L") == lines(R"(
    05-15 09:00 lead.enrolled p
    05-18 09:00 touch.emitted visit
    05-18 09:00 lead.exited p completed []
  )"));
  Run none(rulebook_of({every_four_months()}));
  none.handle({"01-20 10:00", "L", "lead.created", "'tier':'gold'"});
  CHECK_FALSE(none.simulation().finish(none.simulation().clock()));
}

TEST_CASE("a scenario ends where it says, and otherwise leaves occurrences after its last event") {
  const rules::Rulebook rulebook = rulebook_of({every_four_months()});
  engine::Scenario scenario;
  scenario.events = {event_of(kGold)};
  CHECK(engine::run_scenario(rulebook, scenario).timeline.empty());
  scenario.until = instant("05-15 09:00");
  const auto timeline = engine::run_scenario(rulebook, scenario).timeline;
  REQUIRE_FALSE(timeline.empty());
  CHECK(timeline.front().record.type == rules::RecordType::lead_enrolled);
  CHECK(timeline.front().record.at == instant("05-15 09:00"));
}

TEST_CASE("the next occurrence enrolls again, whatever ended the enrollment before") {
  Run run(rulebook_of({every_four_months("goal: meeting.booked\nsteps: [{ id: visit, day: 9, channel: task }]\n")}));
  run.handle(kGold);
  run.handle({"05-16 10:00", "L", "optout.received", "'channel':'email'"});
  run.handle({"09-16 10:00", "L", "meeting.booked"});
  run.until("2027-01-31T00:00:00Z");
  CHECK(run.story("L", "lead.") == lines(R"(
    05-15 09:00 lead.enrolled p
    05-16 10:00 lead.exited p opt_out [visit]
    09-15 09:00 lead.enrolled p
    09-16 10:00 lead.exited p goal [visit]
    2027-01-15 09:00 lead.enrolled p
    2027-01-24 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("explain says when the next occurrence is, and what it will bring") {
  const rules::Rulebook rulebook = rulebook_of({every_four_months()});
  Run run(rulebook);
  run.handle(kGold);
  const rules::Why why = rules::explain(run.lead("L"), {rulebook, run.simulation().store(), run.simulation().clock()});
  REQUIRE(why.schedules.size() == 1);
  CHECK(why.schedules.front().playbook.value == "p");
  CHECK(why.schedules.front().next == instant("05-15 09:00"));
  REQUIRE(why.next.size() == 2);
  CHECK(why.next.front().type == rules::RecordType::lead_enrolled);
  CHECK(why.next.back().at == instant("05-15 09:00"));
}

}  // namespace
}  // namespace relance::tests
