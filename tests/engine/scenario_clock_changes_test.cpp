// Clock changes and unusual zones. playbook-language.md, "Values": a local time that a clock change skips is the first
// instant after the gap; one that happens twice is the first of the two; a window that a gap swallows is closed.

#include <doctest/doctest.h>

#include "simulation_support.h"

namespace relance::tests {
namespace {

std::string touches_in(const std::string& zone, const std::string& at, const std::string& body) {
  return story_of({{cadence(body)}, {{at, "L", "lead.created", "'timezone':'" + zone + "'"}}}, "L", "touch");
}
std::string on_day_one(const std::string& time) {
  return "steps: [{ id: a, day: 1, at: '" + time + "', channel: task }]";
}

TEST_CASE("a lead's country closes its holidays, another country's stay open") {
  const std::string text = cadence(
      "contact_hours: { from: '09:00', to: '17:00', holidays: { country: lead } }\nsteps: [{ id: a, day: 0, channel: "
      "task }]");
  const auto first_touch = [&](const std::string& country) {  // 2026-07-14 is a Tuesday
    return story_of({{text}, {{"07-14 10:00", "L", "lead.created", "'country':'" + country + "'"}}}, "L", "touch.");
  };
  CHECK(first_touch("FR") == lines("07-15 09:00 touch.emitted a"));
  CHECK(first_touch("DE") == lines("07-14 10:00 touch.emitted a"));
  CHECK(first_touch("XX") == lines("07-14 10:00 touch.emitted a"));
}

TEST_CASE("in Paris days keep their local time over both clock changes") {
  // 10:00 in Paris is 09:00Z in winter, 08:00Z in summer.
  CHECK(touches_in("Europe/Paris", "03-28 09:00", "steps: [{ id: a, day: 1, channel: task }]") ==
        lines("03-29 08:00 touch.emitted a"));
  CHECK(touches_in("Europe/Paris", "10-24 08:00", "steps: [{ id: a, day: 1, channel: task }]") ==
        lines("10-25 09:00 touch.emitted a"));
}

TEST_CASE("in Paris 02:30 is skipped in spring and happens twice in autumn") {
  CHECK(touches_in("Europe/Paris", "03-28 09:00", on_day_one("02:30")) == lines("03-29 01:00 touch.emitted a"));
  CHECK(touches_in("Europe/Paris", "10-24 09:00", on_day_one("02:30")) == lines("10-25 00:30 touch.emitted a"));
  CHECK(touches_in("Europe/Paris", "10-24 09:00", on_day_one("03:00")) == lines("10-25 02:00 touch.emitted a"));
}

TEST_CASE("a window that the gap swallows is closed, one that it cuts begins after the gap") {
  const std::string nightly = "contact_hours: { days: [mon, tue, wed, thu, fri, sat, sun], from: '02:00', to: '";
  CHECK(touches_in("Europe/Paris", "03-28 01:30", nightly + "03:00' }\n" + on_day_one("02:00")) == lines(R"(
    03-29 01:00 touch.deferred a contact_hours until 03-30 00:00
    03-30 00:00 touch.emitted a
  )"));
  CHECK(touches_in("Europe/Paris", "03-28 01:30", nightly + "03:30' }\n" + on_day_one("01:59")) == lines(R"(
    03-29 00:59 touch.deferred a contact_hours until 03-29 01:00
    03-29 01:00 touch.emitted a
  )"));
}

TEST_CASE("a window over the repeated hour is open from its first beginning to the first of its ends") {
  // 02:00 to 03:00 local: from 00:00Z to 02:00Z. At 01:30Z, the second 02:30, it is still open.
  const std::string days = "contact_hours: { days: [mon, tue, wed, thu, fri, sat, sun], from: '01:00', to: '";
  const std::string steps =
      "steps: [{ id: a, day: 1, at: '01:00', channel: task }, { id: b, wait: 150m, channel: task }]";
  CHECK(touches_in("Europe/Paris", "10-24 00:00", days + "03:00' }\n" + steps) ==
        lines("10-24 23:00 touch.emitted a\n10-25 01:30 touch.emitted b"));
  // 01:00 to 02:30: closed from the first 02:30 (00:30Z) on.
  CHECK(touches_in("Europe/Paris", "10-24 00:00", days + "02:30' }\n" + steps) == lines(R"(
    10-24 23:00 touch.emitted a
    10-25 01:30 touch.deferred b contact_hours until 10-26 00:00
    10-26 00:00 touch.emitted b
  )"));
}

TEST_CASE("promises count real time: the night of the change has 23 or 25 hours") {
  // Saturday 12:00 in Paris, day by day round the clock.
  const std::string sla =
      "contact_hours: { days: [mon, tue, wed, thu, fri, sat, sun], from: '00:00', to: '24:00' }\ntouches: { within: "
      "10d }\n"
      "sla: { first_touch: { within: 24h, clock: business } }\nsteps: [{ id: a, day: 5, channel: task }]";
  const auto breached = [&](const std::string& at) {
    return story_of({{cadence(sla)}, {{at, "L", "lead.created", "'timezone':'Europe/Paris'"}}}, "L", "sla");
  };
  CHECK(breached("03-28 11:00") == lines("03-29 11:00 sla.breached"));
  CHECK(breached("10-24 10:00") == lines("10-25 10:00 sla.breached"));
}

TEST_CASE("a touch of a day cap frees at the local midnight, also where the clock change skips it") {
  // Santiago goes from 00:00 (-04:00) to 01:00 on 2026-09-06: the day begins at 04:00Z.
  CHECK(touches_in("America/Santiago", "09-05 15:00",
                   "caps: [{ max: 1, per: day }]\nsteps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: "
                   "task }]") == lines(R"(
    09-05 15:00 touch.emitted a
    09-05 15:00 touch.deferred b cap:lead:any until 09-06 04:00
    09-06 04:00 touch.emitted b
  )"));
}

TEST_CASE("a pause moves the anchor by local days over a clock change") {
  // From 03-28 12:00Z for 24 hours: one local day; 10:00 in Paris stays 10:00.
  CHECK(story_of({{cadence("steps: [{ id: a, day: 1, channel: task }]")},
                  {{"03-28 09:00", "L", "lead.created", "'timezone':'Europe/Paris'"},
                   {"03-28 12:00", "L", "playbook.pause"},
                   {"03-29 12:00", "L", "playbook.resume"}}},
                 "L", "touch") == lines("03-30 08:00 touch.emitted a"));
}

TEST_CASE("on Lord Howe the clock moves by half an hour") {
  // 2026-10-04: 02:00 (+10:30) becomes 02:30 (+11:00) at 15:30Z of the day before.
  CHECK(touches_in("Australia/Lord_Howe", "10-02 20:00", on_day_one("02:15")) == lines("10-03 15:30 touch.emitted a"));
  CHECK(touches_in("Australia/Lord_Howe", "10-02 20:00", on_day_one("02:30")) == lines("10-03 15:30 touch.emitted a"));
  // 2026-04-05: 02:00 (+11:00) becomes 01:30 (+10:30); 01:45 happens twice, first at 14:45Z of the day before.
  CHECK(touches_in("Australia/Lord_Howe", "04-03 20:00", on_day_one("01:45")) == lines("04-04 14:45 touch.emitted a"));
  CHECK(touches_in("Australia/Lord_Howe", "04-03 20:00", on_day_one("02:00")) == lines("04-04 15:30 touch.emitted a"));
}

TEST_CASE("in St. John's offsets have half hours, and both changes come at two in the morning") {
  CHECK(touches_in("America/St_Johns", "03-07 15:00", on_day_one("02:30")) == lines("03-08 05:30 touch.emitted a"));
  CHECK(touches_in("America/St_Johns", "03-07 15:00", on_day_one("09:00")) == lines("03-08 11:30 touch.emitted a"));
  CHECK(touches_in("America/St_Johns", "10-31 15:00", on_day_one("01:15")) == lines("11-01 03:45 touch.emitted a"));
  CHECK(touches_in("America/St_Johns", "10-31 15:00", on_day_one("09:00")) == lines("11-01 12:30 touch.emitted a"));
}

TEST_CASE("in Kolkata the day begins at half past six in the evening, UTC") {
  CHECK(touches_in("Asia/Kolkata", "03-02 20:00", on_day_one("00:00")) == lines("03-03 18:30 touch.emitted a"));
  CHECK(touches_in("Asia/Kolkata", "03-02 18:00", on_day_one("00:00")) == lines("03-02 18:30 touch.emitted a"));
}

TEST_CASE("in Casablanca the clock goes back for Ramadan and forward after it") {
  // 2026-02-15: 03:00 (+01:00) becomes 02:00 (+00:00); 2026-03-22: 02:00 becomes 03:00, at 02:00Z.
  CHECK(touches_in("Africa/Casablanca", "02-14 12:00", on_day_one("02:30")) == lines("02-15 01:30 touch.emitted a"));
  CHECK(touches_in("Africa/Casablanca", "02-14 12:00", on_day_one("09:00")) == lines("02-15 09:00 touch.emitted a"));
  CHECK(touches_in("Africa/Casablanca", "03-21 12:00", on_day_one("02:30")) == lines("03-22 02:00 touch.emitted a"));
  CHECK(touches_in("Africa/Casablanca", "03-21 12:00", on_day_one("09:00")) == lines("03-22 08:00 touch.emitted a"));
}

TEST_CASE("in Apia a whole date was skipped: its steps fall on the next one, spaced from those of that date") {
  // 2011-12-29 ended at 10:00Z of the 30th (-10:00), and what followed was the 31st (+14:00).
  CHECK(
      touches_in(
          "Pacific/Apia", "2011-12-29T20:00:00Z",
          "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }, { id: c, day: 2, channel: task "
          "}]") == lines(R"(
    2011-12-29 20:00 touch.emitted a
    2011-12-30 10:00 touch.emitted b
    2011-12-30 20:00 touch.deferred c spacing until 2011-12-31 10:00
    2011-12-31 10:00 touch.emitted c
  )"));
}

}  // namespace
}  // namespace relance::tests
