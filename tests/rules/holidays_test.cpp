#include "rules/holidays.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "tests/rules/uniform.h"

namespace relance::rules {
namespace {

using tests::uniform;

std::string event(const std::string& lines) { return "BEGIN:VEVENT\r\n" + lines + "END:VEVENT\r\n"; }
std::string calendar(const std::string& components) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + components + "END:VCALENDAR\r\n";
}

/// The dates of a calendar, separated by blanks; or the error.
std::string dates(const std::string& text) {
  const auto found = holidays_from_ics(text);
  if (!found) return found.error();
  std::string out;
  for (const LocalDate date : *found) out += (out.empty() ? "" : " ") + to_string(date);
  return out;
}

std::string dates_of(const std::string& lines) { return dates(calendar(event(lines))); }

TEST_CASE("an all-day event is a holiday") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nSUMMARY:Labour Day\r\n") == "2026-05-01");
}

TEST_CASE("the end of an all-day event is exclusive") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:20260502\r\n") == "2026-05-01");
  CHECK(dates_of("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n") == "2026-12-24 2026-12-25 2026-12-26");
  CHECK(dates_of("DTSTART;VALUE=DATE:20261224\r\nDURATION:P3D\r\n") == "2026-12-24 2026-12-25 2026-12-26");
}

TEST_CASE("an all-day event whose end is its start is one day, as some programs write it") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:20260501\r\n") == "2026-05-01");
}

TEST_CASE("an event with times closes every date it touches, in its own zone") {
  CHECK(dates_of("DTSTART:20261224T140000Z\r\nDTEND:20261224T180000Z\r\n") == "2026-12-24");
  CHECK(dates_of("DTSTART:20261224T140000\r\n") == "2026-12-24");
  CHECK(dates_of("DTSTART:20261231T220000\r\nDURATION:PT4H\r\n") == "2026-12-31 2027-01-01");
  CHECK(dates_of("DTSTART;TZID=Europe/Paris:20260501T000000\r\nDTEND;TZID=Europe/Paris:20260502T000000\r\n") ==
        "2026-05-01");
  CHECK(dates_of("DTSTART;TZID=America/New_York:20260704T000000\r\nDTEND:20260705T040000Z\r\n") == "2026-07-04");
}

TEST_CASE("transparent events count, cancelled ones do not") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nTRANSP:TRANSPARENT\r\n") == "2026-05-01");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20260501\r\nSTATUS:CANCELLED\r\n") +
                       event("DTSTART;VALUE=DATE:20260508\r\n"))) == "2026-05-08");
}

TEST_CASE("dates are sorted and come once") {
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20261225\r\n") + event("DTSTART;VALUE=DATE:20260501\r\n") +
                       event("DTSTART;VALUE=DATE:20261225\r\n"))) == "2026-05-01 2026-12-25");
}

TEST_CASE("a yearly rule runs from its start to the end of 2100") {
  const auto found = holidays_from_ics(calendar(event("DTSTART;VALUE=DATE:19450508\r\nRRULE:FREQ=YEARLY\r\n")));
  REQUIRE(found);
  CHECK(found->size() == 101);
  CHECK(to_string(found->front()) == "2000-05-08");
  CHECK(to_string(found->back()) == "2100-05-08");
}

TEST_CASE("rules by weekday, with a count, with an end") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20251127\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3\r\n") ==
        "2025-11-27 2026-11-26 2027-11-25");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY;UNTIL=20280501\r\n") ==
        "2026-05-01 2027-05-01 2028-05-01");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260105\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2\r\n") == "2026-01-05 2026-01-19");
}

TEST_CASE("a rule that ends before its start leaves the start") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY;UNTIL=20260430\r\n") == "2026-05-01");
}

TEST_CASE("an end in UTC counts in the event's zone") {
  // 23:00 on 1 February in UTC is 08:00 on 2 February in Tokyo: the second occurrence is the last.
  CHECK(dates_of("DTSTART;TZID=Asia/Tokyo:20260126T080000\r\nRRULE:FREQ=WEEKLY;UNTIL=20260201T230000Z\r\n") ==
        "2026-01-26 2026-02-02");
}

TEST_CASE("occurrences of several days repeat whole") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270102\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n") ==
        "2026-12-31 2027-01-01 2027-12-31 2028-01-01");
}

TEST_CASE("single dates are added and taken out") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRDATE;VALUE=DATE:20260508,20260514\r\n") ==
        "2026-05-01 2026-05-08 2026-05-14");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY;COUNT=3\r\nEXDATE;VALUE=DATE:20270501\r\n") ==
        "2026-05-01 2028-05-01");
  CHECK(dates_of("DTSTART:20260501T000000\r\nRDATE;VALUE=PERIOD:20260508T000000/P1D\r\n") == "2026-05-01 2026-05-08");
}

TEST_CASE("an occurrence that was moved leaves its old date") {
  const std::string master = event("UID:king\r\nDTSTART;VALUE=DATE:20250427\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n");
  const std::string moved = event("UID:king\r\nRECURRENCE-ID;VALUE=DATE:20250427\r\nDTSTART;VALUE=DATE:20250426\r\n");
  CHECK(dates(calendar(master + moved)) == "2025-04-26 2026-04-27");
  CHECK(dates(calendar(moved + master)) == "2025-04-26 2026-04-27");
  const std::string cancelled =
      event("UID:king\r\nRECURRENCE-ID;VALUE=DATE:20250427\r\nDTSTART;VALUE=DATE:20250427\r\nSTATUS:CANCELLED\r\n");
  CHECK(dates(calendar(master + cancelled)) == "2026-04-27");
}

TEST_CASE("files with plain line ends, a byte order mark, folded lines and other components are read") {
  CHECK(dates("\xEF\xBB\xBF"
              "BEGIN:VCALENDAR\n"
              "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\n"
              "TZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
              "BEGIN:VTODO\nDTSTART;VALUE=DATE:20260101\nEND:VTODO\n"
              "begin:vevent\nDTSTART;VALUE=DATE:2026\n 0501\nSUMMARY:a\n b\nLOCATION:\n"
              "BEGIN:VALARM\nTRIGGER:-PT1H\nACTION:DISPLAY\nDESCRIPTION:x\nEND:VALARM\n"
              "end:vevent\nEND:VCALENDAR") == "2026-05-01");
}

TEST_CASE("what is no calendar, damaged or without an event is refused with a reason") {
  CHECK(dates("") == "this is no iCalendar file: it does not begin with BEGIN:VCALENDAR");
  CHECK(dates("2026-05-01\n") == "this is no iCalendar file: it does not begin with BEGIN:VCALENDAR");
  CHECK(dates(std::string("B\0E\0G\0", 6)) == "this is no iCalendar file in UTF-8: it has a zero byte");
  CHECK(dates(calendar("")) == "the calendar has no event (VEVENT)");
  CHECK(dates("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260501\n") ==
        "the file ends inside VEVENT: its end is missing");
  CHECK(dates("BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR\n") == "line 2: an END without its BEGIN");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20260501\n")) + calendar("")) ==
        "line 8: one VCALENDAR and all else inside it is expected here");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nnonsense\r\n") == "line 4: a line in it is no iCalendar property");
}

TEST_CASE("errors in an event name its line") {
  const std::string good = event("DTSTART;VALUE=DATE:20260501\r\n");
  CHECK(dates(calendar(good + event("SUMMARY:x\r\n"))) == "line 7: the event has no DTSTART");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260231\r\n") == "line 4: DTSTART is a date that does not exist");
  CHECK(dates_of("DTSTART;VALUE=DATE:soon\r\n") == "line 4: DTSTART cannot be read: soon");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:20260430\r\n") ==
        "line 4: the event ends before it starts");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:\r\n") == "line 4: DTEND cannot be read");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nDURATION:-P3D\r\n") == "line 4: the event ends before it starts");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=SOMETIMES\r\n") ==
        "line 4: RRULE cannot be read: FREQ=SOMETIMES");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n") ==
        "line 4: RRULE is not valid, or never gives a date");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\r\n") ==
        "line 4: RRULE is not valid, or never gives a date");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRDATE;VALUE=DATE:20260532\r\n") ==
        "line 4: RDATE is a date that does not exist");
}

TEST_CASE("what is not supported is said, not guessed") {
  CHECK(dates_of("DTSTART:20260501T000000\r\nRRULE:FREQ=HOURLY\r\n") ==
        "line 4: RRULE repeats more than once a day; DAILY, WEEKLY, MONTHLY and YEARLY are supported");
  CHECK(dates_of("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY\r\nEXRULE:FREQ=YEARLY;INTERVAL=2\r\n") ==
        "line 4: EXRULE is not supported, use EXDATE");
  CHECK(dates_of("RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260501\r\nDTSTART;VALUE=DATE:20260501\r\n") ==
        "line 4: RECURRENCE-ID with RANGE is not supported");
}

TEST_CASE("files that would close every day, or cost too much, are refused") {
  CHECK(dates_of("DTSTART;VALUE=DATE:20000101\r\nRRULE:FREQ=DAILY\r\n") ==
        "line 4: the file has more than 10000 holidays up to this event");
  CHECK(dates_of("DTSTART;VALUE=DATE:20000101\r\nDTEND;VALUE=DATE:99990101\r\n") ==
        "line 4: the file has more than 10000 holidays up to this event");
  CHECK(dates_of("DTSTART;VALUE=DATE:10000101\r\nRRULE:FREQ=DAILY\r\n") == "line 4: RRULE repeats too often");
  CHECK(dates(std::string((1 << 20) + 1, ' ')) == "the file is larger than 1 MiB");
  std::string deep = "BEGIN:VCALENDAR\n";
  for (int i = 0; i < 50'000; ++i) deep += "BEGIN:VEVENT\n";
  CHECK(dates(deep) == "line 9: components are nested too deeply");
  std::string parameters = "DTSTART";
  for (int i = 0; i < 100'000; ++i) parameters += ";A=b";
  CHECK(dates_of(parameters + ":20260501\r\n") == "line 5: the part before the colon is longer than 4096 bytes");
}

TEST_CASE("events before 2000 and after 2100 give no dates") {
  CHECK(dates_of("DTSTART;VALUE=DATE:19991231\r\nDTEND;VALUE=DATE:20000103\r\n") == "2000-01-01 2000-01-02");
  CHECK(dates_of("DTSTART;VALUE=DATE:21001231\r\nDTEND;VALUE=DATE:21010103\r\n") == "2100-12-31");
  CHECK(dates_of("DTSTART;VALUE=DATE:25000101\r\n").empty());
}

TEST_CASE("a calendar that is damaged anywhere is read or refused, never worse") {
  const std::string whole = calendar(
      event("UID:1\r\nDTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:20260503\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n") +
      event("UID:2\r\nDTSTART;TZID=Europe/Paris:20260714T000000\r\nDURATION:P1D\r\nEXDATE:20260714T000000\r\n"));
  CHECK(rc::check([&] {
    std::string text = whole;
    const int changes = uniform(1, 4);
    for (int i = 0; i < changes; ++i) {
      const auto at = uniform<std::size_t>(0, text.size());
      text[at] = *rc::gen::arbitrary<char>();
    }
    const auto found = holidays_from_ics(text);
    if (found) {
      RC_ASSERT(std::is_sorted(found->begin(), found->end()));
    } else {
      RC_ASSERT(!found.error().empty());
    }
  }));
}

}  // namespace
}  // namespace relance::rules
