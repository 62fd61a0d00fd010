#include "rules/operations.h"

#include <algorithm>
#include <iterator>

namespace relance::rules {

namespace {

std::int64_t hour_of(Instant instant) {
  const std::int64_t hour = instant.ms / kMsPerHour;
  return instant.ms % kMsPerHour < 0 ? hour - 1 : hour;
}

std::size_t index_of(Counted kind) { return static_cast<std::size_t>(kind); }

}  // namespace

std::uint64_t PlaybookRates::sum(Counted kind, Instant now, Duration over) const {
  const std::int64_t last = hour_of(now);
  const std::int64_t first = last - over.ms / kMsPerHour;
  std::uint64_t sum = 0;
  for (auto hour = hours.rbegin(); hour != hours.rend() && hour->hour >= first; ++hour) {
    if (hour->hour <= last) sum += hour->counts[index_of(kind)];
  }
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

void PlaybookRates::add(const PlaybookRates& other) {
  std::vector<CountedHour> both;
  both.reserve(hours.size() + other.hours.size());
  std::merge(hours.begin(), hours.end(), other.hours.begin(), other.hours.end(), std::back_inserter(both),
             [](const CountedHour& one, const CountedHour& two) { return one.hour < two.hour; });
  hours.clear();
  for (const CountedHour& hour : both) {
    if (hours.empty() || hours.back().hour != hour.hour) {
      hours.push_back(hour);
    } else {
      for (std::size_t kind = 0; kind < kCountedKinds; ++kind) hours.back().counts[kind] += hour.counts[kind];
    }
  }
}

void PlaybookRates::forget_before(Instant instant) {
  const std::int64_t first = hour_of(instant);
  const auto kept =
      std::find_if(hours.begin(), hours.end(), [&](const CountedHour& hour) { return hour.hour >= first; });
  hours.erase(hours.begin(), kept);
}

Counted counted_by(Guardrail::Metric metric) {
  switch (metric) {
    case Guardrail::Metric::complaint_rate:
      return Counted::complaints;
    case Guardrail::Metric::hard_bounce_rate:
      return Counted::hard_bounces;
    case Guardrail::Metric::opt_out_rate:
      return Counted::opt_outs;
    case Guardrail::Metric::wrong_number_rate:
      return Counted::wrong_numbers;
  }
  return Counted::complaints;
}

bool exceeds(const Guardrail& guardrail, std::uint64_t events, std::uint64_t touches) {
  constexpr std::uint64_t kMillion = 1'000'000;
  return touches >= static_cast<std::uint64_t>(guardrail.min_touches) &&
         events * kMillion > touches * static_cast<std::uint64_t>(guardrail.above_ppm);
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
