#include "engine/runtime/engine_clock.h"

#include <algorithm>
#include <cmath>

namespace relance::engine {

using rules::Duration;
using rules::Instant;

EngineClock::EngineClock(const ClockConfig& config)
    : mode_(config.mode),
      speed_(config.mode == ClockConfig::Mode::accelerated ? config.speed : 1.0),
      real_start_(Real::now()),
      base_(config.mode == ClockConfig::Mode::system ? 0 : config.start.ms) {}

Instant EngineClock::now() const {
  switch (mode_) {
    case ClockConfig::Mode::system: {
      const auto wall = std::chrono::system_clock::now().time_since_epoch();
      return {std::max<std::int64_t>(base_, std::chrono::duration_cast<std::chrono::milliseconds>(wall).count())};
    }
    case ClockConfig::Mode::accelerated: {
      const std::chrono::duration<double, std::milli> passed = Real::now() - real_start_;
      return {base_ + static_cast<std::int64_t>(passed.count() * speed_)};
    }
    case ClockConfig::Mode::events:
      return {base_};
  }
  return {base_};
}

void EngineClock::continue_from(Instant handled) {
  if (mode_ == ClockConfig::Mode::accelerated) {
    // Only where it lags: what has passed since the start counts from the base, and must not count twice.
    const Instant current = now();
    if (handled > current) base_ += handled.ms - current.ms;
    return;
  }
  if (handled.ms > base_) base_ = handled.ms;
}

void EngineClock::move_to(Instant instant) { continue_from(instant); }

std::chrono::milliseconds EngineClock::until(Instant instant) const {
  constexpr std::int64_t kHour = 3'600'000;
  const Instant current = now();
  if (instant <= current) return std::chrono::milliseconds(0);
  const auto virtual_ms = static_cast<double>(instant.ms) - static_cast<double>(current.ms);
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min<double>(std::ceil(virtual_ms / speed_), kHour)));
}

Duration EngineClock::grace() const { return {static_cast<std::int64_t>(1000 * speed_)}; }

}  // namespace relance::engine
