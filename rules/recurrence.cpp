#include "rules/recurrence.h"

#include <fmt/format.h>
#include <libical/ical.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "rules/ascii.h"
#include "rules/contains.h"
#include "rules/ical_iterator.h"
#include "rules/nearest_name.h"

namespace relance::rules {

namespace {

constexpr int kMostInterval = 1000;
constexpr int kMostCount = 10'000;
constexpr int kMostDates = 50'000;  // more than there are days between the first start and the last date

// The order of the canonical text.
constexpr std::array<std::string_view, 10> kParts{"FREQ",      "INTERVAL",   "COUNT", "UNTIL",    "BYMONTH",
                                                  "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST"};
constexpr std::array<std::string_view, 4> kFrequencies{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
constexpr std::array<std::string_view, 7> kByDays{"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

struct Part {
  std::string value;
  std::size_t offset = 0;
};
using Parts = std::map<std::string, Part, std::less<>>;

std::string nearest(std::string_view name, std::span<const std::string_view> known) {
  const auto found = nearest_name(name, known);
  return found ? fmt::format("did you mean `{}`?", *found) : "";
}

/// Digits with an optional sign; nullopt when it is anything else.
std::optional<int> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<RecurrenceProblem> refuse_name(const std::string& name, std::size_t offset) {
  if (contains(kParts, name)) return std::nullopt;
  if (name == "BYHOUR" || name == "BYMINUTE" || name == "BYSECOND") {
    return RecurrenceProblem{offset, fmt::format("`{}` is not used here: `at` says the time of day", name),
                             "remove it, and write `at: \"09:00\"` beside `rrule`"};
  }
  if (name == "BYWEEKNO") {
    return RecurrenceProblem{offset, "`BYWEEKNO` is not used here", "say it with BYMONTH and BYDAY"};
  }
  if (name.starts_with("RRULE:")) {
    return RecurrenceProblem{offset, "expected the rule alone, got `RRULE:` before it", "remove `RRULE:`"};
  }
  return RecurrenceProblem{offset, fmt::format("expected a part of a recurrence rule such as FREQ, got `{}`", name),
                           nearest(name, kParts)};
}

tl::expected<Parts, RecurrenceProblem> split(std::string_view text) {
  Parts parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(';', begin), text.size());
    const std::string part = uppered(text.substr(begin, end - begin));
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    if (!name.starts_with("RRULE:") && (equals == std::string::npos || equals == 0 || equals + 1 == part.size())) {
      return tl::unexpected<RecurrenceProblem>({begin,
                                                fmt::format("expected a part such as INTERVAL=4, got `{}`", part),
                                                "write parts with `=`, and `;` between them"});
    }
    if (auto problem = refuse_name(name, begin)) return tl::unexpected<RecurrenceProblem>(std::move(*problem));
    if (!parts.emplace(name, Part{part.substr(equals + 1), begin}).second) {
      return tl::unexpected<RecurrenceProblem>(
          {begin, fmt::format("`{}` is there twice", name), "remove one of the two"});
    }
    begin = end + 1;
  }
  return parts;
}

/// Each number of a list, or the one number, lies between 1 and `most`, or as far below zero.
struct Numbers {
  std::string_view name;
  int most = 0;
  bool counts_from_end = false;
  bool is_list = false;
};
constexpr std::array<Numbers, 6> kNumbers{{{"INTERVAL", kMostInterval},
                                           {"COUNT", kMostCount},
                                           {"BYMONTH", 12, false, true},
                                           {"BYYEARDAY", 366, true, true},
                                           {"BYMONTHDAY", 31, true, true},
                                           {"BYSETPOS", 366, true, true}}};

/// `visit(item)` for what stands between commas; false as soon as one is.
template <class Visit>
bool all_items(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (!visit(list.substr(0, comma))) return false;
    if (comma == list.size()) return true;
    list.remove_prefix(comma + 1);
  }
}

std::optional<RecurrenceProblem> check_numbers(const Parts& parts) {
  for (const Numbers& numbers : kNumbers) {
    const auto part = parts.find(numbers.name);
    if (part == parts.end()) continue;
    const bool good = all_items(part->second.value, [&](std::string_view item) {
      const auto number = whole_number(item);
      if (!number || *number == 0 || (*number < 0 && !numbers.counts_from_end)) return false;
      return *number <= numbers.most && *number >= -numbers.most;
    });
    const bool is_one = numbers.is_list || part->second.value.find(',') == std::string::npos;
    if (good && is_one) continue;
    return RecurrenceProblem{part->second.offset,
                             fmt::format("expected {} with {} from 1 to {}{}, got `{}`", numbers.name,
                                         numbers.is_list ? "numbers" : "a number", numbers.most,
                                         numbers.counts_from_end ? ", or as much below zero to count from the end" : "",
                                         part->second.value)};
  }
  return std::nullopt;
}

std::optional<RecurrenceProblem> check_weekdays(const Parts& parts) {
  if (const auto week = parts.find("WKST"); week != parts.end() && !contains(kByDays, week->second.value)) {
    return RecurrenceProblem{week->second.offset, fmt::format("expected WKST with one of {}, got `{}`",
                                                              fmt::join(kByDays, ", "), week->second.value)};
  }
  const auto part = parts.find("BYDAY");
  if (part == parts.end()) return std::nullopt;
  const std::string& frequency = parts.find("FREQ")->second.value;
  const bool by_month = frequency == "MONTHLY" || parts.contains("BYMONTH");
  const bool may_count = frequency == "MONTHLY" || frequency == "YEARLY";
  const int most = by_month ? 5 : 53;
  const bool good = all_items(part->second.value, [&](std::string_view item) {
    if (item.size() < 2 || !contains(kByDays, item.substr(item.size() - 2))) return false;
    if (item.size() == 2) return true;
    const auto number = whole_number(item.substr(0, item.size() - 2));
    return may_count && number && *number != 0 && *number >= -most && *number <= most;
  });
  if (good) return std::nullopt;
  const std::string example = may_count ? ", each with a number such as 1MO or -1FR where it is one of them" : "";
  return RecurrenceProblem{part->second.offset, fmt::format("expected BYDAY with days of {}{}, got `{}`",
                                                            fmt::join(kByDays, ", "), example, part->second.value)};
}

std::optional<RecurrenceProblem> check_until(const Parts& parts) {
  const auto part = parts.find("UNTIL");
  if (part == parts.end()) return std::nullopt;
  if (parts.contains("COUNT")) {
    return RecurrenceProblem{part->second.offset, "`COUNT` and `UNTIL` exclude each other", "keep one of them"};
  }
  const std::string& text = part->second.value;
  constexpr std::size_t kDigits = 8;
  if (text.size() == kDigits && parse_date(text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6))) {
    return std::nullopt;
  }
  return RecurrenceProblem{part->second.offset,
                           fmt::format("expected UNTIL with an existing local date such as 20271231, got `{}`", text),
                           "the date itself is included; `at` says the time of day"};
}

/// Lists name nothing twice: libical would give a date as often.
std::optional<RecurrenceProblem> check_repeats(const Parts& parts) {
  for (const auto& [name, part] : parts) {
    std::vector<std::string_view> seen;
    const bool good = all_items(part.value, [&](std::string_view item) {
      const bool is_new = !contains(seen, item);
      seen.push_back(item);
      return is_new;
    });
    if (!good) {
      return RecurrenceProblem{part.offset, fmt::format("`{}` is twice in the list of {}", seen.back(), name),
                               "remove one of the two"};
    }
  }
  return std::nullopt;
}

/// Parts that do not go together: by the RFC, and where libical 3 answers with other dates than the RFC has. What is
/// refused for the latter can be written in another way.
std::optional<RecurrenceProblem> check_combination(const Parts& parts) {
  const std::string& frequency = parts.find("FREQ")->second.value;
  const bool monthly = frequency == "MONTHLY";
  const bool yearly = frequency == "YEARLY";
  const auto has = [&](std::string_view name) { return parts.contains(name); };
  struct Misfit {
    std::string_view name;
    bool fits;
    std::string_view where;
  };
  const std::array<Misfit, 4> misfits{{
      {"BYYEARDAY", yearly && !has("BYMONTH") && !has("BYMONTHDAY") && !has("BYDAY"),
       "FREQ=YEARLY and no other BY part"},
      {"BYMONTHDAY", monthly || (yearly && has("BYMONTH")), "FREQ=MONTHLY, or with FREQ=YEARLY and BYMONTH"},
      {"BYSETPOS", monthly || yearly, "FREQ=MONTHLY or FREQ=YEARLY"},
      {"BYSETPOS", has("BYMONTHDAY") || has("BYYEARDAY") || has("BYDAY"), "days of another BY part to choose from"},
  }};
  for (const auto& [name, fits, where] : misfits) {
    const auto part = parts.find(name);
    if (part == parts.end() || fits) continue;
    return RecurrenceProblem{part->second.offset, fmt::format("`{}` goes with {} only", name, where)};
  }
  return std::nullopt;
}

std::optional<RecurrenceProblem> check_frequency(const Parts& parts) {
  const auto part = parts.find("FREQ");
  if (part == parts.end()) {
    return RecurrenceProblem{0, "expected FREQ, which says the unit of time", "begin with `FREQ=MONTHLY`"};
  }
  const std::string& text = part->second.value;
  if (contains(kFrequencies, text)) return std::nullopt;
  const bool is_finer = text == "HOURLY" || text == "MINUTELY" || text == "SECONDLY";
  return RecurrenceProblem{part->second.offset,
                           fmt::format("expected FREQ with one of {}, got `{}`", fmt::join(kFrequencies, ", "), text),
                           is_finer ? "a lead is enrolled once a day at the most" : nearest(text, kFrequencies)};
}

std::string joined(const Parts& parts, std::initializer_list<std::string_view> without) {
  std::string text;
  for (const std::string_view name : kParts) {
    const auto part = parts.find(name);
    if (part == parts.end() || contains(without, name)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ";", name, part->second.value);
  }
  return text;
}

icaltimetype to_ical(LocalDate date) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{date.days}}};
  icaltimetype time = icaltime_null_time();
  time.is_date = 1;
  time.year = static_cast<int>(day.year());
  time.month = static_cast<int>(static_cast<unsigned>(day.month()));
  time.day = static_cast<int>(static_cast<unsigned>(day.day()));
  return time;
}

LocalDate from_ical(const icaltimetype& time) {
  const std::chrono::year_month_day day{std::chrono::year{time.year},
                                        std::chrono::month{static_cast<unsigned>(time.month)},
                                        std::chrono::day{static_cast<unsigned>(time.day)}};
  return {static_cast<std::int32_t>(std::chrono::sys_days{day}.time_since_epoch().count())};
}

/// `visit(date)` for the dates in their order until it is false.
template <class Visit>
void iterate(const std::string& rule, LocalDate start, Visit visit) {
  const icalrecurrencetype read = icalrecurrencetype_from_string(rule.c_str());
  const IcalIterator iterator(icalrecur_iterator_new(read, to_ical(start)));
  for (int dates = 0; iterator != nullptr && dates < kMostDates; ++dates) {
    const icaltimetype time = icalrecur_iterator_next(iterator.get());
    if (icaltime_is_null_time(time)) return;
    const LocalDate date = from_ical(time);
    if (date > Recurrence::kLastDate || !visit(date)) return;
  }
}

}  // namespace

tl::expected<Recurrence, RecurrenceProblem> Recurrence::parse(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return tl::unexpected<RecurrenceProblem>(parts.error());
  for (const auto check :
       {check_frequency, check_numbers, check_weekdays, check_until, check_repeats, check_combination}) {
    if (auto problem = check(*parts)) return tl::unexpected<RecurrenceProblem>(std::move(*problem));
  }
  Recurrence rule;
  const auto frequency = std::find(kFrequencies.begin(), kFrequencies.end(), parts->find("FREQ")->second.value);
  rule.frequency_ = static_cast<Frequency>(frequency - kFrequencies.begin());
  const std::string_view weeks = rule.frequency_ == Frequency::weekly ? "INTERVAL" : "";
  rule.text_ = joined(*parts, {});
  rule.iterated_ = joined(*parts, {"COUNT", weeks});
  rule.endless_ = joined(*parts, {"COUNT", "UNTIL", weeks});
  if (const auto part = parts->find("INTERVAL"); part != parts->end()) {
    rule.interval_ = whole_number(part->second.value).value_or(1);
  }
  if (const auto part = parts->find("COUNT"); part != parts->end()) rule.count_ = whole_number(part->second.value);
  if (const auto part = parts->find("WKST"); part != parts->end()) {
    rule.week_start_ =
        static_cast<int>(std::find(kByDays.begin(), kByDays.end(), part->second.value) - kByDays.begin());
  }
  return rule;
}

LocalDate Recurrence::shortened(LocalDate start, LocalDate after) const {
  if (count_ || after <= start || (frequency_ != Frequency::daily && frequency_ != Frequency::weekly)) return start;
  constexpr int kWeek = 7;
  const int period = frequency_ == Frequency::daily ? interval_ : kWeek;
  return start + (after.days - start.days) / period * period;
}

bool Recurrence::is_in_week(LocalDate start, LocalDate date) const {
  if (frequency_ != Frequency::weekly) return true;
  constexpr int kWeek = 7;
  const auto week_begin = [&](LocalDate day) {
    return day.days - (weekday_from_monday(day) - week_start_ + kWeek) % kWeek;
  };
  return (week_begin(date) - week_begin(start)) / kWeek % interval_ == 0;
}

template <class Visit>
void Recurrence::for_each_after(const std::string& rule, LocalDate start, LocalDate after, Visit visit) const {
  if (start < kFirstStart || start > kLastDate) return;
  int count = 0;
  iterate(rule, shortened(start, after), [&](LocalDate date) {
    if (!is_in_week(start, date)) return true;
    if (count_ && ++count > *count_) return false;
    return date <= after || visit(date);
  });
}

std::optional<LocalDate> Recurrence::next(LocalDate start, LocalDate after) const {
  std::optional<LocalDate> found;
  for_each_after(iterated_, start, after, [&](LocalDate date) {
    found = date;
    return false;
  });
  return found;
}

std::optional<LocalDate> Recurrence::latest(LocalDate start, LocalDate after, LocalDate until) const {
  std::optional<LocalDate> found;
  for_each_after(iterated_, start, after, [&](LocalDate date) {
    if (date <= until) found = date;
    return date <= until;
  });
  return found;
}

std::optional<LocalDate> Recurrence::start_without_dates() const {
  constexpr std::int32_t kFirstTried = 10'957;  // 2000-01-01
  constexpr std::int32_t kStep = 37;            // every day of the week, every month, most days of a month
  constexpr std::int32_t kTried = 4 * 366;      // a leap year among them
  for (LocalDate start{kFirstTried}; start < LocalDate{kFirstTried + kTried}; start = start + kStep) {
    bool found = false;
    for_each_after(endless_, start, start + -1, [&](LocalDate) {
      found = true;
      return false;
    });
    if (!found) return start;
  }
  return std::nullopt;
}

}  // namespace relance::rules
