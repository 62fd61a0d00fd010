#pragma once
// Scenarios: what marketing ops expect of their playbooks, as values. The format of the files is in
// engine/scenarios/README.md; scenario_reader.h reads them, scenario_run.h runs them.
// Source: playbook-language.md, "Scenarios". Values; any thread.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/simulate/simulation.h"
#include "rules/event.h"
#include "rules/playbook.h"
#include "rules/record.h"

namespace relance::engine {

/// Which records an expectation speaks of.
struct RecordPattern {
  std::optional<rules::RecordType> type;
  /// A group of types ("opt_out" of opt_out.received), or the step, channel, rule or reason of a record. Only without
  /// `type`.
  std::string name;
  /// What one of the record's names must be: its step, channel, rule, reason, ... Empty: anything.
  std::string value;
  /// Fields that must be exactly that: {"step", "intro-call"}; `until` as an instant in UTC.
  std::vector<std::pair<std::string, std::string>> fields;
};

struct Expectation {
  enum class Kind { happens, never, count };
  Kind kind = Kind::happens;
  RecordPattern pattern;
  int count = 0;
  std::optional<rules::Instant> at;     // exactly then
  std::optional<rules::Instant> by;     // then or before
  std::optional<rules::Instant> after;  // later than that
  std::optional<rules::LeadId> lead;    // absent: any lead
  std::optional<rules::PlaybookId> playbook;
  rules::Position position;
  std::string text;  // as the author wrote it: "at 2026-03-02T09:10:00+01:00, touch.emitted: intro-call"
};

struct Scenario {
  std::string name;
  rules::Zone zone;                  // of leads that name none, and of printed times
  std::vector<rules::Event> events;  // in the order in which they arrive
  Outcomes outcomes;
  std::optional<rules::Instant> until;  // the end; absent: when nothing is due, schedules left out after the last event
  std::vector<Expectation> expectations;
  rules::Position position;
};

}  // namespace relance::engine
