#pragma once
// Holidays from an iCalendar file (RFC 5545), as calendar programs and public holiday sites write them. Pure function
// of the text; libical stays inside. Any thread.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "rules/zone.h"

namespace relance::rules {

/// The dates that the events of the calendar `text` cover: sorted, unique, 2000-01-01 to 2100-12-31.
/// - An all-day event covers DTSTART up to DTEND exclusive (or DURATION; without either, one day). An event with times
///   covers every date it touches, as a holiday closes whole days; the dates are those written in DTSTART's own zone.
/// - RRULE (daily or rarer), RDATE, EXDATE and moved or cancelled occurrences (RECURRENCE-ID, STATUS:CANCELLED) count.
///   An UNTIL in UTC is exact when the event's TZID is an IANA name.
/// - Transparent ("free") events count: that is how calendars show holidays.
/// The error is a sentence for the author of the file, with its line where one is to blame: damaged text, an event
/// without a usable date, a rule that cannot be read or is not supported (EXRULE, RANGE, several times a day), no event
/// at all, more than 1 MiB, or more than 10,000 dates.
[[nodiscard]] tl::expected<std::vector<LocalDate>, std::string> holidays_from_ics(std::string_view text);

}  // namespace relance::rules
