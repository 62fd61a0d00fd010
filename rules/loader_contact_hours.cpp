#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "rules/holidays.h"
#include "rules/loader_blocks.h"
#include "rules/public_holidays.h"

namespace relance::rules {

namespace {

std::optional<std::array<bool, 7>> read_days(LoadContext& context, const Field& field) {
  const auto items = read_list(context, field, "a list of days such as [mon, tue]", 7);
  if (!items) return std::nullopt;
  std::array<bool, 7> days{};
  for (const Field& item : *items) {
    const auto day = read_word(context, item, weekday_names());
    if (!day) continue;
    if (days[*day]) {
      report(context, item, "repeated", fmt::format("`{}` is in the list twice", weekday_names()[*day]),
             "remove one of the two");
    }
    days[*day] = true;
  }
  return days;
}

/// "10:00-13:00"
std::optional<OpenWindow> read_window(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "hours such as \"10:00-13:00\"";
  const auto text = read_text(context, field, kExpected);
  if (!text) return std::nullopt;
  const std::size_t dash = text->find('-');
  const auto from = parse_time_of_day(std::string_view(*text).substr(0, dash));
  const auto to =
      dash == std::string::npos ? std::nullopt : parse_time_of_day(std::string_view(*text).substr(dash + 1));
  if (!from || !to) {
    report(context, field, "wrong-type", fmt::format("expected {}, got {}", kExpected, describe(*field.node)));
    return std::nullopt;
  }
  if (*from >= *to) {
    report(context, field, "hours", fmt::format("the window must begin before it ends, got {}", describe(*field.node)),
           "write a night as two windows, one up to 24:00 and one from 00:00");
    return std::nullopt;
  }
  return OpenWindow{*from, *to};
}

std::vector<OpenWindow> read_hours(LoadContext& context, const Field& field) {
  std::vector<OpenWindow> windows;
  const auto items =
      read_list(context, field, "a list of hours such as [\"10:00-13:00\", \"14:00-20:00\"]", kMostWindows);
  if (!items) return windows;
  for (const Field& item : *items) {
    const auto window = read_window(context, item);
    if (!window) continue;
    // "In order and apart": two windows that touch are one, and whoever wrote them meant something else.
    if (!windows.empty() && window->from <= windows.back().to) {
      report(context, item, "hours",
             fmt::format("windows must be in order and apart; the one before ends at {}", to_string(windows.back().to)),
             window->from == windows.back().to ? "write the two as one window" : "order them by their start");
      continue;
    }
    windows.push_back(*window);
  }
  return windows;
}

std::vector<OpenWindow> read_windows(LoadContext& context, const Block& block) {
  const auto from_field = block.get("from");
  const auto to_field = block.get("to");
  if (const auto hours = block.get("hours")) {
    if (from_field || to_field) {
      report(context, *hours, "contradiction", "expected either `hours` or `from` and `to`, got both",
             "keep one of them");
    }
    return read_hours(context, *hours);
  }
  if (!from_field || !to_field) {
    // Days alone could mean the whole day or a forgotten line; a call at three in the night is no place to guess.
    context.report.add({block.position(), block.path(), "missing-key",
                        "`contact_hours` needs `from` and `to`, or `hours`",
                        "write hours: [\"00:00-24:00\"] for whole days"});
    return {};
  }
  const auto from = read_time_of_day(context, *from_field);
  const auto to = read_time_of_day(context, *to_field);
  if (!from || !to) return {};
  if (*from >= *to) {
    report(context, *to_field, "hours",
           fmt::format("`from` must be before `to`, got {} and {}", to_string(*from), to_string(*to)),
           "write a night as two windows: hours: [\"00:00-06:00\", \"22:00-24:00\"]");
    return {};
  }
  return {OpenWindow{*from, *to}};
}

std::vector<LocalDate> read_dates(LoadContext& context, const Field& field) {
  std::vector<LocalDate> dates;
  if (field.node->is_scalar() && !field.node->text.empty()) {
    dates =
        read_calendar(context, field, {"holidays", "a list of dates, or the name of an .ics file beside the playbook"});
  } else if (const auto items = read_list_or_empty(
                 context, field, "a list of dates, or the name of an .ics file beside the playbook", kMostHolidays)) {
    for (const Field& item : *items) {
      if (const auto date = read_date(context, item)) dates.push_back(*date);
    }
  }
  std::sort(dates.begin(), dates.end());
  dates.erase(std::unique(dates.begin(), dates.end()), dates.end());
  return dates;
}

using CountryDates = std::map<std::string, std::vector<LocalDate>>;

CountryDates read_dates_by_country(LoadContext& context, const Field& field) {
  CountryDates countries;
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  for (const Entry& entry : read_entries(context, field, "dates by country", kMostCountries)) {
    if (entry.key.size() != 2 || !std::all_of(entry.key.begin(), entry.key.end(), is_capital)) {
      context.report.add({entry.key_position, entry.path, "unknown-value",
                          fmt::format("expected a country as two capital letters such as `BE`, got `{}`", entry.key),
                          "write its ISO 3166-1 code"});
    }
    countries[entry.key] = read_dates(context, entry);
  }
  return countries;
}

std::vector<LocalDate> united(const std::vector<LocalDate>& one, const std::vector<LocalDate>& other) {
  std::vector<LocalDate> dates;
  std::set_union(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(dates));
  return dates;
}

/// Last of all keys: the hours of each country are a copy of the rest.
void read_holidays(LoadContext& context, const Field& field, ContactHours& hours) {
  if (!field.node->is_map()) {
    hours.holidays = read_dates(context, field);
    return;
  }
  const Block block(context, field, kHolidaysBlock);
  if (field.node->entries.empty()) report(context, field, "empty-value", "expected at least one key, got none");
  if (const auto dates = block.get("dates")) hours.holidays = read_dates(context, *dates);
  CountryDates countries;
  if (const auto country = block.get("country")) {
    const auto index = read_word(context, *country, holiday_country_names());
    if (index && *index > 0) {
      hours.holidays = united(hours.holidays, public_holidays(holiday_country_names()[*index]));
    } else if (index) {
      for (const std::string_view code : countries_with_holidays()) countries.emplace(code, public_holidays(code));
    }
  }
  if (const auto by_country = block.get("by_country")) {
    for (auto& [code, dates] : read_dates_by_country(context, *by_country)) countries[code] = dates;
  }
  std::map<std::string, std::shared_ptr<const ContactHours>, std::less<>> of_countries;
  for (const auto& [code, dates] : countries) {
    ContactHours of_country = hours;
    of_country.holidays = united(hours.holidays, dates);
    of_countries.emplace(code, std::make_shared<const ContactHours>(std::move(of_country)));
  }
  hours.of_countries = std::move(of_countries);
}

std::vector<Zone> read_zones(LoadContext& context, const Field& field) {
  std::vector<Zone> zones;
  const auto items = read_list(context, field, "a list of zones such as [Europe/Paris]", kMostZones);
  for (const Field& item : items.value_or(std::vector<Field>{})) {
    if (const auto zone = read_zone(context, item)) zones.push_back(*zone);
  }
  return zones;
}

}  // namespace

std::vector<LocalDate> read_calendar(LoadContext& context, const Field& field, const CalendarUse& use) {
  const auto text_of_name = read_text(context, field, use.expected);
  if (!text_of_name) return {};
  const std::string& name = *text_of_name;
  if (!name.ends_with(".ics") || name.find_first_of("/\\") != std::string::npos || name.front() == '.') {
    report(context, field, std::string(use.rule),
           fmt::format("expected {}, got {}", use.expected, describe(*field.node)));
    return {};
  }
  const auto text = context.read_beside(name);
  const auto dates = text ? holidays_from_ics(*text) : tl::unexpected(text.error());
  if (!dates) {
    report(context, field, std::string(use.rule), fmt::format("the file `{}` cannot be used: {}", name, dates.error()));
    return {};
  }
  if (dates->size() > kMostHolidays) {
    report(context, field, "out-of-range",
           fmt::format("expected at most {} dates, got {}", kMostHolidays, dates->size()));
    return {};
  }
  return *dates;
}

std::optional<PolicyWindow> read_policy_window(LoadContext& context, const Field& field) {
  const Block block(context, field, kPolicyWindowBlock);
  if (!block.is_map()) return std::nullopt;
  PolicyWindow window;
  window.hours.days.fill(true);
  if (const auto days = block.get("days")) {
    if (const auto read = read_days(context, *days)) window.hours.days = *read;
  }
  if (const auto hours = block.get("hours")) window.hours.windows = read_hours(context, *hours);
  const auto zone = block.get("zone");
  if (zone && !(zone->node->is_scalar() && zone->node->text == "recipient")) {
    window.hours.fixed_zone = read_zone(context, *zone);
  }
  if (const auto zones = block.get("unknown_zones")) {
    window.unknown_zones = read_zones(context, *zones);
    if (window.hours.fixed_zone) {
      report(context, *zones, "contradiction", "a fixed `zone` is the same wherever the recipient is",
             "remove one of the two");
    }
  }
  if (const auto holidays = block.get("holidays")) read_holidays(context, *holidays, window.hours);
  return window;
}

std::optional<ContactHours> read_contact_hours(LoadContext& context, const Field& field) {
  const Block block(context, field, kContactHoursBlock);
  if (!block.is_map()) return std::nullopt;
  ContactHours hours;
  if (const auto days = block.get("days")) {
    if (const auto read = read_days(context, *days)) hours.days = *read;
  }
  hours.windows = read_windows(context, block);
  if (const auto zone = block.get("zone"); zone && !(zone->node->is_scalar() && zone->node->text == "lead")) {
    hours.fixed_zone = read_zone(context, *zone);
  }
  if (const auto fallback = block.get("fallback_zone")) hours.fallback_zone = read_zone(context, *fallback);
  if (const auto holidays = block.get("holidays")) read_holidays(context, *holidays, hours);
  return hours;
}

}  // namespace relance::rules
