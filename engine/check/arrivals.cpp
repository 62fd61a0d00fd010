#include "engine/check/arrivals.h"

#include <algorithm>
#include <set>

namespace relance::engine {

using rules::ContactHours;
using rules::Duration;
using rules::Form;
using rules::Instant;
using rules::LocalDate;
using rules::Zone;

namespace {

constexpr std::string_view kReferenceMonday = "2026-01-05";  // without holidays of their own, playbooks have no year
constexpr int kReferenceDays = 728;
constexpr int kMostHorizon = 400;

struct ClockChange {
  Instant at;
  Duration offset;  // the change
};

/// To the minute; zones change on full minutes.
std::vector<ClockChange> clock_changes(const Zone& zone, Instant from, Instant to) {
  constexpr Duration kMinute{60'000};
  std::vector<ClockChange> changes;
  for (Instant day = from; day < to; day = day + rules::kDay) {
    const Duration before = zone.offset(day);
    const Duration after = zone.offset(day + rules::kDay);
    if (before == after) continue;
    Instant low = day;
    Instant high = day + rules::kDay;
    while (high - low > kMinute) {
      const Instant middle{low.ms + (high.ms - low.ms) / 2 / kMinute.ms * kMinute.ms};
      (zone.offset(middle) == before ? low : high) = middle;
    }
    changes.push_back({high, after - before});
  }
  return changes;
}

/// How many days a lead may be in the cadence: what happens later makes no difference.
int horizon_days(const Form& form) {
  constexpr int kSlack = 2;
  const auto days = [&](const rules::Span& span) {
    const bool is_business = span.business_days > 0 && form.contact_hours;
    const Duration time = is_business ? rules::longest(*form.contact_hours, span.business_days) : span.time;
    return static_cast<int>(std::min<std::int64_t>(time.ms / rules::kDay.ms, kMostHorizon)) + 1;
  };
  if (form.touches.within) return std::min(days(*form.touches.within) + kSlack, kMostHorizon);
  int last = 0;
  int waits = 0;
  for (const rules::Step& step : form.steps) {
    if (const auto* on_day = std::get_if<rules::OnDay>(&step.when)) last = std::max(last, on_day->day);
    if (const auto* after = std::get_if<rules::AfterWait>(&step.when)) {
      waits = std::min(waits + days(after->wait), kMostHorizon);
    }
  }
  const int pause = form.cool_down ? std::min(days(form.cool_down->pause), kMostHorizon) : 0;
  constexpr int kDelays = 14;
  return std::min(last + waits + pause + kDelays, kMostHorizon);
}

class Planner {
 public:
  Planner(const Form& form, const ArrivalOptions& options)
      : form_(form),
        options_(options),
        hours_(form.contact_hours ? &form.contact_hours->of(options.country) : nullptr) {
    horizon_ = horizon_days(form);
    first_ = *rules::parse_date(kReferenceMonday);
    last_ = first_ + kReferenceDays;
    if (!hours_) return;
    for (const LocalDate holiday : hours_->holidays) {
      // A holiday on a day that is closed anyway changes nothing.
      if (hours_->days[static_cast<std::size_t>(weekday_from_monday(holiday))]) holidays_.push_back(holiday);
    }
    if (holidays_.empty()) return;
    constexpr int kLead = 60;
    constexpr int kMostYears = 3 * 366;
    const LocalDate start = holidays_.front() + -kLead;
    first_ = start + -weekday_from_monday(start);
    last_ = std::max(first_ + kReferenceDays, std::min(holidays_.back() + 1, first_ + kMostYears));
  }

  /// Plain weeks first: what is wrong in them is easier to see, and they are tried when there is no time for all.
  std::vector<LeadArrival> plan() {
    find_occurrences();
    for (const Zone& zone : options_.zones) {
      enter(zone);
      for (int day = 0; day < 7; ++day) {
        if (const LocalDate date = plain_week() + day; !options_.schedule || may_fall_on(weekday_from_monday(date))) {
          plan_day(date);
        }
      }
    }
    for (const Zone& zone : options_.zones) {
      enter(zone);
      for (const LocalDate day : special_days()) {
        if (!options_.schedule || occurrences_.contains(day)) plan_day(day);
      }
    }
    return std::move(arrivals_);
  }

 private:
  void enter(const Zone& zone) {
    zone_ = zone;
    hours_zone_ = hours_ && hours_->fixed_zone ? *hours_->fixed_zone : zone;
    changes_ = changes(zone);
    hours_changes_ = hours_zone_ == zone ? std::vector<ClockChange>{} : changes(hours_zone_);
    anchor_ = Instant::earliest();
  }

  std::vector<ClockChange> changes(const Zone& zone) const {
    return clock_changes(zone, zone.midnight(first_), zone.midnight(last_ + horizon_));
  }

  /// Every date that concerns a lead of `day`: none for a plain one.
  bool is_special(LocalDate day) const {
    const LocalDate end = day + horizon_;
    const auto holiday = std::lower_bound(holidays_.begin(), holidays_.end(), day + -1);
    if (holiday != holidays_.end() && *holiday <= end) return true;
    const Instant from = zone_.midnight(day + -1);
    const Instant to = zone_.midnight(end);
    const auto concerns = [&](const ClockChange& change) { return change.at >= from && change.at <= to; };
    return std::any_of(changes_.begin(), changes_.end(), concerns) ||
           std::any_of(hours_changes_.begin(), hours_changes_.end(), concerns);
  }

  LocalDate plain_week() const {
    for (LocalDate monday = first_; monday < last_; monday = monday + 7) {
      bool plain = true;
      for (int day = 0; day < 7 && plain; ++day) plain = !is_special(monday + day);
      if (plain) return monday;
    }
    return first_;
  }

  std::vector<LocalDate> special_days() const {
    std::vector<LocalDate> days;
    for (LocalDate day = first_; day < last_; day = day + 1) {
      if (is_special(day)) days.push_back(day);
    }
    return days;
  }

  /// The dates of the span on which an occurrence can fall, for a lead with whatever start. A lead that begins on a day
  /// has it as an occurrence if any does.
  void find_occurrences() {
    if (!options_.schedule) return;
    const rules::Recurrence& rule = options_.schedule->recurrence;
    if (const auto* start = std::get_if<LocalDate>(&options_.schedule->start)) {
      auto date = rule.next(*start, std::max(first_, rules::Recurrence::kFirstStart) + -1);
      for (; date && *date <= last_; date = rule.next(*start, *date)) occurrences_.insert(*date);
      // Which weekdays the years after that bring is seen further on.
      for (int i = 0; date && i < kReferenceDays; ++i, date = rule.next(*start, *date))
        weekdays_.insert(weekday_from_monday(*date));
    } else {
      for (LocalDate day = first_; day <= last_; day = day + 1) {
        if (rule.next(day, day + -1) == day) occurrences_.insert(day);
      }
    }
    for (const LocalDate day : occurrences_) weekdays_.insert(weekday_from_monday(day));
  }

  bool may_fall_on(int weekday) const { return weekdays_.contains(weekday); }

  void plan_day(LocalDate day) {
    if (options_.schedule) return plan_hour(zone_.resolve({day, options_.schedule->at}));
    for (int hour = 0; hour < 24; ++hour) {
      plan_hour(zone_.resolve({day, rules::LocalTime{static_cast<std::int32_t>(hour * rules::kMsPerHour)}}));
    }
  }

  void plan_hour(Instant at) {
    // Behind closed doors all wait for the same instant; the first waits longest.
    if (at < anchor_ && at >= gap_from_) return;
    anchor_ = hours_ ? rules::first_open(*hours_, hours_zone_, at).value_or(at + rules::kDay * kMostHorizon) : at;
    gap_from_ = at;
    if (options_.by_date || seen_.insert(class_of(at)).second) arrivals_.push_back({at, zone_});
  }

  void append_changes(std::string& key, const std::vector<ClockChange>& changes) const {
    const Instant from = anchor_ - rules::kDay;
    const Instant to = anchor_ + rules::kDay * (horizon_ + 1);
    for (const ClockChange& change : changes) {
      if (change.at < from || change.at > to) continue;
      key += 'c' + std::to_string((change.at - anchor_).ms) + ':' + std::to_string(change.offset.ms);
    }
  }

  /// Equal for arrivals after which the same happens, only at another date.
  std::string class_of(Instant at) const {
    const rules::LocalDateTime local = zone_.local(anchor_);
    std::string key = std::to_string(weekday_from_monday(local.date)) + '.' + std::to_string(local.time.ms);
    if (form_.sla && form_.sla->clock == rules::Sla::Clock::wall) key += 'w' + std::to_string((anchor_ - at).ms);
    append_changes(key, changes_);
    LocalDate day = local.date;
    if (!(hours_zone_ == zone_)) {
      const rules::LocalDateTime theirs = hours_zone_.local(anchor_);
      key += 'z' + std::to_string(weekday_from_monday(theirs.date)) + '.' + std::to_string(theirs.time.ms);
      append_changes(key, hours_changes_);
      day = theirs.date;
    }
    const auto begin = std::lower_bound(holidays_.begin(), holidays_.end(), day);
    for (auto holiday = begin; holiday != holidays_.end() && *holiday <= day + (horizon_ + 1); ++holiday) {
      key += 'h' + std::to_string(holiday->days - day.days);
    }
    if (options_.by_zone) key += zone_.name();
    return key;
  }

  const Form& form_;
  const ArrivalOptions& options_;
  const ContactHours* hours_;
  int horizon_ = 0;
  LocalDate first_;
  LocalDate last_;
  std::vector<LocalDate> holidays_;
  Zone zone_;
  Zone hours_zone_;
  std::vector<ClockChange> changes_;
  std::vector<ClockChange> hours_changes_;
  Instant anchor_ = Instant::earliest();  // of the arrival before
  Instant gap_from_ = Instant::earliest();
  std::set<std::string> seen_;
  std::set<LocalDate> occurrences_;
  std::set<int> weekdays_;  // of occurrences, Monday is 0
  std::vector<LeadArrival> arrivals_;
};

}  // namespace

std::vector<Zone> trial_zones(const Form& form) {
  std::vector<Zone> zones;
  const auto add = [&](const Zone& zone) {
    if (std::find(zones.begin(), zones.end(), zone) == zones.end()) zones.push_back(zone);
  };
  if (form.contact_hours && form.contact_hours->fixed_zone) add(*form.contact_hours->fixed_zone);
  add(form.fallback_zone);
  for (const char* name : {"Europe/Paris", "America/New_York", "Australia/Sydney", "Asia/Kolkata"}) {
    if (const auto zone = Zone::find(name)) add(*zone);
  }
  return zones;
}

std::vector<LeadArrival> arrivals_of(const Form& form, const ArrivalOptions& options) {
  return Planner(form, options).plan();
}

}  // namespace relance::engine
