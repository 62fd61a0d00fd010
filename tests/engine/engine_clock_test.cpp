#include "engine/runtime/engine_clock.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace relance;
using namespace relance::engine;

namespace {

constexpr rules::Instant kStart{1'772'436'600'000};  // 2026-03-02T07:30:00Z

ClockConfig accelerated(double speed) { return {ClockConfig::Mode::accelerated, kStart, speed}; }

}  // namespace

TEST_CASE("an accelerated clock keeps its speed however often it is told what was handled") {
  constexpr double kSpeed = 1000;
  const auto begin = EngineClock::Real::now();
  EngineClock clock(accelerated(kSpeed));
  for (int i = 0; i < 1000; ++i) clock.continue_from(clock.now());
  const rules::Instant now = clock.now();
  const std::chrono::duration<double, std::milli> passed = EngineClock::Real::now() - begin;
  CHECK(now >= kStart);
  // Each call may round a millisecond up.
  CHECK(static_cast<double>((now - kStart).ms) <= passed.count() * kSpeed + 1000);
}

TEST_CASE("an accelerated clock goes on from what was handled before a restart") {
  EngineClock clock(accelerated(1));
  const rules::Instant handled = kStart + rules::kDay;
  clock.continue_from(handled);
  CHECK(clock.now() >= handled);
  CHECK(clock.now() < handled + rules::kDay);
}

TEST_CASE("a clock of events stands where the latest event put it and never goes back") {
  EngineClock clock({ClockConfig::Mode::events, kStart, 1});
  CHECK(clock.now() == kStart);
  clock.move_to(kStart + rules::kDay);
  clock.move_to(kStart);
  CHECK(clock.now() == kStart + rules::kDay);
}
