#include "rules/operations.h"

#include <algorithm>

namespace relance::rules {

namespace {

std::int64_t hour_of(Instant instant) {
  const std::int64_t hour = instant.ms / kMsPerHour;
  return instant.ms % kMsPerHour < 0 ? hour - 1 : hour;
}

std::size_t index_of(Counted kind) { return static_cast<std::size_t>(kind); }

}  // namespace

std::uint64_t PlaybookRates::sum(Counted kind, Instant now, Duration over) const {
  const std::int64_t first = hour_of(now) - over.ms / kMsPerHour;
  std::uint64_t sum = 0;
  for (auto hour = hours.rbegin(); hour != hours.rend() && hour->hour >= first; ++hour)
    sum += hour->counts[index_of(kind)];
  return sum;
}

void PlaybookRates::count(Counted kind, Instant at, int by) {
  const std::int64_t hour = hour_of(at);
  auto place = std::lower_bound(hours.begin(), hours.end(), hour,
                                [](const CountedHour& known, std::int64_t wanted) { return known.hour < wanted; });
  if (place == hours.end() || place->hour != hour) {
    if (by < 0) return;  // forgotten already
    place = hours.insert(place, CountedHour{hour, {}});
  }
  std::uint32_t& count = place->counts[index_of(kind)];
  if (by > 0) {
    ++count;
  } else if (count > 0) {
    --count;
  }
}

void PlaybookRates::forget_before(Instant instant) {
  const std::int64_t first = hour_of(instant);
  const auto kept =
      std::find_if(hours.begin(), hours.end(), [&](const CountedHour& hour) { return hour.hour >= first; });
  hours.erase(hours.begin(), kept);
}

std::size_t Operations::trips() const {
  std::size_t count = 0;
  for (const auto& [playbook, watched] : rates) count += watched.trips.size();
  return count;
}

bool Operations::halted(const PlaybookId& playbook, Channel channel) const {
  const bool by_operator = std::any_of(halts.begin(), halts.end(), [&](const Halt& halt) {
    if (halt.scope.playbook) return *halt.scope.playbook == playbook;
    return !halt.scope.channel || *halt.scope.channel == channel;
  });
  if (by_operator) return true;
  const auto watched = rates.find(playbook);
  return watched != rates.end() &&
         std::any_of(watched->second.trips.begin(), watched->second.trips.end(),
                     [](const Trip& trip) { return trip.action == Guardrail::Action::pause; });
}

bool Operations::caps_halved(const PlaybookId& playbook) const {
  const auto watched = rates.find(playbook);
  return watched != rates.end() &&
         std::any_of(watched->second.trips.begin(), watched->second.trips.end(),
                     [](const Trip& trip) { return trip.action == Guardrail::Action::halve_caps; });
}

}  // namespace relance::rules
