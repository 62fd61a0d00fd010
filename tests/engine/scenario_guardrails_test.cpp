// Guardrails and halts. playbook-language.md: "Guardrails, publishing", and the gate's row `halted`.

#include <doctest/doctest.h>

#include <algorithm>

#include "simulation_support.h"

namespace relance::tests {
namespace {

/// Two mails, a day apart; the guardrails come before the steps.
std::string mails(const std::string& guardrails) {
  return cadence("guardrails: [" + guardrails + "]\n" +
                 "caps: [{ channel: email, max: 2, per: day }]\n"
                 "steps: [{ id: a, day: 0, channel: email }, { id: b, day: 1, channel: email }]");
}

Given arrival(const std::string& lead, const std::string& at = "03-02 09:00") {
  return {at, lead, "lead.created", "'email':'" + lead + "@example.org'"};
}

constexpr const char* kPause = "{ metric: complaint_rate, above: 20%, over: 7d, min_touches: 4, do: pause }";

/// Four leads are written to, then one or two complain.
std::vector<Given> four_leads_and(std::vector<Given> more) {
  std::vector<Given> events{arrival("A"), arrival("B"), arrival("C"), arrival("D")};
  events.insert(events.end(), more.begin(), more.end());
  return events;
}

const Given kComplaint{"03-02 10:00", "A", "complaint.received"};

TEST_CASE("a rate above its limit halts the playbook, and what would be next is held") {
  Run run(rulebook_of({mails(kPause)}));
  for (const Given& event : four_leads_and({kComplaint})) run.handle(event);
  run.to_the_end();
  CHECK(run.story("A", "guardrail") == lines("03-02 10:00 guardrail.tripped complaint_rate"));
  CHECK(run.story("B", "touch") == lines("03-02 09:00 touch.emitted a\n03-03 09:00 touch.deferred b halted"));
  const auto tripped = std::find_if(run.ledger().begin(), run.ledger().end(), [](const Line& line) {
    return line.record.type == rules::RecordType::guardrail_tripped;
  });
  REQUIRE(tripped != run.ledger().end());
  CHECK(tripped->record.rule == "complaint_rate");
  CHECK(tripped->record.reason == "pause");
  CHECK(tripped->record.outcome == "1/4");
  CHECK(tripped->record.playbook == rules::PlaybookId("p"));
}

TEST_CASE("below the limit, at the limit, and with too few touches nothing trips") {
  const auto trips = [](const std::string& guardrail, std::vector<Given> events) {
    Run run(rulebook_of({mails(guardrail)}));
    for (const Given& event : events) run.handle(event);
    run.to_the_end();
    return !run.story("A", "guardrail").empty();
  };
  CHECK(trips("{ metric: complaint_rate, above: 24.9%, over: 7d, min_touches: 4, do: pause }",
              four_leads_and({kComplaint})));
  // 1 of 4 is not above 25 %.
  CHECK_FALSE(trips("{ metric: complaint_rate, above: 25%, over: 7d, min_touches: 4, do: pause }",
                    four_leads_and({kComplaint})));
  CHECK_FALSE(trips("{ metric: complaint_rate, above: 1%, over: 7d, min_touches: 9, do: pause }",
                    four_leads_and({kComplaint})));
  // The four touches of Monday are more than two hours old.
  CHECK_FALSE(trips("{ metric: complaint_rate, above: 1%, over: 1h, min_touches: 4, do: pause }",
                    four_leads_and({{"03-02 12:00", "A", "complaint.received"}})));
}

TEST_CASE("a rate trips once, whatever follows, until it is acknowledged") {
  Run run(rulebook_of({mails(kPause)}));
  for (const Given& event : four_leads_and({kComplaint, {"03-02 11:00", "B", "complaint.received"}})) run.handle(event);
  run.to_the_end();
  CHECK(run.story("A", "guardrail") == lines("03-02 10:00 guardrail.tripped complaint_rate"));
  CHECK(run.story("B", "guardrail").empty());
}

TEST_CASE("each metric counts its own events") {
  const auto trips = [](const std::string& metric, const Given& event) {
    Run run(rulebook_of({cadence("guardrails: [{ metric: " + metric +
                                 ", above: 20%, over: 7d, min_touches: 4, flag: look }]\n"
                                 "steps: [{ id: a, day: 0, channel: email }, { id: b, day: 0, channel: call }]")}));
    for (const std::string lead : {"A", "B"}) {
      run.handle({"03-02 09:00", lead, "lead.created",
                  "'email':'" + lead + "@example.org','phone':'+3361234567" + (lead == "A" ? "8'" : "9'")});
    }
    run.handle(event);
    run.to_the_end();
    return !run.story("A", "guardrail").empty();
  };
  const Given complaint{"03-02 10:00", "A", "complaint.received"};
  const Given opt_out{"03-02 10:00", "A", "optout.received"};
  const Given bounce{"03-02 10:00", "A", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"};
  const Given wrong{"03-02 10:00", "A", "touch.completed", "'channel':'call','outcome':'wrong_number'"};
  CHECK(trips("complaint_rate", complaint));
  CHECK_FALSE(trips("complaint_rate", opt_out));
  CHECK(trips("opt_out_rate", opt_out));
  CHECK_FALSE(trips("opt_out_rate", bounce));
  CHECK(trips("hard_bounce_rate", bounce));
  CHECK_FALSE(trips("hard_bounce_rate", wrong));
  CHECK(trips("wrong_number_rate", wrong));
  CHECK_FALSE(trips("wrong_number_rate", complaint));
}

TEST_CASE("an opt-out that adds nothing does not count again") {
  Run run(rulebook_of({mails("{ metric: opt_out_rate, above: 30%, over: 7d, min_touches: 4, do: pause }")}));
  for (const Given& event : four_leads_and({{"03-02 10:00", "A", "optout.received"},
                                            {"03-02 11:00", "A", "optout.received"},
                                            {"03-02 12:00", "A", "optout.received"}})) {
    run.handle(event);
  }
  run.to_the_end();
  CHECK(run.story("A", "guardrail").empty());
}

TEST_CASE("what is told twice counts once") {
  const auto trips = [](const std::string& metric, Given event) {
    Run run(rulebook_of({cadence("guardrails: [{ metric: " + metric +
                                 ", above: 30%, over: 7d, min_touches: 4, do: pause }]\n"
                                 "steps: [{ id: a, day: 0, channel: email }, { id: b, day: 0, channel: call }]")}));
    for (const std::string lead : {"A", "B"}) {
      run.handle({"03-02 09:00", lead, "lead.created",
                  "'email':'" + lead + "@example.org','phone':'+3361234567" + (lead == "A" ? "8'" : "9'")});
    }
    run.handle(event);
    event.at = "03-02 10:30";  // by a webhook, under another id
    run.handle(event);
    run.to_the_end();
    return !run.story("A", "guardrail").empty();
  };
  CHECK_FALSE(trips("complaint_rate", {"03-02 10:00", "A", "complaint.received"}));
  CHECK_FALSE(trips("hard_bounce_rate",
                    {"03-02 10:00", "A", "touch.completed", "'channel':'email','outcome':'bounced','bounce':'hard'"}));
  CHECK_FALSE(
      trips("wrong_number_rate", {"03-02 10:00", "A", "touch.completed", "'channel':'call','outcome':'wrong_number'"}));
}

TEST_CASE("halved caps let half as many out, rounded up, and at least one") {
  const std::string guardrail = "{ metric: complaint_rate, above: 20%, over: 7d, min_touches: 4, do: halve_caps }";
  const std::string steps =
      "steps: [{ id: a, day: 0, channel: email }, { id: b, wait: 2h, channel: email }, "
      "{ id: c, wait: 1h, channel: email }]";
  const auto story = [&](int max) {
    Run run(rulebook_of({cadence("guardrails: [" + guardrail + "]\ncaps: [{ channel: email, max: " +
                                 std::to_string(max) + ", per: day }]\n" + steps)}));
    for (const Given& event : four_leads_and({kComplaint})) run.handle(event);
    run.until("03-02 23:00");
    return run.story("B", "touch");
  };
  CHECK(story(1) == lines("03-02 09:00 touch.emitted a\n"
                          "03-02 11:00 touch.deferred b cap:lead:email until 03-03 00:00"));
  CHECK(story(2) == lines("03-02 09:00 touch.emitted a\n"
                          "03-02 11:00 touch.deferred b cap:lead:email until 03-03 00:00"));
  CHECK(story(3) == lines("03-02 09:00 touch.emitted a\n03-02 11:00 touch.emitted b\n"
                          "03-02 12:00 touch.deferred c cap:lead:email until 03-03 00:00"));
}

TEST_CASE("a flag changes nothing but the ledger") {
  Run run(rulebook_of({mails("{ metric: complaint_rate, above: 20%, over: 7d, min_touches: 4, flag: revise }")}));
  for (const Given& event : four_leads_and({kComplaint})) run.handle(event);
  run.to_the_end();
  CHECK(run.story("B", "touch") == lines("03-02 09:00 touch.emitted a\n03-03 09:00 touch.emitted b"));
  const auto tripped = std::find_if(run.ledger().begin(), run.ledger().end(), [](const Line& line) {
    return line.record.type == rules::RecordType::guardrail_tripped;
  });
  REQUIRE(tripped != run.ledger().end());
  CHECK(tripped->record.flag == "revise");
  CHECK(tripped->record.reason == "");
}

}  // namespace
}  // namespace relance::tests
