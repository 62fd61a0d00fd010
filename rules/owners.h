#pragma once
// What house.yaml knows of the people who own leads (a lead's attribute `owner`): the days on which each is away, and
// how many touches each can make. Built only by the loader, immutable once loaded, so it may be read from any thread.
// Pure. What it comes to for one touch: rules/absence.cpp, rules/throttle.cpp. Source: rules/README.md, "Owners",
// "Throttle".

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/channel.h"
#include "rules/ids.h"
#include "rules/playbook.h"
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
std::vector<DayRange> joined_ranges(std::vector<DayRange> ranges);

struct OwnerCalendar {
  Zone zone;                       // of the days
  std::vector<DayRange> absences;  // in order and apart
  friend bool operator==(const OwnerCalendar&, const OwnerCalendar&) = default;
};
/// The midnight that ends the absence in which the instant lies; nullopt: it lies in none.
std::optional<Instant> absent_until(const OwnerCalendar& calendar, Instant instant);

/// The most touches of one owner in a period, over all of its leads and all playbooks.
struct Throttle {
  std::optional<Channel> channel;         // absent: any
  int max = 0;                            // >= 1
  std::variant<Cap::Calendar, Span> per;  // of the owner's calendar; spans without business days
  friend bool operator==(const Throttle&, const Throttle&) = default;
};
/// "throttle:call", "throttle:any": the rule id that a record carries.
std::string rule_id(const Throttle& throttle);

struct Owners {
  std::map<std::string, OwnerCalendar, std::less<>> calendars;
  std::vector<Throttle> throttles;
  Zone zone;  // of owners without a calendar
  /// Null when nothing is known of that owner.
  const OwnerCalendar* calendar_of(std::string_view owner) const {
    const auto found = calendars.find(owner);
    return found == calendars.end() ? nullptr : &found->second;
  }
  friend bool operator==(const Owners&, const Owners&) = default;
};
/// Where touches of the owner are counted, among those of accounts. No account is called like that, and it names
/// nobody.
AccountId counted_under(std::string_view owner);

/// The touch is some person's work: nobody else makes it while that person is away. Emails and sms go out by
/// themselves.
constexpr bool is_made_by_person(Channel channel) {
  return channel == Channel::call || channel == Channel::social || channel == Channel::task ||
         channel == Channel::meeting;
}

}  // namespace relance::rules
