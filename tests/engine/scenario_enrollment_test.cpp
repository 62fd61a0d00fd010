// Who is enrolled, who is not and why, and how an enrollment ends. playbook-language.md: "When a step runs" 1 and 7,
// "One event, in this order" 6 and 11.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kTwoDays = cadence("steps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }]");
const std::string kAtOnce = cadence("steps: [{ id: a, day: 0, channel: task }]");

std::string playbook(std::string_view id, int priority, std::string_view enroll, std::string_view more = {}) {
  return "playbook: " + std::string(id) + "\npriority: " + std::to_string(priority) +
         "\nenroll: " + std::string(enroll) + "\nsteps: [{ id: a, day: 1, channel: task }]\n" + std::string(more);
}

TEST_CASE("a weekend arrival has its day 0 on Monday morning, and days count from there") {
  CHECK(story_of({{cadence(R"(
contact_hours: { from: "09:00", to: "17:00" }
touches: { within: 3d }
steps: [{ id: a, day: 0, channel: task }, { id: b, day: 2, channel: task }]
)")},
                  {{"03-07 10:00", "L", "lead.created"}}}) == lines(R"(
    03-07 10:00 lead.enrolled p
    03-09 09:00 touch.emitted a
    03-11 09:00 touch.emitted b
    03-12 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("an arrival within contact hours is its own anchor, one at the closing time is not") {
  const std::string text =
      cadence("contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, day: 0, channel: task }]");
  CHECK(story_of({{text}, {{"03-02 16:59:59", "L", "lead.created"}}}, "L", "touch.") ==
        lines("03-02 16:59:59 touch.emitted a"));
  CHECK(story_of({{text}, {{"03-02 17:00", "L", "lead.created"}}}, "L", "touch.") ==
        lines("03-03 09:00 touch.emitted a"));
  CHECK(story_of({{text}, {{"03-02 09:00", "L", "lead.created"}}}, "L", "touch.") ==
        lines("03-02 09:00 touch.emitted a"));
}

TEST_CASE("an event that arrives late enrolls at the engine's clock") {
  CHECK(story_of({{kAtOnce}, {{"03-02 12:00", "M", "page.viewed"}, {"03-02 09:00", "L", "lead.created"}}}) == lines(R"(
    03-02 12:00 lead.enrolled p
    03-02 12:00 touch.emitted a
    03-02 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("a false condition leaves no record, one that fails is recorded") {
  const std::string text = playbook("p", 50, "{ on: lead.created, when: 'lead.size == \"smb\"' }");
  CHECK(story_of({{text}, {{"03-02 09:00", "L", "lead.created", "'size':'large'"}}}) == "");
  CHECK(story_of({{text}, {{"03-02 09:00", "L", "lead.created"}}}) ==
        lines("03-02 09:00 lead.not_enrolled p condition_error"));
}

TEST_CASE("without again a lead is enrolled once") {
  CHECK(story_of({{kAtOnce}, {{"03-02 09:00", "L", "lead.created"}, {"09-02 09:00", "L", "lead.created"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.exited p completed []
    09-02 09:00 lead.not_enrolled p again
  )"));
}

TEST_CASE("again counts from the last exit, to the instant, and up to max enrollments") {
  const std::string text =
      "playbook: p\nenroll: { on: lead.created, again: { after: 10d, max: 2 } }\nsteps: [{ id: a, day: 0, channel: "
      "task }]";
  CHECK(story_of({{text},
                  {{"03-02 09:00", "L", "lead.created"},
                   {"03-12 08:59:59", "L", "lead.created"},
                   {"03-12 09:00", "L", "lead.created"},
                   {"05-02 09:00", "L", "lead.created"}}},
                 "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 lead.exited p completed []
    03-12 08:59:59 lead.not_enrolled p again
    03-12 09:00 lead.enrolled p
    03-12 09:00 lead.exited p completed []
    05-02 09:00 lead.not_enrolled p again
  )"));
}

TEST_CASE("again without after lets a lead in at the next event") {
  const std::string text =
      "playbook: p\nenroll: { on: lead.created, again: { max: 2 } }\nsteps: [{ id: a, day: 0, channel: task }]";
  CHECK(story_of({{text},
                  {{"03-02 09:00", "L", "lead.created"},
                   {"03-02 09:00:01", "L", "lead.created"},
                   {"03-02 09:00:02", "L", "lead.created"}}},
                 "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 lead.exited p completed []
    03-02 09:00:01 lead.enrolled p
    03-02 09:00:01 lead.exited p completed []
    03-02 09:00:02 lead.not_enrolled p again
  )"));
}

TEST_CASE("a lead that runs through a playbook is already enrolled in it") {
  CHECK(story_of({{kTwoDays}, {{"03-02 09:00", "L", "lead.created"}, {"03-03 09:00", "L", "lead.created"}}}, "L",
                 "lead.") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 09:00 lead.not_enrolled p already_enrolled
    03-07 09:00 lead.exited p completed []
  )"));
}

TEST_CASE(
    "of two candidates the higher priority has the lead, of equal ones the first id, in whatever order the files "
    "come") {
  for (const bool swapped : {false, true}) {
    std::vector<std::string> texts{playbook("b", 60, "{ on: lead.created }"), playbook("c", 50, "{ on: lead.created }"),
                                   playbook("a", 50, "{ on: lead.created }")};
    if (swapped) std::swap(texts[0], texts[2]);
    CHECK(story_of({texts, {{"03-02 09:00", "L", "lead.created"}}, "03-02 10:00"}) == lines(R"(
      03-02 09:00 lead.enrolled b
      03-02 09:00 lead.not_enrolled a priority
      03-02 09:00 lead.not_enrolled c priority
    )"));
  }
  CHECK(story_of({{playbook("b", 50, "{ on: lead.created }"), playbook("a", 50, "{ on: lead.created }")},
                  {{"03-02 09:00", "L", "lead.created"}},
                  "03-02 10:00"}) == lines(R"(
    03-02 09:00 lead.enrolled a
    03-02 09:00 lead.not_enrolled b priority
  )"));
}

TEST_CASE("a higher priority takes a running lead over, an equal one does not") {
  const std::string low = playbook("low", 50, "{ on: lead.created }");
  CHECK(story_of({{low, playbook("high", 51, "{ on: form.submitted }")},
                  {{"03-02 09:00", "L", "lead.created"}, {"03-02 11:00", "L", "form.submitted"}}}) == lines(R"(
    03-02 09:00 lead.enrolled low
    03-02 11:00 lead.exited low superseded [a]
    03-02 11:00 lead.enrolled high
    03-03 11:00 touch.emitted a
    03-03 11:00 lead.exited high completed []
  )"));
  CHECK(story_of({{low, playbook("equal", 50, "{ on: form.submitted }")},
                  {{"03-02 09:00", "L", "lead.created"}, {"03-02 11:00", "L", "form.submitted"}}}) == lines(R"(
    03-02 09:00 lead.enrolled low
    03-02 11:00 lead.not_enrolled equal priority
    03-03 09:00 touch.emitted a
    03-03 09:00 lead.exited low completed []
  )"));
}

TEST_CASE("an enrollment by command asks neither the condition nor the priority") {
  const std::string high = playbook("high", 90, "{ on: lead.created }");
  const std::string never = playbook("never", 10, "{ on: lead.created, when: 'false' }");
  CHECK(story_of({{high, never},
                  {{"03-02 09:00", "L", "lead.created"},
                   {"03-02 10:00", "L", "playbook.enroll", "'playbook':'never'"},
                   {"03-02 10:30", "L", "playbook.enroll", "'playbook':'never'"},
                   {"03-02 10:45", "L", "playbook.enroll", "'playbook':'high'"},
                   {"03-02 11:00", "L", "playbook.enroll", "'playbook':'unheard-of'"}},
                  "03-02 12:00"}) == lines(R"(
    03-02 09:00 lead.enrolled high
    03-02 10:00 lead.exited high superseded [a]
    03-02 10:00 lead.enrolled never
    03-02 10:30 lead.not_enrolled never already_enrolled
    03-02 10:45 lead.not_enrolled high again
  )"));
}

TEST_CASE("an opt-out from all keeps a lead out, one from every channel that the steps use as suppressed") {
  const std::string both = cadence("steps: [{ id: a, day: 1, channel: task }, { id: b, day: 1, channel: social }]");
  CHECK(story_of({{both}, {{"03-02 09:00", "L", "optout.received"}, {"03-02 10:00", "L", "lead.created"}}}, "L",
                 "lead.") == lines("03-02 10:00 lead.not_enrolled p opt_out"));
  CHECK(story_of({{both},
                  {{"03-02 09:00", "L", "optout.received", "'channel':'task'"},
                   {"03-02 09:00", "L", "optout.received", "'channel':'social'"},
                   {"03-02 10:00", "L", "lead.created"}}},
                 "L", "lead.") == lines("03-02 10:00 lead.not_enrolled p suppressed"));
  CHECK(story_of({{both},
                  {{"03-02 09:00", "L", "optout.received", "'channel':'task'"}, {"03-02 10:00", "L", "lead.created"}}},
                 "L", "") == lines(R"(
    03-02 09:00 opt_out.received task
    03-02 09:00 opt_out.effective task
    03-02 10:00 lead.enrolled p
    03-03 10:00 touch.withheld a opt_out
    03-03 10:00 touch.emitted b
    03-03 10:00 lead.exited p completed []
  )"));
}

TEST_CASE("one event may end one enrollment and start another, of whatever priority") {
  CHECK(story_of({{playbook("first", 90, "{ on: lead.created }", "goal: meeting.booked"),
                   playbook("second", 10, "{ on: meeting.booked }")},
                  {{"03-02 09:00", "L", "lead.created"}, {"03-02 12:00", "L", "meeting.booked"}},
                  "03-02 13:00"}) == lines(R"(
    03-02 09:00 lead.enrolled first
    03-02 12:00 lead.exited first goal [a]
    03-02 12:00 lead.enrolled second
  )"));
}

TEST_CASE("goal, reply, listed types and commands end an enrollment, each with its reason") {
  const std::string text = playbook("p", 50, "{ on: lead.created }",
                                    "goal: meeting.booked\nexit: [reply, opt_out, hard_bounce, complaint, lead.lost]");
  const auto after = [&](const std::string& type, const std::string& data = {}) {
    return story_of({{text}, {{"03-02 09:00", "L", "lead.created"}, {"03-02 10:00", "L", type, data}}, "03-02 11:00"},
                    "L", "lead.exited");
  };
  CHECK(after("meeting.booked") == lines("03-02 10:00 lead.exited p goal [a]"));
  CHECK(after("touch.replied") == lines("03-02 10:00 lead.exited p reply [a]"));
  CHECK(after("touch.replied", "'auto':true") == "");
  CHECK(after("lead.lost") == lines("03-02 10:00 lead.exited p lead.lost [a]"));
  CHECK(after("lead.converted") == "");  // only the default goal
  CHECK(after("optout.received", "'channel':'sms'") == lines("03-02 10:00 lead.exited p opt_out [a]"));
  CHECK(after("touch.completed", "'channel':'call','outcome':'refused'") ==
        lines("03-02 10:00 lead.exited p opt_out [a]"));
  CHECK(after("complaint.received") == lines("03-02 10:00 lead.exited p complaint [a]"));
  CHECK(after("touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'") ==
        lines("03-02 10:00 lead.exited p hard_bounce [a]"));
  CHECK(after("touch.completed", "'channel':'email','outcome':'bounced','bounce':'soft'") == "");
  CHECK(after("playbook.exit") == lines("03-02 10:00 lead.exited p manual [a]"));
  CHECK(after("playbook.exit", "'playbook':'p'") == lines("03-02 10:00 lead.exited p manual [a]"));
  CHECK(after("playbook.exit", "'playbook':'other'") == "");
}

TEST_CASE("a conversion is the goal of a playbook that names none, and a reply need not end one") {
  const std::string text = playbook("p", 50, "{ on: lead.created }", "exit: [opt_out, hard_bounce, complaint]");
  CHECK(story_of({{text},
                  {{"03-02 09:00", "L", "lead.created"},
                   {"03-02 10:00", "L", "touch.replied"},
                   {"03-02 11:00", "L", "lead.converted"}}},
                 "L", "lead.exited") == lines("03-02 11:00 lead.exited p goal [a]"));
}

TEST_CASE("of several reasons the first in order is named") {
  // A refused call that bounced hard as well, and a reply that is also the goal.
  const std::string text = playbook("p", 50, "{ on: lead.created }", "goal: touch.replied");
  CHECK(story_of({{text},
                  {{"03-02 09:00", "L", "lead.created"},
                   {"03-02 10:00", "L", "touch.completed", "'channel':'call','outcome':'refused','bounce':'hard'"}}},
                 "L", "lead.exited") == lines("03-02 10:00 lead.exited p opt_out [a]"));
  CHECK(story_of({{text}, {{"03-02 09:00", "L", "lead.created"}, {"03-02 10:00", "L", "touch.replied"}}}, "L",
                 "lead.exited") == lines("03-02 10:00 lead.exited p goal [a]"));
}

TEST_CASE("what happened before the enrollment does not end it, unless it protects the person") {
  const std::string text = playbook("p", 50, "{ on: lead.created }");
  const auto late = [&](const std::string& at, const std::string& type, const std::string& data = {}) {
    return story_of({{text}, {{"03-02 09:00", "L", "lead.created"}, {at, "L", type, data}}, "03-02 11:00"}, "L",
                    "lead.exited");
  };
  CHECK(late("03-02 08:59:59", "touch.replied") == "");
  CHECK(late("03-02 08:59:59", "lead.converted") == "");
  CHECK(late("03-02 08:59:59", "lead.lost") == "");
  CHECK(late("03-02 08:59:59", "playbook.exit") == "");
  CHECK(late("03-02 09:00", "touch.replied") == lines("03-02 09:00 lead.exited p reply [a]"));
  CHECK(late("03-01 09:00", "optout.received") == lines("03-02 09:00 lead.exited p opt_out [a]"));
  CHECK(late("03-01 09:00", "complaint.received") == lines("03-02 09:00 lead.exited p complaint [a]"));
  CHECK(late("03-01 09:00", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'") ==
        lines("03-02 09:00 lead.exited p hard_bounce [a]"));
}

TEST_CASE("a window ends at anchor plus within: open steps are withheld in order, and a shortfall is told") {
  CHECK(story_of({{cadence(R"(
touches: { min: 2, within: 2d }
steps: [{ id: a, day: 0, channel: task }, { id: b, day: 5, channel: task }, { id: c, wait: 1h, channel: task }]
)")},
                  {{"03-02 09:00", "L", "lead.created"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-04 09:00 touch.withheld b expired
    03-04 09:00 touch.withheld c expired
    03-04 09:00 touches.shortfall p
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a step that is due at the very end of the window is asked first") {
  CHECK(story_of({{cadence("touches: { min: 1, within: 2d }\nsteps: [{ id: a, day: 2, channel: task }]")},
                  {{"03-02 09:00", "L", "lead.created"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-04 09:00 touch.emitted a
    03-04 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("with a window the enrollment stays until its end, without one it ends with its last step") {
  CHECK(story_of({{cadence("touches: { within: 2d }\nsteps: [{ id: a, day: 0, channel: task }]")},
                  {{"03-02 09:00", "L", "lead.created"}}},
                 "L", "lead.exited") == lines("03-04 09:00 lead.exited p completed []"));
  CHECK(story_of({{kAtOnce}, {{"03-02 09:00", "L", "lead.created"}}}, "L", "lead.exited") ==
        lines("03-02 09:00 lead.exited p completed []"));
}

TEST_CASE("a cadence without a window ends even while it is paused, once no step is open") {
  rules::cel::Map automatic;
  automatic.emplace_back(rules::cel::Value("auto"), rules::cel::Value(true));
  engine::Outcomes outcomes;
  outcomes[{rules::LeadId("L"), rules::StepId("a")}] = {
      {rules::Duration{0}, rules::EventType::touch_replied, rules::cel::Value(std::move(automatic))}};
  Run run(rulebook_of({kAtOnce}), outcomes);
  run.handle({"03-02 09:00", "L", "lead.created"});
  run.to_the_end();
  CHECK(run.story("L") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.paused auto_reply until 03-09 09:00
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a planned opt-out without a channel is one from all, whatever the channel of its step") {
  engine::Outcomes outcomes;
  outcomes[{rules::LeadId("L"), rules::StepId("a")}] = {
      {rules::Duration{3'600'000}, rules::EventType::optout_received, rules::cel::Value(rules::cel::Map{})}};
  Run run(rulebook_of({cadence("steps: [{ id: a, day: 0, channel: email }, { id: b, day: 1, channel: task }]")}),
          outcomes);
  run.handle({"03-02 09:00", "L", "lead.created", "'email':'a@example.org'"});
  run.to_the_end();
  CHECK(run.lead("L").opted_out_of_all);
}

TEST_CASE("what is planned for the instant of a touch comes after its completion") {
  engine::Outcomes outcomes;
  outcomes[{rules::LeadId("L"), rules::StepId("a")}] = {
      {rules::Duration{0}, rules::EventType::touch_replied, rules::cel::Value(rules::cel::Map{})}};
  Run run(rulebook_of({cadence("goal: [touch.replied]\nsla: { first_touch: { within: 1h } }\n"
                               "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }]")}),
          outcomes);
  run.handle({"03-02 09:00", "L", "lead.created"});
  run.to_the_end();
  CHECK(run.story("L") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 sla.met
    03-02 09:00 lead.exited p goal [b]
  )"));
}

TEST_CASE("a duplicate is dropped, whatever it carries") {
  CHECK(story_of({{kTwoDays},
                  {{"03-02 09:00", "L", "lead.created", "", "same"},
                   {"03-03 09:00", "L", "lead.lost", "", "same"},
                   {"03-03 09:00", "L", "lead.created", "", "same"}}},
                 "L", "lead.") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-07 09:00 lead.exited p completed []
  )"));
}

}  // namespace
}  // namespace relance::tests
