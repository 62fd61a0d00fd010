#pragma once
// How many enrolled leads a folder of playbooks leaves alone, pins, migrates or ends, by playbook. Diff counts what
// would happen, publishing counts what did: both add what the same rule (rules/decide.h, InFlightChanges) answered.
// Values; no thread of their own.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/decide.h"

namespace relance::engine {

/// Enrollments in one playbook. A lead has at most one in each.
struct InFlightCounts {
  std::uint64_t current = 0;  // under the current file already
  std::uint64_t pinned = 0;
  std::uint64_t migrated = 0;
  std::uint64_t lose_open_step = 0;  // of the migrated: the step that was next is gone
  std::uint64_t ended = 0;
  std::uint64_t enrolled() const { return current + pinned + migrated + ended; }
  friend bool operator==(const InFlightCounts&, const InFlightCounts&) = default;
};

class InFlightTally {
 public:
  /// The enrollments of a lead before anything was done to it.
  struct Enrollments {
    explicit Enrollments(const rules::LeadState& lead);
    std::optional<rules::PlaybookId> running;
    std::optional<rules::PlaybookId> interrupted;
  };
  void add(const Enrollments& enrollments, const rules::InFlightChanges& changes);

  const std::map<rules::PlaybookId, InFlightCounts>& playbooks() const { return playbooks_; }
  InFlightCounts of(const rules::PlaybookId& playbook) const;
  InFlightCounts total() const;

 private:
  std::map<rules::PlaybookId, InFlightCounts> playbooks_;
};

/// A page of the store: DurableStore::leads_after().
using LeadPages = std::function<std::vector<rules::LeadState>(const rules::LeadId* after, std::size_t limit)>;

/// What publishing `rulebook`, which must hold every revision that enrollments are pinned to, would do to all leads.
InFlightTally count_in_flight(const LeadPages& pages, const rules::Rulebook& rulebook);

}  // namespace relance::engine
