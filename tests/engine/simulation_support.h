#pragma once
// Scenarios for the tests of the decision: playbooks and events given compactly, and what follows as a story that can
// be compared as text and read when it differs.
//
// Times are UTC: "03-02 09:10" or "03-02 09:10:30" lie in 2026 (2026-03-02 is a Monday); anything with a "T" is read as
// RFC 3339. Data are JSON objects without braces and with single quotes: "'channel':'email','auto':true".

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/simulate/simulation.h"
#include "rules/decide.h"

namespace relance::tests {

rules::Instant instant(std::string_view text);
/// "03-02 09:10", with seconds and milliseconds only where there are any, and the year where it is not 2026.
std::string short_text(rules::Instant at);

struct Given {
  std::string at;
  std::string lead;
  std::string type;
  std::string data = {};
  std::string id = {};       // default: "e-<position>"
  std::string account = {};  // CloudEvents partitionkey
};
/// A CloudEvent, as one line.
std::string json_of(const Given& given, std::size_t position = 0);
rules::Event event_of(const Given& given, std::size_t position = 0);

/// An update of the lead `L` with this score.
Given score(const std::string& at, const std::string& value);
/// A lead with an email address and a phone number.
inline const Given kArrival{"03-02 09:00", "L", "lead.created", "'email':'a@example.org','phone':'+33612345678'"};

/// A playbook `p` that enrolls on lead.created; `body` adds the rest, its steps at least.
std::string cadence(std::string_view body);
/// Playbooks that must load: a finding fails the test and is printed.
rules::Rulebook rulebook_of(const std::vector<std::string>& playbooks, const rules::House& house = {});
/// A house.yaml, which must load.
rules::House house_of(std::string_view text);

struct Line {
  rules::LeadId lead;
  std::string cause;
  rules::Record record;
};

/// Runs a simulation piece by piece and keeps its ledger. The rulebook lives in it.
class Run {
 public:
  explicit Run(rules::Rulebook rulebook, engine::Outcomes outcomes = {});
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void handle(const Given& given) { handle(event_of(given, events_++)); }
  void handle(const rules::Event& event) { simulation_.handle(event); }
  void until(rules::Instant end) { simulation_.run_until(end); }
  void until(std::string_view end) { until(instant(end)); }
  void to_the_end() { until(rules::Instant::never()); }

  const std::vector<Line>& ledger() const { return ledger_; }
  rules::LeadState& lead(const std::string& id);
  engine::Simulation& simulation() { return simulation_; }

  /// One line per record: "03-02 09:00 touch.deferred step cap:lead:any until 03-03 00:00". Outcomes are left out.
  /// Timers, pauses and escalations name their playbook where it is not `p`.
  std::string story(std::string_view lead) const;
  /// The lines of one type, or of several that share the prefix ("touch.").
  std::string story(std::string_view lead, std::string_view type) const;

 private:
  rules::Rulebook rulebook_;
  std::vector<Line> ledger_;
  engine::Simulation simulation_;
  std::size_t events_ = 0;
};

/// Playbooks, events, then all work that is ever due (or due until `until`): the story of `lead`.
struct Scenario {
  std::vector<std::string> playbooks;
  std::vector<Given> events;
  std::string until = {};
  rules::House house = {};
};
std::string story_of(const Scenario& scenario, std::string_view lead = "L");
std::string story_of(const Scenario& scenario, std::string_view lead, std::string_view type);

/// The story of `L` in the cadence.
std::string cadence_story(const std::string& body, const std::vector<Given>& events, const std::string& until = {});
/// The same without its first line, the enrollment on arrival.
std::string after_arrival(const std::string& body, std::vector<Given> events, const std::string& until = {},
                          const Given& arrival = kArrival);
/// What becomes of the touches.
std::string touches(const std::string& body, const std::vector<Given>& events = {kArrival});

/// The expected story: lines without their indentation.
std::string lines(std::string_view text);

}  // namespace relance::tests
