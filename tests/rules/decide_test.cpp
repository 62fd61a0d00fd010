#include "rules/decide.h"

#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "rules/loader_policy.h"
#include "rules/owners.h"
#include "tests/rules/rules_support.h"

// The pure function by itself: the gate's second asking, counting after a cancellation, and what callers rely on (wake,
// effects). The rules of the language are told as scenarios in tests/engine/scenario_*_test.cpp.

namespace relance::rules {
namespace {

using tests::at;
using tests::Data;
using tests::event_of;
using tests::load;

class Neighbours final : public Neighbourhood {
 public:
  bool is_suppressed(const Address& address, ChannelScope scope) override {
    return rows_.contains(key(address, scope));
  }
  void suppress(const Suppression& row) override { rows_.insert(key(row.address, row.scope)); }
  const std::vector<AccountTouch>& account_touches(const AccountId& account) override { return touches_[account]; }
  void add_account_touch(const AccountId& account, const AccountTouch& touch, Instant) override {
    touches_[account].push_back(touch);
  }
  void remove_account_touch(const AccountId& account, const ActionId& action) override {
    std::erase_if(touches_[account], [&](const AccountTouch& touch) { return touch.action == action; });
  }
  const Operations& operations() override { return operations_; }
  Operations& change_operations() override { return operations_; }

 private:
  static std::string key(const Address& address, ChannelScope scope) {
    return std::string(to_string(scope)) + "|" + address.reveal();
  }
  std::set<std::string> rows_;
  std::map<AccountId, std::vector<AccountTouch>> touches_;
  Operations operations_;
};

/// One lead, its playbook, and a daemon's view of it: nothing completes by itself.
struct Desk {
  explicit Desk(const std::string& body, const std::string& other = {}, House house = {}) {
    std::vector<Playbook> current{load("playbook: p\nenroll: { on: lead.created }\n" + body)};
    revision = current.front().revision;
    if (!other.empty()) current.push_back(load("playbook: other\n" + other));
    rulebook = Rulebook(std::move(house), std::move(current));
    lead.id = LeadId("L");
    lead.subject = SubjectId("00");
  }

  /// `p` as it is from now on; what was there before stays for those whom it enrolled.
  void publish(const std::string& body) {
    Playbook next = load("playbook: p\nenroll: { on: lead.created }\n" + body);
    Playbook before = *rulebook.find(PlaybookId("p"));
    revision = next.revision;
    std::vector<Playbook> current;
    current.push_back(std::move(next));
    rulebook = Rulebook(House{}, std::move(current));
    rulebook.add_pinned(std::move(before));
  }
  /// The same, and the lead follows.
  InFlightChange publish(std::string_view when, const std::string& body) {
    work(Instant{at(when).ms - 1});
    publish(body);
    return decide_published(lead, {rulebook, neighbours, at(when)}, out).running;
  }

  void event(std::string_view when, EventType type, const Data& data = {}) {
    work(Instant{at(when).ms - 1});
    decide(lead, event_of(lead.id, type, at(when), data), {rulebook, neighbours, at(when)}, out);
  }
  void arrives(std::string_view when) {
    event(when, EventType::lead_created, {{"email", "a@example.org"}, {"phone", "+33612345678"}, {"account", "acme"}});
  }
  void work(Instant until) {
    while (lead.wake <= until) decide_due(lead, {rulebook, neighbours, lead.wake}, out);
  }
  void work(std::string_view until) { work(at(until)); }

  /// The action that was emitted for the step, cancelled or not.
  ActionId action(std::string_view step) const {
    for (const Effect& effect : out.effects) {
      const auto* emitted = std::get_if<EmitTouch>(&effect);
      if (emitted && emitted->touch.step.value == step) return emitted->touch.action;
    }
    FAIL("the step was not emitted");
    return {};
  }
  HandOff hand_off(std::string_view when, std::string_view step) {
    return decide_hand_off(lead, action(step), revision, {rulebook, neighbours, at(when)}, out);
  }
  /// The effects of one kind, in order.
  template <class T>
  std::vector<T> effects() const {
    std::vector<T> found;
    for (const Effect& effect : out.effects) {
      if (const auto* wanted = std::get_if<T>(&effect)) found.push_back(*wanted);
    }
    return found;
  }
  std::string last_record() const {
    const Record& record = out.records.back();
    return std::string(to_string(record.type)) + " " + (record.step ? record.step->value : Text()) + " " + record.rule;
  }
  std::size_t count(RecordType type) const {
    return static_cast<std::size_t>(
        std::count_if(out.records.begin(), out.records.end(), [&](const Record& r) { return r.type == type; }));
  }

  Rulebook rulebook;
  Revision revision;
  Neighbours neighbours;
  LeadState lead;
  Decision out;
};

const std::string kMail = "steps: [{ id: mail, day: 0, channel: email }, { id: later, day: 3, channel: task }]";
const std::string kHours = "contact_hours: { from: '09:00', to: '17:00' }\n";

TEST_CASE("a touch that nothing has changed for goes, once") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  CHECK(desk.hand_off("03-02 09:01", "mail").answer == HandOff::Answer::go);
  const HandOff again = desk.hand_off("03-02 09:02", "mail");
  CHECK(again.answer == HandOff::Answer::cancelled);
  CHECK(again.rule == "unknown_action");
  CHECK(desk.count(RecordType::touch_cancelled) == 0);
}

TEST_CASE("caps, spacing and cool-down are not asked again: the touch itself counts in them") {
  Desk desk("caps: [{ max: 1, per: week }]\ncool_down: { after: 1, pause: 7d }\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  REQUIRE(desk.lead.cool_down.has_value());
  CHECK(desk.hand_off("03-02 09:01", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("an opt-out cancels what is queued at once, with an effect for the connector") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 09:01", EventType::optout_received);
  CHECK(desk.last_record() == "touch.cancelled mail opt_out");
  const bool told = std::any_of(desk.out.effects.begin(), desk.out.effects.end(),
                                [](const Effect& effect) { return std::holds_alternative<CancelTouch>(effect); });
  CHECK(told);
  CHECK(desk.hand_off("03-02 09:02", "mail").answer == HandOff::Answer::cancelled);
  CHECK(desk.count(RecordType::touch_cancelled) == 1);
}

TEST_CASE("what was handed off is not cancelled any more") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  REQUIRE(desk.hand_off("03-02 09:00", "mail").answer == HandOff::Answer::go);
  desk.event("03-02 09:01", EventType::optout_received);
  CHECK(desk.count(RecordType::touch_cancelled) == 0);
}

TEST_CASE("an address that another lead's objection suppressed meanwhile cancels the touch") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.neighbours.suppress(
      {*desk.lead.email, ChannelScope::only(Channel::email), "opt_out", "link", at("03-02 09:01")});
  const HandOff answer = desk.hand_off("03-02 09:02", "mail");
  CHECK(answer.answer == HandOff::Answer::cancelled);
  CHECK(answer.rule == "suppressed");
  CHECK(desk.last_record() == "touch.cancelled mail suppressed");
}

TEST_CASE("a contact point that was withdrawn cancels the touch") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 09:01", EventType::lead_updated, {{"email", cel::Value()}});
  CHECK(desk.hand_off("03-02 09:02", "mail").answer == HandOff::Answer::cancelled);
  CHECK(desk.last_record() == "touch.cancelled mail no_contact_point");
}

/// A pack for leads whose country is FR; `clauses` are those of its one rule, about email.
House under_law(const std::string& clauses) {
  const std::string text =
      "id: fr\nrev: 1\nmatch: { jurisdiction: FR }\nsources: [a law]\nrules: [{ id: mail, match: { channel: [email, "
      "call] }, " +
      clauses + " }]\n";
  const ReadBeside none = [](const std::string&) -> tl::expected<std::string, std::string> {
    return tl::unexpected(std::string("none"));
  };
  auto pack = read_policy({"fr.yaml", text}, "fr", none);
  REQUIRE(pack.has_value());
  House house;
  house.policies.push_back(std::make_shared<const PolicyPack>(std::move(*pack)));
  return house;
}

/// A French business that may be mailed so far.
void arrives_under_law(Desk& desk) {
  desk.event("03-02 09:00", EventType::consent_granted,
             {{"evidence", cel::Value("e")}, {"expires", cel::Value("2026-03-02T10:00:00Z")}});
  desk.event("03-02 09:00", EventType::lead_created,
             {{"email", "a@example.org"}, {"country", "FR"}, {"subject_kind", "business"}, {"timezone", "UTC"}});
  desk.work("03-02 09:00");
}

TEST_CASE("a legal pack is asked again before the touch leaves: what has run out meanwhile cancels it") {
  Desk desk(kMail, {}, under_law("consent: { mode: opt_in }"));
  arrives_under_law(desk);
  CHECK(desk.hand_off("03-02 10:00", "mail").rule == "policy:fr");
  CHECK(desk.last_record() == "touch.cancelled mail policy:fr");
  CHECK(desk.out.records.back().reason == "consent_expired");
  CHECK(desk.out.records.back().pack == desk.rulebook.house().policies[0]->name);
  CHECK(desk.effects<CancelTouch>().size() == 1);

  Desk in_time(kMail, {}, under_law("consent: { mode: opt_in }, attempts: { max: 1, per: 30d }"));
  arrives_under_law(in_time);
  CHECK(in_time.hand_off("03-02 09:59", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("a touch that is handed off outside the law's hours waits for them") {
  Desk desk("touches: { within: 9d }\n" + kMail, {}, under_law("window: { hours: [\"08:00-12:00\"] }"));
  arrives_under_law(desk);
  const HandOff night = desk.hand_off("03-02 20:00", "mail");
  CHECK(night.answer == HandOff::Answer::wait);
  CHECK(night.rule == "policy:fr");
  CHECK(night.until == at("03-03 08:00"));
  CHECK(desk.hand_off("03-03 08:00", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("a withdrawal cancels what is queued on its channel at once, under no pack as well") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 09:01", EventType::consent_withdrawn, {{"channel", "email"}});
  CHECK(desk.last_record() == "touch.cancelled mail opt_out");
  CHECK(desk.lead.enrollment.has_value());
  CHECK_FALSE(desk.lead.opted_out.contains(Channel::email));
}

TEST_CASE("a pinned enrollment finishes under the file that enrolled it") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  CHECK(desk.publish("03-03 09:00", "steps: [{ id: new, day: 0, channel: task }]") == InFlightChange::pinned);
  desk.work("03-31 09:00");
  CHECK(desk.action("later").value.size() == 32);
  CHECK(desk.count(RecordType::lead_migrated) == 0);
}

TEST_CASE("a migrated enrollment goes on under the new file, resolved steps stay resolved, and only once") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  const std::string next =
      "in_flight: migrate\ntouches: { within: 4d }\nsteps: [{ id: mail, day: 0, channel: email }, { id: call, day: 1, "
      "channel: call }, { id: later, day: 2, channel: task }]";
  CHECK(desk.publish("03-02 12:00", next) == InFlightChange::migrated);
  CHECK(desk.lead.enrollment->revision == desk.revision);
  CHECK(desk.lead.enrollment->window_end == at("03-06 09:00"));
  CHECK(decide_published(desk.lead, {desk.rulebook, desk.neighbours, at("03-02 12:01")}, desk.out).running ==
        InFlightChange::none);
  desk.work("03-31 09:00");
  CHECK(desk.count(RecordType::lead_migrated) == 1);
  CHECK(desk.count(RecordType::touch_emitted) == 3);  // mail once, then call and later
  CHECK(desk.action("call").value.size() == 32);
  CHECK(desk.out.records.back().reason == "completed");
}

TEST_CASE("whether a migration loses the step that is next is known before it happens") {
  for (const auto& [steps, loses] : std::vector<std::pair<std::string, bool>>{
           {"[{ id: mail, day: 0, channel: email }, { id: later, day: 3, channel: task }]", false},
           {"[{ id: mail, day: 0, channel: email }, { id: call, day: 1, channel: call }]", true}}) {
    Desk desk(kMail);
    desk.arrives("03-02 09:00");
    desk.work("03-02 09:00");  // `later` is next
    desk.publish("in_flight: migrate\nsteps: " + steps);
    CHECK(in_flight_changes(desk.lead, desk.rulebook).running == InFlightChange::migrated);
    CHECK(in_flight_changes(desk.lead, desk.rulebook).running_loses_step == loses);
    const auto done = decide_published(desk.lead, {desk.rulebook, desk.neighbours, at("03-02 10:00")}, desk.out);
    CHECK(done.running_loses_step == loses);
    const auto& open = desk.lead.enrollment->steps;
    const bool kept = std::any_of(open.begin(), open.end(), [](const StepState& s) { return s.id.value == "later"; });
    CHECK(kept == !loses);
    CHECK_FALSE(in_flight_changes(desk.lead, desk.rulebook).running_loses_step);
  }
}

TEST_CASE("a rulebook keeps the revisions of the one before, and theirs") {
  const auto book = [](const std::string& day) {
    std::vector<Playbook> current{
        load("playbook: p\nenroll: { on: lead.created }\nsteps: [{ id: s, day: " + day + ", channel: task }]")};
    return Rulebook(House{}, std::move(current));
  };
  const Rulebook first = book("0");
  Rulebook second = book("1");
  second.keep_revisions_of(first);
  Rulebook third = book("2");
  third.keep_revisions_of(second);
  const PlaybookId id("p");
  for (const Rulebook* each : std::vector<const Rulebook*>{&first, &second, &third}) {
    CHECK(third.find(id, each->find(id)->revision) != nullptr);
  }
  CHECK(third.find(id)->revision != second.find(id)->revision);
  CHECK(third.candidates(EventType::lead_created).size() == 1);
}

TEST_CASE("what waits when a migration comes is asked as if not asked before") {
  Desk desk("caps: [{ max: 1, per: 9d }]\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-05 09:00");
  REQUIRE(desk.lead.enrollment->asked.has_value());
  desk.publish("03-06 09:00", "in_flight: migrate\n" + kMail);
  desk.work("03-06 09:00");
  CHECK(desk.last_record() == "lead.exited  ");
  CHECK(desk.action("later").value.size() == 32);
}

TEST_CASE("a hold stays with its condition when a file is migrated, and ends without it") {
  const std::string vip = "exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n";
  const std::string two =
      "exceptions: [{ when: '\"dispute\" in lead.flags', do: escalate }, { when: '\"vip\" in lead.flags', do: escalate "
      "}]\n";
  Desk desk(vip + kMail);
  desk.arrives("03-02 09:00");
  desk.event("03-02 10:00", EventType::flag_set, {{"flag", "vip"}});
  REQUIRE(desk.lead.enrollment->holding == 0);
  desk.publish("03-02 11:00", "in_flight: migrate\n" + two + kMail);
  CHECK(desk.lead.enrollment->holding == 1);
  CHECK(desk.count(RecordType::lead_escalated) == 1);
  desk.publish("03-02 12:00", "in_flight: migrate\n" + kMail);
  CHECK_FALSE(desk.lead.enrollment->holding.has_value());
  desk.work("03-05 09:00");
  CHECK(desk.action("later").value.size() == 32);
}

TEST_CASE("a variant and an arm stay while the new file has them") {
  const auto file = [](const std::string& variants, const std::string& arms) {
    return "in_flight: migrate\nvariants: [" + variants + "]\nexperiment: { id: e, arms: { " + arms + " } }\n" + kMail;
  };
  const std::string hot = "{ id: hot, when: 'true', replace: { touches: { within: 9d } } }";
  Desk desk(file(hot, "a: 1"));
  desk.arrives("03-02 09:00");
  REQUIRE(desk.lead.enrollment->variant == 0);
  desk.publish("03-02 10:00", file("{ id: cold, when: 'false', replace: { caps: [] } }, " + hot, "b: 1, a: 1"));
  CHECK(desk.lead.enrollment->variant == 1);
  CHECK(desk.lead.enrollment->arm == 1);
  CHECK(desk.count(RecordType::experiment_assigned) == 1);
  desk.publish("03-02 11:00", file("", "c: 1"));
  CHECK_FALSE(desk.lead.enrollment->variant.has_value());
  CHECK(desk.lead.enrollment->arm == 0);
  CHECK(desk.count(RecordType::experiment_assigned) == 2);
}

TEST_CASE("a file that ends its enrollments withdraws them and cancels what is queued") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  CHECK(desk.publish("03-02 10:00", "in_flight: end\ntitle: new\n" + kMail) == InFlightChange::ended);
  CHECK_FALSE(desk.lead.enrollment.has_value());
  CHECK(desk.lead.wake == Instant::never());
  CHECK(desk.last_record() == "touch.cancelled mail exited");
  const auto exited = std::find_if(desk.out.records.begin(), desk.out.records.end(),
                                   [](const Record& record) { return record.type == RecordType::lead_exited; });
  REQUIRE(exited != desk.out.records.end());
  CHECK(exited->reason == "withdrawn");
  CHECK(exited->steps_left == std::vector{StepId("later")});
}

TEST_CASE("a file that did not change ends nothing") {
  Desk desk("in_flight: end\n" + kMail);
  desk.arrives("03-02 09:00");
  CHECK(desk.publish("03-02 10:00", "in_flight: end\n" + kMail) == InFlightChange::none);
  CHECK(desk.lead.enrollment.has_value());
}

TEST_CASE("outside contact hours the touch waits for the next open instant, and then goes") {
  Desk desk(kHours + "touches: { within: 5d }\n" + kMail);
  desk.arrives("03-02 16:59");
  desk.work("03-02 16:59");
  const HandOff late = desk.hand_off("03-02 17:00", "mail");
  CHECK(late.answer == HandOff::Answer::wait);
  CHECK(late.rule == "contact_hours");
  CHECK(late.until == at("03-03 09:00"));
  CHECK(desk.hand_off("03-03 09:00", "mail").answer == HandOff::Answer::go);
}

/// `rep-7` is away from Tuesday 03-03 to Thursday 03-05.
House with_absence() {
  const auto day = [](std::string_view iso) { return *parse_date(iso); };
  House house;
  house.owners = std::make_shared<const Owners>(
      Owners{{{"rep-7", {Zone(), {{day("2026-03-03"), day("2026-03-05")}}}}}, {}, Zone()});
  return house;
}

TEST_CASE("a touch that its owner's absence overtakes waits for the owner, a mail does not") {
  Desk desk(kHours + "touches: { within: 9d }\n" +
                "steps: [{ id: call, day: 0, channel: call }, { id: mail, day: 0, channel: email }]",
            {}, with_absence());
  desk.event("03-02 16:00", EventType::lead_created,
             {{"email", "a@example.org"}, {"phone", "+33612345678"}, {"owner", "rep-7"}});
  desk.work("03-02 16:00");
  const HandOff away = desk.hand_off("03-03 10:00", "call");
  CHECK(away.answer == HandOff::Answer::wait);
  CHECK(away.rule == "owner_absent");
  CHECK(away.until == at("03-06 09:00"));
  CHECK(desk.hand_off("03-03 10:00", "mail").answer == HandOff::Answer::go);
  desk.event("03-03 11:00", EventType::lead_updated, {{"owner", "rep-8"}});
  CHECK(desk.hand_off("03-03 11:00", "call").answer == HandOff::Answer::go);
}

TEST_CASE("the owner and the law's hours are waited for together") {
  House house = under_law("window: { hours: [\"11:00-12:00\"] }");
  house.owners = with_absence().owners;
  Desk desk("steps: [{ id: call, day: 1, at: '11:30', channel: call }, { id: later, day: 9, channel: task }]", {},
            std::move(house));
  desk.event("03-02 16:00", EventType::lead_created,
             {{"phone", "+33612345678"},
              {"owner", "rep-7"},
              {"country", "FR"},
              {"subject_kind", "business"},
              {"timezone", "UTC"}});
  desk.work("03-03 11:30");
  CHECK(desk.last_record() == "touch.deferred call owner_absent");
  CHECK(desk.out.records.back().until == at("03-06 11:00"));
  desk.work("03-06 11:00");
  CHECK(desk.last_record() == "touch.emitted call ");
}

TEST_CASE("an absence that outlasts a queued touch lets it expire") {
  Desk desk("steps: [{ id: call, day: 0, channel: call }, { id: later, day: 9, channel: task }]", {}, with_absence());
  desk.event("03-02 16:00", EventType::lead_created, {{"phone", "+33612345678"}, {"owner", "rep-7"}});
  desk.work("03-02 16:00");
  CHECK(desk.hand_off("03-03 10:00", "call").until == at("03-03 16:00"));
  CHECK(desk.hand_off("03-03 16:00", "call").rule == "expired");
}

TEST_CASE("a hold and a pause keep the touch until they end, and leave no record of it") {
  Desk desk("touches: { within: 5d }\nexceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::flag_set, {{"flag", "vip"}});
  const std::size_t records = desk.out.records.size();
  const HandOff held = desk.hand_off("03-02 10:01", "mail");
  CHECK(held.answer == HandOff::Answer::wait);
  CHECK(held.rule == "escalation");
  CHECK(held.until == at("03-07 09:00"));  // the end of the window, when it expires at the latest
  CHECK(desk.out.records.size() == records);
  desk.event("03-02 11:00", EventType::escalation_resolved);
  desk.event("03-02 12:00", EventType::playbook_pause);
  CHECK(desk.hand_off("03-02 12:01", "mail").rule == "paused");
  desk.event("03-02 13:00", EventType::playbook_resume);
  CHECK(desk.hand_off("03-02 13:01", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("a resolution that validates another channel cancels the touch") {
  Desk desk("exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::flag_set, {{"flag", "vip"}});
  desk.event("03-02 11:00", EventType::escalation_resolved, {{"channel", "call"}});
  CHECK(desk.hand_off("03-02 11:01", "mail").rule == "escalation");
  CHECK(desk.last_record() == "touch.cancelled mail escalation");
}

TEST_CASE("a touch that waits beyond its not_after is cancelled as expired") {
  Desk desk("touches: { within: 2d }\n" + kHours + kMail);
  desk.arrives("03-02 16:00");
  desk.work("03-02 16:00");
  // The window ends on 03-04 at 16:00; the daemon was away until that evening.
  CHECK(desk.hand_off("03-04 18:00", "mail").rule == "expired");
  CHECK(desk.last_record() == "touch.cancelled mail expired");
}

TEST_CASE("without a window a touch waits for 24 hours") {
  Desk desk("exceptions: [{ when: '\"vip\" in lead.flags', do: escalate }]\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::flag_set, {{"flag", "vip"}});
  CHECK(desk.hand_off("03-03 08:59", "mail").until == at("03-03 09:00"));
  CHECK(desk.hand_off("03-03 09:00", "mail").answer == HandOff::Answer::cancelled);
}

TEST_CASE("a touch that the gate deferred for days has its time to leave once it is emitted") {
  // Due on Friday at 18:00, emitted on Monday at 09:00: it must not be expired the moment it is emitted.
  Desk desk(kHours +
            "steps: [{ id: mail, day: 0, at: '18:00', channel: email }, { id: later, day: 9, channel: task }]");
  desk.arrives("03-06 16:00");
  desk.work("03-09 09:00");
  CHECK(desk.hand_off("03-09 09:01", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("a cancelled touch leaves its owner's room to another, and is not asked about it before it leaves") {
  House house;
  house.owners = std::make_shared<const Owners>(Owners{{}, {{Channel::call, 1, Cap::Calendar::day}}, Zone()});
  Desk desk("steps: [{ id: call, day: 0, channel: call }, { id: again, day: 0, channel: call }]", {}, std::move(house));
  desk.event("03-02 09:00", EventType::lead_created, {{"phone", "+33612345678"}, {"owner", "rep-7"}});
  desk.work("03-02 09:00");
  CHECK(desk.last_record() == "touch.deferred again throttle:call");
  REQUIRE(desk.neighbours.account_touches(counted_under("rep-7")).size() == 1);
  CHECK(desk.hand_off("03-02 09:01", "call").answer == HandOff::Answer::go);
  take_back(desk.lead, desk.action("call"));
  desk.event("03-02 10:00", EventType::optout_received, {{"channel", "call"}});
  CHECK(desk.neighbours.account_touches(counted_under("rep-7")).empty());
}

TEST_CASE("a cancelled touch counts no more: in caps of lead and account, in non-replies, in touches") {
  Desk desk("caps: [{ max: 1, per: 30d }, { scope: account, max: 1, per: 30d }]\ntouches: { max: 1 }\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  REQUIRE(desk.lead.non_replies == 1);
  REQUIRE(desk.neighbours.account_touches(AccountId("acme")).size() == 1);
  desk.event("03-02 09:01", EventType::lead_updated, {{"email", cel::Value()}});
  REQUIRE(desk.hand_off("03-02 09:02", "mail").answer == HandOff::Answer::cancelled);
  CHECK(desk.lead.non_replies == 0);
  CHECK(desk.lead.touches.empty());
  CHECK(desk.neighbours.account_touches(AccountId("acme")).empty());
  desk.work("03-05 09:00");
  CHECK(desk.count(RecordType::touch_emitted) == 2);  // neither the caps nor touches.max keep `later`
}

TEST_CASE("a touch cancelled after a reply takes nothing from the count that the reply reset") {
  Desk desk("exit: [opt_out, hard_bounce, complaint]\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 09:01", EventType::touch_replied);
  desk.event("03-02 09:02", EventType::lead_updated, {{"email", cel::Value()}});
  REQUIRE(desk.hand_off("03-02 09:03", "mail").answer == HandOff::Answer::cancelled);
  CHECK(desk.lead.non_replies == 0);
}

TEST_CASE("a cancelled touch causes no spacing") {
  Desk desk("steps: [{ id: mail, day: 0, channel: email }, { id: later, day: 1, at: '00:30', channel: task }]");
  desk.arrives("03-02 23:50");
  desk.work("03-02 23:50");
  desk.event("03-02 23:51", EventType::lead_updated, {{"email", cel::Value()}, {"timezone", "Atlantic/Azores"}});
  REQUIRE(desk.hand_off("03-02 23:52", "mail").answer == HandOff::Answer::cancelled);
  desk.work("03-05 00:00");
  CHECK(desk.count(RecordType::touch_deferred) == 0);
  CHECK(desk.count(RecordType::touch_emitted) == 2);
}

TEST_CASE("an action that nobody knows, or whose revision is gone, does not go") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  const DecisionContext context{desk.rulebook, desk.neighbours, at("03-02 09:01")};
  CHECK(decide_hand_off(desk.lead, ActionId("unheard-of"), desk.revision, context, desk.out).answer ==
        HandOff::Answer::cancelled);
  CHECK(decide_hand_off(desk.lead, desk.action("mail"), Revision("gone"), context, desk.out).answer !=
        HandOff::Answer::go);
}

TEST_CASE("a touch that was taken back asks the gate again, and an exit cancels it") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  REQUIRE(desk.hand_off("03-02 09:00", "mail").answer == HandOff::Answer::go);
  take_back(desk.lead, desk.action("mail"));
  CHECK(desk.hand_off("03-02 09:05", "mail").answer == HandOff::Answer::go);
  take_back(desk.lead, desk.action("mail"));
  desk.event("03-02 09:06", EventType::lead_lost);
  CHECK(desk.last_record() == "touch.cancelled mail exited");
}

TEST_CASE("the last touch of a completed cadence still goes") {
  Desk desk("steps: [{ id: mail, day: 0, channel: email }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  REQUIRE(!desk.lead.enrollment.has_value());
  CHECK(desk.hand_off("03-02 09:01", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("the wake is the earliest of what is due, and nothing is due before it") {
  Desk desk("sla: { first_touch: { within: 2h } }\n" + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  CHECK(desk.lead.wake == at("03-02 11:00"));
  const std::size_t records = desk.out.records.size();
  CHECK_FALSE(decide_due(desk.lead, {desk.rulebook, desk.neighbours, at("03-02 10:59")}, desk.out));
  CHECK(desk.out.records.size() == records);
  CHECK(decide_due(desk.lead, {desk.rulebook, desk.neighbours, at("03-02 11:00")}, desk.out));
  CHECK(desk.lead.wake == at("03-05 09:00"));
  desk.work("03-05 09:00");
  CHECK(desk.lead.wake == Instant::never());
}

TEST_CASE("the opt-outs of a merged lead move along and end the other's cadence") {
  Desk from(kMail);
  from.event("03-02 09:00", EventType::optout_received);
  Desk into(kMail);
  into.arrives("03-02 09:00");
  decide_merge(into.lead, from.lead, {}, {into.rulebook, into.neighbours, at("03-02 10:00")}, into.out);
  CHECK(into.lead.opted_out_of_all);
  CHECK_FALSE(into.lead.enrollment.has_value());
  CHECK(into.lead.wake == Instant::never());
}

TEST_CASE("what a merged lead had queued does not go out, and what was under way is not tried again") {
  Desk desk("steps: [{ id: mail, day: 0, channel: email }, { id: chat, day: 0, channel: social }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  REQUIRE(!desk.lead.enrollment.has_value());
  REQUIRE(desk.hand_off("03-02 09:01", "mail").answer == HandOff::Answer::go);
  desk.event("03-02 09:02", EventType::lead_merged, {{"into", "M"}});
  CHECK(desk.last_record() == "touch.cancelled chat exited");
  take_back(desk.lead, desk.action("mail"));
  CHECK(desk.hand_off("03-02 09:03", "mail").answer == HandOff::Answer::cancelled);
  CHECK(desk.last_record() == "touch.cancelled mail exited");
}

TEST_CASE("an opt-out from one channel that moves along with a merge cancels what is queued on it") {
  Desk from(kMail);
  from.event("03-02 09:00", EventType::optout_received, {{"channel", "email"}});
  Desk into(kMail);
  into.arrives("03-02 09:00");
  into.work("03-02 09:00");
  decide_merge(into.lead, from.lead, {}, {into.rulebook, into.neighbours, at("03-02 09:01")}, into.out);
  CHECK(into.last_record() == "touch.cancelled mail opt_out");
  CHECK(into.lead.enrollment.has_value());
}

TEST_CASE("a touch that is under way when the cadence ends is not tried again") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  CHECK(desk.hand_off("03-02 09:01", "mail").answer == HandOff::Answer::go);
  desk.event("03-02 09:02", EventType::touch_replied, {{"channel", "email"}});
  take_back(desk.lead, desk.action("mail"));
  CHECK(desk.hand_off("03-02 09:03", "mail").answer == HandOff::Answer::cancelled);
  CHECK(desk.last_record() == "touch.cancelled mail expired");
}

TEST_CASE("a step that is asked at the very end of its window has its time to leave") {
  Desk desk("touches: { within: 1d }\nsteps: [{ id: mail, day: 1, channel: email }]");
  desk.arrives("03-02 09:00");
  desk.work("03-03 09:00");
  CHECK(desk.count(RecordType::lead_exited) == 1);
  CHECK(desk.hand_off("03-03 09:01", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("an outcome without its action means a touch that has left, not one that waits") {
  Desk desk(kHours + kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 09:01", EventType::touch_completed, {{"channel", "email"}, {"outcome", "failed"}});
  CHECK(desk.hand_off("03-02 09:02", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("the calendar caps of an account look back over their whole period") {
  Desk desk("caps: [{ scope: account, max: 2, per: week }]\n" + kMail);
  CHECK(desk.rulebook.longest_cap_period() >= kDay * 7);
}

TEST_CASE("a lead that is first seen as the target of a merge has the account of the lead that became it") {
  Desk desk(kMail);
  desk.arrives("03-02 09:00");
  LeadState target;
  target.id = LeadId("T");
  decide_merge(target, desk.lead, {}, {desk.rulebook, desk.neighbours, at("03-02 09:01")}, desk.out);
  CHECK(target.account == desk.lead.account);
}

const std::string kWorkflow = "on: { meeting.missed: { start: other } }\n";

TEST_CASE("what a workflow interrupted keeps its queued touch until it goes on") {
  Desk desk(kWorkflow + kMail, "steps: [{ id: x, wait: 2h, channel: task }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::meeting_missed);
  const HandOff waits = desk.hand_off("03-02 11:00", "mail");
  CHECK(waits.answer == HandOff::Answer::wait);
  CHECK(waits.rule == "paused");
  desk.work("03-02 12:00");
  CHECK(desk.hand_off("03-02 12:01", "mail").answer == HandOff::Answer::go);
}

TEST_CASE("a touch of an interrupted enrollment that is cancelled counts no more in it") {
  Desk desk(kWorkflow + kMail, "steps: [{ id: x, wait: 2h, channel: task }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::meeting_missed);
  REQUIRE(desk.lead.interrupted);
  CHECK(desk.lead.interrupted->touches == 1);
  desk.event("03-02 10:30", EventType::lead_updated, {{"email", cel::Value()}});
  CHECK(desk.hand_off("03-02 11:00", "mail").rule == "no_contact_point");
  CHECK(desk.lead.interrupted->touches == 0);
}

TEST_CASE("an event that ends a workflow and what it interrupted cancels what both had queued") {
  Desk desk(kWorkflow + kMail,
            "goal: [meeting.booked]\nsteps: [{ id: x, day: 0, channel: task }, { id: y, day: 9, channel: task }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::meeting_missed);
  desk.work("03-02 10:00");
  desk.event("03-02 11:00", EventType::meeting_booked);
  const auto cancelled = desk.effects<CancelTouch>();
  REQUIRE(cancelled.size() == 2);
  CHECK(cancelled[0].action == desk.action("x"));
  CHECK(cancelled[1].action == desk.action("mail"));
  CHECK(cancelled[1].rule == "exited");
  CHECK(desk.lead.wake == Instant::never());
}

TEST_CASE("while a workflow runs, the wake is the earliest of both") {
  Desk desk("sla: { first_touch: { within: 3h } }\n" + kWorkflow + kMail,
            "steps: [{ id: x, wait: 5h, channel: task }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::meeting_missed);
  CHECK(desk.lead.wake == at("03-02 12:00"));
  desk.work("03-02 12:00");
  CHECK(desk.last_record() == "sla.breached  ");
  CHECK(desk.lead.wake == at("03-02 15:00"));
}

TEST_CASE("the second asking goes by the variant that the enrollment has by then") {
  Desk desk(
      "variants: [{ id: hot, when: lead.score > 5, replace: { contact_hours: { from: '12:00', to: '13:00' } } }]\n" +
      kMail);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 09:30", EventType::lead_updated, {{"score", std::int64_t{9}}});
  const HandOff waits = desk.hand_off("03-02 10:00", "mail");
  CHECK(waits.rule == "contact_hours");
  CHECK(waits.until == at("03-02 12:00"));
}

TEST_CASE("after its end an enrollment's last touch goes by the form that it was emitted under") {
  Desk desk(
      "variants: [{ id: hot, when: 'true', replace: { contact_hours: { from: '09:00', to: '13:00' } } }]\n"
      "steps: [{ id: mail, day: 0, channel: email }]");
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  CHECK_FALSE(desk.lead.enrollment);
  CHECK(desk.hand_off("03-02 14:00", "mail").rule == "contact_hours");
}

TEST_CASE("a hand-off is one task for whom the house names, of the running enrollment's playbook") {
  House house;
  house.handoff = Handoff{80, "sales desk", false};
  Desk desk(kMail, {}, house);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  for (const char* when : {"03-02 10:00", "03-02 11:00"})
    desk.event(when, EventType::lead_updated, {{"score", std::int64_t{80}}});
  const auto tasks = desk.effects<Escalate>();
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].rule == "handoff");
  CHECK(tasks[0].to == "sales desk");
  CHECK(tasks[0].playbook.value == "p");
  CHECK(tasks[0].revision == desk.revision);
  CHECK(tasks[0].at == at("03-02 10:00"));
  CHECK(desk.last_record() == "lead.escalated  handoff");
  CHECK(desk.out.records.back().action == tasks[0].action);
}

TEST_CASE("then: exit cancels what is queued") {
  House house;
  house.handoff = Handoff{80, "owner", true};
  Desk desk(kMail, {}, house);
  desk.arrives("03-02 09:00");
  desk.work("03-02 09:00");
  desk.event("03-02 10:00", EventType::lead_updated, {{"score", std::int64_t{80}}});
  REQUIRE(desk.effects<CancelTouch>().size() == 1);
  CHECK(desk.hand_off("03-02 10:01", "mail").answer == HandOff::Answer::cancelled);
}

}  // namespace
}  // namespace relance::rules
