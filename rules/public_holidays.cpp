#include "rules/public_holidays.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace relance::rules {

namespace {

constexpr int kFirstKnownYear = 2020;
constexpr int kLastKnownYear = 2045;
constexpr int kMonday = 0;
constexpr int kThursday = 3;
constexpr int kSaturday = 5;
constexpr int kSunday = 6;

LocalDate date_of(int year, int month, int day) {
  return parse_date(fmt::format("{:04}-{:02}-{:02}", year, month, day)).value();
}

/// Easter Sunday (Meeus, Astronomical Algorithms, 2nd ed., chapter 8).
LocalDate easter(int year) {
  const int a = year % 19;
  const int b = year / 100;
  const int c = year % 100;
  const int g = (b - (b + 8) / 25 + 1) / 3;
  const int h = (19 * a + b - b / 4 - g + 15) % 30;
  const int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int n = h + l - 7 * m + 114;
  return date_of(year, n / 31, n % 31 + 1);
}

/// The n-th of that weekday in the month, n from 1.
LocalDate nth(int year, int month, int weekday, int n) {
  const LocalDate first = date_of(year, month, 1);
  return first + ((weekday - weekday_from_monday(first) + 7) % 7 + 7 * (n - 1));
}

LocalDate last(int year, int month, int weekday) {
  const LocalDate next_month = month == 12 ? date_of(year + 1, 1, 1) : date_of(year, month + 1, 1);
  const LocalDate last_day = next_month + -1;
  return last_day + -((weekday_from_monday(last_day) - weekday + 7) % 7);
}

using Dates = std::vector<LocalDate>;

/// Code du travail, article L3133-1.
void add_france(int year, Dates& dates) {
  for (const auto& [month, day] : {std::pair{1, 1}, {5, 1}, {5, 8}, {7, 14}, {8, 15}, {11, 1}, {11, 11}, {12, 25}}) {
    dates.push_back(date_of(year, month, day));
  }
  for (const int days : {1, 39, 50}) dates.push_back(easter(year) + days);  // Monday, Ascension, Whit Monday
}

/// The holidays that every state's law has, and the Day of German Unity (Einigungsvertrag, article 2 (2)).
void add_germany(int year, Dates& dates) {
  for (const auto& [month, day] : {std::pair{1, 1}, {5, 1}, {10, 3}, {12, 25}, {12, 26}}) {
    dates.push_back(date_of(year, month, day));
  }
  for (const int days : {-2, 1, 39, 50}) dates.push_back(easter(year) + days);  // Good Friday to Whit Monday
}

/// The days of one year that a royal proclamation moved or added in England and Wales.
bool add_proclaimed(int year, Dates& dates) {
  if (year == 2022) {
    dates.push_back(date_of(2022, 9, 19));  // the Queen's funeral
    dates.push_back(date_of(2022, 6, 2));   // the spring holiday, moved
    dates.push_back(date_of(2022, 6, 3));   // Platinum Jubilee
    return true;
  }
  if (year == 2023) dates.push_back(date_of(2023, 5, 8));  // the Coronation
  return false;
}

/// Banking and Financial Dealings Act 1971, schedule 1, and proclamations under it.
void add_england_and_wales(int year, Dates& dates) {
  const auto with_substitute = [&](LocalDate date) {
    dates.push_back(date);
    LocalDate observed = date;
    const auto taken = [&](LocalDate day) {
      return std::count(dates.begin(), dates.end(), day) > (day == date ? 1 : 0);
    };
    while (weekday_from_monday(observed) >= kSaturday || taken(observed)) observed = observed + 1;
    dates.push_back(observed);
  };
  with_substitute(date_of(year, 1, 1));
  dates.push_back(easter(year) + -2);
  dates.push_back(easter(year) + 1);
  dates.push_back(year == 2020 ? date_of(2020, 5, 8) : nth(year, 5, kMonday, 1));  // 2020: 75 years after the war
  if (!add_proclaimed(year, dates)) dates.push_back(last(year, 5, kMonday));
  dates.push_back(last(year, 8, kMonday));
  with_substitute(date_of(year, 12, 25));
  with_substitute(date_of(year, 12, 26));
}

/// 5 U.S.C. 6103, with the day in lieu of (b).
void add_united_states(int year, Dates& dates) {
  const auto with_day_in_lieu = [&](LocalDate date) {
    dates.push_back(date);
    const int weekday = weekday_from_monday(date);
    if (weekday == kSaturday) dates.push_back(date + -1);
    if (weekday == kSunday) dates.push_back(date + 1);
  };
  with_day_in_lieu(date_of(year, 1, 1));
  dates.push_back(nth(year, 1, kMonday, 3));
  dates.push_back(nth(year, 2, kMonday, 3));
  dates.push_back(last(year, 5, kMonday));
  if (year >= 2021) with_day_in_lieu(date_of(year, 6, 19));
  with_day_in_lieu(date_of(year, 7, 4));
  dates.push_back(nth(year, 9, kMonday, 1));
  dates.push_back(nth(year, 10, kMonday, 2));
  with_day_in_lieu(date_of(year, 11, 11));
  dates.push_back(nth(year, 11, kThursday, 4));
  with_day_in_lieu(date_of(year, 12, 25));
}

struct Country {
  std::string_view code;
  void (*add)(int year, Dates& dates);
};
constexpr std::array<Country, 4> kCountries{
    {{"DE", add_germany}, {"FR", add_france}, {"GB", add_england_and_wales}, {"US", add_united_states}}};

}  // namespace

std::span<const std::string_view> countries_with_holidays() {
  static constexpr std::array<std::string_view, 4> kCodes{kCountries[0].code, kCountries[1].code, kCountries[2].code,
                                                          kCountries[3].code};
  return kCodes;
}

std::vector<LocalDate> public_holidays(std::string_view country) {
  Dates dates;
  for (const Country& known : kCountries) {
    if (known.code != country) continue;
    for (int year = kFirstKnownYear; year <= kLastKnownYear; ++year) known.add(year, dates);
  }
  std::sort(dates.begin(), dates.end());
  dates.erase(std::unique(dates.begin(), dates.end()), dates.end());
  return dates;
}

}  // namespace relance::rules
