// `enroll.schedule`: when leads are enrolled without an event.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/loader_blocks.h"
#include "rules/scalar_position.h"
#include "rules/sha256.h"

namespace relance::rules {

namespace {

/// Where a part of the field's text stands in the file.
TextPosition place_of(const LoadContext& context, const Field& field, std::size_t offset) {
  return position_in_scalar(context.report.source(), *field.node, {0, 1, static_cast<int>(offset) + 1});
}

std::optional<Recurrence> read_recurrence(LoadContext& context, const Field& field) {
  const auto text = read_text(context, field, "a recurrence rule such as `FREQ=MONTHLY;INTERVAL=4`");
  if (!text) return std::nullopt;
  if (text->size() > static_cast<std::size_t>(kLongestText)) {
    report(context, field, "recurrence",
           fmt::format("expected a rule of at most {} bytes, got {}", kLongestText, text->size()));
    return std::nullopt;
  }
  auto rule = Recurrence::parse(*text);
  if (rule) return std::move(*rule);
  RecurrenceProblem& problem = rule.error();
  context.report.add({place_of(context, field, problem.offset), field.path, "recurrence", std::move(problem.text),
                      std::move(problem.suggestion)});
  return std::nullopt;
}

bool is_attribute_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto may_follow = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), may_follow);
}

std::optional<std::variant<LocalDate, std::string>> read_start(LoadContext& context, const Field& field) {
  constexpr std::string_view kExpected = "a date such as 2026-01-31, or `lead.NAME`, an attribute that has one";
  const auto text = read_text(context, field, kExpected);
  if (!text) return std::nullopt;
  if (text->starts_with(kAttributePrefix) && is_attribute_name(text->substr(kAttributePrefix.size()))) {
    return text->substr(kAttributePrefix.size());
  }
  const auto date = parse_date(*text);
  if (!date) {
    report(context, field, "wrong-type", fmt::format("expected {}, got {}", kExpected, describe(*field.node)));
    return std::nullopt;
  }
  if (*date >= Recurrence::kFirstStart && *date <= Recurrence::kLastDate) return *date;
  report(context, field, "out-of-range",
         fmt::format("expected a date from {} to {}, got {}", to_string(Recurrence::kFirstStart),
                     to_string(Recurrence::kLastDate), to_string(*date)));
  return std::nullopt;
}

/// 24:00 is no time of its day.
LocalTime read_start_time(LoadContext& context, const Field& field) {
  constexpr LocalTime kEndOfDay{kMsPerDay};
  const auto at = read_time_of_day(context, field);
  if (at == kEndOfDay) {
    report(context, field, "out-of-range", "expected a time before 24:00, which is the end of the day",
           "write \"00:00\", and a rule that names the day after");
  }
  return at.value_or(LocalTime{});
}

/// A rule that gives no date enrolls nobody, and libical takes its time to find that out.
void check_gives_dates(LoadContext& context, const Field& field, const Schedule& schedule) {
  const auto* fixed = std::get_if<LocalDate>(&schedule.start);
  if (fixed != nullptr) {
    if (schedule.recurrence.next(*fixed, *fixed + -1)) return;
    report(context, field, "recurrence", fmt::format("the rule has no date for the start {}", to_string(*fixed)),
           "no day fulfils all its parts");
    return;
  }
  const auto start = schedule.recurrence.start_without_dates();
  if (!start) return;
  report(context, field, "recurrence",
         fmt::format("the rule has no date for some leads, for example with the start {}", to_string(*start)),
         "no day fulfils all its parts: INTERVAL and a BY part exclude each other, or the day does not exist");
}

}  // namespace

std::optional<Schedule> read_schedule(LoadContext& context, const Field& field) {
  const Block block(context, field, kScheduleBlock);
  if (!block.is_map()) return std::nullopt;
  const auto rrule = block.get("rrule");
  const auto first = block.get("start");
  auto rule = rrule ? read_recurrence(context, *rrule) : std::nullopt;
  auto start = first ? read_start(context, *first) : std::nullopt;
  LocalTime at;
  if (const auto time = block.get("at")) at = read_start_time(context, *time);
  if (!rule || !start) return std::nullopt;
  Schedule schedule{std::move(*rule), std::move(*start), at};
  check_gives_dates(context, *rrule, schedule);
  const auto* fixed = std::get_if<LocalDate>(&schedule.start);
  const std::string from = fixed ? to_string(*fixed) : "lead." + std::get<std::string>(schedule.start);
  schedule.key = first_eight_octets(sha256(schedule.recurrence.text() + '\n' + from + '\n' + to_string(schedule.at)));
  return schedule;
}

}  // namespace relance::rules
