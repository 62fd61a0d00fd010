// Legal packs in the gate, with the pack that ships for France: what a lead's day looks like under it.
// playbook-language.md: "The gate"; compliance.md: 14, "Policy packs".

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <memory>

#include "rules/loader_policy.h"
#include "rules/policy_verdict.h"
#include "simulation_support.h"
#include "temporary_directory.h"

namespace relance::tests {
namespace {

using rules::Record;
using rules::RecordType;

std::shared_ptr<const rules::PolicyPack> shipped(const std::string& id) {
  const std::string text = read_file(std::string(RELANCE_SOURCE_DIR) + "/playbooks/policies/" + id + ".yaml");
  const rules::ReadBeside none = [](const std::string&) -> tl::expected<std::string, std::string> {
    return tl::unexpected(std::string("none"));
  };
  auto pack = rules::read_policy({id + ".yaml", text}, id, none);
  if (!pack) {
    for (const auto& finding : pack.error()) MESSAGE(rules::to_string(finding));
  }
  REQUIRE(pack.has_value());
  return std::make_shared<const rules::PolicyPack>(std::move(*pack));
}

rules::House under(const std::vector<std::string>& packs) {
  rules::House house;
  for (const std::string& id : packs) house.policies.push_back(shipped(id));
  return house;
}

const std::string kCallAndMail = cadence(R"(
steps:
  - { id: call, day: 0, channel: call }
  - { id: mail, wait: 1h, channel: email }
)");
// Law 2025-594 is in force from 2026-08-11, a Tuesday.
const std::string kParisian =
    "'email':'ada@example.org','phone':'+33612345678','timezone':'Europe/Paris','country':'FR'";
const std::string kConsumer = kParisian + ",'subject_kind':'consumer'";
const std::string kBusiness = kParisian + ",'subject_kind':'business'";

Given consents(const std::string& at, const std::string& data = "'evidence':'form 12'") {
  return {at, "L", "consent.granted", data};
}

/// What becomes of the touches of a lead that arrives.
std::string touches_after(const std::vector<Given>& before, const std::string& at, const std::string& data,
                          const std::vector<std::string>& packs = {"fr"}) {
  std::vector<Given> events = before;
  events.push_back({at, "L", "lead.created", data});
  return story_of({{kCallAndMail}, events, {}, under(packs)}, "L", "touch.");
}

}  // namespace

TEST_CASE("a French consumer who has not consented is neither called nor mailed") {
  CHECK(touches_after({}, "08-12 09:00", kConsumer) == lines(R"(
    08-12 09:00 touch.withheld call policy:fr consent_missing
    08-12 10:00 touch.withheld mail policy:fr consent_missing
  )"));
}

TEST_CASE("a French consumer who has consented is called within the hours of the decree") {
  CHECK(touches_after({consents("08-12 07:00")}, "08-12 07:30", kConsumer) == lines(R"(
    08-12 07:30 touch.deferred call policy:fr hours until 08-12 08:00
    08-12 08:00 touch.emitted call
    08-12 09:00 touch.emitted mail
  )"));
  // The Assumption is a Saturday in 2026; 11 November a Wednesday.
  CHECK(touches_after({consents("11-10 07:00")}, "11-10 19:30", kConsumer) == lines(R"(
    11-10 19:30 touch.deferred call policy:fr hours until 11-12 09:00
    11-12 09:00 touch.emitted call
    11-12 10:00 touch.emitted mail
  )"));
}

TEST_CASE("before the law changed a French consumer could be called when Bloctel had been asked") {
  const std::string screened = kConsumer + ",'screened':{'bloctel':'2026-08-01'}";
  CHECK(touches_after({}, "08-10 09:00", screened) == lines(R"(
    08-10 09:00 touch.emitted call
    08-10 10:00 touch.withheld mail policy:fr consent_missing
  )"));
  CHECK(touches_after({}, "08-10 09:00", kConsumer) == lines(R"(
    08-10 09:00 touch.withheld call policy:fr register
    08-10 10:00 touch.withheld mail policy:fr consent_missing
  )"));
  CHECK(touches_after({}, "08-11 09:00", screened) == lines(R"(
    08-11 09:00 touch.withheld call policy:fr consent_missing
    08-11 10:00 touch.withheld mail policy:fr consent_missing
  )"));
}

TEST_CASE("a French business may be called and mailed until it objects") {
  CHECK(touches_after({}, "08-12 03:00", kBusiness) == lines(R"(
    08-12 03:00 touch.emitted call
    08-12 04:00 touch.emitted mail
  )"));
}

TEST_CASE("a lead of whom nobody knows country or kind must have consented") {
  const std::string nobody = "'email':'ada@example.org','phone':'+33612345678'";
  CHECK(touches_after({}, "08-12 09:00", nobody) == lines(R"(
    08-12 09:00 touch.withheld call policy:unknown consent_missing
    08-12 10:00 touch.withheld mail policy:unknown consent_missing
  )"));
  CHECK(touches_after({}, "08-12 09:00", kParisian) == lines(R"(
    08-12 09:00 touch.withheld call policy:unknown consent_missing
    08-12 10:00 touch.withheld mail policy:unknown consent_missing
  )"));
  CHECK(touches_after({consents("08-12 08:00")}, "08-12 09:00", nobody) == lines(R"(
    08-12 09:00 touch.emitted call
    08-12 10:00 touch.emitted mail
  )"));
}

TEST_CASE("the similar-product exception lets mail out, and runs no further than it was given") {
  CHECK(touches_after({consents("08-12 07:00", "'channel':'email','basis':'customer','evidence':'order 7'")},
                      "08-12 09:00", kConsumer) == lines(R"(
    08-12 09:00 touch.withheld call policy:fr consent_missing
    08-12 10:00 touch.emitted mail
  )"));
}

TEST_CASE("consent that ends, lacks evidence or is for something else lets nothing out") {
  const auto mail = [](const std::string& data) {
    const std::string story = touches_after({consents("08-12 07:00", data)}, "08-12 09:00", kConsumer);
    return story.substr(story.find("mail"));
  };
  CHECK(mail("'evidence':'e','expires':'2026-08-12T09:30:00Z'") == "mail policy:fr consent_expired\n");
  CHECK(mail("'evidence':'e','expires':'soon'") == "mail policy:fr consent_expired\n");
  CHECK(mail("'purpose':'marketing'") == "mail policy:fr consent_unproven\n");
  CHECK(mail("'evidence':'e','basis':'guess'") == "mail policy:fr consent_unproven\n");
  CHECK(mail("'evidence':'e','purpose':'service'") == "mail policy:fr consent_missing\n");
  CHECK(mail("'evidence':'e','purpose':'marketing'") == "mail\n");
}

TEST_CASE("a fifth attempt within thirty days is withheld, from whatever playbook") {
  const std::string calls = cadence(R"(
steps:
  - { id: one,   day: 0, channel: call, at: "11:00" }
  - { id: two,   day: 1, channel: call, at: "11:00" }
  - { id: three, day: 2, channel: call, at: "11:00" }
  - { id: four,  day: 3, channel: call, at: "11:00" }
  - { id: five,  day: 8, channel: call, at: "11:00" }
  - { id: six,   day: 31, channel: call, at: "11:00" }
)");
  CHECK(
      story_of({{calls}, {consents("08-16 08:00"), {"08-17 08:00", "L", "lead.created", kConsumer}}, {}, under({"fr"})},
               "L", "touch.") == lines(R"(
    08-17 09:00 touch.emitted one
    08-18 09:00 touch.emitted two
    08-19 09:00 touch.emitted three
    08-20 09:00 touch.emitted four
    08-25 09:00 touch.withheld five policy:fr attempts
    09-17 09:00 touch.emitted six
  )"));
}

TEST_CASE("the playbook's hours and the law's are waited for together, in one deferral") {
  const std::string afternoon = cadence(R"(
contact_hours: { from: "13:30", to: "17:00" }
steps: [{ id: call, wait: 0s, channel: call }, { id: later, wait: 2h, channel: call }]
)");
  const std::vector<Given> events{consents("08-12 05:00"), {"08-12 05:00", "L", "lead.created", kConsumer}};
  CHECK(story_of({{afternoon}, events, {}, under({"fr"})}, "L", "touch.") == lines(R"(
    08-12 11:30 touch.deferred call policy:fr hours until 08-12 12:00
    08-12 12:00 touch.emitted call
    08-12 14:00 touch.emitted later
  )"));
  const std::string morning = cadence(R"(
contact_hours: { from: "08:00", to: "10:00" }
steps: [{ id: call, day: 0, channel: call }]
)");
  CHECK(story_of({{morning}, events, {}, under({"fr"})}, "L", "touch.") ==
        "08-12 06:00 touch.withheld call policy:fr hours\n");
}

TEST_CASE("a withdrawal silences its channel under no pack at all, until consent is given anew") {
  const auto under_none = [](std::vector<Given> events) {
    events.push_back({"08-12 09:00", "L", "lead.created", kConsumer});
    return story_of({{kCallAndMail}, events}, "L", "touch.");
  };
  const Given withdrawn{"08-10 09:00", "L", "consent.withdrawn", "'channel':'email'"};
  const std::string silent = lines(R"(
    08-12 09:00 touch.emitted call
    08-12 10:00 touch.withheld mail opt_out
  )");
  const std::string open = lines(R"(
    08-12 09:00 touch.emitted call
    08-12 10:00 touch.emitted mail
  )");
  CHECK(under_none({withdrawn}) == silent);
  CHECK(under_none({withdrawn, consents("08-11 09:00")}) == open);
  CHECK(under_none({withdrawn, consents("08-11 09:00", "'channel':'email'")}) == silent);  // no evidence
  CHECK(under_none({withdrawn, consents("08-09 09:00")}) == silent);                       // older than the withdrawal
  CHECK(under_none({{"08-10 09:00", "L", "consent.withdrawn", "'channel':'email','purpose':'service'"}}) == open);
}

TEST_CASE("consent ends up the same in whatever order its events arrive") {
  std::vector<Given> events{consents("08-09 09:00"),
                            consents("08-11 09:00", "'channel':'call','evidence':'e'"),
                            consents("08-11 09:00", "'channel':'call','evidence':'e','expires':'2026-09-01'"),
                            {"08-10 09:00", "L", "consent.withdrawn", {}},
                            {"08-11 12:00", "L", "consent.withdrawn", "'channel':'email'"}};
  for (std::size_t i = 0; i < events.size(); ++i) events[i].id = "e" + std::to_string(i);
  const auto by_id = [](const Given& a, const Given& b) { return a.id < b.id; };
  do {
    std::vector<Given> all = events;
    all.push_back({"08-12 09:00", "L", "lead.created", kConsumer});
    CHECK(story_of({{kCallAndMail}, all, {}, under({"fr"})}, "L", "touch.") == lines(R"(
      08-12 09:00 touch.emitted call
      08-12 10:00 touch.withheld mail opt_out
    )"));
  } while (std::next_permutation(events.begin(), events.end(), by_id));
}

TEST_CASE("records say which pack, of which content, decided or allowed, and on which ground") {
  Run run(rulebook_of({kCallAndMail}, under({"fr"})));
  run.handle(consents("08-12 07:00", "'channel':'call','evidence':'e'"));
  run.handle({"08-12 09:00", "L", "lead.created", kConsumer});
  run.to_the_end();
  const std::string name = shipped("fr")->name;
  for (const Line& line : run.ledger()) {
    if (line.record.type == RecordType::touch_emitted) {
      CHECK(line.record.pack == name);
      CHECK(line.record.legal_basis == "express");
    }
    if (line.record.type == RecordType::touch_withheld) {
      CHECK(line.record.pack == name);
      CHECK(line.record.legal_basis.empty());
      CHECK(rules::sentence(line.record) ==
            "Step mail was withheld: by the policy pack fr consent is required and there is none.");
    }
  }
}

TEST_CASE("a merged lead takes withdrawals along, and no consent") {
  const auto story = [](const Given& said) {
    Given by_old = said;
    by_old.lead = "OLD";
    return story_of(
        {{kCallAndMail},
         {by_old, {"08-11 09:00", "OLD", "lead.merged", "'into':'L'"}, {"08-12 09:00", "L", "lead.created", kConsumer}},
         {},
         under({"fr"})},
        "L", "touch.");
  };
  CHECK(story(consents("08-10 09:00")) == lines(R"(
    08-12 09:00 touch.withheld call policy:fr consent_missing
    08-12 10:00 touch.withheld mail policy:fr consent_missing
  )"));
  CHECK(story({"08-10 09:00", "L", "consent.withdrawn", {}}) == "");  // every channel is silent: not enrolled
}

TEST_CASE("every pack that ships loads, and each has its sources and dates") {
  for (const char* id : {"fr", "us", "uk", "de", "ca"}) {
    CAPTURE(id);
    const auto pack = shipped(id);
    CHECK(pack->sources.size() >= 2);
    CHECK(pack->honour_max.has_value());
    CHECK(pack->rules.size() >= 3);
  }
}

namespace {

std::string random_steps() {
  std::string steps = "steps:\n";
  for (int i = 0; i < 6; ++i) {
    steps += "  - { id: s" + std::to_string(i) + ", wait: " + std::to_string(*rc::gen::inRange(0, 40)) +
             "h, channel: " + *rc::gen::elementOf(std::vector<std::string>{"call", "email", "sms"}) + " }\n";
  }
  return steps;
}

std::string random_day(int least) {
  const int day = *rc::gen::inRange(least, least + 10);
  return (day < 10 ? "08-0" : "08-") + std::to_string(day);
}

}  // namespace

TEST_CASE("no touch leaves outside the law's hours, without consent, or beyond the attempts") {
  CHECK(rc::check([] {
    const auto one_of = [](const std::vector<std::string>& parts) { return *rc::gen::elementOf(parts); };
    const std::vector<std::string> packs = *rc::gen::elementOf(
        std::vector<std::vector<std::string>>{{"fr"}, {"us"}, {"fr", "us"}, {"fr", "us", "uk", "de", "ca"}});
    const std::string data = "'email':'ada@example.org','phone':'+33612345678'" +
                             one_of({",'country':'FR'", ",'country':'US'", ",'country':'DE'", ""}) +
                             one_of({",'subject_kind':'consumer'", ",'subject_kind':'business'", ""}) +
                             one_of({",'timezone':'Europe/Paris'", ",'timezone':'America/Denver'", ""});
    std::vector<Given> events;
    const bool consented = *rc::gen::arbitrary<bool>();
    if (consented) events.push_back(consents("08-01 09:00", one_of({"'evidence':'e'", "'channel':'call'"})));
    events.push_back(
        {random_day(11) + " 0" + std::to_string(*rc::gen::inRange(0, 10)) + ":30", "L", "lead.created", data});
    const rules::House house = under(packs);
    Run run(rulebook_of({cadence(random_steps())}, house));
    for (const Given& given : events) run.handle(given);
    run.to_the_end();

    const rules::LeadState& lead = run.lead("L");
    std::size_t calls = 0;
    for (const Line& line : run.ledger()) {
      if (line.record.type != RecordType::touch_emitted) continue;
      const rules::Instant at = line.record.at;
      const rules::Zone paris = *rules::Zone::find("Europe/Paris");
      const bool french = data.find("'FR'") != std::string::npos && packs[0] == "fr";
      const bool business = data.find("business") != std::string::npos;
      if (data.find("'country'") == std::string::npos || data.find("'subject_kind'") == std::string::npos) {
        RC_ASSERT(consented);
      }
      if (!french || business) continue;
      RC_ASSERT(consented);
      if (*line.record.channel != rules::Channel::call) continue;
      RC_ASSERT(++calls <= 4U);
      const rules::Zone zone = lead.zone.value_or(paris);
      const rules::LocalDateTime local = zone.local(at);
      const int hour = local.time.ms / 3'600'000;
      RC_ASSERT(weekday_from_monday(local.date) < 5);
      RC_ASSERT((hour >= 10 && hour < 13) || (hour >= 14 && hour < 20));
    }
  }));
}

}  // namespace relance::tests
