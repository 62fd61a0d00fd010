#pragma once
// A recurrence rule of RFC 5545 over dates: on which local dates something happens again. Read strictly, iterated by
// libical. Source: RFC 5545, 3.3.10. Pure and immutable; any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "rules/zone.h"

namespace relance::rules {

/// What cannot be used of a rule's text.
struct RecurrenceProblem {
  std::size_t offset = 0;  // of the part, in bytes
  std::string text;
  std::string suggestion = {};
};

class Recurrence {
 public:
  /// Starts before and after these have no dates, and no rule has dates after the last.
  static constexpr LocalDate kFirstStart{0};     // 1970-01-01
  static constexpr LocalDate kLastDate{47'846};  // 2100-12-31

  /// "FREQ=MONTHLY;INTERVAL=4"; the letter case does not matter.
  static tl::expected<Recurrence, RecurrenceProblem> parse(std::string_view text);

  /// In capitals, its parts in the order of the RFC: equal for rules that say the same in another order.
  const std::string& text() const { return text_; }
  /// The first date after `after` for what begins on `start` (which is a date of its own only where the rule gives it);
  /// nullopt when there is none up to kLastDate.
  std::optional<LocalDate> next(LocalDate start, LocalDate after) const;
  /// The last date after `after`, up to `until`.
  std::optional<LocalDate> latest(LocalDate start, LocalDate after, LocalDate until) const;
  /// A start for which the rule has no date within a hundred years; nullopt when every one that was tried has one.
  /// COUNT and UNTIL are left aside. Slow: for the loader.
  std::optional<LocalDate> start_without_dates() const;

 private:
  enum class Frequency { daily, weekly, monthly, yearly };

  /// A later start with the same dates after `after`: nobody counts the days of decades one by one.
  LocalDate shortened(LocalDate start, LocalDate after) const;
  /// The week is one of every `interval_`, counted from that of the start.
  bool is_in_week(LocalDate start, LocalDate date) const;
  /// `visit(date)` for the dates of `rule` after `after`, until it is false.
  template <class Visit>
  void for_each_after(const std::string& rule, LocalDate start, LocalDate after, Visit visit) const;

  std::string text_;
  // What libical is asked. COUNT, and INTERVAL of weeks, are seen to here: it begins to count at the wrong week where
  // the first of BYDAY comes before the start.
  std::string iterated_;
  std::string endless_;  // the same without UNTIL
  Frequency frequency_ = Frequency::daily;
  int interval_ = 1;
  int week_start_ = 0;  // Monday is 0
  std::optional<int> count_;
};

}  // namespace relance::rules
