// The gate's rules and their instants. playbook-language.md: "The gate", "Counting" (caps, non-replies).

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

TEST_CASE("a touch outside contact hours is deferred to the next open instant") {
  // Monday 18:00 to Tuesday; Friday 17:00 over the weekend and a holiday to Tuesday.
  const std::string hours = "contact_hours: { from: '09:00', to: '17:00', holidays: ['2026-03-09'] }\n";
  CHECK(touches(hours + "steps: [{ id: a, day: 0, at: '18:00', channel: task }]") ==
        lines("03-02 18:00 touch.deferred a contact_hours until 03-03 09:00\n03-03 09:00 touch.emitted a"));
  CHECK(touches(hours + "steps: [{ id: a, day: 4, at: '17:00', channel: task }]") ==
        lines("03-06 17:00 touch.deferred a contact_hours until 03-10 09:00\n03-10 09:00 touch.emitted a"));
}

TEST_CASE("several windows a day leave a lunch break, and 24:00 ends the day") {
  CHECK(touches(
            "contact_hours: { hours: ['09:00-12:00', '14:00-24:00'] }\nsteps: [{ id: a, day: 0, at: '12:00', channel: "
            "task }, { id: b, day: 0, at: '23:59', channel: task }, { id: c, day: 1, at: '00:00', channel: task }]") ==
        lines(R"(
    03-02 12:00 touch.deferred a contact_hours until 03-02 14:00
    03-02 14:00 touch.emitted a
    03-02 23:59 touch.emitted b
    03-03 00:00 touch.deferred c contact_hours until 03-03 09:00
    03-03 09:00 touch.emitted c
  )"));
}

TEST_CASE("hours of the lead are read in the lead's zone, else in the fallback zone, fixed ones in their own") {
  const Given in_new_york{"03-02 09:00", "L", "lead.created", "'timezone':'America/New_York'"};
  const Given nowhere{"03-02 07:00", "L", "lead.created"};
  const std::string step = "steps: [{ id: a, day: 0, channel: task }]";
  // 09:00 in New York (-05:00) is 14:00Z; in Paris (+01:00) 08:00Z.
  CHECK(touches("contact_hours: { from: '09:00', to: '17:00', zone: lead, fallback_zone: Europe/Paris }\n" + step,
                {in_new_york}) == lines("03-02 14:00 touch.emitted a"));
  CHECK(touches("contact_hours: { from: '09:00', to: '17:00', zone: lead, fallback_zone: Europe/Paris }\n" + step,
                {nowhere}) == lines("03-02 08:00 touch.emitted a"));
  CHECK(touches("contact_hours: { from: '09:00', to: '17:00', zone: Europe/Paris }\n" + step, {in_new_york}) ==
        lines("03-02 09:00 touch.emitted a"));
  CHECK(touches("contact_hours: { from: '09:00', to: '17:00' }\n" + step, {nowhere}) ==
        lines("03-02 09:00 touch.emitted a"));
}

TEST_CASE("the house's zone counts where neither the lead nor the playbook names one") {
  rules::House house;
  house.zone = *rules::Zone::find("Asia/Tokyo");
  // 09:00 in Tokyo is 00:00Z.
  CHECK(story_of({{cadence("contact_hours: { from: '09:00', to: '17:00' }\nsteps: [{ id: a, day: 0, channel: task }]")},
                  {{"03-02 18:00", "L", "lead.created"}},
                  {},
                  house},
                 "L", "touch") == lines("03-03 00:00 touch.emitted a"));
}

TEST_CASE("a rolling cap frees when its oldest touch that matters stops counting") {
  CHECK(touches(R"(
caps: [{ channel: task, max: 2, per: 3h }]
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, wait: 1h, channel: task }
  - { id: c, wait: 1h, channel: task }
  - { id: d, wait: 0s, channel: task }
)") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 10:00 touch.emitted b
    03-02 11:00 touch.deferred c cap:lead:task until 03-02 12:00
    03-02 12:00 touch.emitted c
    03-02 12:00 touch.deferred d cap:lead:task until 03-02 13:00
    03-02 13:00 touch.emitted d
  )"));
}

TEST_CASE("a cap per day frees at the lead's next midnight, one per week at Monday's") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task }]";
  CHECK(touches("caps: [{ max: 1, per: day }]\n" + steps) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-03 00:00
    03-03 00:00 touch.emitted b
  )"));
  CHECK(touches("caps: [{ max: 1, per: week }]\n" + steps) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-09 00:00
    03-09 00:00 touch.emitted b
  )"));
  // In Los Angeles (-08:00) 03-02 09:00Z is 01:00 of Monday; the next midnight there is 08:00Z.
  CHECK(touches("caps: [{ max: 1, per: day }]\n" + steps,
                {{"03-02 09:00", "L", "lead.created", "'timezone':'America/Los_Angeles'"}}) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-03 08:00
    03-03 08:00 touch.emitted b
  )"));
}

TEST_CASE("a week begins on Monday: Sunday's touch does not count on Monday") {
  CHECK(
      touches(
          "caps: [{ max: 1, per: week }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }]",
          {{"03-08 09:00", "L", "lead.created"}}) == lines("03-08 09:00 touch.emitted a\n03-09 09:00 touch.emitted b"));
}

TEST_CASE("a cap of one channel leaves the others alone") {
  CHECK(touches(
            "caps: [{ channel: email, max: 1, per: day }]\nsteps: [{ id: a, day: 0, channel: email }, { id: b, day: 0, "
            "channel: task }, { id: c, day: 0, channel: email }]") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.emitted b
    03-02 09:00 touch.deferred c cap:lead:email until 03-03 00:00
    03-03 00:00 touch.emitted c
  )"));
}

TEST_CASE("a full cap withholds a step that says so") {
  CHECK(
      touches("caps: [{ max: 1, per: day }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task, "
              "on_cap: skip }]") == lines("03-02 09:00 touch.emitted a\n03-02 09:00 touch.withheld b cap:lead:any"));
}

TEST_CASE("of several full caps the latest instant counts, and on a tie the first in order is named") {
  const std::string steps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task }]";
  CHECK(touches(
            "caps: [{ max: 1, per: 2h }, { channel: task, max: 1, per: 4h }, { scope: playbook, max: 1, per: 3h }]\n" +
            steps) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:task until 03-02 13:00
    03-02 13:00 touch.emitted b
  )"));
  CHECK(touches("caps: [{ scope: playbook, max: 1, per: 15h }, { max: 1, per: day }]\n" + steps) == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:playbook:any until 03-03 00:00
    03-03 00:00 touch.emitted b
  )"));
}

TEST_CASE("the house's caps come first and bind every playbook") {
  rules::House house;
  house.caps.push_back({rules::Cap::Scope::lead, std::nullopt, 1, rules::Cap::Calendar::day});
  CHECK(story_of(
            {{cadence("caps: [{ scope: playbook, max: 1, per: 15h }]\nsteps: [{ id: a, day: 0, channel: task }, { id: "
                      "b, day: 0, channel: task }]")},
             {kArrival},
             {},
             house},
            "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-03 00:00
    03-03 00:00 touch.emitted b
  )"));
}

TEST_CASE("a cap of the lead counts over all playbooks, one of the playbook over this enrollment only") {
  const auto two = [](const std::string& scope) {
    return std::vector<std::string>{
        "playbook: first\nenroll: { on: lead.created }\nsteps: [{ id: a, day: 0, channel: task }]",
        "playbook: second\nenroll: { on: form.submitted, again: { after: 0s } }\ncaps: [{ scope: " + scope +
            ", max: 1, per: 1d }]\nsteps: [{ id: b, day: 0, channel: task }]"};
  };
  const std::vector<Given> events{kArrival, {"03-02 10:00", "L", "form.submitted"}};
  CHECK(story_of({two("lead"), events}, "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 10:00 touch.deferred b cap:lead:any until 03-03 09:00
    03-03 09:00 touch.emitted b
  )"));
  CHECK(story_of({two("playbook"), events}, "L", "touch") ==
        lines("03-02 09:00 touch.emitted a\n03-02 10:00 touch.emitted b"));
  // A second enrollment in the same playbook counts anew.
  CHECK(story_of({two("playbook"),
                  {kArrival, {"03-02 10:00", "L", "form.submitted"}, {"03-02 11:00", "L", "form.submitted"}}},
                 "L", "touch") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 10:00 touch.emitted b
    03-02 11:00 touch.emitted b
  )"));
}

TEST_CASE("a cap of the account counts all its leads; a lead without account counts alone") {
  const std::string text =
      cadence("caps: [{ scope: account, max: 1, per: 48h }]\nsteps: [{ id: a, day: 0, channel: task }]");
  const auto story_of_second = [&](Given first, Given second) {
    return story_of({{text}, {first, second}}, "L2", "touch");
  };
  const std::string waits =
      lines("03-02 10:00 touch.deferred a cap:account:any until 03-04 09:00\n03-04 09:00 touch.emitted a");
  const std::string goes = lines("03-02 10:00 touch.emitted a");
  CHECK(story_of_second({"03-02 09:00", "L1", "lead.created", "", "", "acme"},
                        {"03-02 10:00", "L2", "lead.created", "", "", "acme"}) == waits);
  CHECK(story_of_second({"03-02 09:00", "L1", "lead.created", "", "", "acme"},
                        {"03-02 10:00", "L2", "lead.created", "'account':'acme'"}) == waits);
  CHECK(story_of_second({"03-02 09:00", "L1", "lead.created"}, {"03-02 10:00", "L2", "lead.created"}) == goes);
  // The partition key wins over the attribute, and the first event's account stands.
  CHECK(story_of_second({"03-02 09:00", "L1", "lead.created", "", "", "acme"},
                        {"03-02 10:00", "L2", "lead.created", "'account':'acme'", "", "globex"}) == goes);
  CHECK(story_of({{text},
                  {{"03-02 09:00", "L1", "lead.created", "", "", "acme"},
                   {"03-02 09:30", "L2", "page.viewed", "", "", "globex"},
                   {"03-02 10:00", "L2", "lead.created", "", "", "acme"}}},
                 "L2", "touch") == goes);
}

TEST_CASE("enough touches without an answer start a cool-down, which defers what follows") {
  CHECK(story_of({{cadence(R"(
cool_down: { after: 2, pause: 3d }
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 1, channel: task }
  - { id: c, day: 2, channel: task }
  - { id: d, day: 7, channel: task }
)")},
                  {kArrival}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-03 09:00 touch.emitted b
    03-03 09:00 cool_down.started until 03-06 09:00
    03-04 09:00 touch.deferred c cool_down until 03-06 09:00
    03-06 09:00 cool_down.ended
    03-06 09:00 touch.emitted c
    03-09 09:00 touch.emitted d
    03-09 09:00 cool_down.started until 03-12 09:00
    03-09 09:00 lead.exited p completed []
    03-12 09:00 cool_down.ended
  )"));
}

TEST_CASE("an inbound interaction ends a cool-down early, but an instant once computed stands") {
  const auto after = [](const std::string& type, const std::string& data) {
    return story_of(
        {{cadence("exit: [opt_out, hard_bounce, complaint]\ncool_down: { after: 1, pause: 3d }\nsteps: [{ id: a, "
                  "day: 0, channel: task }, { id: b, day: 1, channel: task }]")},
         {kArrival, {"03-03 12:00", "L", type, data}}});
  };
  const std::string early = lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 cool_down.started until 03-05 09:00
    03-03 09:00 touch.deferred b cool_down until 03-05 09:00
    03-03 12:00 cool_down.ended
    03-05 09:00 touch.emitted b
    03-05 09:00 cool_down.started until 03-08 09:00
    03-05 09:00 lead.exited p completed []
    03-08 09:00 cool_down.ended
  )");
  CHECK(after("touch.replied", "") == early);
  CHECK(after("meeting.booked", "") == early);
  CHECK(after("touch.completed", "'channel':'call','outcome':'connected'") == early);
  const std::string none = after("touch.opened", "");
  CHECK(none.find("03-03 12:00") == std::string::npos);
  CHECK(after("touch.completed", "'channel':'call','outcome':'voicemail'") == none);
}

TEST_CASE("an automatic reply is no inbound interaction, a late real one is") {
  const std::string text = cadence(
      "exit: [opt_out, hard_bounce, complaint]\ncool_down: { after: 2, pause: 3d }\nsteps: [{ id: a, day: 0, channel: "
      "task "
      "}, { id: b, day: 1, channel: task }]");
  CHECK(story_of({{text}, {kArrival, {"03-02 12:00", "L", "touch.replied", "'auto':true,'until':'2026-03-01'"}}}, "L",
                 "cool_down") == lines("03-03 09:00 cool_down.started until 03-06 09:00\n03-06 09:00 cool_down.ended"));
  CHECK(story_of({{text}, {kArrival, {"03-02 12:00", "M", "page.viewed"}, {"03-01 12:00", "L", "touch.replied"}}}, "L",
                 "cool_down") == "");
}

TEST_CASE("a cool-down belongs to the lead: it outlives the enrollment and counts over playbooks") {
  CHECK(story_of({{"playbook: first\nenroll: { on: lead.created }\nsteps: [{ id: a, day: 0, channel: task }]",
                   "playbook: second\nenroll: { on: form.submitted }\ncool_down: { after: 2, pause: 1d }\nsteps: [{ "
                   "id: b, day: "
                   "0, channel: task }]",
                   "playbook: third\nenroll: { on: page.viewed }\nsteps: [{ id: c, day: 0, channel: task }]"},
                  {kArrival, {"03-02 10:00", "L", "form.submitted"}, {"03-02 11:00", "L", "page.viewed"}}},
                 "L") == lines(R"(
    03-02 09:00 lead.enrolled first
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.exited first completed []
    03-02 10:00 lead.enrolled second
    03-02 10:00 touch.emitted b
    03-02 10:00 cool_down.started until 03-03 10:00
    03-02 10:00 lead.exited second completed []
    03-02 11:00 lead.enrolled third
    03-02 11:00 touch.deferred c cool_down until 03-03 10:00
    03-03 10:00 cool_down.ended
    03-03 10:00 touch.emitted c
    03-03 10:00 lead.exited third completed []
  )"));
}

TEST_CASE("the first rule that speaks wins: opt-out, hold, cool-down, spacing, cap, hours") {
  // At 03-03 00:00 spacing is over; everything else still speaks, one rule after the other.
  CHECK(story_of({{cadence(R"(
contact_hours: { from: "09:00", to: "17:00" }
caps: [{ channel: task, max: 1, per: 2d }]
cool_down: { after: 1, pause: 1h }
exceptions: [{ when: '"vip" in lead.flags', do: escalate }]
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 1, at: "09:00", channel: task }
)")},
                  {kArrival,
                   {"03-03 08:00", "L", "flag.set", "'flag':'vip'"},
                   {"03-03 09:30", "L", "flag.cleared", "'flag':'vip'"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 cool_down.started until 03-02 10:00
    03-02 10:00 cool_down.ended
    03-03 08:00 lead.escalated exception
    03-03 09:00 touch.deferred b escalation
    03-03 09:30 touch.deferred b cap:lead:task until 03-04 09:00
    03-04 09:00 touch.emitted b
    03-04 09:00 cool_down.started until 03-04 10:00
    03-04 09:00 lead.exited p completed []
    03-04 10:00 cool_down.ended
  )"));
  CHECK(touches("caps: [{ max: 1, per: 1d }]\ncool_down: { after: 1, pause: 3h }\ncontact_hours: { from: '09:00', to: "
                "'10:00' }\nsteps: [{ id: a, day: 0, channel: task }, { id: b, wait: 2h, channel: task }]") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 11:00 touch.deferred b cool_down until 03-02 12:00
    03-02 12:00 touch.deferred b cap:lead:any until 03-03 09:00
    03-03 09:00 touch.emitted b
  )"));
}

}  // namespace
}  // namespace relance::tests
