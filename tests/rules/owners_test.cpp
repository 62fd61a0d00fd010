#include "rules/owners.h"

#include <doctest/doctest.h>

namespace relance::rules {
namespace {

LocalDate day(std::string_view iso) { return *parse_date(iso); }
Instant utc(std::string_view text) { return *parse_rfc3339(text); }
OwnerCalendar in(std::string_view zone, std::vector<DayRange> ranges) {
  return {*Zone::find(zone), joined_ranges(std::move(ranges))};
}

TEST_CASE("absences that meet or overlap are one, in whatever order they are written") {
  CHECK(joined_ranges({{day("2026-08-10"), day("2026-08-14")},
                       {day("2026-09-01"), day("2026-09-01")},
                       {day("2026-08-03"), day("2026-08-09")},
                       {day("2026-08-04"), day("2026-08-05")}}) ==
        std::vector<DayRange>{{day("2026-08-03"), day("2026-08-14")}, {day("2026-09-01"), day("2026-09-01")}});
  CHECK(joined_ranges({}).empty());
}

TEST_CASE("an absence is whole days of the owner's zone, the first and the last included") {
  // Paris is two hours ahead of UTC in August.
  const OwnerCalendar paris =
      in("Europe/Paris", {{day("2026-08-03"), day("2026-08-04")}, {day("2026-08-06"), day("2026-08-06")}});
  CHECK_FALSE(absent_until(paris, utc("2026-08-02T21:59:59Z")));
  CHECK(absent_until(paris, utc("2026-08-02T22:00:00Z")) == utc("2026-08-04T22:00:00Z"));
  CHECK(absent_until(paris, utc("2026-08-04T21:59:59Z")) == utc("2026-08-04T22:00:00Z"));
  CHECK_FALSE(absent_until(paris, utc("2026-08-04T22:00:00Z")));
  CHECK(absent_until(paris, utc("2026-08-06T12:00:00Z")) == utc("2026-08-06T22:00:00Z"));
  CHECK_FALSE(absent_until(paris, utc("2027-08-06T12:00:00Z")));
  CHECK_FALSE(absent_until(in("UTC", {}), utc("2026-08-06T12:00:00Z")));
}

TEST_CASE("a day that begins after a gap begins there, and one that a clock enters twice is absent throughout") {
  // In Santiago the clock skips the first hour of 2026-09-06, and on 2026-04-05 goes back from 00:00 to 23:00.
  const OwnerCalendar gap = in("America/Santiago", {{day("2026-09-06"), day("2026-09-06")}});
  CHECK_FALSE(absent_until(gap, utc("2026-09-06T03:59:59Z")));
  CHECK(absent_until(gap, utc("2026-09-06T04:00:00Z")) == utc("2026-09-07T03:00:00Z"));
  const OwnerCalendar twice = in("America/Santiago", {{day("2026-04-04"), day("2026-04-04")}});
  CHECK(absent_until(twice, utc("2026-04-05T02:59:59Z")).has_value());
  CHECK(absent_until(twice, utc("2026-04-05T03:30:00Z")).has_value());
  CHECK_FALSE(absent_until(twice, utc("2026-04-05T04:00:00Z")));
}

TEST_CASE("touches of an owner are counted under a name that no account has and that does not tell the owner") {
  const std::string name(counted_under("anna@example.com").value.view());
  CHECK(name.find("anna") == std::string::npos);
  CHECK(static_cast<unsigned char>(name.front()) == 0xFF);  // in no UTF-8
  CHECK(counted_under("rep-7") == counted_under("rep-7"));
  CHECK(counted_under("rep-7") != counted_under("rep-8"));
}

TEST_CASE("people make calls, social touches, tasks and meetings; emails and sms go out by themselves") {
  CHECK(is_made_by_person(Channel::call));
  CHECK(is_made_by_person(Channel::social));
  CHECK(is_made_by_person(Channel::task));
  CHECK(is_made_by_person(Channel::meeting));
  CHECK_FALSE(is_made_by_person(Channel::email));
  CHECK_FALSE(is_made_by_person(Channel::sms));
}

}  // namespace
}  // namespace relance::rules
