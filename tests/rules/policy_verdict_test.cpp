#include "rules/policy_verdict.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rules/loader_policy.h"
#include "tests/rules/rules_support.h"

// Each clause of a legal pack by itself, and what must hold whatever the packs say. The gate around it is told as
// scenarios in tests/engine/scenario_policy_test.cpp.

namespace relance::rules {
namespace {

using tests::at;
using Kind = PolicyVerdict::Kind;

std::shared_ptr<const PolicyPack> pack(const std::string& id, const std::string& country, const std::string& rules) {
  const std::string text =
      "id: " + id + "\nrev: 3\nmatch: { jurisdiction: " + country + " }\nsources: [a law]\nrules:\n" + rules;
  const ReadBeside none = [](const std::string&) -> tl::expected<std::string, std::string> {
    return tl::unexpected(std::string("none"));
  };
  auto read = read_policy({id + ".yaml", text}, id, none);
  if (!read) {
    for (const Finding& finding : read.error()) MESSAGE(to_string(finding));
  }
  REQUIRE(read.has_value());
  return std::make_shared<const PolicyPack>(std::move(*read));
}

LeadState lead(std::string_view country = "FR", std::string_view kind = "consumer") {
  LeadState lead;
  lead.id = LeadId("L");
  if (!country.empty()) lead.attributes.set("country", cel::Value(country));
  if (!kind.empty()) lead.attributes.set("subject_kind", cel::Value(kind));
  lead.attributes.set("timezone", cel::Value("UTC"));
  derive_zone(lead);
  return lead;
}

ConsentMark mark(ConsentMark::Kind kind, std::string_view when, bool proven = true) {
  ConsentMark mark;
  mark.kind = kind;
  mark.at = at(when);
  mark.proven = proven;
  return mark;
}

void touched(LeadState& lead, Channel channel, std::string_view when, bool unanswered = true) {
  EmittedTouch touch;
  touch.at = at(when);
  touch.channel = channel;
  touch.action = ActionId("a" + std::to_string(lead.touches.size()));
  touch.unanswered = unanswered;
  lead.touches.push_back(touch);
}

PolicyVerdict ask(const PolicyPacks& packs, const LeadState& lead, Instant now, Channel channel = Channel::call) {
  const Zone zone = lead.zone.value_or(Zone());
  return ask_policies(packs, {lead, channel, now, zone, nullptr, zone, nullptr});
}
PolicyVerdict ask(const PolicyPacks& packs, const LeadState& lead, std::string_view now,
                  Channel channel = Channel::call) {
  return ask(packs, lead, at(now), channel);
}

/// "withheld policy:fr consent_missing", "deferred policy:fr hours 2026-03-03T10:00:00.000Z", "pass express"
std::string text_of(const PolicyVerdict& verdict) {
  const auto with_reason = [&](const char* kind) {
    return std::string(kind) + ' ' + verdict.rule + ' ' + std::string(verdict.reason);
  };
  switch (verdict.kind) {
    case Kind::pass:
      return "pass " + std::string(verdict.legal_basis);
    case Kind::withheld:
      return with_reason("withheld");
    case Kind::deferred:
      return with_reason("deferred") + ' ' + to_string(verdict.until);
  }
  return {};
}

const std::string kOptIn = "  - { id: calls, match: { channel: call }, consent: { mode: opt_in } }\n";

}  // namespace

TEST_CASE("without packs nothing is asked") {
  const PolicyVerdict verdict = ask({}, lead("", ""), "03-02 03:00");
  CHECK(verdict.kind == Kind::pass);
  CHECK(verdict.packs.empty());
  CHECK(verdict.legal_basis.empty());
  CHECK_FALSE(verdict.open);
}

TEST_CASE("where a pack requires consent, only consent that is there, proved and not over lets a touch out") {
  const PolicyPacks packs{pack("fr", "FR", kOptIn)};
  const auto with = [&](const ConsentMark& consent) {
    LeadState person = lead();
    person.consent.push_back(consent);
    return text_of(ask(packs, person, "03-02 12:00"));
  };
  CHECK(text_of(ask(packs, lead(), "03-02 12:00")) == "withheld policy:fr consent_missing");
  CHECK(with(mark(ConsentMark::Kind::express, "03-01 09:00")) == "pass express");
  CHECK(with(mark(ConsentMark::Kind::express, "03-01 09:00", false)) == "withheld policy:fr consent_unproven");
  CHECK(with(mark(ConsentMark::Kind::implied, "03-01 09:00")) == "withheld policy:fr consent_missing");
  ConsentMark ends = mark(ConsentMark::Kind::express, "03-01 09:00");
  ends.expires = at("03-02 12:00");
  CHECK(with(ends) == "withheld policy:fr consent_expired");
  ends.expires = at("03-02 12:01");
  CHECK(with(ends) == "pass express");
  ConsentMark elsewhere = mark(ConsentMark::Kind::express, "03-01 09:00");
  elsewhere.channels = ChannelScope::only(Channel::email);
  CHECK(with(elsewhere) == "withheld policy:fr consent_missing");
}

TEST_CASE("consent that was taken back counts no more, until it is given anew") {
  const PolicyPacks packs{pack("fr", "FR", kOptIn)};
  LeadState person = lead();
  person.consent = {mark(ConsentMark::Kind::express, "03-01 09:00"), mark(ConsentMark::Kind::withdrawn, "03-01 09:00")};
  CHECK(text_of(ask(packs, person, "03-02 12:00")) == "withheld policy:fr consent_missing");
  person.consent[0].at = at("03-01 09:01");
  CHECK(text_of(ask(packs, person, "03-02 12:00")) == "pass express");
}

TEST_CASE("an exception stands in for express consent, as long as it may be old") {
  const PolicyPacks packs{pack(
      "ca", "CA",
      "  - { id: mail, match: { channel: email }, consent: { mode: opt_in, exceptions: [{ basis: customer, max_age: "
      "30d }] } }\n")};
  LeadState person = lead("CA");
  person.consent.push_back(mark(ConsentMark::Kind::customer, "03-01 09:00"));
  CHECK(text_of(ask(packs, person, "03-31 08:59", Channel::email)) == "pass customer");
  CHECK(text_of(ask(packs, person, "03-31 09:00", Channel::email)) == "withheld policy:ca consent_expired");
  person.consent.push_back(mark(ConsentMark::Kind::express, "01-01 09:00"));
  CHECK(text_of(ask(packs, person, "03-31 09:00", Channel::email)) == "pass express");
}

TEST_CASE("an unknown kind is a consumer who must have consented, whatever the rules ask for") {
  const PolicyPacks packs{pack("us", "US",
                               "  - { id: night, match: { channel: call, subject_kind: consumer }, window: { hours: "
                               "[\"08:00-21:00\"] } }\n")};
  CHECK(text_of(ask(packs, lead("US", "business"), "03-02 03:00")) == "pass ");
  CHECK(text_of(ask(packs, lead("US", "consumer"), "03-02 12:00")) == "pass opt_out");
  for (const char* kind : {"", "company"}) {
    LeadState person = lead("US", kind);
    CHECK(text_of(ask(packs, person, "03-02 12:00")) == "withheld policy:unknown consent_missing");
    CHECK(text_of(ask(packs, person, "03-02 12:00", Channel::social)) == "withheld policy:unknown consent_missing");
    CHECK(text_of(ask(packs, lead("BE", kind), "03-02 12:00")) == "withheld policy:unknown consent_missing");
    CHECK(text_of(ask(packs, person, "03-02 12:00", Channel::task)) == "pass ");
    person.consent.push_back(mark(ConsentMark::Kind::express, "03-01 09:00"));
    CHECK(text_of(ask(packs, person, "03-02 12:00")) == "pass express");
    CHECK(text_of(ask(packs, person, "03-02 03:00")) == "deferred policy:us hours 2026-03-02T08:00:00.000Z");
  }
}

TEST_CASE("an unknown country means consent, and the rules of every pack") {
  const PolicyPacks packs{
      pack("fr", "FR", "  - { id: day, match: { channel: call }, window: { hours: [\"10:00-20:00\"] } }\n"),
      pack("us", "US", "  - { id: day, match: { channel: call }, window: { hours: [\"08:00-18:00\"] } }\n")};
  for (const char* country : {"", "Frankreich", "XX", "F"}) {
    LeadState person = lead(country, "business");
    CHECK(text_of(ask(packs, person, "03-02 12:00")) == "withheld policy:unknown consent_missing");
    person.consent.push_back(mark(ConsentMark::Kind::express, "03-01 09:00"));
    CHECK(text_of(ask(packs, person, "03-02 12:00")) == "pass express");
    CHECK(text_of(ask(packs, person, "03-02 09:00")) == "deferred policy:fr hours 2026-03-02T10:00:00.000Z");
    CHECK(text_of(ask(packs, person, "03-02 18:00")) == "deferred policy:us hours 2026-03-03T10:00:00.000Z");
  }
  CHECK(text_of(ask(packs, lead("BE", "consumer"), "03-02 03:00")) == "withheld policy:unknown consent_missing");
  CHECK(text_of(ask(packs, lead("BE", "consumer"), "03-02 03:00", Channel::task)) == "pass ");
  CHECK(text_of(ask(packs, lead("fr", "consumer"), "03-02 12:00")) == "pass opt_out");
}

TEST_CASE("UK is Great Britain") {
  CHECK(country_of(lead("UK")) == "GB");
  CHECK(country_of(lead(" gb ")) == "GB");
  CHECK(country_of(lead("England")).empty());
}

TEST_CASE("a rule of some regions holds for a lead that may live there") {
  const PolicyPacks packs{pack("us", "US",
                               "  - { id: state, match: { channel: call, region: [FL, OK] }, consent: { mode: opt_in } "
                               "}\n")};
  const auto in = [&](std::string_view region) {
    LeadState person = lead("US");
    if (!region.empty()) person.attributes.set("region", cel::Value(region));
    return ask(packs, person, "03-02 12:00").kind == Kind::withheld;
  };
  for (const char* region : {"FL", "fl", "US-OK", "", "Florida"}) CHECK(in(region));
  for (const char* region : {"TX", "US-NY"}) CHECK_FALSE(in(region));
}

TEST_CASE("a rule holds from its first day to its last, both included, where the recipient is") {
  const PolicyPacks packs{
      pack("fr", "FR",
           "  - { id: calls, match: { channel: call }, effective_from: \"2026-03-02\", effective_to: "
           "\"2026-03-03\", consent: { mode: opt_in } }\n")};
  LeadState person = lead();
  person.zone = Zone::find("Asia/Tokyo");  // nine hours ahead
  CHECK(ask(packs, person, "03-01 14:59").kind == Kind::pass);
  CHECK(ask(packs, person, "03-01 15:00").kind == Kind::withheld);
  CHECK(ask(packs, person, "03-03 14:59").kind == Kind::withheld);
  CHECK(ask(packs, person, "03-03 15:00").kind == Kind::pass);
}

TEST_CASE("attempts count touches on the channel in a rolling period, the touch itself left out") {
  const PolicyPacks packs{
      pack("fr", "FR", "  - { id: calls, match: { channel: call }, attempts: { max: 2, per: 24h } }\n")};
  LeadState person = lead();
  touched(person, Channel::call, "03-02 09:00");
  touched(person, Channel::email, "03-02 09:30");
  CHECK(ask(packs, person, "03-02 12:00").kind == Kind::pass);
  touched(person, Channel::call, "03-02 10:00");
  CHECK(text_of(ask(packs, person, "03-02 12:00")) == "withheld policy:fr attempts");
  CHECK(ask(packs, person, "03-03 08:59").kind == Kind::withheld);
  CHECK(ask(packs, person, "03-03 09:00").kind == Kind::pass);
  const Zone utc;
  CHECK(ask_policies(packs, {person, Channel::call, at("03-02 12:00"), utc, nullptr, utc, &person.touches[2].action})
            .kind == Kind::pass);
}

TEST_CASE("attempts without an answer count unless the pack says otherwise") {
  const PolicyPacks packs{pack("fr", "FR",
                               "  - { id: calls, match: { channel: call }, attempts: { max: 1, per: 24h, "
                               "count_unanswered: false } }\n")};
  LeadState person = lead();
  touched(person, Channel::call, "03-02 09:00", true);
  CHECK(ask(packs, person, "03-02 12:00").kind == Kind::pass);
  touched(person, Channel::call, "03-02 10:00", false);
  CHECK(ask(packs, person, "03-02 12:00").kind == Kind::withheld);
}

TEST_CASE("after a refused call there is silence, on the channel or on all") {
  LeadState person = lead();
  person.consent.push_back(mark(ConsentMark::Kind::refused, "03-02 09:00"));
  person.consent[0].channels = ChannelScope::only(Channel::call);
  const auto refused = [&](const std::string& scope, Channel channel, std::string_view now) {
    const PolicyPacks packs{pack("fr", "FR", "  - { id: calm, refusal: { cool_off: 2d, scope: " + scope + " } }\n")};
    return text_of(ask(packs, person, now, channel));
  };
  CHECK(refused("channel", Channel::call, "03-04 08:59") == "withheld policy:fr refusal");
  CHECK(refused("channel", Channel::call, "03-04 09:00") == "pass opt_out");
  CHECK(refused("channel", Channel::email, "03-03 09:00") == "pass opt_out");
  CHECK(refused("all", Channel::email, "03-03 09:00") == "withheld policy:fr refusal");
}

TEST_CASE("a register must have been asked lately, unless the person said yes") {
  const PolicyPacks packs{
      pack("uk", "GB", "  - { id: calls, match: { channel: call }, registers: [{ name: tps, max_age: 28d }] }\n")};
  LeadState person = lead("GB");
  const auto screened = [&](std::string_view when) {
    person.attributes.set("screened", cel::Value(cel::Map{{cel::Value("tps"), cel::Value(when)}}));
    return text_of(ask(packs, person, "03-29 00:00"));
  };
  CHECK(text_of(ask(packs, person, "03-29 00:00")) == "withheld policy:uk register");
  CHECK(screened("2026-03-02") == "pass opt_out");
  CHECK(screened("2026-03-01") == "withheld policy:uk register");
  CHECK(screened("2026-03-01T00:00:01Z") == "pass opt_out");
  CHECK(screened("2026-04-01") == "withheld policy:uk register");
  CHECK(screened("last week") == "withheld policy:uk register");
  person.consent.push_back(mark(ConsentMark::Kind::express, "03-01 09:00"));
  CHECK(screened("last week") == "pass opt_out");
}

TEST_CASE("hours are the recipient's: a touch waits for the first open instant, holidays closed") {
  const PolicyPacks packs{
      pack("fr", "FR",
           "  - { id: calls, match: { channel: call }, window: { days: [mon, tue, wed, thu, fri], hours: "
           "[\"10:00-13:00\", \"14:00-20:00\"], holidays: { country: FR } } }\n")};
  LeadState person = lead();
  person.zone = Zone::find("Europe/Paris");
  CHECK(text_of(ask(packs, person, "03-02 09:00")) == "pass opt_out");  // ten o'clock in Paris
  CHECK(text_of(ask(packs, person, "03-02 12:00")) == "deferred policy:fr hours 2026-03-02T13:00:00.000Z");
  CHECK(text_of(ask(packs, person, "03-06 19:00")) == "deferred policy:fr hours 2026-03-09T09:00:00.000Z");
  CHECK(text_of(ask(packs, person, "04-30 18:00")) == "deferred policy:fr hours 2026-05-04T08:00:00.000Z");
}

TEST_CASE("a recipient whose zone nobody knows is touched when it is open in all that are possible") {
  const PolicyPacks packs{pack("us", "US",
                               "  - { id: calls, match: { channel: call }, window: { hours: [\"08:00-21:00\"], "
                               "unknown_zones: [America/New_York, Pacific/Honolulu] } }\n")};
  LeadState person = lead("US");
  person.zone.reset();
  CHECK(text_of(ask(packs, person, "03-02 14:00")) == "deferred policy:us hours 2026-03-02T18:00:00.000Z");
  CHECK(text_of(ask(packs, person, "03-03 01:59")) == "pass opt_out");
  CHECK(text_of(ask(packs, person, "03-03 02:00")) == "deferred policy:us hours 2026-03-03T18:00:00.000Z");
}

TEST_CASE("hours that never meet withhold, as no instant could be waited for") {
  const auto opens = [](const std::string& id, const std::string& hours) {
    return pack(id, "FR", "  - { id: calls, match: { channel: call }, window: { hours: [\"" + hours + "\"] } }\n");
  };
  CHECK(text_of(ask({opens("a", "08:00-12:00"), opens("b", "12:00-18:00")}, lead(), "03-02 09:00")) ==
        "withheld policy:b hours");
  ContactHours office;
  office.windows = {{*parse_time_of_day("09:00"), *parse_time_of_day("17:00")}};
  const Zone utc;
  const LeadState person = lead();
  const auto with_office = [&](const std::string& hours) {
    return text_of(ask_policies({opens("a", hours)}, {person, Channel::call, at("03-02 12:00"), utc, &office, utc}));
  };
  CHECK(with_office("17:00-20:00") == "withheld policy:a hours");
  CHECK(with_office("16:00-20:00") == "deferred policy:a hours 2026-03-02T16:00:00.000Z");
  CHECK(with_office("06:00-20:00") == "pass opt_out");
}

TEST_CASE("a touch that may go out names the packs that allow it, and their content") {
  const PolicyPacks packs{pack("fr", "FR", kOptIn), pack("eu", "FR", kOptIn), pack("us", "US", kOptIn)};
  LeadState person = lead();
  person.consent.push_back(mark(ConsentMark::Kind::express, "03-01 09:00"));
  const PolicyVerdict verdict = ask(packs, person, "03-02 12:00");
  CHECK(verdict.packs == packs[0]->name + "," + packs[1]->name);
  CHECK(packs[0]->name.starts_with("fr@3+"));
  CHECK(packs[0]->name.size() == std::string("fr@3+").size() + 12);
}

namespace {

/// 0 while it may go out, then the later the stricter.
std::int64_t strictness(const PolicyVerdict& verdict, Instant now) {
  if (verdict.kind == Kind::pass) return 0;
  return verdict.kind == Kind::deferred ? (verdict.until - now).ms : Instant::never().ms;
}

std::string random_rule(int number) {
  const auto one_of = [](const std::vector<std::string>& parts) { return *rc::gen::elementOf(parts); };
  std::string rule = "  - { id: r" + std::to_string(number) + ", match: { channel: " + one_of({"call", "email"});
  rule += one_of({"", ", subject_kind: consumer", ", subject_kind: business", ", region: FL"}) + " }";
  rule += one_of({"", ", effective_from: \"2026-03-10\"", ", effective_to: \"2026-03-20\""});
  rule += one_of({"", ", consent: { mode: opt_in }", ", consent: { mode: opt_in, exceptions: [{ basis: customer }] }"});
  rule += one_of({"", ", attempts: { max: 1, per: 7d }", ", attempts: { max: 2, per: 24h, count_unanswered: false }"});
  rule += one_of({"", ", registers: [{ name: tps, max_age: 10d }]"});
  rule += one_of({"", ", refusal: { cool_off: 20d, scope: all }"});
  rule += one_of({", window: { hours: [\"08:00-21:00\"] }", ", window: { hours: [\"10:00-13:00\", \"14:00-20:00\"] }",
                  ", window: { days: [tue, thu], hours: [\"09:00-12:00\"] }",
                  ", window: { hours: [\"00:00-24:00\"], unknown_zones: [Asia/Tokyo] }", ", content: [sender]"});
  return rule + " }\n";
}

std::shared_ptr<const PolicyPack> random_pack(const std::string& id) {
  std::string rules;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) rules += random_rule(i);
  return pack(id, *rc::gen::elementOf(std::vector<std::string>{"FR", "US"}), rules);
}

LeadState random_lead(Instant now) {
  using Marks = ConsentMark::Kind;
  const auto one_of = [](const std::vector<std::string>& parts) { return *rc::gen::elementOf(parts); };
  LeadState person = lead(one_of({"FR", "US", "BE", ""}), one_of({"consumer", "business", ""}));
  person.zone = Zone::find(one_of({"UTC", "Europe/Paris", "America/New_York"}));
  if (*rc::gen::arbitrary<bool>()) person.zone.reset();
  const auto before = [&] { return now - kDay * *rc::gen::inRange(0, 40); };
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    ConsentMark consent;
    consent.kind = *rc::gen::element(Marks::express, Marks::express, Marks::customer, Marks::withdrawn, Marks::refused);
    consent.at = before();
    consent.proven = *rc::gen::inRange(0, 4) > 0;
    person.consent.push_back(consent);
  }
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    touched(person, *rc::gen::element(Channel::call, Channel::email), "03-01 00:00", *rc::gen::arbitrary<bool>());
    person.touches.back().at = before();
  }
  if (*rc::gen::arbitrary<bool>()) {
    const std::string day = to_string(before()).substr(0, 10);
    person.attributes.set("screened", cel::Value(cel::Map{{cel::Value("tps"), cel::Value(day)}}));
  }
  return person;
}

Instant random_instant() { return at("03-01 00:00") + Duration{60'000LL * *rc::gen::inRange(0, 60 * 24 * 40)}; }

}  // namespace

TEST_CASE("adding a pack never lets a touch out earlier") {
  CHECK(rc::check([] {
    const Instant now = random_instant();
    const LeadState person = random_lead(now);
    const Channel channel = *rc::gen::element(Channel::call, Channel::email, Channel::task);
    PolicyPacks packs;
    std::int64_t before = 0;
    for (const char* id : {"a", "b", "c"}) {
      packs.push_back(random_pack(id));
      const PolicyVerdict verdict = ask(packs, person, now, channel);
      // A pack for a country that had none says what its law is: until then consent was required.
      const bool first_of_country = !country_of(person).empty() && packs.back()->jurisdiction == country_of(person) &&
                                    std::none_of(packs.begin(), packs.end() - 1, [&](const auto& pack) {
                                      return pack->jurisdiction == country_of(person);
                                    });
      RC_ASSERT(first_of_country || strictness(verdict, now) >= before);
      before = strictness(verdict, now);
    }
  }));
}

TEST_CASE("the order of packs changes nothing but whose name is written") {
  CHECK(rc::check([] {
    const Instant now = random_instant();
    const LeadState person = random_lead(now);
    PolicyPacks packs{random_pack("a"), random_pack("b")};
    const std::int64_t forward = strictness(ask(packs, person, now), now);
    std::reverse(packs.begin(), packs.end());
    RC_ASSERT(strictness(ask(packs, person, now), now) == forward);
  }));
}

TEST_CASE("what is deferred may go out then, as far as hours are concerned, and not a minute earlier") {
  CHECK(rc::check([] {
    const Instant now = random_instant();
    const LeadState person = random_lead(now);
    const PolicyPacks packs{random_pack("a"), random_pack("b")};
    const PolicyVerdict verdict = ask(packs, person, now);
    if (verdict.kind != Kind::deferred) return;
    RC_ASSERT(verdict.until > now);
    const auto closed = [&](Instant when) {
      const PolicyVerdict later = ask(packs, person, when);
      return later.kind == Kind::deferred || later.reason == "hours";
    };
    // A rule whose day comes or goes meanwhile is asked then, not before.
    const bool same_rules =
        person.zone.value_or(Zone()).local_date(now) == person.zone.value_or(Zone()).local_date(verdict.until);
    if (!same_rules) return;
    RC_ASSERT(!closed(verdict.until));
    RC_ASSERT(closed(verdict.until - Duration{60'000}));
  }));
}

}  // namespace relance::rules
