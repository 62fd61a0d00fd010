// Throttles: what one owner can do in a day. rules/README.md, "Throttle".

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

const std::string kCall = "contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, day: 0, channel: call }]";

Given lead_of(const std::string& owner, const std::string& lead, const std::string& at = "03-02 09:00") {
  return {at, lead, "lead.created", "'email':'a@example.org','phone':'+33612345678','owner':'" + owner + "'"};
}

/// The touches of the leads, one after the other, each line with its lead in front.
std::string touches_by_lead(const std::string& body, const std::string& house, std::vector<Given> events) {
  Run run(rulebook_of({cadence(body)}, house_of(house)));
  for (const Given& given : events) run.handle(given);
  run.to_the_end();
  std::string text;
  std::string last;
  for (const Line& line : run.ledger()) {
    const std::string lead(line.lead.value);
    if (text.find("\n" + lead + "\n") != std::string::npos || lead == last) continue;
    text += "\n" + lead + "\n" + run.story(lead, "touch");
    last = lead;
  }
  return text;
}

TEST_CASE("a burst is spread over days, in order of the leads, as many a day as the owner can make") {
  std::vector<Given> events;
  for (int i = 7; i > 0; --i) events.push_back(lead_of("rep-7", fmt::format("L{}", i), "03-05 08:00"));
  Run run(rulebook_of({cadence(kCall)}, house_of("throttle: [{ channel: call, max: 3, per: day }]")));
  for (const Given& given : events) run.handle(given);
  run.to_the_end();
  std::string emitted;
  for (const Line& line : run.ledger()) {
    if (line.record.type == rules::RecordType::touch_emitted)
      emitted += short_text(line.record.at) + " " + std::string(line.lead.value) + "\n";
  }
  CHECK(emitted == lines(R"(
    03-05 09:00 L1
    03-05 09:00 L2
    03-05 09:00 L3
    03-06 09:00 L4
    03-06 09:00 L5
    03-06 09:00 L6
    03-09 09:00 L7
  )"));
  // Over the weekend in one deferral each.
  CHECK(run.story("L7", "touch") == lines(R"(
    03-05 09:00 touch.deferred a throttle:call until 03-06 09:00
    03-06 09:00 touch.deferred a throttle:call until 03-09 09:00
    03-09 09:00 touch.emitted a
  )"));
}

TEST_CASE("it counts over leads and playbooks of one owner, and on its channel only") {
  const std::string body =
      "steps: [{ id: mail, day: 0, channel: email }, { id: call, day: 0, channel: call }, { id: task, day: 0, channel: "
      "task }]";
  const std::string at_once =
      "03-02 09:00 touch.emitted mail\n03-02 09:00 touch.emitted call\n03-02 09:00 touch.emitted task\n";
  CHECK(touches_by_lead(body, "throttle: [{ channel: call, max: 1, per: day }]",
                        {lead_of("rep-7", "L1"), lead_of("rep-8", "L2"), lead_of("rep-7", "L3"),
                         lead_of("", "L4")}) == "\nL1\n" + at_once + "\nL2\n" + at_once + "\nL3\n" + lines(R"(
    03-02 09:00 touch.emitted mail
    03-02 09:00 touch.deferred call throttle:call until 03-03 00:00
    03-03 00:00 touch.emitted call
    03-03 00:00 touch.emitted task
  )") + "\nL4\n" + at_once);
}

TEST_CASE("without a channel every touch of the owner counts, and the latest of several is waited for") {
  CHECK(story_of({{cadence("steps: [{ id: a, day: 0, channel: email }, { id: b, day: 0, channel: call }]")},
                  {lead_of("rep-7", "L")},
                  {},
                  house_of("throttle: [{ max: 1, per: day }, { channel: call, max: 5, per: 2h }]")},
                 "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b throttle:any until 03-03 00:00
    03-03 00:00 touch.emitted b
  )"));
  CHECK(story_of({{cadence("steps: [{ id: a, day: 0, channel: call }, { id: b, day: 0, channel: call }]")},
                  {lead_of("rep-7", "L")},
                  {},
                  house_of("throttle: [{ max: 1, per: 2h }, { channel: call, max: 1, per: week }]")},
                 "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b throttle:call until 03-09 00:00
    03-09 00:00 touch.emitted b
  )"));
}

TEST_CASE("a duration is a rolling window") {
  CHECK(story_of({{cadence("steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1h, channel: task }, "
                           "{ id: c, wait: 0s, channel: task }]")},
                  {lead_of("rep-7", "L")},
                  {},
                  house_of("throttle: [{ channel: task, max: 2, per: 4h }]")},
                 "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 10:00 touch.emitted b
    03-02 10:00 touch.deferred c throttle:task until 03-02 13:00
    03-02 13:00 touch.emitted c
  )"));
}

TEST_CASE("the day is the owner's, not the lead's, and the house's for an owner without a calendar") {
  const std::string body = "steps: [{ id: a, day: 0, channel: task }, { id: b, wait: 1h, channel: task }]";
  const std::string throttle = "throttle: [{ max: 1, per: day }]\n";
  // 2026-03-02 ends at 15:00Z in Tokyo, and at 11:00Z in Auckland.
  CHECK(story_of({{cadence(body)}, {lead_of("rep-7", "L")}, {}, house_of("zone: Asia/Tokyo\n" + throttle)}, "L",
                 "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 10:00 touch.deferred b throttle:any until 03-02 15:00
    03-02 15:00 touch.emitted b
  )"));
  CHECK(story_of({{cadence(body)},
                  {lead_of("rep-7", "L")},
                  {},
                  house_of("owners: { rep-7: { zone: Pacific/Auckland } }\nzone: Asia/Tokyo\n" + throttle)},
                 "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 10:00 touch.deferred b throttle:any until 03-02 11:00
    03-02 11:00 touch.emitted b
  )"));
}

TEST_CASE("room, absence and contact hours are waited for together, and no step is left out for want of room") {
  const std::string body =
      "contact_hours: { from: '09:00', to: '17:00' }\n"
      "steps: [{ id: a, day: 0, channel: call }, { id: b, day: 0, channel: call, on_cap: skip }]";
  CHECK(story_of({{cadence(body)},
                  {lead_of("rep-7", "L")},
                  {},
                  house_of("owners: { rep-7: { absent: 2026-03-03/2026-03-06 } }\n"
                           "throttle: [{ channel: call, max: 1, per: day }]")},
                 "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b throttle:call until 03-09 09:00
    03-09 09:00 touch.emitted b
  )"));
}

TEST_CASE("a lead that gets another owner does not wait for the one before to have room") {
  CHECK(
      touches_by_lead(
          kCall, "throttle: [{ channel: call, max: 1, per: day }]",
          {lead_of("rep-7", "L1"), lead_of("rep-7", "L2"), {"03-02 11:00", "L2", "lead.updated", "'owner':'rep-8'"}}) ==
      "\nL1\n03-02 09:00 touch.emitted a\n\nL2\n" + lines(R"(
    03-02 09:00 touch.deferred a throttle:call until 03-03 09:00
    03-02 11:00 touch.emitted a
  )"));
}

TEST_CASE("an account that is called like an owner is counted apart") {
  const auto of_account = [](const std::string& lead) {
    return Given{"03-02 09:00", lead, "lead.created", "'phone':'+33612345678','owner':'acme'", {}, "acme"};
  };
  CHECK(touches_by_lead("caps: [{ scope: account, max: 2, per: day }]\n" + kCall, "throttle: [{ max: 3, per: day }]",
                        {of_account("L1"), of_account("L2"), of_account("L3")}) ==
        "\nL1\n03-02 09:00 touch.emitted a\n\nL2\n03-02 09:00 touch.emitted a\n\nL3\n" + lines(R"(
    03-02 09:00 touch.deferred a cap:account:any until 03-03 00:00
    03-03 00:00 touch.deferred a contact_hours until 03-03 09:00
    03-03 09:00 touch.emitted a
  )"));
}

}  // namespace
}  // namespace relance::tests
