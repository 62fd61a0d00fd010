#pragma once
// What house.yaml knows of the people who own leads (a lead's attribute `owner`): the days on which each is away. Built
// only by the loader, immutable once loaded, so it may be read from any thread. Pure. What it comes to for one touch:
// rules/absence.cpp. Source: rules/README.md, "Owners".

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/channel.h"
#include "rules/time.h"
#include "rules/zone.h"

namespace relance::rules {

/// Whole local days, both included.
struct DayRange {
  LocalDate first;
  LocalDate last;
  friend bool operator==(const DayRange&, const DayRange&) = default;
};
/// The same days in order, with a day at least between two ranges.
std::vector<DayRange> joined(std::vector<DayRange> ranges);

struct OwnerCalendar {
  Zone zone;                       // of the days
  std::vector<DayRange> absences;  // joined
  friend bool operator==(const OwnerCalendar&, const OwnerCalendar&) = default;
};
/// The midnight that ends the absence in which the instant lies; nullopt: it lies in none.
std::optional<Instant> absent_until(const OwnerCalendar& calendar, Instant instant);

struct Owners {
  std::map<std::string, OwnerCalendar, std::less<>> calendars;
  friend bool operator==(const Owners&, const Owners&) = default;
};

/// The touch is some person's work: nobody else makes it while that person is away. Emails and sms go out by
/// themselves.
constexpr bool is_made_by_person(Channel channel) {
  return channel == Channel::call || channel == Channel::social || channel == Channel::task ||
         channel == Channel::meeting;
}

}  // namespace relance::rules
