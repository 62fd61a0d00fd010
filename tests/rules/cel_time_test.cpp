// Timestamps and durations in conditions.

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "rules/cel/time_values.h"
#include "tests/rules/cel_support.h"

using namespace cel_test;

namespace {

std::string shown(std::string_view timestamp) { return outcome("timestamp('" + std::string(timestamp) + "')"); }
std::string lasting(std::string_view duration) { return outcome("duration('" + std::string(duration) + "')"); }

constexpr const char* kNoTimestamp =
    "error: timestamp(): the text is no RFC 3339 date and time such as 2026-03-02T09:00:00Z";
constexpr const char* kNoDuration = "error: duration(): the text is no duration such as 1h30m, 1.5s or -10ms";
constexpr const char* kTimestampRange = "error: timestamp out of range: years 0001 to 9999";
constexpr const char* kDurationRange = "error: duration out of range: about 292 years";

}  // namespace

TEST_CASE("timestamps are read as RFC 3339 and print in UTC") {
  CHECK(shown("2009-02-13T23:31:30Z") == R"("2009-02-13T23:31:30Z")");
  CHECK(shown("2026-03-02T09:10:00.25+01:00") == R"("2026-03-02T08:10:00.25Z")");
  CHECK(shown("2026-03-02t09:10:00z") == R"("2026-03-02T09:10:00Z")");
  CHECK(shown("1969-12-31T23:59:59.999999999Z") == R"("1969-12-31T23:59:59.999999999Z")");
  CHECK(shown("2024-02-29T00:00:00-00:30") == R"("2024-02-29T00:30:00Z")");
  CHECK(shown("0001-01-01T00:00:00Z") == R"("0001-01-01T00:00:00Z")");
  CHECK(outcome("timestamp(1234567890)") == R"("2009-02-13T23:31:30Z")");
}

TEST_CASE("what is no date and time is refused") {
  for (const char* text :
       {"", "2026-03-02", "2026-03-02T09:10:00", "2026-03-02 09:10:00Z", "2026-3-2T09:10:00Z", "2023-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Zx", "10000-01-01T00:00:00Z"}) {
    CHECK_MESSAGE(shown(text) == kNoTimestamp, text);
  }
}

TEST_CASE("timestamps stay within the years 0001 to 9999") {
  CHECK(shown("0000-01-01T00:00:00Z") == kTimestampRange);
  CHECK(shown("0001-01-01T00:00:00+00:01") == kTimestampRange);
  CHECK(shown("9999-12-31T23:59:59-00:01") == kTimestampRange);
  CHECK(outcome("timestamp(-62135596801)") == kTimestampRange);
  CHECK(outcome("timestamp(253402300800)") == kTimestampRange);
  CHECK(outcome("timestamp('9999-12-31T23:59:59.999999999Z') + duration('1ns')") == kTimestampRange);
  CHECK(outcome("timestamp('0001-01-01T00:00:00Z') - duration('1ns')") == kTimestampRange);
}

TEST_CASE("durations are read in units from hours to nanoseconds") {
  CHECK(lasting("1h30m") == R"("5400s")");
  CHECK(lasting("1.5s") == R"("1.5s")");
  CHECK(lasting("-1ns") == R"("-0.000000001s")");
  CHECK(lasting("-1.5h") == R"("-5400s")");
  CHECK(lasting("1m1ms1us1ns") == R"("60.001001001s")");
  CHECK(lasting("0") == R"("0s")");
  CHECK(lasting("+5s") == R"("5s")");
  CHECK(lasting(".5s") == R"("0.5s")");
  CHECK(lasting("0.3333333333h") == R"("1199.99999988s")");
  CHECK(lasting("9223372036.854775807s") == R"("9223372036.854775807s")");
  CHECK(lasting("-9223372036.854775808s") == R"("-9223372036.854775808s")");
}

TEST_CASE("what is no duration is refused") {
  for (const char* text : {"", "-", "1", "s", ".s", "1d", "1 s", "1s ", "--1s", "1s-1s", "1e3s"}) {
    CHECK_MESSAGE(lasting(text) == kNoDuration, text);
  }
}

TEST_CASE("durations stay within 64 bits of nanoseconds") {
  CHECK(lasting("320000000000s") == kDurationRange);
  CHECK(lasting("-320000000000s") == kDurationRange);
  CHECK(lasting("9223372036.854775808s") == kDurationRange);
  CHECK(lasting("99999999999999999999999999s") == kDurationRange);
  CHECK(outcome("duration('9223372036s') + duration('1s')") == kDurationRange);
  CHECK(outcome("duration('-9223372036s') - duration('1s')") == kDurationRange);
  CHECK(outcome("timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')") == kDurationRange);
}

TEST_CASE("times and durations are added and subtracted to the nanosecond") {
  CHECK(outcome("timestamp('2009-02-13T23:00:00.9Z') + duration('240.2s')") == R"("2009-02-13T23:04:01.1Z")");
  CHECK(outcome("duration('-1ns') + timestamp('1970-01-01T00:00:00Z')") == R"("1969-12-31T23:59:59.999999999Z")");
  CHECK(outcome("timestamp('1970-01-01T00:00:01Z') - timestamp('1970-01-01T00:00:00.9Z')") == R"("0.1s")");
  CHECK(outcome("timestamp('1970-01-01T00:00:00.9Z') - timestamp('1970-01-01T00:00:01Z')") == R"("-0.1s")");
  CHECK(outcome("duration('1s') - duration('1500ms') == duration('-0.5s')") == "true");
  CHECK(outcome("timestamp(0) < timestamp(1) && duration('1s') > duration('999ms')") == "true");
  CHECK(outcome("duration('-0.5s') < duration('-0.4s') && duration('-1.5s') < duration('-1s')") == "true");
}

TEST_CASE("a sum of a time and a duration is undone by its difference") {
  CHECK(rc::check([] {
    const auto seconds = *rc::gen::inRange<std::int64_t>(-60'000'000'000, 200'000'000'000);
    const auto nanos = *rc::gen::inRange<std::int32_t>(0, 1'000'000'000);
    const auto length = *rc::gen::inRange<std::int64_t>(-2'000'000'000'000'000'000, 2'000'000'000'000'000'000);
    const cel::Timestamp start{seconds, nanos};
    const cel::TimeSpan span{length / 1'000'000'000, static_cast<std::int32_t>(length % 1'000'000'000)};
    const auto end = cel::add(start, span);
    RC_ASSERT(end.has_value());
    const auto back = cel::subtract(*end->get<cel::Timestamp>(), span);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back->get<cel::Timestamp>() == start);
    const auto difference = cel::subtract(*end->get<cel::Timestamp>(), start);
    RC_ASSERT(difference.has_value());
    RC_ASSERT(*difference->get<cel::TimeSpan>() == span);
  }));
}

TEST_CASE("a timestamp survives its text form") {
  CHECK(rc::check([] {
    const auto seconds = *rc::gen::inRange<std::int64_t>(-62'135'596'800, 253'402'300'800);
    const auto nanos = *rc::gen::inRange<std::int32_t>(0, 1'000'000'000);
    const cel::Timestamp timestamp{seconds, nanos};
    const auto read = cel::parse_timestamp(cel::to_text(timestamp));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read->get<cel::Timestamp>() == timestamp);
  }));
}

TEST_CASE("accessors count months and days from zero, dates from one") {
  const Variables variables = {{"t", cel::Value(cel::Timestamp{1'234'567'890, 123'456'789})}};
  CHECK(outcome("[t.getFullYear(), t.getMonth(), t.getDate(), t.getDayOfMonth()]", variables) == "[2009,1,13,12]");
  CHECK(outcome("[t.getDayOfWeek(), t.getDayOfYear()]", variables) == "[5,43]");
  CHECK(outcome("[t.getHours(), t.getMinutes(), t.getSeconds(), t.getMilliseconds()]", variables) == "[23,31,30,123]");
  CHECK(outcome("timestamp('2026-03-01T00:00:00Z').getDayOfWeek()") == "0");
  CHECK(outcome("timestamp('2024-12-31T00:00:00Z').getDayOfYear()") == "365");
  CHECK(outcome("timestamp('0001-01-01T00:00:00Z').getHours('-12:00')") == "12");
}

TEST_CASE("accessors take a zone of the IANA database or a fixed offset") {
  const Variables variables = {{"t", cel::Value(cel::Timestamp{1'234'567'890, 0})}};
  CHECK(outcome("[t.getDate('Australia/Sydney'), t.getHours('Europe/Paris'), t.getHours('UTC')]", variables) ==
        "[14,0,23]");
  CHECK(outcome("[t.getMinutes('Asia/Kathmandu'), t.getDayOfMonth('US/Central')]", variables) == "[16,12]");
  CHECK(outcome("[t.getHours('+05:30'), t.getHours('-02:00'), t.getHours('02:00'), t.getSeconds('-00:00')]",
                variables) == "[5,21,1,30]");
  CHECK(outcome("timestamp('2026-07-01T00:00:00Z').getHours('Europe/Paris')") == "2");
  for (const char* zone : {"", "Mars/Olympus", "../etc/passwd", "+5:30", "+25:00", "+01:60", "+01:00x"}) {
    CHECK_MESSAGE(
        outcome("t.getHours('" + std::string(zone) + "')", variables).find("error: getHours(): unknown time zone") == 0,
        zone);
  }
}

TEST_CASE("accessors of durations convert the whole of it, but for the milliseconds") {
  CHECK(outcome("[duration('10000s').getHours(), duration('3730s').getMinutes(), duration('3730s').getSeconds()]") ==
        "[2,62,3730]");
  CHECK(outcome("duration('123.321456789s').getMilliseconds()") == "321");
  CHECK(outcome("[duration('-90m').getHours(), duration('-1.5s').getMilliseconds()]") == "[-1,-500]");
  CHECK(outcome("dyn(duration('1s')).getHours('UTC')") ==
        "error: no matching overload: google.protobuf.Duration.getHours()");
  CHECK(outcome("dyn(duration('1s')).getMonth()") ==
        "error: no matching overload: google.protobuf.Duration.getMonth()");
  CHECK(outcome("dyn(1).getHours()") == "error: no matching overload: int.getHours()");
}
