// Recurring cadences on the pure functions: which occurrences count for a lead, and that none counts twice.

#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include "rules/decide.h"
#include "tests/rules/rules_support.h"

namespace relance::rules {
namespace {

using tests::at;
using tests::Data;
using tests::event_of;
using tests::load;

/// Nobody is suppressed, no account, no halts.
class Nobody final : public Neighbourhood {
 public:
  bool is_suppressed(const Address&, ChannelScope) override { return false; }
  void suppress(const Suppression&) override {}
  const std::vector<AccountTouch>& account_touches(const AccountId&) override { return none_; }
  void add_account_touch(const AccountId&, const AccountTouch&, Instant) override {}
  void remove_account_touch(const AccountId&, const ActionId&) override {}
  const Operations& operations() override { return operations_; }
  Operations& change_operations() override { return operations_; }

 private:
  std::vector<AccountTouch> none_;
  Operations operations_;
};

constexpr const char* kTask = "steps: [{ id: visit, wait: 0s, channel: task }]\n";

std::string playbook(const std::string& rrule, const std::string& start = "lead.gold_since",
                     const std::string& more_of_enroll = "", const std::string& rest = kTask) {
  return "playbook: gold\nenroll: { on: schedule, schedule: { rrule: \"" + rrule + "\", start: " + start +
         ", at: \"09:00\" }" + more_of_enroll + " }\n" + rest;
}

/// One lead and the playbooks of the folder.
struct ScheduleDesk {
  explicit ScheduleDesk(const std::vector<std::string>& playbooks) {
    rulebook = rulebook_of(playbooks);
    lead.id = LeadId("L");
    lead.subject = SubjectId("00");
  }

  Rulebook rulebook_of(const std::vector<std::string>& playbooks) const {
    std::vector<Playbook> current;
    current.reserve(playbooks.size());
    for (const std::string& text : playbooks) current.push_back(load(text));
    Rulebook book(House{}, std::move(current));
    book.keep_revisions_of(rulebook);
    return book;
  }
  void publish(std::string_view when, const std::vector<std::string>& playbooks) {
    work(Instant{at(when).ms - 1});
    rulebook = rulebook_of(playbooks);
    decide_published(lead, {rulebook, nobody, at(when)}, out);
  }
  void event(Instant when, EventType type, const Data& data = {}) {
    work(Instant{when.ms - 1});
    decide(lead, event_of(lead.id, type, when, data), {rulebook, nobody, when}, out);
    note();
  }
  void update(std::string_view when, const Data& data) { event(at(when), EventType::lead_updated, data); }
  /// Everything that is due by then, each at its time.
  void work(Instant until) {
    while (lead.wake <= until) {
      decide_due(lead, {rulebook, nobody, lead.wake}, out);
      note();
    }
  }
  void work(std::string_view until) { work(at(until)); }
  /// A daemon that was down until then does what was due.
  void wake_late(Instant now) {
    while (lead.wake <= now) {
      decide_due(lead, {rulebook, nobody, now}, out);
      note();
    }
  }
  /// When the lead was enrolled, and for which occurrence where that was earlier: "2026-05-15T07:00:00.000Z ".
  std::string enrolled() const {
    std::string text;
    for (const auto& [enrolled_at, triggered_at] : enrollments) {
      text += (text.empty() ? "" : " ") + to_string(enrolled_at);
      if (triggered_at != enrolled_at) text += " for " + to_string(triggered_at);
    }
    return text;
  }
  std::string not_enrolled() const {
    std::string rules;
    for (const Record& record : out.records) {
      if (record.type == RecordType::lead_not_enrolled) rules += (rules.empty() ? "" : " ") + std::string(record.rule);
    }
    return rules;
  }

  Rulebook rulebook;
  Nobody nobody;
  LeadState lead;
  Decision out;
  std::vector<std::pair<Instant, Instant>> enrollments;

 private:
  void note() {
    if (!lead.enrollment || lead.enrollment->ordinal == noted_) return;
    noted_ = lead.enrollment->ordinal;
    enrollments.emplace_back(lead.enrollment->enrolled_at, lead.enrollment->triggered_at);
  }
  std::uint32_t noted_ = 0;
};

constexpr const char* kFourMonths = "FREQ=MONTHLY;INTERVAL=4";
const Data kGold{{"gold_since", cel::Value("2026-01-15")}, {"timezone", cel::Value("Europe/Paris")}};

TEST_CASE("each occurrence after the first sight enrolls, at its local time") {
  ScheduleDesk desk({playbook(kFourMonths)});
  desk.update("2026-02-01T10:00:00Z", kGold);
  CHECK(desk.lead.wake == at("2026-05-15T07:00:00Z"));
  desk.work("2027-01-31T00:00:00Z");
  CHECK(desk.enrolled() == "2026-05-15T07:00:00.000Z 2026-09-15T07:00:00.000Z 2027-01-15T08:00:00.000Z");
  CHECK(desk.lead.wake == at("2027-05-15T07:00:00Z"));
}

TEST_CASE("an occurrence at the very instant of the first sight does not count, one a moment later does") {
  ScheduleDesk same({playbook("FREQ=DAILY")});
  same.update("2026-03-02T08:00:00Z", kGold);
  CHECK(same.lead.wake == at("2026-03-03T08:00:00Z"));
  ScheduleDesk before({playbook("FREQ=DAILY")});
  before.update("2026-03-02T07:59:59Z", kGold);
  CHECK(before.lead.wake == at("2026-03-02T08:00:00Z"));
}

TEST_CASE("the start may be a date, or an instant, which is a date in the lead's zone") {
  ScheduleDesk fixed({playbook("FREQ=YEARLY", "2020-06-01")});
  fixed.update("2026-03-02T08:00:00Z", {});
  CHECK(fixed.lead.wake == at("2026-06-01T09:00:00Z"));
  ScheduleDesk instant({playbook(kFourMonths)});
  instant.update("2026-02-01T10:00:00Z",
                 {{"gold_since", cel::Value("2026-01-14T23:30:00Z")}, {"timezone", cel::Value("Europe/Paris")}});
  CHECK(instant.lead.wake == at("2026-05-15T07:00:00Z"));
}

TEST_CASE("a lead without a usable start is not scheduled, and nothing is remembered of it") {
  for (const cel::Value& start : {cel::Value(), cel::Value("soon"), cel::Value(std::int64_t{20260115}),
                                  cel::Value("1969-12-31"), cel::Value("2026-02-30")}) {
    ScheduleDesk desk({playbook(kFourMonths)});
    desk.update("2026-02-01T10:00:00Z", {{"gold_since", start}});
    CHECK(desk.lead.wake == Instant::never());
    CHECK(desk.lead.schedules.empty());
  }
}

TEST_CASE("a start that comes and goes sets and takes the next occurrence") {
  ScheduleDesk desk({playbook(kFourMonths)});
  desk.update("2026-02-01T10:00:00Z", {});
  desk.update("2026-02-02T10:00:00Z", kGold);
  CHECK(desk.lead.wake == at("2026-05-15T07:00:00Z"));
  desk.update("2026-03-01T10:00:00Z", {{"gold_since", cel::Value("2026-02-20")}});
  CHECK(desk.lead.wake == at("2026-06-20T07:00:00Z"));
  desk.update("2026-03-02T10:00:00Z", {{"gold_since", cel::Value()}});
  CHECK(desk.lead.wake == Instant::never());
}

TEST_CASE("a start that comes late calls up no occurrence of the past") {
  ScheduleDesk desk({playbook("FREQ=DAILY")});
  desk.update("2026-02-01T10:00:00Z", {});
  desk.update("2026-03-01T10:00:00Z", {{"gold_since", cel::Value("2026-02-03")}});
  CHECK(desk.lead.wake == at("2026-03-02T09:00:00Z"));
}

TEST_CASE("when is asked at each occurrence: false is nothing, an error is recorded") {
  ScheduleDesk no({playbook("FREQ=DAILY;COUNT=3", "2026-03-03", ", when: lead.tier == \"gold\"")});
  no.update("2026-03-02T10:00:00Z", {{"tier", cel::Value("silver")}});
  no.work("2026-03-04T00:00:00Z");
  CHECK(no.enrolled().empty());
  CHECK(no.out.records.empty());
  no.update("2026-03-04T08:00:00Z", {{"tier", cel::Value("gold")}});
  no.work("2026-03-31T00:00:00Z");
  CHECK(no.enrolled() == "2026-03-04T09:00:00.000Z 2026-03-05T09:00:00.000Z");
  ScheduleDesk error({playbook("FREQ=DAILY;COUNT=2", "2026-03-03", ", when: lead.tier == \"gold\"")});
  error.update("2026-03-02T10:00:00Z", {});
  error.work("2026-03-31T00:00:00Z");
  CHECK(error.not_enrolled() == "condition_error condition_error");
  CHECK(error.lead.wake == Instant::never());
}

TEST_CASE("an event of the very instant comes before the occurrence") {
  ScheduleDesk desk({playbook("FREQ=DAILY;COUNT=1", "2026-03-03", ", when: lead.tier == \"gold\"")});
  desk.update("2026-03-02T10:00:00Z", {{"tier", cel::Value("silver")}});
  desk.update("2026-03-03T09:00:00Z", {{"tier", cel::Value("gold")}});
  desk.work("2026-03-31T00:00:00Z");
  CHECK(desk.enrolled() == "2026-03-03T09:00:00.000Z");
}

TEST_CASE("what blocks an enrollment blocks an occurrence, which is then over") {
  ScheduleDesk desk(
      {playbook("FREQ=DAILY;COUNT=3", "2026-03-03", "", "steps: [{ id: visit, wait: 30h, channel: task }]\n")});
  desk.update("2026-03-02T10:00:00Z", {});
  desk.work("2026-03-04T12:00:00Z");
  CHECK(desk.enrolled() == "2026-03-03T09:00:00.000Z");
  CHECK(desk.not_enrolled() == "already_enrolled");
  desk.event(at("2026-03-04T20:00:00Z"), EventType::optout_received);
  desk.work("2026-03-31T00:00:00Z");
  CHECK(desk.enrolled() == "2026-03-03T09:00:00.000Z");
  CHECK(desk.not_enrolled() == "already_enrolled opt_out");
}

TEST_CASE("again holds where it is there, and only there") {
  ScheduleDesk desk({playbook("FREQ=DAILY;COUNT=5", "2026-03-03", ", again: { after: 40h, max: 2 }")});
  desk.update("2026-03-02T10:00:00Z", {});
  desk.work("2026-03-31T00:00:00Z");
  CHECK(desk.enrolled() == "2026-03-03T09:00:00.000Z 2026-03-05T09:00:00.000Z");
  CHECK(desk.not_enrolled() == "again again again");
}

TEST_CASE("after an outage several missed occurrences are one enrollment, for the latest") {
  ScheduleDesk desk({playbook("FREQ=WEEKLY")});
  desk.update("2026-02-01T10:00:00Z", kGold);
  desk.wake_late(at("2026-03-01T12:00:00Z"));
  CHECK(desk.enrolled() == "2026-03-01T12:00:00.000Z for 2026-02-26T08:00:00.000Z");
  CHECK(desk.lead.wake == at("2026-03-05T08:00:00Z"));
}

TEST_CASE("an occurrence in the gap of a clock change is the first instant after it, in an overlap the first of two") {
  const std::string at_half_past_two =
      "playbook: gold\nenroll: { on: schedule, schedule: { rrule: FREQ=DAILY, start: lead.gold_since, at: \"02:30\" } "
      "}\n" +
      std::string(kTask);
  ScheduleDesk gap({at_half_past_two});
  gap.update("2026-03-28T10:00:00Z", kGold);
  CHECK(gap.lead.wake == at("2026-03-29T01:00:00Z"));
  ScheduleDesk overlap({at_half_past_two});
  overlap.update("2026-10-24T10:00:00Z", kGold);
  CHECK(overlap.lead.wake == at("2026-10-25T00:30:00Z"));
  overlap.work("2026-10-26T00:00:00Z");
  CHECK(overlap.enrolled() == "2026-10-25T00:30:00.000Z");
}

TEST_CASE("a lead that moves west does not meet the same day twice") {
  ScheduleDesk desk({playbook("FREQ=DAILY")});
  desk.update("2026-03-01T12:00:00Z",
              {{"gold_since", cel::Value("2026-01-15")}, {"timezone", cel::Value("Australia/Sydney")}});
  desk.work("2026-03-01T23:00:00Z");  // 2 March, 09:00 in Sydney is 22:00 UTC
  CHECK(desk.enrolled() == "2026-03-01T22:00:00.000Z");
  desk.update("2026-03-02T00:00:00Z", {{"timezone", cel::Value("America/New_York")}});
  CHECK(desk.lead.wake == at("2026-03-03T14:00:00Z"));
}

TEST_CASE("at one instant the end of an enrollment comes before the occurrence that begins the next") {
  ScheduleDesk desk({playbook("FREQ=DAILY;COUNT=2", "2026-03-03", "",
                              "touches: { within: 1d }\nsteps: [{ id: visit, day: 0, channel: task }]\n")});
  desk.update("2026-03-02T10:00:00Z", {});
  desk.work("2026-03-31T00:00:00Z");
  CHECK(desk.enrolled() == "2026-03-03T09:00:00.000Z 2026-03-04T09:00:00.000Z");
  CHECK(desk.not_enrolled().empty());
}

TEST_CASE("of several schedules at one instant the higher priority takes the lead") {
  std::string other = playbook("FREQ=DAILY;COUNT=1", "2026-03-03");
  other.replace(other.find("gold"), 4, "silver\npriority: 60");
  ScheduleDesk desk(
      {playbook("FREQ=DAILY;COUNT=1", "2026-03-03", "", "steps: [{ id: visit, wait: 1h, channel: task }]\n"), other});
  desk.update("2026-03-02T10:00:00Z", {});
  desk.work("2026-03-03T09:00:00Z");
  REQUIRE(desk.enrollments.size() == 1);
  CHECK(desk.not_enrolled() == "priority");
}

TEST_CASE("a schedule that is published counts from then on; one that is changed or removed, too") {
  const std::string by_event = "playbook: other\nenroll: { on: form.submitted }\n" + std::string(kTask);
  ScheduleDesk desk({by_event});
  desk.update("2026-02-01T10:00:00Z", kGold);
  CHECK(desk.lead.wake == Instant::never());
  desk.publish("2026-05-15T07:00:00Z", {by_event, playbook(kFourMonths)});
  CHECK(desk.lead.wake == at("2026-09-15T07:00:00Z"));
  CHECK(follows_schedules(desk.lead, desk.rulebook));

  desk.publish("2026-06-01T00:00:00Z", {playbook("FREQ=MONTHLY")});
  CHECK(desk.lead.wake == at("2026-06-15T07:00:00Z"));
  desk.publish("2026-06-02T00:00:00Z", {playbook("FREQ=MONTHLY", "lead.gold_since", ", when: true")});
  CHECK(desk.lead.wake == at("2026-06-15T07:00:00Z"));
  desk.publish("2026-06-03T00:00:00Z", {by_event});
  CHECK(desk.lead.wake == Instant::never());
  CHECK(desk.lead.schedules.empty());
}

TEST_CASE("who follows a publication late meets its schedules when it was published") {
  ScheduleDesk desk({"playbook: other\n" + std::string(kTask)});
  desk.update("2026-02-01T10:00:00Z", kGold);
  desk.rulebook = desk.rulebook_of({playbook(kFourMonths)});
  CHECK_FALSE(follows_schedules(desk.lead, desk.rulebook));
  const DecisionContext late{desk.rulebook, desk.nobody, at("2026-05-15T12:00:00Z"), at("2026-05-15T06:59:00Z")};
  LeadState walked = desk.lead;
  decide_published(walked, late, desk.out);
  REQUIRE(walked.schedules.size() == 1);
  CHECK(walked.schedules[0].next == at("2026-05-15T07:00:00Z"));
  CHECK(walked.wake == late.now);  // past, so it is due at once

  // An event may come before the walk does: the start that it brings is known from then on only.
  const Data gold{{"tier", cel::Value("gold")}};
  decide(desk.lead, event_of(desk.lead.id, EventType::lead_updated, late.now, gold), late, desk.out);
  CHECK(desk.lead.wake == late.now);
  CHECK(decide_due(desk.lead, late, desk.out));
  CHECK(desk.lead.enrollment.has_value());
}

TEST_CASE("occurrences after the end of a simulation are left") {
  ScheduleDesk desk({playbook("FREQ=DAILY")});
  desk.update("2026-03-02T10:00:00Z", kGold);
  const DecisionContext last{desk.rulebook, desk.nobody, desk.lead.wake, {}, at("2026-03-02T12:00:00Z")};
  CHECK_FALSE(decide_due(desk.lead, last, desk.out));
  CHECK(desk.lead.wake == Instant::never());
}

// ---- Whatever happens, no occurrence counts twice, and none before the first sight. ----

int pick(int below) { return *rc::gen::inRange(0, below); }

std::string draw_playbook() {
  const std::string rrule = *rc::gen::element<std::string>(
      "FREQ=DAILY", "FREQ=DAILY;INTERVAL=2", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=1,2,3,15");
  const std::string start = *rc::gen::element<std::string>("lead.gold_since", "2026-02-20");
  std::string text = playbook(rrule, start);
  const std::string hour = *rc::gen::element<std::string>("00:00", "02:30", "09:00", "23:59");
  text.replace(text.find("09:00"), 5, hour);
  return text;
}

Data draw_data() {
  Data data;
  if (pick(2) == 0) {
    data.emplace_back("timezone",
                      cel::Value(*rc::gen::element<std::string>("Europe/Paris", "America/New_York", "Australia/Sydney",
                                                                "Pacific/Apia", "Mars/Base")));
  }
  if (pick(2) == 0) {
    const std::string start = *rc::gen::element<std::string>("2026-01-01", "2026-02-28", "2026-03-20T22:00:00Z", "");
    data.emplace_back("gold_since", start.empty() ? cel::Value() : cel::Value(start));
  }
  return data;
}

TEST_CASE("every occurrence leads to at most one enrollment, and none before the first sight") {
  REQUIRE(rc::check("at most one enrollment, none before the first sight", [] {
    ScheduleDesk desk({draw_playbook()});
    Instant now = at("2026-03-01T00:00:00Z");
    const Instant first_sight = now + Duration{static_cast<std::int64_t>(pick(48)) * 3'600'000};
    now = first_sight;
    desk.event(now, EventType::lead_created, draw_data());
    std::optional<LocalDate> last;
    const auto audit = [&](const Zone& zone) {
      for (const auto& [enrolled_at, triggered_at] : desk.enrollments) {
        RC_ASSERT(triggered_at > first_sight);
        RC_ASSERT(triggered_at <= enrolled_at);
        const LocalDate date = zone.local_date(triggered_at);
        RC_ASSERT(!last || date > *last);
        last = date;
      }
      desk.enrollments.clear();
    };
    for (int i = 0; i < 25; ++i) {
      now = now + Duration{static_cast<std::int64_t>(pick(60)) * 1'800'000};
      const Zone zone = desk.lead.zone.value_or(Zone());
      switch (pick(4)) {
        case 0:
          desk.work(now);
          break;
        case 1:
          desk.wake_late(now);
          break;
        case 2:
          desk.work(now);
          audit(zone);
          desk.rulebook = desk.rulebook_of({draw_playbook()});
          if (pick(2) == 0) decide_published(desk.lead, {desk.rulebook, desk.nobody, now}, desk.out);
          break;
        default:
          desk.work(Instant{now.ms - 1});
          audit(zone);
          desk.event(now, EventType::lead_updated, draw_data());
          break;
      }
      audit(zone);
    }
  }));
}

}  // namespace
}  // namespace relance::rules
