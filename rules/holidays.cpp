#include "rules/holidays.h"

#include <libical/ical.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "rules/ascii.h"
#include "rules/ical_iterator.h"

namespace relance::rules {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxDates = 10'000;
/// What a text may cost: rules that yield nothing useful, or the same dates again, are work as well.
constexpr std::size_t kMaxOccurrences = 200'000;
constexpr std::size_t kMaxRules = 500;
constexpr std::size_t kMaxDepth = 8;        // libical frees components recursively
constexpr std::size_t kMaxLineHead = 4096;  // libical takes quadratic time in the parameters of a line
constexpr LocalDate kFirstDate{10'957};     // 2000-01-01
constexpr LocalDate kLastDate{47'846};      // 2100-12-31
constexpr int kLastRuleYear = 2100;

template <typename T>
using Expected = tl::expected<T, std::string>;
using Error = tl::unexpected<std::string>;

std::string at_line(std::size_t line, const std::string& message) {
  return "line " + std::to_string(line) + ": " + message;
}

/// Walks the lines once before libical does, which repairs damaged files in silence: checks the nesting of components
/// and remembers where events begin.
class Outline {
 public:
  Expected<std::vector<std::size_t>> read(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      // A line that begins with a blank goes on with the one before it.
      if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) {
        logical_ += line.substr(1);
        continue;
      }
      if (auto done = finish_line(); !done) return Error(done.error());
      logical_ = line;
      logical_number_ = number;
    }
    if (auto done = finish_line(); !done) return Error(done.error());
    if (!calendar_seen_) return Error("this is no iCalendar file: it does not begin with BEGIN:VCALENDAR");
    if (!open_.empty()) return Error("the file ends inside " + open_.back() + ": its end is missing");
    return std::move(event_lines_);
  }

 private:
  Expected<void> finish_line() {
    if (logical_.empty()) return {};
    if (std::min(logical_.find(':'), logical_.size()) > kMaxLineHead) {
      return Error(at_line(logical_number_, "the part before the colon is longer than 4096 bytes"));
    }
    if (uppered(logical_.substr(0, 6)) == "BEGIN:") return begin(uppered(logical_.substr(6)));
    if (uppered(logical_.substr(0, 4)) == "END:") return end(uppered(logical_.substr(4)));
    if (!calendar_seen_) return Error("this is no iCalendar file: it does not begin with BEGIN:VCALENDAR");
    return {};
  }

  Expected<void> begin(const std::string& name) {
    const bool is_calendar = name == "VCALENDAR";
    if (is_calendar == !open_.empty() || (is_calendar && calendar_seen_)) {
      return Error(at_line(logical_number_, "one VCALENDAR and all else inside it is expected here"));
    }
    if (open_.size() == kMaxDepth) return Error(at_line(logical_number_, "components are nested too deeply"));
    if (open_.size() == 1 && name == "VEVENT") event_lines_.push_back(logical_number_);
    calendar_seen_ = true;
    open_.push_back(name);
    return {};
  }

  Expected<void> end(const std::string& name) {
    if (open_.empty() || name != open_.back()) {
      return Error(at_line(logical_number_, "an END without its BEGIN"));
    }
    open_.pop_back();
    return {};
  }

  std::string logical_;
  std::size_t logical_number_ = 0;
  bool calendar_seen_ = false;
  std::vector<std::string> open_;
  std::vector<std::size_t> event_lines_;
};

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};

/// `visit(property)` for the component's properties of a kind; stops at the first error.
template <typename Visit>
Expected<void> for_each_property(icalcomponent* component, icalproperty_kind kind, Visit visit) {
  for (icalproperty* property = icalcomponent_get_first_property(component, kind); property != nullptr;
       property = icalcomponent_get_next_property(component, kind)) {
    if (Expected<void> done = visit(property); !done) return done;
  }
  return {};
}

Expected<LocalDate> date_of(const icaltimetype& time) {
  const std::chrono::year_month_day date{std::chrono::year{time.year},
                                         std::chrono::month{static_cast<unsigned>(time.month)},
                                         std::chrono::day{static_cast<unsigned>(time.day)}};
  if (!date.ok() || time.year < 1) return Error("a date that does not exist");
  return LocalDate{static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count())};
}

icaltimetype to_ical(LocalDateTime local) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{local.date.days}}};
  icaltimetype time = icaltime_null_time();
  time.year = static_cast<int>(date.year());
  time.month = static_cast<int>(static_cast<unsigned>(date.month()));
  time.day = static_cast<int>(static_cast<unsigned>(date.day()));
  time.hour = local.time.ms / static_cast<int>(kMsPerHour);
  time.minute = local.time.ms / 60'000 % 60;
  time.second = local.time.ms / 1000 % 60;
  return time;
}

/// A time in UTC as the event's own zone reads it; any other time as it is written.
icaltimetype as_local(const icaltimetype& time, const std::optional<Zone>& zone) {
  if (!zone || time.is_date || !icaltime_is_utc(time)) return time;
  const auto date = date_of(time);
  if (!date) return time;
  const std::int64_t of_day = ((time.hour * 60LL + time.minute) * 60 + time.second) * 1000;
  return to_ical(zone->local(Instant{date->days * kDay.ms + of_day}));
}

/// libical leaves a note in the place of each line that it could not read. One about dates is an error; others (an
/// empty LOCATION) are common and harmless.
Expected<void> check_note(icalproperty* note) {
  static constexpr std::string_view kRemoved = " Removing entire property: ";
  const char* raw = icalproperty_get_xlicerror(note);
  std::string_view message = raw == nullptr ? std::string_view() : raw;
  std::string_view value;
  if (const std::size_t removed = message.find(kRemoved); removed != std::string_view::npos) {
    value = message.substr(removed + kRemoved.size()).substr(0, 60);
    message = message.substr(0, removed);
  }
  for (const char* name : {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"}) {
    if (message.find(std::string(" ") + name) == std::string_view::npos) continue;
    return Error(name + (value.empty() ? std::string(" cannot be read") : " cannot be read: " + std::string(value)));
  }
  if (message.find("could not find a property name") != std::string_view::npos) {
    return Error("a line in it is no iCalendar property");
  }
  return {};
}

/// One VEVENT's times, local to the zone of its DTSTART.
struct EventTimes {
  icaltimetype start;
  LocalDate first;
  std::int32_t more_days = 0;  // that one occurrence covers after its first
  std::optional<Zone> zone;
};

std::optional<Zone> zone_of(icalproperty* property) {
  icalparameter* parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
  const char* name = parameter == nullptr ? nullptr : icalparameter_get_tzid(parameter);
  return name == nullptr ? std::nullopt : Zone::find(name);
}

Expected<EventTimes> read_times(icalcomponent* event) {
  icalproperty* start = icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY);
  if (start == nullptr) return Error("the event has no DTSTART");
  EventTimes times{icalproperty_get_dtstart(start), {}, 0, zone_of(start)};
  const auto first = date_of(times.start);
  if (!first) return Error("DTSTART is " + first.error());
  times.first = *first;

  icaltimetype end = times.start;
  if (icalproperty* property = icalcomponent_get_first_property(event, ICAL_DTEND_PROPERTY)) {
    end = as_local(icalproperty_get_dtend(property), times.zone);
  } else if (icalproperty* length = icalcomponent_get_first_property(event, ICAL_DURATION_PROPERTY)) {
    end = icaltime_add(times.start, icalproperty_get_duration(length));
  } else {
    return times;
  }
  const auto end_date = date_of(end);
  if (!end_date) return Error("the event's end is " + end_date.error());
  if (*end_date < times.first) return Error("the event ends before it starts");
  // The end is exclusive: one at midnight does not touch its date.
  const bool touches_end = !end.is_date && (end.hour != 0 || end.minute != 0 || end.second != 0);
  times.more_days = std::max(0, end_date->days - times.first.days - (touches_end ? 0 : 1));
  return times;
}

class HolidayReader {
 public:
  /// Remembers the occurrences that other events of the same UID replace. To be called for all events first.
  Expected<void> note_replaced(icalcomponent* event) {
    icalproperty* replaced = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
    if (replaced == nullptr) return {};
    if (icalproperty_get_first_parameter(replaced, ICAL_RANGE_PARAMETER) != nullptr) {
      return Error("RECURRENCE-ID with RANGE is not supported");
    }
    const auto date = date_of(as_local(icalproperty_get_recurrenceid(replaced), zone_of(replaced)));
    if (!date) return Error("RECURRENCE-ID is " + date.error());
    replaced_[uid_of(event)].insert(*date);
    return {};
  }

  Expected<void> read(icalcomponent* event) {
    if (auto done = for_each_property(event, ICAL_XLICERROR_PROPERTY, check_note); !done) return done;
    if (icalcomponent_get_first_property(event, ICAL_EXRULE_PROPERTY) != nullptr) {
      return Error("EXRULE is not supported, use EXDATE");
    }
    if (icalcomponent_get_status(event) == ICAL_STATUS_CANCELLED) return {};
    const auto times = read_times(event);
    if (!times) return Error(times.error());
    const auto starts = read_starts(event, *times);
    if (!starts) return Error(starts.error());
    for (const LocalDate start : *starts) {
      if (auto done = add(start, times->more_days); !done) return done;
    }
    return {};
  }

  std::vector<LocalDate> dates() const { return {dates_.begin(), dates_.end()}; }

 private:
  static std::string uid_of(icalcomponent* event) {
    const char* uid = icalcomponent_get_uid(event);
    return uid == nullptr ? std::string() : uid;
  }

  /// The first dates of all occurrences, without the excluded and the replaced ones.
  Expected<std::set<LocalDate>> read_starts(icalcomponent* event, const EventTimes& times) {
    std::set<LocalDate> starts{times.first};
    auto done = for_each_property(event, ICAL_RRULE_PROPERTY, [&](icalproperty* property) {
      return expand(icalproperty_get_rrule(property), times, starts);
    });
    if (!done) return Error(done.error());
    done = for_each_property(event, ICAL_RDATE_PROPERTY, [&](icalproperty* property) -> Expected<void> {
      const icaldatetimeperiodtype value = icalproperty_get_rdate(property);
      const bool is_period = icaltime_is_null_time(value.time) != 0;
      const auto date = date_of(as_local(is_period ? value.period.start : value.time, times.zone));
      if (!date) return Error("RDATE is " + date.error());
      starts.insert(*date);
      return {};
    });
    if (!done) return Error(done.error());
    done = for_each_property(event, ICAL_EXDATE_PROPERTY, [&](icalproperty* property) -> Expected<void> {
      const auto date = date_of(as_local(icalproperty_get_exdate(property), times.zone));
      if (!date) return Error("EXDATE is " + date.error());
      starts.erase(*date);
      return {};
    });
    if (!done) return Error(done.error());
    if (icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY) != nullptr) return starts;
    if (const auto replaced = replaced_.find(uid_of(event)); replaced != replaced_.end()) {
      for (const LocalDate date : replaced->second) starts.erase(date);
    }
    return starts;
  }

  Expected<void> expand(icalrecurrencetype rule, const EventTimes& times, std::set<LocalDate>& starts) {
    // Finer rules make no holidays, and libical may search them for hours.
    if (rule.freq != ICAL_DAILY_RECURRENCE && rule.freq != ICAL_WEEKLY_RECURRENCE &&
        rule.freq != ICAL_MONTHLY_RECURRENCE && rule.freq != ICAL_YEARLY_RECURRENCE) {
      return Error("RRULE repeats more than once a day; DAILY, WEEKLY, MONTHLY and YEARLY are supported");
    }
    if (++rules_ > kMaxRules) return Error("the file has more than 500 RRULEs");
    if (!icaltime_is_null_time(rule.until)) {
      rule.until = as_local(rule.until, times.zone);
      // What is left of a series that was cut at its first occurrence.
      if (icaltime_compare(rule.until, times.start) < 0) return {};
    }
    const IcalIterator iterator(icalrecur_iterator_new(rule, times.start));
    auto time = iterator == nullptr ? icaltime_null_time() : icalrecur_iterator_next(iterator.get());
    // Also a bound on the work: to find out takes libical half a second.
    if (icaltime_is_null_time(time)) return Error("RRULE is not valid, or never gives a date");
    for (; !icaltime_is_null_time(time) && time.year <= kLastRuleYear; time = icalrecur_iterator_next(iterator.get())) {
      if (++occurrences_ > kMaxOccurrences) return Error("RRULE repeats too often");
      // Before the Gregorian calendar libical counts in the Julian one; nothing that old matters.
      if (time.year < 1600) continue;
      const auto date = date_of(time);
      if (!date) return Error("RRULE gives " + date.error());
      starts.insert(*date);
    }
    return {};
  }

  Expected<void> add(LocalDate start, std::int32_t more_days) {
    const LocalDate last = std::min(start + more_days, kLastDate);
    for (LocalDate date = std::max(start, kFirstDate); date <= last; date = date + 1) {
      dates_.insert(date);
      if (dates_.size() > kMaxDates) return Error("the file has more than 10000 holidays up to this event");
      if (++covered_ > kMaxOccurrences) return Error("the events up to this one overlap too often");
    }
    return {};
  }

  std::map<std::string, std::set<LocalDate>> replaced_;  // by UID
  std::set<LocalDate> dates_;
  std::size_t rules_ = 0;
  std::size_t occurrences_ = 0;
  std::size_t covered_ = 0;
};

}  // namespace

tl::expected<std::vector<LocalDate>, std::string> holidays_from_ics(std::string_view text) {
  static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.size() > kMaxBytes) return Error("the file is larger than 1 MiB");
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  if (text.find('\0') != std::string_view::npos) return Error("this is no iCalendar file in UTF-8: it has a zero byte");
  const auto event_lines = Outline().read(text);
  if (!event_lines) return Error(event_lines.error());
  if (event_lines->empty()) return Error("the calendar has no event (VEVENT)");

  const std::unique_ptr<icalcomponent, FreeComponent> calendar(
      icalcomponent_new_from_string(std::string(text).c_str()));
  if (calendar == nullptr) return Error("this is no iCalendar file");

  HolidayReader reader;
  const auto for_each_event = [&](auto visit) -> Expected<void> {
    std::size_t index = 0;
    for (icalcomponent* event = icalcomponent_get_first_component(calendar.get(), ICAL_VEVENT_COMPONENT);
         event != nullptr; event = icalcomponent_get_next_component(calendar.get(), ICAL_VEVENT_COMPONENT)) {
      const Expected<void> done = visit(event);
      if (!done)
        return Error(index < event_lines->size() ? at_line((*event_lines)[index], done.error()) : done.error());
      ++index;
    }
    return {};
  };
  auto done = for_each_event([&](icalcomponent* event) { return reader.note_replaced(event); });
  if (done) done = for_each_event([&](icalcomponent* event) { return reader.read(event); });
  if (!done) return Error(done.error());
  return reader.dates();
}

}  // namespace relance::rules
