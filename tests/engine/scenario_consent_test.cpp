// Opt-outs, complaints, hard bounces: what they cover, and what they add. playbook-language.md: "One event" 3 and 6.

#include <algorithm>

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kEveryChannel = cadence(R"(
steps:
  - { id: mail, day: 1, channel: email }
  - { id: call, day: 1, channel: call }
  - { id: text, day: 1, channel: sms }
  - { id: task, day: 1, channel: task }
)");
const std::string kContact = "'email':'ada@example.org','phone':'+33612345678'";

Given lead(const std::string& at, const std::string& id, const std::string& data = kContact) {
  return {at, id, "lead.created", data};
}
/// What becomes of lead `L2`, created after `first` concerned lead `L1`.
std::string second_after(std::vector<Given> first, const std::string& data = kContact) {
  first.push_back(lead("03-02 12:00", "L2", data));
  return story_of({{kEveryChannel}, std::move(first)}, "L2", "touch");
}
const Given kFirst = {"03-02 09:00", "L1", "lead.updated", kContact};

TEST_CASE("an opt-out is recorded whenever it comes, and effective when it adds something") {
  const Given out{"03-02 10:00", "L", "optout.received", "'channel':'email'"};
  Given again = out;
  again.at = "03-02 11:00";
  CHECK(story_of({{kEveryChannel}, {{"03-02 09:00", "L", "lead.updated", kContact}, out, again}}) == lines(R"(
    03-02 10:00 opt_out.received email
    03-02 10:00 opt_out.effective email
    03-02 11:00 opt_out.received email
  )"));
}

TEST_CASE("a second opt-out is effective when it is wider, or when the lead has a new address") {
  const auto second = [](std::vector<Given> events) {
    events.insert(events.begin(), {{"03-02 08:00", "L", "lead.updated", kContact},
                                   {"03-02 09:00", "L", "optout.received", "'channel':'email'"}});
    return story_of({{kEveryChannel}, std::move(events)}, "L", "opt_out.effective");
  };
  const std::string first = "03-02 09:00 opt_out.effective email\n";
  CHECK(second({{"03-02 10:00", "L", "optout.received"}}) == first + "03-02 10:00 opt_out.effective all\n");
  CHECK(second({{"03-02 10:00", "L", "optout.received", "'channel':'call'"}}) ==
        first + "03-02 10:00 opt_out.effective call\n");
  CHECK(second({{"03-02 10:00", "L", "lead.updated", "'email':'ada@example.com'"},
                {"03-02 11:00", "L", "optout.received", "'channel':'email'"}}) ==
        first + "03-02 11:00 opt_out.effective email\n");
  CHECK(second({{"03-02 10:00", "L", "optout.received"}, {"03-02 11:00", "L", "optout.received", "'channel':'sms'"}}) ==
        first + "03-02 10:00 opt_out.effective all\n");
}

TEST_CASE("an opt-out from one channel ends the enrollment, and withholds that channel ever after") {
  CHECK(story_of({{kEveryChannel,
                   "playbook: next\nenroll: { on: form.submitted }\nsteps: [{ id: mail, day: 0, channel: email "
                   "}, { id: call, day: 0, channel: call }]"},
                  {lead("03-02 09:00", "L"),
                   {"03-02 10:00", "L", "optout.received", "'channel':'email'"},
                   {"03-02 11:00", "L", "form.submitted"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 10:00 opt_out.received email
    03-02 10:00 opt_out.effective email
    03-02 10:00 lead.exited p opt_out [mail,call,text,task]
    03-02 11:00 lead.enrolled next
    03-02 11:00 touch.withheld mail opt_out
    03-02 11:00 touch.emitted call
    03-02 11:00 lead.exited next completed []
  )"));
}

TEST_CASE("an opt-out covers every contact point that the lead gets later, but not those for other leads") {
  const std::vector<Given> events{{"03-02 08:00", "L1", "optout.received", "'channel':'email'"},
                                  lead("03-02 09:00", "L1"),
                                  lead("03-02 10:00", "L2")};
  CHECK(story_of({{kEveryChannel}, events}, "L1", "touch.withheld") ==
        lines("03-03 09:00 touch.withheld mail opt_out"));
  CHECK(story_of({{kEveryChannel}, events}, "L2", "touch.withheld") == "");
}

TEST_CASE("an opt-out covers the addresses of its scope for every lead that carries them, a re-import included") {
  CHECK(second_after({kFirst, {"03-02 10:00", "L1", "optout.received", "'channel':'email'"}}) == lines(R"(
    03-03 12:00 touch.withheld mail suppressed
    03-03 12:00 touch.emitted call
    03-03 12:00 touch.emitted text
    03-03 12:00 touch.emitted task
  )"));
  CHECK(second_after({kFirst, {"03-02 10:00", "L1", "optout.received"}},
                     "'email':' ada@EXAMPLE.org ','phone':'06 12 34 56 78','country':'FR'") == lines(R"(
    03-03 12:00 touch.withheld mail suppressed
    03-03 12:00 touch.withheld call suppressed
    03-03 12:00 touch.withheld text suppressed
    03-03 12:00 touch.emitted task
  )"));
  CHECK(second_after({kFirst, {"03-02 10:00", "L1", "optout.received"}}, "'email':'bob@example.org'") == lines(R"(
    03-03 12:00 touch.emitted mail
    03-03 12:00 touch.skipped call no_contact_point
    03-03 12:00 touch.skipped text no_contact_point
    03-03 12:00 touch.emitted task
  )"));
}

TEST_CASE("a refused call is an opt-out from calls, of lead and number, and leaves text messages alone") {
  const Given refused{"03-02 10:00", "L1", "touch.completed", "'channel':'call','outcome':'refused'"};
  CHECK(story_of({{kEveryChannel}, {kFirst, refused}}, "L1") ==
        lines("03-02 10:00 opt_out.received call\n03-02 10:00 opt_out.effective call"));
  CHECK(second_after({kFirst, refused}) == lines(R"(
    03-03 12:00 touch.emitted mail
    03-03 12:00 touch.withheld call suppressed
    03-03 12:00 touch.emitted text
    03-03 12:00 touch.emitted task
  )"));
}

TEST_CASE("a hard bounce suppresses the address once, for every lead") {
  const Given bounce{"03-02 10:00", "L1", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"};
  Given again = bounce;
  again.at = "03-02 11:00";
  CHECK(story_of({{kEveryChannel}, {kFirst, bounce, again}}, "L1") == lines("03-02 10:00 suppression.added email"));
  CHECK(second_after({kFirst, bounce}) == lines(R"(
    03-03 12:00 touch.withheld mail suppressed
    03-03 12:00 touch.emitted call
    03-03 12:00 touch.emitted text
    03-03 12:00 touch.emitted task
  )"));
  // Without an address there is nothing to suppress.
  CHECK(story_of({{kEveryChannel}, {bounce}}, "L1") == "");
}

TEST_CASE("a complaint suppresses the lead and its address on the channel, email when it names none") {
  CHECK(story_of({{kEveryChannel},
                  {{"03-02 08:00", "L", "complaint.received"}, lead("03-02 09:00", "L", "'email':'x@example.org'")}},
                 "L", "") == lines(R"(
    03-02 08:00 suppression.added email
    03-02 09:00 lead.enrolled p
    03-03 09:00 touch.withheld mail suppressed
    03-03 09:00 touch.skipped call no_contact_point
    03-03 09:00 touch.skipped text no_contact_point
    03-03 09:00 touch.emitted task
    03-03 09:00 lead.exited p completed []
  )"));
  CHECK(second_after({kFirst, {"03-02 10:00", "L1", "complaint.received", "'channel':'sms'"}}) == lines(R"(
    03-03 12:00 touch.emitted mail
    03-03 12:00 touch.emitted call
    03-03 12:00 touch.withheld text suppressed
    03-03 12:00 touch.emitted task
  )"));
}

TEST_CASE("what one kind of objection adds depends on what was there before") {
  const Given out{"03-02 10:00", "L1", "optout.received", "'channel':'email'"};
  const Given complaint{"03-02 10:00", "L1", "complaint.received"};
  const Given bounce{"03-02 10:00", "L1", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"};
  const auto story = [](const Given& first, const Given& second) {
    return story_of({{kEveryChannel}, {kFirst, first, second}}, "L1");
  };
  const std::string opted_out = "03-02 10:00 opt_out.received email\n03-02 10:00 opt_out.effective email\n";
  const std::string suppressed = "03-02 10:00 suppression.added email\n";
  CHECK(story(out, complaint) == opted_out);
  CHECK(story(complaint, out) == suppressed + opted_out);      // a complaint is not an opt-out
  CHECK(story(bounce, out) == suppressed + opted_out);         // the lead had not opted out
  CHECK(story(out, bounce) == opted_out);                      // the address was on the list
  CHECK(story(bounce, complaint) == suppressed + suppressed);  // the lead had not complained
  CHECK(story(complaint, bounce) == suppressed);
  CHECK(story(complaint, complaint) == suppressed);
}

TEST_CASE("an opt-out from all ends the other carriers' enrollments too, in order of their ids") {
  Run run(rulebook_of({kEveryChannel}));
  run.handle(lead("03-02 09:00", "L9"));
  run.handle(lead("03-02 09:00", "L2", "'phone':'+33612345678'"));
  run.handle(lead("03-02 09:00", "L3", "'email':'ada@example.org'"));
  run.handle(lead("03-02 09:00", "L4", "'email':'bob@example.org'"));
  run.handle({"03-02 10:00", "L3", "optout.received"});
  run.handle({"03-02 11:00", "L9", "optout.received"});
  std::string ended;
  for (const Line& line : run.ledger()) {
    if (line.record.type == rules::RecordType::lead_exited) ended += line.lead.value + " " + line.record.reason + " ";
  }
  CHECK(ended == "L3 opt_out L9 opt_out L2 opt_out ");
  CHECK(run.story("L9") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 10:00 lead.exited p opt_out [mail,call,text,task]
    03-02 11:00 opt_out.received all
    03-02 11:00 opt_out.effective all
  )"));
}

TEST_CASE("an opt-out from one channel leaves the other carriers enrolled, that channel withheld") {
  CHECK(story_of({{kEveryChannel},
                  {lead("03-02 09:00", "L1"),
                   lead("03-02 09:00", "L2"),
                   {"03-02 10:00", "L1", "optout.received", "'channel':'call'"}}},
                 "L2", "") == lines(R"(
    03-02 09:00 lead.enrolled p
    03-03 09:00 touch.emitted mail
    03-03 09:00 touch.withheld call suppressed
    03-03 09:00 touch.emitted text
    03-03 09:00 touch.emitted task
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a lead of which every channel is suppressed is not enrolled when it comes back under another id") {
  CHECK(story_of({{cadence("steps: [{ id: mail, day: 0, channel: email }]")},
                  {kFirst, {"03-02 10:00", "L1", "optout.received"}, lead("03-02 12:00", "L2")}},
                 "L2") == lines("03-02 12:00 lead.not_enrolled p suppressed"));
}

TEST_CASE("consent ends up the same in whatever order the objections arrive") {
  std::vector<Given> objections{
      {"03-02 10:00", "L1", "optout.received", "'channel':'email'"},
      {"03-02 10:01", "L1", "complaint.received", "'channel':'call'"},
      {"03-02 10:02", "L1", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"},
      {"03-02 10:03", "L1", "optout.received"},
      {"03-02 10:04", "L1", "touch.completed", "'channel':'call','outcome':'refused'"}};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::string expected;
  do {
    Run run(rulebook_of({kEveryChannel}));
    run.handle(kFirst);
    for (const std::size_t i : order) run.handle(objections[i]);
    const auto& state = run.lead("L1");
    std::string consent = std::to_string(state.opted_out.bits()) + (state.opted_out_of_all ? " all " : " ") +
                          std::to_string(state.complained.bits());
    run.handle(lead("03-02 12:00", "L2"));
    run.to_the_end();
    consent += "\n" + run.story("L2");
    if (expected.empty()) expected = consent;
    CHECK(consent == expected);
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(expected.find("touch.emitted task") != std::string::npos);
}

TEST_CASE("who refuses on a channel has opted out of that one") {
  const std::string text = cadence(
      "touches: { within: 10d }\n"
      "steps: [{ id: sms, day: 0, channel: sms }, { id: call, day: 0, channel: call }]");
  const Given arrives{"03-02 09:00", "L", "lead.created", "'phone':'+33612345678'"};
  const auto after = [&](const std::string& data) {
    return story_of({{text}, {arrives, {"03-02 10:00", "L", "touch.completed", data}}}, "L", "opt_out.effective");
  };
  CHECK(after("'channel':'sms','outcome':'refused'") == lines("03-02 10:00 opt_out.effective sms"));
  CHECK(after("'channel':'call','outcome':'refused'") == lines("03-02 10:00 opt_out.effective call"));
  CHECK(after("'outcome':'refused'") == lines("03-02 10:00 opt_out.effective call"));

  Run run(rulebook_of({text}));
  run.handle(arrives);
  run.until("03-02 09:30");
  const std::string action(run.lead("L").touches.front().action.value);
  run.handle({"03-02 10:00", "L", "touch.completed", "'outcome':'refused','action':'" + action + "'"});
  CHECK(run.story("L", "opt_out.effective") == lines("03-02 10:00 opt_out.effective sms"));
}

}  // namespace
}  // namespace relance::tests
