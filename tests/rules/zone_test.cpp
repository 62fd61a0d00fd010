#include "rules/zone.h"

#include <date/tz.h>
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/rules/rules_support.h"
#include "tests/rules/uniform.h"

namespace relance::rules {
namespace {

using tests::at;
using tests::uniform;
using tests::zone;

LocalDateTime wall(std::string_view date, std::string_view time) {
  const auto day = parse_date(date);
  const auto of_day = parse_time_of_day(time);
  REQUIRE(day);
  REQUIRE(of_day);
  return {*day, *of_day};
}

std::string shown(LocalDateTime local) { return to_string(local.date) + " " + to_string(local.time); }
std::string local(std::string_view name, std::string_view instant) { return shown(zone(name).local(at(instant))); }
std::string resolved(std::string_view name, std::string_view date, std::string_view time) {
  return to_string(zone(name).resolve(wall(date, time)));
}

TEST_CASE("dates read and print in ISO form, existing ones only") {
  CHECK(parse_date("1970-01-01") == LocalDate{0});
  CHECK(parse_date("2026-05-01") == LocalDate{20574});
  CHECK(parse_date("2024-02-29"));
  CHECK(to_string(LocalDate{-1}) == "1969-12-31");
  CHECK(to_string(*parse_date("0000-01-01")) == "0000-01-01");
  CHECK(to_string(*parse_date("9999-12-31")) == "9999-12-31");
  CHECK(to_string(*parse_date("9999-12-31") + 1) == "2932897");
  CHECK(to_string(*parse_date("0000-01-01") + -1) == "-719529");
  for (const char* text : {"", "2026-5-1", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32",
                           "20260501", "2026/05/01", "2026-05-01 ", " 2026-05-01", "+026-05-01", "2026-05-1x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text));
  }
}

TEST_CASE("the week starts on Monday") {
  CHECK(weekday_from_monday(*parse_date("2026-03-02")) == 0);
  CHECK(weekday_from_monday(*parse_date("2026-03-08")) == 6);
  CHECK(weekday_from_monday(*parse_date("1970-01-01")) == 3);
  CHECK(weekday_from_monday(*parse_date("1969-12-28")) == 6);
}

TEST_CASE("times of day read as HH:MM from 00:00 to 24:00") {
  CHECK(parse_time_of_day("00:00") == LocalTime{0});
  CHECK(parse_time_of_day("09:30") == LocalTime{34'200'000});
  CHECK(parse_time_of_day("24:00") == LocalTime{86'400'000});
  CHECK(to_string(LocalTime{34'259'999}) == "09:30");
  CHECK(to_string(LocalTime{86'400'000}) == "24:00");
  for (const char* text : {"", "9:30", "09:60", "24:01", "25:00", "09.30", "0930", "09:30:00", " 9:30", "-9:30"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time_of_day(text));
  }
}

TEST_CASE("a zone made from nothing is UTC and equals the one found by name") {
  CHECK(Zone() == zone("UTC"));
  CHECK(Zone().name() == "UTC");
  CHECK(Zone().offset(at("2026-07-01T00:00:00Z")) == Duration{0});
  CHECK(Zone().resolve(wall("2026-07-01", "12:00")) == at("2026-07-01T12:00:00Z"));
}

TEST_CASE("the same name gives the same zone, another name another one") {
  CHECK(zone("Europe/Paris") == zone("Europe/Paris"));
  CHECK_FALSE(zone("Europe/Paris") == zone("Europe/Berlin"));
  CHECK(zone("Europe/Paris").name() == "Europe/Paris");
}

TEST_CASE("names that the database does not have are not found, again and again") {
  for (int round = 0; round < 2; ++round) {
    for (const char* name : {"", "Mars/Olympus", "europe/paris", "Europe", "Europe/", "/Europe/Paris",
                             "../zoneinfo/UTC", "Europe/../UTC", "Europe/Paris ", " UTC", "Europe\\Paris", "localtime",
                             "posixrules", "right/UTC", "tzdata.zi", "zone.tab", "+01:00", "Europe/Paris\n"}) {
      CAPTURE(name);
      CHECK_FALSE(Zone::find(name));
    }
    CHECK_FALSE(Zone::find(std::string_view("UTC\0", 4)));
    CHECK_FALSE(Zone::find(std::string(65, 'A')));
    CHECK_FALSE(Zone::find(std::string(1 << 20, 'A')));
  }
}

TEST_CASE("zones are found after thousands of unknown names") {
  for (int i = 0; i < 3000; ++i) CHECK_FALSE(Zone::find("Nowhere/City" + std::to_string(i)));
  CHECK(Zone::find("Asia/Tokyo"));
  CHECK_FALSE(Zone::find("Nowhere/City2999"));
}

TEST_CASE("zones without a place, with signs and digits in their names") {
  CHECK(zone("Etc/UTC").offset(Instant{0}) == Duration{0});
  CHECK(zone("Etc/GMT+5").offset(Instant{0}) == Duration{-5 * 3'600'000});
  CHECK(zone("Etc/GMT-14").offset(Instant{0}) == Duration{14 * 3'600'000});
}

TEST_CASE("old names for a zone work where the database has them") {
  // Debian 13 and Ubuntu 24.04 keep them in a package of their own (tzdata-legacy), where unknown is the right answer.
  for (const auto& [old_name, new_name] :
       {std::pair{"Asia/Calcutta", "Asia/Kolkata"}, std::pair{"US/Eastern", "America/New_York"},
        std::pair{"EST5EDT", "America/New_York"}}) {
    const auto found = Zone::find(old_name);
    if (!found) continue;
    for (const char* text : {"2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"}) {
      CHECK(found->local(at(text)) == zone(new_name).local(at(text)));
    }
  }
}

TEST_CASE("Paris: the hour that spring skips is the first instant after it") {
  CHECK(local("Europe/Paris", "2026-03-29T00:59:59Z") == "2026-03-29 01:59");
  CHECK(local("Europe/Paris", "2026-03-29T01:00:00Z") == "2026-03-29 03:00");
  CHECK(resolved("Europe/Paris", "2026-03-29", "01:59") == "2026-03-29T00:59:00.000Z");
  CHECK(resolved("Europe/Paris", "2026-03-29", "02:00") == "2026-03-29T01:00:00.000Z");
  CHECK(resolved("Europe/Paris", "2026-03-29", "02:30") == "2026-03-29T01:00:00.000Z");
  CHECK(resolved("Europe/Paris", "2026-03-29", "03:00") == "2026-03-29T01:00:00.000Z");
  CHECK(resolved("Europe/Paris", "2026-03-29", "03:01") == "2026-03-29T01:01:00.000Z");
}

TEST_CASE("Paris: an hour that autumn repeats is the first of the two") {
  CHECK(local("Europe/Paris", "2026-10-25T00:30:00Z") == "2026-10-25 02:30");
  CHECK(local("Europe/Paris", "2026-10-25T01:30:00Z") == "2026-10-25 02:30");
  CHECK(resolved("Europe/Paris", "2026-10-25", "02:00") == "2026-10-25T00:00:00.000Z");
  CHECK(resolved("Europe/Paris", "2026-10-25", "02:59") == "2026-10-25T00:59:00.000Z");
  CHECK(resolved("Europe/Paris", "2026-10-25", "03:00") == "2026-10-25T02:00:00.000Z");
}

TEST_CASE("New York changes at two in the morning") {
  CHECK(resolved("America/New_York", "2026-03-08", "02:30") == "2026-03-08T07:00:00.000Z");
  CHECK(resolved("America/New_York", "2026-11-01", "01:30") == "2026-11-01T05:30:00.000Z");
  CHECK(resolved("America/New_York", "2026-11-01", "02:00") == "2026-11-01T07:00:00.000Z");
  CHECK(resolved("America/New_York", "2026-07-04", "24:00") == "2026-07-05T04:00:00.000Z");
}

TEST_CASE("Lord Howe changes by half an hour") {
  CHECK(local("Australia/Lord_Howe", "2025-10-04T15:29:00Z") == "2025-10-05 01:59");
  CHECK(local("Australia/Lord_Howe", "2025-10-04T15:30:00Z") == "2025-10-05 02:30");
  CHECK(resolved("Australia/Lord_Howe", "2025-10-05", "02:15") == "2025-10-04T15:30:00.000Z");
  CHECK(resolved("Australia/Lord_Howe", "2025-04-06", "01:45") == "2025-04-05T14:45:00.000Z");
  CHECK(resolved("Australia/Lord_Howe", "2025-04-06", "02:00") == "2025-04-05T15:30:00.000Z");
}

TEST_CASE("St. John's changed at one minute past midnight until 2011") {
  CHECK(local("America/St_Johns", "2010-03-14T03:30:00Z") == "2010-03-14 00:00");
  CHECK(local("America/St_Johns", "2010-03-14T03:31:00Z") == "2010-03-14 01:01");
  CHECK(resolved("America/St_Johns", "2010-03-14", "00:30") == "2010-03-14T03:31:00.000Z");
  // Back to 23:01 of the day before: midnight comes twice, and the first counts.
  CHECK(local("America/St_Johns", "2010-11-07T02:31:00Z") == "2010-11-06 23:01");
  CHECK(zone("America/St_Johns").midnight(*parse_date("2010-11-07")) == at("2010-11-07T02:30:00Z"));
  CHECK(resolved("America/St_Johns", "2010-11-06", "24:00") == "2010-11-07T02:30:00.000Z");
  CHECK(resolved("America/St_Johns", "2010-11-07", "00:01") == "2010-11-07T03:31:00.000Z");
}

TEST_CASE("Kolkata is half an hour off and has no clock change") {
  CHECK(local("Asia/Kolkata", "2026-03-02T08:10:00Z") == "2026-03-02 13:40");
  CHECK(resolved("Asia/Kolkata", "2026-03-02", "00:00") == "2026-03-01T18:30:00.000Z");
}

TEST_CASE("Apia skipped 30 December 2011: all of it is the first instant after") {
  CHECK(local("Pacific/Apia", "2011-12-30T09:59:59Z") == "2011-12-29 23:59");
  CHECK(local("Pacific/Apia", "2011-12-30T10:00:00Z") == "2011-12-31 00:00");
  CHECK(resolved("Pacific/Apia", "2011-12-29", "24:00") == "2011-12-30T10:00:00.000Z");
  CHECK(resolved("Pacific/Apia", "2011-12-30", "00:00") == "2011-12-30T10:00:00.000Z");
  CHECK(resolved("Pacific/Apia", "2011-12-30", "15:00") == "2011-12-30T10:00:00.000Z");
  CHECK(resolved("Pacific/Apia", "2011-12-31", "00:00") == "2011-12-30T10:00:00.000Z");
  CHECK(resolved("Pacific/Apia", "2011-12-31", "09:00") == "2011-12-30T19:00:00.000Z");
}

TEST_CASE("Casablanca went back an hour for Ramadan: daylight saving with a negative sign") {
  CHECK(local("Africa/Casablanca", "2025-02-23T01:59:00Z") == "2025-02-23 02:59");
  CHECK(local("Africa/Casablanca", "2025-02-23T02:00:00Z") == "2025-02-23 02:00");
  CHECK(resolved("Africa/Casablanca", "2025-02-23", "02:30") == "2025-02-23T01:30:00.000Z");
  CHECK(resolved("Africa/Casablanca", "2025-03-15", "09:00") == "2025-03-15T09:00:00.000Z");
  CHECK(resolved("Africa/Casablanca", "2025-04-06", "02:30") == "2025-04-06T02:00:00.000Z");
  CHECK(resolved("Africa/Casablanca", "2025-04-06", "09:00") == "2025-04-06T08:00:00.000Z");
}

TEST_CASE("Tehran gave up its clock changes in 2022") {
  CHECK(resolved("Asia/Tehran", "2022-03-22", "00:00") == "2022-03-21T20:30:00.000Z");
  CHECK(local("Asia/Tehran", "2022-03-21T20:30:00Z") == "2022-03-22 01:00");
  CHECK(local("Asia/Tehran", "2022-09-21T19:30:00Z") == "2022-09-21 23:00");
  CHECK(resolved("Asia/Tehran", "2023-07-01", "12:00") == "2023-07-01T08:30:00.000Z");
}

TEST_CASE("where midnight is skipped the day begins at the first instant after the gap") {
  CHECK(zone("America/Santiago").midnight(*parse_date("2025-09-07")) == at("2025-09-07T04:00:00Z"));
  CHECK(local("America/Santiago", "2025-09-07T04:00:00Z") == "2025-09-07 01:00");
  CHECK(zone("America/Sao_Paulo").midnight(*parse_date("2018-11-04")) == at("2018-11-04T03:00:00Z"));
  CHECK(zone("Africa/Cairo").midnight(*parse_date("2023-04-28")) == at("2023-04-27T22:00:00Z"));
  CHECK(zone("Asia/Beirut").midnight(*parse_date("2022-03-27")) == at("2022-03-26T22:00:00Z"));
}

TEST_CASE("where the last hour of a day comes twice the next day begins after both") {
  CHECK(zone("America/Santiago").midnight(*parse_date("2025-04-06")) == at("2025-04-06T04:00:00Z"));
  CHECK(resolved("America/Santiago", "2025-04-05", "23:30") == "2025-04-06T02:30:00.000Z");
  CHECK(zone("America/Sao_Paulo").midnight(*parse_date("2019-02-17")) == at("2019-02-17T03:00:00Z"));
}

TEST_CASE("instants far from any calendar read as some local time and never overflow") {
  for (const char* name : {"UTC", "Europe/Paris", "Pacific/Apia", "America/New_York"}) {
    CAPTURE(name);
    CHECK(zone(name).local(Instant::never()).date > LocalDate{1'000'000'000});
    CHECK(zone(name).local(Instant::earliest()).date < LocalDate{-1'000'000'000});
    CHECK(zone(name).resolve({LocalDate{INT32_MAX}, LocalTime{86'400'000}}) > Instant{0});
    CHECK(zone(name).resolve({LocalDate{INT32_MIN}, LocalTime{0}}) < Instant{0});
    CHECK(zone(name).offset(Instant::never()) == zone(name).offset(at("2150-01-15T00:00:00Z")));
  }
}

TEST_CASE("zones are found from many threads at once") {
  std::vector<std::thread> threads;
  std::vector<int> found(8, 0);
  for (std::size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&found, i] {
      for (const char* name : {"Europe/Madrid", "Europe/Rome", "Nowhere/AtAll", "Asia/Seoul", "Europe/Oslo"}) {
        if (const auto here = Zone::find(name)) found[i] += here->offset(Instant{0}).ms >= 0 ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : found) CHECK(count == 4);
}

/// Any zone of the machine's database.
const date::time_zone& any_zone() {
  const auto& zones = date::get_tzdb().zones;
  while (true) {
    const auto& chosen = zones[uniform<std::size_t>(0, zones.size())];
    if (chosen.name() != "localtime") return chosen;
  }
}

/// Half of them anywhere in 1900 to 2037, half within three hours of a clock change of the zone.
Instant any_instant(const date::time_zone& zone) {
  const Instant anywhere{uniform<std::int64_t>(-2'208'988'800'000, 2'114'380'800'000)};
  if (*rc::gen::arbitrary<bool>()) return anywhere;
  const auto info = zone.get_info(date::sys_seconds{std::chrono::seconds{anywhere.ms / 1000}});
  const std::int64_t change = info.end.time_since_epoch().count() * 1000LL;
  if (change > 2'114'380'800'000) return anywhere;
  return Instant{change + uniform<std::int64_t>(-10'800'000, 10'800'000)};
}

TEST_CASE("every zone's local times are those of the database") {
  CHECK(rc::check([] {
    const date::time_zone& reference = any_zone();
    const Instant instant = any_instant(reference);
    const auto expected =
        reference.to_local(date::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{instant.ms}});
    const LocalDateTime got = zone(reference.name()).local(instant);
    RC_ASSERT(got.date.days * kDay.ms + got.time.ms == expected.time_since_epoch().count());
  }));
}

TEST_CASE("resolving an instant's local time gives it back, or the first of the two in an overlap") {
  CHECK(rc::check([] {
    const date::time_zone& reference = any_zone();
    const Instant instant = any_instant(reference);
    const Zone here = zone(reference.name());
    const LocalDateTime local = here.local(instant);
    const Instant first = here.resolve(local);
    RC_ASSERT(first <= instant);
    RC_ASSERT(here.local(first) == local);
    const auto wanted = date::local_time<std::chrono::milliseconds>{
        std::chrono::milliseconds{local.date.days * kDay.ms + local.time.ms}};
    if (reference.get_info(wanted).result == date::local_info::unique) RC_ASSERT(first == instant);
  }));
}

TEST_CASE("any local time resolves to the first instant that reads it or a later one") {
  CHECK(rc::check([] {
    const date::time_zone& reference = any_zone();
    const Zone here = zone(reference.name());
    const std::int64_t near = any_instant(reference).ms + uniform<std::int64_t>(-kDay.ms, kDay.ms);
    const std::int32_t days = static_cast<std::int32_t>(near / kDay.ms);
    const LocalDateTime local{LocalDate{days}, LocalTime{uniform(0, 86'400'001)}};
    const Instant instant = here.resolve(local);
    const std::int64_t wanted = local.date.days * kDay.ms + local.time.ms;
    const auto reads = [&](Instant i) { return i.ms + here.offset(i).ms; };
    RC_ASSERT(reads(instant) >= wanted);
    RC_ASSERT(reads(instant - Duration{1}) < wanted);
  }));
}

}  // namespace
}  // namespace relance::rules
