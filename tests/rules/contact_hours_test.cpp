#include "rules/contact_hours.h"

#include <date/tz.h>
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/rules/rules_support.h"
#include "tests/rules/uniform.h"

namespace relance::rules {
namespace {

using tests::at;
using tests::uniform;
using tests::zone;

OpenWindow window(std::string_view from, std::string_view to) {
  return {parse_time_of_day(from).value(), parse_time_of_day(to).value()};
}

constexpr Duration kHour{3'600'000};
constexpr std::array<bool, 7> kEveryDay{true, true, true, true, true, true, true};

/// Monday to Friday, 09:00 to 17:00.
ContactHours office_hours() {
  ContactHours hours;
  hours.windows = {window("09:00", "17:00")};
  return hours;
}

ContactHours every_day(std::vector<OpenWindow> windows) {
  ContactHours hours;
  hours.days = kEveryDay;
  hours.windows = std::move(windows);
  return hours;
}

std::string opens(const ContactHours& hours, std::string_view zone_name, std::string_view instant) {
  const auto open = first_open(hours, zone(zone_name), at(instant));
  return open ? to_string(*open) : "never";
}

std::string passes(const ContactHours& hours, std::string_view zone_name, std::string_view start, Duration budget) {
  const auto deadline = open_time_deadline(hours, zone(zone_name), at(start), budget);
  return deadline ? to_string(*deadline) : "never";
}

TEST_CASE("hours are open from their start inclusive to their end exclusive") {
  const ContactHours hours = office_hours();
  const Zone paris = zone("Europe/Paris");
  CHECK_FALSE(is_open(hours, paris, at("2026-03-02T07:59:59.999Z")));
  CHECK(is_open(hours, paris, at("2026-03-02T08:00:00Z")));
  CHECK(is_open(hours, paris, at("2026-03-02T15:59:59.999Z")));
  CHECK_FALSE(is_open(hours, paris, at("2026-03-02T16:00:00Z")));
}

TEST_CASE("hours that end at 24:00 are open to the last instant of the day") {
  const ContactHours hours = every_day({window("20:00", "24:00")});
  CHECK(is_open(hours, Zone(), at("2026-03-02T23:59:59.999Z")));
  CHECK_FALSE(is_open(hours, Zone(), at("2026-03-03T00:00:00Z")));
}

TEST_CASE("an open instant is its own first open instant") {
  CHECK(opens(office_hours(), "Europe/Paris", "2026-03-02T08:10:00.123Z") == "2026-03-02T08:10:00.123Z");
}

TEST_CASE("a lead of Friday evening waits for Monday morning") {
  CHECK(opens(office_hours(), "Europe/Paris", "2026-03-06T16:00:00Z") == "2026-03-09T08:00:00.000Z");
}

TEST_CASE("a weekend with a clock change moves Monday's opening") {
  CHECK(opens(office_hours(), "Europe/Paris", "2026-03-27T16:00:00Z") == "2026-03-30T07:00:00.000Z");
  CHECK(opens(office_hours(), "Europe/Paris", "2026-10-23T16:00:00Z") == "2026-10-26T08:00:00.000Z");
}

TEST_CASE("days are days of the hours' zone, not of UTC") {
  // Monday 09:00 in Auckland is still Sunday in UTC.
  CHECK(opens(office_hours(), "Pacific/Auckland", "2026-03-07T00:00:00Z") == "2026-03-08T20:00:00.000Z");
}

TEST_CASE("a lunch break closes") {
  const ContactHours hours = every_day({window("10:00", "13:00"), window("14:00", "20:00")});
  CHECK(opens(hours, "UTC", "2026-03-02T13:00:00Z") == "2026-03-02T14:00:00.000Z");
  CHECK(opens(hours, "UTC", "2026-03-02T20:00:00Z") == "2026-03-03T10:00:00.000Z");
}

TEST_CASE("a holiday is closed all day") {
  ContactHours hours = office_hours();
  hours.holidays = {parse_date("2026-05-01").value()};
  CHECK_FALSE(is_open(hours, zone("Europe/Paris"), at("2026-05-01T10:00:00Z")));
  CHECK(opens(hours, "Europe/Paris", "2026-04-30T16:00:00Z") == "2026-05-04T07:00:00.000Z");
}

TEST_CASE("hours that never open say so") {
  ContactHours hours = office_hours();
  hours.days = {};
  CHECK_FALSE(first_open(hours, Zone(), at("2026-03-02T10:00:00Z")));
  CHECK_FALSE(open_time_deadline(hours, Zone(), at("2026-03-02T10:00:00Z"), kHour));
  CHECK_FALSE(first_open(office_hours(), Zone(), Instant::never()));
  CHECK_FALSE(open_time_deadline(office_hours(), Zone(), Instant::never(), kHour));
}

TEST_CASE("a year of holidays is bridged, and more than 400 days of them are not") {
  const LocalDate first = parse_date("2026-01-01").value();
  ContactHours hours = every_day({window("09:00", "17:00")});
  for (int day = 0; day < 400; ++day) hours.holidays.push_back(first + day);
  CHECK(opens(hours, "UTC", "2026-01-01T00:00:00Z") == to_string((first + 400)) + "T09:00:00.000Z");
  hours.holidays.push_back(first + 400);
  CHECK(opens(hours, "UTC", "2026-01-01T00:00:00Z") == "never");
}

TEST_CASE("hours that spring skips whole are closed that day") {
  const ContactHours hours = every_day({window("02:00", "03:00")});
  const Zone paris = zone("Europe/Paris");
  CHECK_FALSE(is_open(hours, paris, at("2026-03-29T01:00:00Z")));
  CHECK_FALSE(is_open(hours, paris, at("2026-03-29T00:59:59Z")));
  CHECK(opens(hours, "Europe/Paris", "2026-03-28T02:00:00Z") == "2026-03-30T00:00:00.000Z");
}

TEST_CASE("hours that spring skips in part open after the gap or end at it") {
  CHECK(opens(every_day({window("02:30", "04:00")}), "Europe/Paris", "2026-03-29T00:00:00Z") ==
        "2026-03-29T01:00:00.000Z");
  const ContactHours early = every_day({window("01:00", "02:30")});
  CHECK(is_open(early, zone("Europe/Paris"), at("2026-03-29T00:59:59.999Z")));
  CHECK_FALSE(is_open(early, zone("Europe/Paris"), at("2026-03-29T01:00:00Z")));
}

TEST_CASE("hours that end in the hour that autumn repeats end in the first of the two") {
  const ContactHours hours = every_day({window("01:30", "02:30")});
  const Zone paris = zone("Europe/Paris");
  CHECK(is_open(hours, paris, at("2026-10-24T23:30:00Z")));
  CHECK(is_open(hours, paris, at("2026-10-25T00:29:59.999Z")));
  CHECK_FALSE(is_open(hours, paris, at("2026-10-25T00:30:00Z")));
  // 02:00 to 02:30 for the second time.
  CHECK_FALSE(is_open(hours, paris, at("2026-10-25T01:00:00Z")));
  CHECK_FALSE(is_open(hours, paris, at("2026-10-25T01:29:00Z")));
}

TEST_CASE("hours around the hour that autumn repeats hold it twice") {
  const ContactHours hours = every_day({window("02:00", "03:00")});
  CHECK(is_open(hours, zone("Europe/Paris"), at("2026-10-25T00:00:00Z")));
  CHECK(is_open(hours, zone("Europe/Paris"), at("2026-10-25T01:59:59.999Z")));
  CHECK_FALSE(is_open(hours, zone("Europe/Paris"), at("2026-10-25T02:00:00Z")));
  CHECK(passes(hours, "Europe/Paris", "2026-10-24T12:00:00Z", kHour * 2) == "2026-10-25T02:00:00.000Z");
}

TEST_CASE("the day that Apia skipped has no open instant") {
  ContactHours hours = every_day({window("09:00", "17:00")});
  CHECK(opens(hours, "Pacific/Apia", "2011-12-30T04:00:00Z") == "2011-12-30T19:00:00.000Z");
  hours.days = {false, false, false, false, true, false, false};  // 30 December 2011 would have been a Friday
  CHECK(opens(hours, "Pacific/Apia", "2011-12-29T12:00:00Z") == "2012-01-05T19:00:00.000Z");
}

TEST_CASE("where midnight is skipped, hours from 00:00 open after the gap") {
  const ContactHours hours = every_day({window("00:00", "06:00")});
  CHECK(opens(hours, "America/Santiago", "2025-09-06T12:00:00Z") == "2025-09-07T04:00:00.000Z");
}

TEST_CASE("where midnight comes twice, the hours of the new day run from the first one") {
  ContactHours hours = every_day({window("00:00", "02:00")});
  hours.days = {false, false, false, false, false, false, true};  // Sunday 7 November 2010
  const Zone st_johns = zone("America/St_Johns");
  CHECK(is_open(hours, st_johns, at("2010-11-07T02:30:00Z")));
  // Reads Saturday 23:01 again, between the two midnights.
  CHECK(is_open(hours, st_johns, at("2010-11-07T02:31:00Z")));
  CHECK(is_open(hours, st_johns, at("2010-11-07T05:29:00Z")));
  CHECK_FALSE(is_open(hours, st_johns, at("2010-11-07T05:30:00Z")));
  CHECK(first_open(hours, st_johns, at("2010-11-07T02:45:00Z")) == at("2010-11-07T02:45:00Z"));
}

TEST_CASE("open time runs over the weekend to Monday") {
  CHECK(passes(office_hours(), "UTC", "2026-03-06T16:00:00Z", kHour * 2) == "2026-03-09T10:00:00.000Z");
}

TEST_CASE("open time that fills a window to its end passes at that end") {
  CHECK(passes(office_hours(), "UTC", "2026-03-06T16:00:00Z", kHour) == "2026-03-06T17:00:00.000Z");
  CHECK(passes(office_hours(), "UTC", "2026-03-06T16:00:00Z", kHour + Duration{1}) == "2026-03-09T09:00:00.001Z");
}

TEST_CASE("open time starts with the next opening when nothing is open") {
  CHECK(passes(office_hours(), "UTC", "2026-03-07T12:00:00Z", kHour * 2) == "2026-03-09T11:00:00.000Z");
  CHECK(passes(office_hours(), "UTC", "2026-03-06T17:00:00Z", kHour * 8) == "2026-03-09T17:00:00.000Z");
}

TEST_CASE("open time of many weeks skips holidays") {
  ContactHours hours = office_hours();
  hours.holidays = {parse_date("2026-03-10").value(), parse_date("2026-03-18").value()};
  CHECK(passes(hours, "UTC", "2026-03-02T00:00:00Z", kHour * 8 * 15) == "2026-03-24T17:00:00.000Z");
}

TEST_CASE("open time that does not pass within 4000 days never does") {
  const ContactHours one_minute = every_day({window("09:00", "09:01")});
  CHECK(open_time_deadline(one_minute, Zone(), at("2026-01-01T00:00:00Z"), Duration{4000 * 60'000}));
  CHECK_FALSE(open_time_deadline(one_minute, Zone(), at("2026-01-01T00:00:00Z"), Duration{4002 * 60'000}));
  CHECK_FALSE(open_time_deadline(office_hours(), Zone(), at("2026-01-01T00:00:00Z"), kDay * 36500));
}

/// A slow model of the same rules: the zone's clock as the database tells it, minute by minute, read by searching.
class MinuteModel {
 public:
  static constexpr int kDaysBefore = 4;
  static constexpr int kDaysAfter = 24;
  static constexpr int kLastAskable = (kDaysBefore + 14) * 1440;

  MinuteModel(const date::time_zone& reference, const ContactHours& hours, Instant start)
      : first_minute_(start.ms / 60'000 - kDaysBefore * 1440) {
    for (std::int64_t minute = 0; minute < (kDaysBefore + kDaysAfter) * 1440; ++minute) {
      const std::chrono::seconds utc{(first_minute_ + minute) * 60};
      clock_.push_back(reference.to_local(date::sys_seconds{utc}).time_since_epoch().count() / 60);
    }
    open_.resize(clock_.size(), false);
    for (std::int64_t day = clock_.front() / 1440 + 2; day < clock_.back() / 1440 - 1; ++day) mark_day(hours, day);
  }

  bool is_open(std::size_t minute) const { return open_[minute]; }
  std::size_t index(Instant instant) const { return static_cast<std::size_t>(instant.ms / 60'000 - first_minute_); }
  Instant instant(std::size_t minute) const {
    return Instant{(first_minute_ + static_cast<std::int64_t>(minute)) * 60'000};
  }

 private:
  void mark_day(const ContactHours& hours, std::int64_t day) {
    const LocalDate date{static_cast<std::int32_t>(day)};
    if (!hours.days[static_cast<std::size_t>(weekday_from_monday(date))]) return;
    if (std::find(hours.holidays.begin(), hours.holidays.end(), date) != hours.holidays.end()) return;
    for (const OpenWindow& open : hours.windows) {
      const std::size_t to = resolve(day * 1440 + open.to.ms / 60'000);
      for (std::size_t minute = resolve(day * 1440 + open.from.ms / 60'000); minute < to; ++minute) {
        open_[minute] = true;
      }
    }
  }

  /// The first minute that reads `local`; if none does, the first after the gap.
  std::size_t resolve(std::int64_t local) const {
    const auto exact = std::find(clock_.begin(), clock_.end(), local);
    if (exact != clock_.end()) return static_cast<std::size_t>(exact - clock_.begin());
    const auto later = std::find_if(clock_.begin(), clock_.end(), [&](std::int64_t read) { return read > local; });
    return static_cast<std::size_t>(later - clock_.begin());
  }

  std::int64_t first_minute_;
  std::vector<std::int64_t> clock_;  // minutes of local time since 1970-01-01 00:00
  std::vector<bool> open_;
};

/// A zone, a minute between 1975 and 2036 (offsets are whole minutes then), often near a clock change, and any hours.
struct Case {
  const date::time_zone* reference;
  Zone zone;
  Instant start;
  ContactHours hours;
};

ContactHours any_hours(LocalDate near) {
  ContactHours hours;
  for (bool& day : hours.days) day = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
  const int windows = uniform(1, 4);
  // Often in the small hours, where clocks change.
  const int last = *rc::gen::element(240, 1440);
  const auto later = [&](int minute) { return minute + uniform(1, last / (2 * windows)); };
  for (int i = 0, minute = -1; i < windows; ++i) {
    const int from = later(minute);
    minute = later(from);
    hours.windows.push_back({LocalTime{from * 60'000}, LocalTime{minute * 60'000}});
  }
  if (last == 1440 && *rc::gen::arbitrary<bool>()) hours.windows.back().to = LocalTime{1440 * 60'000};
  for (int day = -3; day < 12; ++day) {
    if (*rc::gen::weightedElement<bool>({{1, true}, {4, false}})) hours.holidays.push_back(near + day);
  }
  return hours;
}

Case any_case() {
  const auto& zones = date::get_tzdb().zones;
  const date::time_zone* reference = nullptr;
  do {
    reference = &zones[uniform<std::size_t>(0, zones.size())];
  } while (reference->name() == "localtime");
  Instant start{uniform<std::int64_t>(2'629'800, 34'712'640) * 60'000};
  const auto change = reference->get_info(date::sys_seconds{std::chrono::seconds{start.ms / 1000}}).end;
  if (*rc::gen::arbitrary<bool>() && change < date::sys_days{date::year{2036} / 1 / 1}) {
    start = Instant{change.time_since_epoch().count() * 1000LL + uniform(-2'000, 1'000) * 60'000LL};
  }
  const Zone here = zone(reference->name());
  return {reference, here, start, any_hours(here.local_date(start))};
}

TEST_CASE("business days skip weekends and holidays and keep the local time") {
  ContactHours hours = office_hours();
  hours.holidays = {parse_date("2026-05-01").value()};  // a Friday
  const Zone paris = zone("Europe/Paris");
  const auto after = [&](std::string_view start, int days) {
    return to_string(business_days_after(hours, paris, at(start), days));
  };
  CHECK(after("2026-03-02T10:00:00+01:00", 1) == "2026-03-03T09:00:00.000Z");
  CHECK(after("2026-03-06T18:30:00+01:00", 1) == "2026-03-09T17:30:00.000Z");  // Friday evening: Monday evening
  CHECK(after("2026-03-27T10:00:00+01:00", 1) == "2026-03-30T08:00:00.000Z");  // over a clock change
  CHECK(after("2026-04-30T10:00:00+02:00", 2) == "2026-05-05T08:00:00.000Z");  // over a holiday and a weekend
  CHECK(after("2026-03-07T10:00:00+01:00", 1) == "2026-03-09T23:00:00.000Z");  // Saturday: all of Monday
  CHECK(after("2026-03-08T10:00:00+01:00", 0) == "2026-03-08T23:00:00.000Z");
  CHECK(after("2026-03-02T10:00:00+01:00", 0) == "2026-03-02T09:00:00.000Z");
}

TEST_CASE("business days that never come say so") {
  ContactHours hours = office_hours();
  hours.days = {};
  CHECK(business_days_after(hours, zone("UTC"), at("2026-03-02T10:00:00Z"), 1) == Instant::never());
}

TEST_CASE("business days that begin later never end earlier, and never later than the longest") {
  CHECK(rc::check([](unsigned seed) {
    std::mt19937 random(seed);
    ContactHours hours = office_hours();
    for (bool& day : hours.days) day = random() % 3 != 0;
    hours.days[random() % 7] = true;
    const LocalDate first = parse_date("2026-01-01").value();
    for (int day = 0; day < 400; ++day) {
      if (random() % 8 == 0) hours.holidays.push_back(first + day);
    }
    const Zone paris = zone("Europe/Paris");
    const int days = static_cast<int>(random() % 12);
    Instant before = Instant::earliest();
    Instant start = at("2026-02-01T00:00:00Z");
    for (int step = 0; step < 100; ++step) {
      start = start + Duration{static_cast<std::int64_t>(random() % 20'000'000)};
      const Instant end = business_days_after(hours, paris, start, days);
      RC_ASSERT(end >= before);
      RC_ASSERT(end >= start);
      RC_ASSERT(end - start <= longest(hours, days));
      before = end;
    }
  }));
}

TEST_CASE("hours are open exactly when a walk minute by minute finds them open") {
  CHECK(rc::check([] {
    const Case given = any_case();
    const MinuteModel model(*given.reference, given.hours, given.start);
    const std::size_t first = model.index(given.start);
    for (std::size_t minute = first; minute < first + 2880; ++minute) {
      RC_ASSERT(is_open(given.hours, given.zone, model.instant(minute)) == model.is_open(minute));
    }
  }));
}

TEST_CASE("the first open instant is the first that a walk minute by minute finds") {
  CHECK(rc::check([] {
    const Case given = any_case();
    const MinuteModel model(*given.reference, given.hours, given.start);
    std::size_t minute = model.index(given.start);
    while (minute < MinuteModel::kLastAskable && !model.is_open(minute)) ++minute;
    const auto found = first_open(given.hours, given.zone, given.start);
    if (minute == MinuteModel::kLastAskable) {
      RC_ASSERT(!found || *found >= model.instant(minute));
    } else {
      RC_ASSERT(found == model.instant(minute));
      RC_ASSERT(is_open(given.hours, given.zone, *found));
    }
  }));
}

TEST_CASE("open time passes when a walk minute by minute has counted it") {
  CHECK(rc::check([] {
    const Case given = any_case();
    const MinuteModel model(*given.reference, given.hours, given.start);
    const int budget = uniform(1, 1500);
    int counted = 0;
    std::size_t minute = model.index(given.start);
    for (; minute < MinuteModel::kLastAskable && counted < budget; ++minute) counted += model.is_open(minute) ? 1 : 0;
    const auto deadline = open_time_deadline(given.hours, given.zone, given.start, Duration{budget * 60'000});
    if (counted < budget) {
      RC_ASSERT(!deadline || *deadline > model.instant(minute));
    } else {
      RC_ASSERT(deadline == model.instant(minute));
    }
  }));
}

TEST_CASE("between two minutes an instant is open as its minute is, and opens with the next one") {
  CHECK(rc::check([] {
    const Case given = any_case();
    const Instant within = given.start + Duration{uniform(1, 60'000)};
    const bool open = is_open(given.hours, given.zone, given.start);
    RC_ASSERT(is_open(given.hours, given.zone, within) == open);
    const auto expected = open ? within : first_open(given.hours, given.zone, given.start + Duration{60'000});
    RC_ASSERT(first_open(given.hours, given.zone, within) == expected);
  }));
}

}  // namespace
}  // namespace relance::rules
