// Recurring cadences (`enroll.on: schedule`): which occurrence of a schedule comes next for the lead. Remembered is the
// local date up to which occurrences are over, so whatever becomes of the lead's zone and start, one date never counts
// twice.

#include <algorithm>

#include "rules/scope.h"

namespace relance::rules {

namespace {

/// The local date that the text names: as a date, or as an instant.
std::optional<LocalDate> date_of(std::string_view text, const Zone& zone) {
  if (const auto date = parse_date(text)) return date;
  if (const auto instant = parse_rfc3339(text)) return zone.local_date(*instant);
  return std::nullopt;
}

/// From where the schedule counts; nullopt: the lead is not scheduled.
std::optional<LocalDate> start_of(const LeadState& lead, const Schedule& schedule, const Zone& zone) {
  if (const auto* fixed = std::get_if<LocalDate>(&schedule.start)) return *fixed;
  const auto date = date_of(lead.attributes.text(std::get<std::string>(schedule.start)), zone);
  if (!date || *date < Recurrence::kFirstStart || *date > Recurrence::kLastDate) return std::nullopt;
  return date;
}

const Zone& zone_of(const LeadState& lead, const Playbook& playbook) {
  return lead.zone ? *lead.zone : playbook.fallback_zone;
}

/// Another one whenever the occurrences may be others (FNV-1a); stored, so it stays what it is. 0 without a start.
std::uint64_t basis_of(const Schedule& schedule, const std::optional<LocalDate>& start, const Zone& zone) {
  if (!start) return 0;
  std::uint64_t hash = 0xCBF29CE484222325U;
  const auto add = [&](std::uint64_t octet) { hash = (hash ^ (octet & 0xFFU)) * 0x100000001B3U; };
  const auto add_number = [&](std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) add(number >> shift);
  };
  add_number(schedule.key);
  add_number(static_cast<std::uint64_t>(start->days));
  for (const char c : zone.name()) add(static_cast<unsigned char>(c));
  return std::max<std::uint64_t>(hash, 1);
}

/// The last date whose occurrence, if it has one, lies at or before `instant`.
LocalDate last_date_by(const Schedule& schedule, const Zone& zone, Instant instant) {
  if (instant < Instant{0}) return Recurrence::kFirstStart + -1;  // before every start; perhaps Instant::earliest()
  LocalDate date = zone.local_date(instant) + 1;
  while (zone.resolve({date, schedule.at}) > instant) date = date + -1;
  return date;
}

void compute_next(ScheduleState& state, const Schedule& schedule, const std::optional<LocalDate>& start,
                  const Zone& zone) {
  const auto date = start ? schedule.recurrence.next(*start, state.over) : std::nullopt;
  state.next = date ? zone.resolve({*date, schedule.at}) : Instant::never();
}

template <class States>
auto find_state(States& states, const PlaybookId& playbook) {
  return std::find_if(states.begin(), states.end(), [&](const auto& state) { return state.playbook == playbook; });
}

bool is_scheduled(const Rulebook& rulebook, const PlaybookId& id) {
  const Playbook* playbook = rulebook.find(id);
  return playbook != nullptr && playbook->enroll.schedule;
}

}  // namespace

Instant met_now(const DecisionContext& context) { return context.published.value_or(context.now); }

bool follows_schedules(const LeadState& lead, const Rulebook& rulebook) {
  for (const ScheduleState& state : lead.schedules) {
    if (!is_scheduled(rulebook, state.playbook)) return false;
  }
  return std::all_of(rulebook.scheduled().begin(), rulebook.scheduled().end(), [&](const Playbook* playbook) {
    const Zone& zone = zone_of(lead, *playbook);
    const auto start = start_of(lead, *playbook->enroll.schedule, zone);
    const auto state = find_state(lead.schedules, playbook->id);
    if (state == lead.schedules.end()) return !start;
    return state->basis == basis_of(*playbook->enroll.schedule, start, zone);
  });
}

void follow_schedules(const Scope& scope, Instant met) {
  LeadState& lead = scope.lead;
  const Rulebook& rulebook = scope.context.rulebook;
  if (rulebook.scheduled().empty() && lead.schedules.empty()) return;
  std::erase_if(lead.schedules, [&](const ScheduleState& state) { return !is_scheduled(rulebook, state.playbook); });
  for (const Playbook* playbook : rulebook.scheduled()) {
    const Schedule& schedule = *playbook->enroll.schedule;
    const Zone& zone = zone_of(lead, *playbook);
    const auto start = start_of(lead, schedule, zone);
    const std::uint64_t basis = basis_of(schedule, start, zone);
    auto state = find_state(lead.schedules, playbook->id);
    if (state == lead.schedules.end()) {
      if (!start) continue;
      lead.schedules.push_back({playbook->id, last_date_by(schedule, zone, met), Instant::never(), 0});
      state = lead.schedules.end() - 1;
    } else if (state->basis != basis) {
      // Neither an attribute nor a file that comes today calls up a day that has passed; one of this very instant is
      // still to come.
      state->over = std::max(state->over, last_date_by(schedule, zone, met - Duration{1}));
    } else {
      continue;
    }
    state->basis = basis;
    compute_next(*state, schedule, start, zone);
  }
}

std::optional<Instant> take_occurrence(const Scope& scope, const Playbook& playbook) {
  const auto state = find_state(scope.lead.schedules, playbook.id);
  if (state == scope.lead.schedules.end() || state->next > scope.now()) return std::nullopt;
  const Schedule& schedule = *playbook.enroll.schedule;
  const Zone& zone = zone_of(scope.lead, playbook);
  const auto start = start_of(scope.lead, schedule, zone);
  const LocalDate today = std::max(state->over, last_date_by(schedule, zone, scope.now()));
  const auto latest = start ? schedule.recurrence.latest(*start, state->over, today) : std::nullopt;
  state->over = today;
  compute_next(*state, schedule, start, zone);
  if (!latest) return std::nullopt;
  return zone.resolve({*latest, schedule.at});
}

}  // namespace relance::rules
