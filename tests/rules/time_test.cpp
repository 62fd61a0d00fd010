#include "rules/time.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/rules/uniform.h"

namespace relance::rules {
namespace {

using tests::uniform;

constexpr Instant kMarchMorning{1'772'439'000'000};  // 2026-03-02T08:10:00Z

TEST_CASE("an instant prints as RFC 3339 in UTC with milliseconds") {
  CHECK(to_string(Instant{0}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_string(kMarchMorning) == "2026-03-02T08:10:00.000Z");
  CHECK(to_string(Instant{-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(to_string(Instant{951'782'399'123}) == "2000-02-28T23:59:59.123Z");
  CHECK(to_string(Instant{-62'167'219'200'000}) == "0000-01-01T00:00:00.000Z");
  CHECK(to_string(Instant{253'402'300'799'999}) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("an instant outside the years 0000 to 9999 prints as plain milliseconds") {
  CHECK(to_string(Instant{253'402'300'800'000}) == "253402300800000");
  CHECK(to_string(Instant{-62'167'219'200'001}) == "-62167219200001");
  CHECK(to_string(Instant::never()) == "9223372036854775807");
  CHECK(to_string(Instant::earliest()) == "-9223372036854775808");
}

TEST_CASE("append_to keeps what is there") {
  std::string out = "at=";
  append_to(out, Instant{0});
  CHECK(out == "at=1970-01-01T00:00:00.000Z");
}

TEST_CASE("RFC 3339 date-times read with any offset, and lower-case letters") {
  CHECK(parse_rfc3339("2026-03-02T08:10:00Z") == kMarchMorning);
  CHECK(parse_rfc3339("2026-03-02t08:10:00z") == kMarchMorning);
  CHECK(parse_rfc3339("2026-03-02T09:10:00+01:00") == kMarchMorning);
  CHECK(parse_rfc3339("2026-03-01T22:40:00-09:30") == kMarchMorning);
  CHECK(parse_rfc3339("2026-03-02T08:10:00-00:00") == kMarchMorning);
  CHECK(parse_rfc3339("2026-03-03T08:09:00+23:59") == kMarchMorning);
}

TEST_CASE("fractions of a second are cut to milliseconds") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00.5Z") == Instant{500});
  CHECK(parse_rfc3339("1970-01-01T00:00:00.12Z") == Instant{120});
  CHECK(parse_rfc3339("1970-01-01T00:00:00.123Z") == Instant{123});
  CHECK(parse_rfc3339("1970-01-01T00:00:00.1239999999999999999999Z") == Instant{123});
  CHECK(parse_rfc3339("1969-12-31T23:59:59.9999Z") == Instant{-1});
}

TEST_CASE("a leap second reads as the second after it") {
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
  CHECK(parse_rfc3339("2016-12-31T23:59:60.250Z") == parse_rfc3339("2017-01-01T00:00:00.250Z"));
}

TEST_CASE("29 February exists in leap years only") {
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z"));
  CHECK(parse_rfc3339("2000-02-29T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2023-02-29T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2100-02-29T00:00:00Z"));
}

TEST_CASE("anything but a strict RFC 3339 date-time is refused") {
  for (const char* text : {"",
                           "2026-03-02",
                           "2026-03-02T08:10:00",
                           "2026-03-02 08:10:00Z",
                           " 2026-03-02T08:10:00Z",
                           "2026-03-02T08:10:00Z ",
                           "2026-03-02T08:10Z",
                           "2026-03-02T08:10:00.Z",
                           "2026-03-02T08:10:00,5Z",
                           "2026-03-02T08:10:00+0100",
                           "2026-03-02T08:10:00+01",
                           "2026-03-02T08:10:00+24:00",
                           "2026-03-02T08:10:00+01:60",
                           "2026-03-02T08:10:00+1:00",
                           "2026-03-02T08:10:00 +01:00",
                           "2026-03-02T24:00:00Z",
                           "2026-03-02T08:60:00Z",
                           "2026-03-02T08:10:61Z",
                           "2026-00-02T08:10:00Z",
                           "2026-13-02T08:10:00Z",
                           "2026-03-00T08:10:00Z",
                           "2026-04-31T08:10:00Z",
                           "26-03-02T08:10:00Z",
                           "+026-03-02T08:10:00Z",
                           "2026/03/02T08:10:00Z",
                           "20260302T081000Z",
                           "2026-03-02T08:10:00ZZ",
                           "2026-03-02T08:10:00.5",
                           "2026-03-02T-8:10:00Z",
                           "2026-03-02T08:10:00\xE2\x88\x92"
                           "01:00"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
  CHECK_FALSE(parse_rfc3339(std::string_view("2026-03-02T08:10:00Z\0", 21)));
}

TEST_CASE("durations read with each unit of the language") {
  CHECK(parse_duration("30s") == Duration{30'000});
  CHECK(parse_duration("15m") == Duration{900'000});
  CHECK(parse_duration("2h") == Duration{7'200'000});
  CHECK(parse_duration("10d") == kDay * 10);
  CHECK(parse_duration("1w") == kDay * 7);
  CHECK(parse_duration("0s") == Duration{0});
  CHECK(parse_duration("010d") == kDay * 10);
  CHECK(parse_duration("36500d") == kDay * 36500);
  CHECK(parse_duration("3153600000s") == kDay * 36500);
}

TEST_CASE("durations with a sign, a blank, two units, none, or above 36500 days are refused") {
  for (const char* text : {"", "s", "10", "-1d", "+1d", "1 d", " 1d", "1d ", "1d2h", "1.5h", "1D", "1bd", "1ms", "d1",
                           "36501d", "5215w", "3153600001s", "99999999999999999999999999d"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("a duration prints in its shortest exact form") {
  CHECK(to_string(Duration{0}) == "0s");
  CHECK(to_string(Duration{30'000}) == "30s");
  CHECK(to_string(Duration{90 * 60'000}) == "90m");
  CHECK(to_string(Duration{120 * 60'000}) == "2h");
  CHECK(to_string(kDay) == "1d");
  CHECK(to_string(kDay * 10) == "10d");
  CHECK(to_string(kDay * 14) == "2w");
  CHECK(to_string(Duration{1500}) == "1500ms");
  CHECK(to_string(Duration{-90 * 60'000}) == "-90m");
}

TEST_CASE("a week prints as seven days: equally short, and what playbooks write") {
  CHECK(to_string(kDay * 7) == "7d");
  CHECK(to_string(kDay * 70) == "70d");
  CHECK(to_string(kDay * 105) == "15w");
}

TEST_CASE("every instant of the years 0000 to 9999 survives printing and reading") {
  CHECK(rc::check([] {
    const Instant instant{uniform<std::int64_t>(-62'167'219'200'000, 253'402'300'800'000)};
    RC_ASSERT(parse_rfc3339(to_string(instant)) == instant);
  }));
}

TEST_CASE("every whole number of seconds up to 36500 days survives printing and reading") {
  CHECK(rc::check([] {
    const Duration duration{uniform<std::int64_t>(0, 3'153'600'001) * 1000};
    RC_ASSERT(parse_duration(to_string(duration)) == duration);
  }));
}

TEST_CASE("no text makes the readers fail in another way than by a value") {
  CHECK(rc::check([](const std::string& text) {
    const auto instant = parse_rfc3339(text);
    RC_ASSERT(!instant || text.size() >= 20);
    const auto duration = parse_duration(text);
    RC_ASSERT(!duration || *duration >= Duration{0});
  }));
}

}  // namespace
}  // namespace relance::rules
