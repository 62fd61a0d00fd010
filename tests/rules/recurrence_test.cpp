#include "rules/recurrence.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace relance::rules {
namespace {

Recurrence rule(std::string_view text) {
  auto read = Recurrence::parse(text);
  REQUIRE_MESSAGE(read, std::string(text));
  return std::move(*read);
}

/// What is wrong with the text, and at which byte.
std::string refusal(std::string_view text) {
  const auto read = Recurrence::parse(text);
  if (read) return "accepted";
  return std::to_string(read.error().offset) + ": " + read.error().text;
}

LocalDate date(std::string_view text) { return parse_date(text).value(); }

/// The first dates after the day before `start`, separated by blanks.
std::string dates(std::string_view text, std::string_view start, int count = 4) {
  const Recurrence read = rule(text);
  std::string all;
  LocalDate after = date(start) + -1;
  for (int i = 0; i < count; ++i) {
    const auto next = read.next(date(start), after);
    if (!next) return all + (all.empty() ? "" : " ") + "end";
    all += (all.empty() ? "" : " ") + to_string(*next);
    after = *next;
  }
  return all;
}

TEST_CASE("every four months is the same day of each fourth month, the start included") {
  CHECK(dates("FREQ=MONTHLY;INTERVAL=4", "2026-01-15") == "2026-01-15 2026-05-15 2026-09-15 2027-01-15");
}

TEST_CASE("a month that lacks the day is left out, as the RFC has it") {
  CHECK(dates("FREQ=MONTHLY;INTERVAL=4", "2026-01-31") == "2026-01-31 2026-05-31 2027-01-31 2027-05-31");
  CHECK(dates("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2026-01-31") ==
        "2026-01-31 2026-02-28 2026-03-31 2026-04-30");
}

TEST_CASE("the start is no date of its own where the rule does not give it") {
  CHECK(dates("FREQ=MONTHLY;INTERVAL=4;BYDAY=2TU", "2026-01-15") == "2026-05-12 2026-09-08 2027-01-12 2027-05-11");
  CHECK(dates("FREQ=WEEKLY;BYDAY=MO,FR", "2026-03-03") == "2026-03-06 2026-03-09 2026-03-13 2026-03-16");
}

TEST_CASE("COUNT counts from the start, UNTIL includes its date") {
  CHECK(dates("FREQ=DAILY;COUNT=2", "2026-03-03") == "2026-03-03 2026-03-04 end");
  CHECK(dates("FREQ=WEEKLY;UNTIL=20260317", "2026-03-03") == "2026-03-03 2026-03-10 2026-03-17 end");
  CHECK_FALSE(rule("FREQ=DAILY;COUNT=3").next(date("2026-03-03"), date("2026-03-05")));
}

TEST_CASE("nothing comes after 2100, and no start counts before 1970") {
  CHECK(dates("FREQ=YEARLY", "2098-06-01", 5) == "2098-06-01 2099-06-01 2100-06-01 end");
  CHECK_FALSE(rule("FREQ=YEARLY").next(date("1969-12-31"), date("2026-01-01")));
}

TEST_CASE("what the RFC gives as examples comes out as it says") {
  // RFC 5545, 3.8.5.3, with the dates as they are written there.
  CHECK(dates("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH", "1997-09-02") ==
        "1997-09-02 1997-09-04 1997-09-16 1997-09-18");
  CHECK(dates("FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU", "1997-09-07") == "1997-09-07 1997-09-28 1997-11-02 1997-11-30");
  CHECK(dates("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28") == "1997-09-28 1997-10-29 1997-11-28 1997-12-29");
  CHECK(dates("FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200", "1997-01-01") ==
        "1997-01-01 1997-04-10 1997-07-19 2000-01-01");
  CHECK(dates("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02") == "1998-02-13 1998-03-13 1998-11-13 1999-08-13");
  CHECK(dates("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29") ==
        "1997-09-29 1997-10-30 1997-11-27 1997-12-30");
  CHECK(dates("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05") ==
        "1996-11-05 2000-11-07 2004-11-02 2008-11-04");
}

TEST_CASE("weeks are counted from the week of the start, also where the day comes before the start's own") {
  CHECK(dates("FREQ=WEEKLY;INTERVAL=4;BYDAY=SU", "2022-02-04", 2) == "2022-02-06 2022-03-06");
  CHECK(dates("FREQ=WEEKLY;INTERVAL=5;WKST=SA;BYDAY=MO", "2024-04-26", 2) == "2024-05-27 2024-07-01");
  CHECK(dates("FREQ=WEEKLY;INTERVAL=2;WKST=FR;BYDAY=SU,MO,WE,TH", "2024-10-21", 4) ==
        "2024-10-21 2024-10-23 2024-10-24 2024-11-03");
  CHECK(dates("FREQ=WEEKLY;INTERVAL=2;COUNT=3;BYDAY=SU", "2021-11-21") == "2021-11-21 2021-12-05 2021-12-19 end");
}

TEST_CASE("the text does not depend on letter case and order") {
  CHECK(rule("byday=2tu;interval=4;freq=monthly").text() == "FREQ=MONTHLY;INTERVAL=4;BYDAY=2TU");
}

TEST_CASE("what cannot be used is named with its place") {
  CHECK(refusal("") == "0: expected a part such as INTERVAL=4, got ``");
  CHECK(refusal("every 4 months") == "0: expected a part such as INTERVAL=4, got `EVERY 4 MONTHS`");
  CHECK(refusal("RRULE:FREQ=DAILY") == "0: expected the rule alone, got `RRULE:` before it");
  CHECK(refusal("INTERVAL=4") == "0: expected FREQ, which says the unit of time");
  CHECK(refusal("FREQ=HOURLY") == "0: expected FREQ with one of DAILY, WEEKLY, MONTHLY, YEARLY, got `HOURLY`");
  CHECK(refusal("FREQ=DAILY;BYHOUR=9") == "11: `BYHOUR` is not used here: `at` says the time of day");
  CHECK(refusal("FREQ=DAILY;INTERVALL=2") == "11: expected a part of a recurrence rule such as FREQ, got `INTERVALL`");
  CHECK(refusal("FREQ=DAILY;FREQ=DAILY") == "11: `FREQ` is there twice");
  CHECK(refusal("FREQ=DAILY;INTERVAL=0") == "11: expected INTERVAL with a number from 1 to 1000, got `0`");
  CHECK(refusal("FREQ=DAILY;INTERVAL=1,2") == "11: expected INTERVAL with a number from 1 to 1000, got `1,2`");
  CHECK(refusal("FREQ=MONTHLY;BYMONTHDAY=32") ==
        "13: expected BYMONTHDAY with numbers from 1 to 31, or as much below zero to count from the end, got `32`");
  CHECK(refusal("FREQ=DAILY;COUNT=2;UNTIL=20270101") == "19: `COUNT` and `UNTIL` exclude each other");
  CHECK(refusal("FREQ=DAILY;UNTIL=20270229") ==
        "11: expected UNTIL with an existing local date such as 20271231, got `20270229`");
  CHECK(refusal("FREQ=DAILY;UNTIL=20270101T000000Z").starts_with("11: expected UNTIL with an existing local date"));
  CHECK(refusal("FREQ=WEEKLY;BYDAY=1MO") == "12: expected BYDAY with days of MO, TU, WE, TH, FR, SA, SU, got `1MO`");
  CHECK(refusal("FREQ=MONTHLY;BYDAY=6MO").starts_with("13: expected BYDAY with days of"));
  CHECK(refusal("FREQ=WEEKLY;BYDAY=MO,TU,MO") == "12: `MO` is twice in the list of BYDAY");
  CHECK(refusal("FREQ=YEARLY;BYWEEKNO=3") == "12: `BYWEEKNO` is not used here");
  CHECK(refusal("FREQ=MONTHLY;BYYEARDAY=3") == "13: `BYYEARDAY` goes with FREQ=YEARLY and no other BY part only");
  CHECK(refusal("FREQ=YEARLY;BYMONTHDAY=3") ==
        "12: `BYMONTHDAY` goes with FREQ=MONTHLY, or with FREQ=YEARLY and BYMONTH only");
  CHECK(refusal("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1") == "24: `BYSETPOS` goes with FREQ=MONTHLY or FREQ=YEARLY only");
  CHECK(refusal("FREQ=MONTHLY;BYSETPOS=1") == "13: `BYSETPOS` goes with days of another BY part to choose from only");
  CHECK(refusal("FREQ=DAILY;WKST=MON") == "11: expected WKST with one of MO, TU, WE, TH, FR, SA, SU, got `MON`");
}

TEST_CASE("a rule that some starts never fulfil is found out") {
  CHECK(rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").start_without_dates());
  CHECK(rule("FREQ=DAILY;INTERVAL=7;BYDAY=MO").start_without_dates());
  CHECK(rule("FREQ=MONTHLY;INTERVAL=12;BYMONTH=2").start_without_dates());
  CHECK_FALSE(rule("FREQ=MONTHLY;INTERVAL=4").start_without_dates());
  CHECK_FALSE(rule("FREQ=MONTHLY;INTERVAL=4;BYDAY=2TU").start_without_dates());
  CHECK_FALSE(rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU").start_without_dates());
  CHECK_FALSE(rule("FREQ=YEARLY;BYMONTH=5;BYDAY=MO;UNTIL=19991231").start_without_dates());
}

/// What next() gives when it is asked from the beginning, date by date.
std::optional<LocalDate> walked(const Recurrence& read, LocalDate start, LocalDate after) {
  LocalDate last = start + -1;
  while (const auto next = read.next(start, last)) {
    if (*next > after) return next;
    last = *next;
  }
  return std::nullopt;
}

TEST_CASE("asking late gives what counting from the start gives") {
  REQUIRE(rc::check("asking late gives what counting from the start gives", [] {
    const std::string text = *rc::gen::element<std::string>(
        "FREQ=DAILY", "FREQ=DAILY;INTERVAL=10;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,SA", "FREQ=MONTHLY;BYDAY=MO,WE,FR;BYSETPOS=-1",
        "FREQ=WEEKLY;INTERVAL=5;COUNT=40", "FREQ=MONTHLY;INTERVAL=4", "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20280101",
        "FREQ=YEARLY;BYMONTH=5;BYDAY=2TU", "FREQ=DAILY;BYMONTH=3,9");
    const LocalDate start{20'000 + *rc::gen::inRange(0, 500)};
    const LocalDate after = start + *rc::gen::inRange(-10, 700);
    const Recurrence read = rule(text);
    const auto next = read.next(start, after);
    RC_ASSERT(next == walked(read, start, after));
    if (!next) return;
    RC_ASSERT(*next > after);
    RC_ASSERT(read.latest(start, after, *next) == next);
    RC_ASSERT(!read.latest(start, after, *next + -1));
  }));
}

}  // namespace
}  // namespace relance::rules
