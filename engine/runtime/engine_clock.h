#pragma once
// What time it is for the engine: the machine's clock, a faster one, or one that only events move. The only place
// outside tests where the daemon reads a clock. Threads: now() from any thread; the rest from the processor's.

#include <atomic>
#include <chrono>
#include <functional>

#include "engine/config/config.h"
#include "rules/time.h"

namespace relance::engine {

class EngineClock {
 public:
  using Real = std::chrono::steady_clock;

  /// The machine's clocks; tests bring their own.
  struct Sources {
    std::function<Real::time_point()> real;  // goes on evenly
    std::function<rules::Instant()> wall;    // may be set, also back
  };
  static Sources machine();

  explicit EngineClock(const ClockConfig& config, Sources sources = machine());

  ClockConfig::Mode mode() const { return mode_; }
  bool moved_by_events() const { return mode_ == ClockConfig::Mode::events; }

  rules::Instant now() const;
  /// After a restart: never before what was handled. An accelerated clock goes on from there.
  void continue_from(rules::Instant handled);
  /// Events mode: the clock stands where the latest event put it.
  void move_to(rules::Instant instant);

  /// Real time from now until `instant`; zero when it is past, at most one hour (ask again then). Not in events mode.
  std::chrono::milliseconds until(rules::Instant instant) const;
  /// How far the machine's clock was set back behind what was handled already; zero when it was not.
  std::chrono::milliseconds behind(rules::Instant handled) const;
  /// How late due work may be done and still count as done on time: one second of real time.
  rules::Duration grace() const;

 private:
  ClockConfig::Mode mode_;
  double speed_;
  Sources sources_;
  Real::time_point real_start_;
  std::atomic<std::int64_t> base_;  // accelerated: where the clock stood at real_start_; else: the least it answers
};

}  // namespace relance::engine
