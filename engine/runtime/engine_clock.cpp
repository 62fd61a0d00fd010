#include "engine/runtime/engine_clock.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace relance::engine {

using rules::Duration;
using rules::Instant;

EngineClock::Sources EngineClock::machine() {
  return {Real::now, [] {
            const auto wall = std::chrono::system_clock::now().time_since_epoch();
            return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()};
          }};
}

EngineClock::EngineClock(const ClockConfig& config, Sources sources)
    : mode_(config.mode),
      speed_(config.mode == ClockConfig::Mode::accelerated ? config.speed : 1.0),
      sources_(std::move(sources)),
      real_start_(sources_.real()),
      base_(config.mode == ClockConfig::Mode::system ? 0 : config.start.ms) {}

Instant EngineClock::now() const {
  switch (mode_) {
    case ClockConfig::Mode::system:
      return {std::max<std::int64_t>(base_, sources_.wall().ms)};
    case ClockConfig::Mode::accelerated: {
      const std::chrono::duration<double, std::milli> passed = sources_.real() - real_start_;
      return {base_ + static_cast<std::int64_t>(passed.count() * speed_)};
    }
    case ClockConfig::Mode::events:
      return {base_};
  }
  return {base_};
}

std::chrono::milliseconds EngineClock::behind(Instant handled) const {
  if (mode_ != ClockConfig::Mode::system) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(std::max<std::int64_t>(0, handled.ms - sources_.wall().ms));
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
  const Instant current = now();
  if (instant <= current) return std::chrono::milliseconds(0);
  const auto virtual_ms = static_cast<double>(instant.ms) - static_cast<double>(current.ms);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(std::min<double>(std::ceil(virtual_ms / speed_), rules::kMsPerHour)));
}

Duration EngineClock::grace() const { return {static_cast<std::int64_t>(1000 * speed_)}; }

}  // namespace relance::engine
