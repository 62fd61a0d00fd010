#pragma once
// The kinds of leads that a playbook can tell apart: one profile for each, all facts of the same kind folded together.
// Pure; any thread.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/check/facts.h"
#include "rules/conditions.h"

namespace relance::engine {

struct Profile {
  rules::cel::Map lead;   // attributes, but for the time zone
  rules::cel::Map event;  // data of the enrolling event, when that is no lead event
  std::string text;       // "source inbound, size smb, no phone"

  std::string country;       // empty: it names none
  std::string subject_kind;  // the same

  bool enrolls = false;
  std::optional<std::size_t> variant;  // the first whose `when` holds
  std::vector<bool> exceptions;        // whose `when` holds
  std::vector<bool> disqualified;      // by which conditions
  bool has_email = true;
  bool has_phone = true;

  bool is_excepted() const;
  /// It may come in, and is not let go at once.
  bool is_wanted() const;
};

struct Profiles {
  std::vector<Profile> all;
  /// No kind of lead is missing, as far as the conditions are decidable.
  bool complete = true;
};

/// `trigger`: the type of the event that enrolls.
Profiles profiles_of(const rules::Playbook& playbook, const Facts& facts, rules::EventType trigger);

/// The type whose event the checker enrolls leads with.
rules::EventType trigger_of(const rules::Playbook& playbook);
bool carries_attributes(rules::EventType type);

}  // namespace relance::engine
