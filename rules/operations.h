#pragma once
// What a partition remembers beyond its leads: what operators and guardrails have halted, and the rates that guardrails
// watch. A value, part of the store's state; one writer. Source: playbook-language.md, "Guardrails, publishing" and the
// gate's row `halted`.
//
// Rates are counted in whole hours (UTC): a window of 7d looks at the hour of now and the 168 before it. A cancelled
// touch counts no longer. Only playbooks that have guardrails are counted.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/channel.h"
#include "rules/ids.h"
#include "rules/playbook.h"
#include "rules/time.h"

namespace relance::rules {

/// What may not go out until somebody resumes it: one playbook, one channel, or (neither) everything.
struct HaltScope {
  std::optional<PlaybookId> playbook;
  std::optional<Channel> channel;
  friend bool operator==(const HaltScope&, const HaltScope&) = default;
};

struct Halt {
  HaltScope scope;
  Instant since;
  std::string by;  // who halted it; never a person who is contacted
  std::string reason;
};

/// What guardrails count. Numbers are stored on disk: never reuse one.
enum class Counted : std::uint8_t { touches = 0, complaints = 1, hard_bounces = 2, opt_outs = 3, wrong_numbers = 4 };
constexpr std::size_t kCountedKinds = 5;

struct CountedHour {
  std::int64_t hour = 0;  // since 1970
  std::array<std::uint32_t, kCountedKinds> counts{};
};

/// A guardrail that tripped and that nobody has acknowledged.
struct Trip {
  Guardrail::Metric metric = Guardrail::Metric::complaint_rate;
  std::optional<Guardrail::Action> action;
  std::string flag;
  Instant since;
};

struct PlaybookRates {
  std::vector<CountedHour> hours;  // in order
  std::vector<Trip> trips;

  /// Sum over the hours of `over` before now and the hour of now.
  std::uint64_t sum(Counted kind, Instant now, Duration over) const;
  /// Adds (or takes back) one in the hour of `at`.
  void count(Counted kind, Instant at, int by);
  /// What was counted for other leads. Trips are left.
  void add(const PlaybookRates& other);
  /// Hours that no window reaches any more go.
  void forget_before(Instant instant);
};

/// What the metric counts, over touches.
Counted counted_by(Guardrail::Metric metric);
/// There are touches enough, and the rate is above the limit.
bool exceeds(const Guardrail& guardrail, std::uint64_t events, std::uint64_t touches);

struct Operations {
  std::vector<Halt> halts;
  std::map<PlaybookId, PlaybookRates> rates;
  /// Guardrails count, forget nothing and trip nothing: whoever decides for a part of the leads sees a part of a rate,
  /// and asks about the whole afterwards. Not stored.
  bool only_counts = false;

  /// Guardrails that have tripped and that nobody has acknowledged.
  std::size_t trips() const;
  /// The playbook, the channel or everything is halted, by an operator or by a guardrail.
  bool halted(const PlaybookId& playbook, Channel channel) const;
  /// A guardrail halves the playbook's caps.
  bool caps_halved(const PlaybookId& playbook) const;
};

}  // namespace relance::rules
