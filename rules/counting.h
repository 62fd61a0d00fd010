#pragma once
// Counting touches in a period, for caps and throttles: "Counting" in the playbook language. Internal to rules/.
// `for_each(visit)` calls visit(instant) for each touch that counts, newest first, until it answers false;
// `on_counted(instant)` is told each one that is counted, newest first, up to `max`.

#include <algorithm>
#include <optional>

#include "rules/playbook.h"
#include "rules/scope.h"

namespace relance::rules {

/// A rolling window: a touch at T stops counting at `end_of(T)`; full, it frees at the end of the max-th most recent.
template <class ForEach, class EndOf, class Counted>
std::optional<Instant> rolling_frees(int max, Instant now, ForEach for_each, EndOf end_of, Counted on_counted) {
  int counted = 0;
  std::optional<Instant> frees;
  for_each([&](Instant at) {
    const Instant end = end_of(at);
    if (end <= now) return false;
    on_counted(at);
    if (++counted < max) return true;
    frees = end;
    return false;
  });
  return frees;
}

/// The local day or week (from Monday): full, it frees at the midnight that ends it.
template <class ForEach, class Counted>
std::optional<Instant> calendar_frees(int max, Cap::Calendar period, const Zone& zone, Instant now, ForEach for_each,
                                      Counted on_counted) {
  const LocalDate today = zone.local_date(now);
  const LocalDate first = period == Cap::Calendar::day ? today : today + -weekday_from_monday(today);
  const LocalDate next = first + (period == Cap::Calendar::day ? 1 : 7);
  int counted = 0;
  for_each([&](Instant at) {
    // Three days of margin: around a clock change at midnight local dates need not be ordered like instants.
    if (at + kDay * 10 < now) return false;
    const LocalDate date = zone.local_date(at);
    if (date >= first && date < next) {
      ++counted;
      on_counted(at);
    }
    return counted < max;
  });
  if (counted < max) return std::nullopt;
  return midnight_after(zone, now, next);
}

}  // namespace relance::rules
