#include "engine/publish/in_flight_tally.h"

namespace relance::engine {

using rules::InFlightChange;

namespace {

constexpr std::size_t kPage = 1000;

std::optional<rules::PlaybookId> playbook_of(const std::optional<rules::Enrollment>& enrollment) {
  return enrollment ? std::optional(enrollment->playbook) : std::nullopt;
}

void count(InFlightCounts& counts, InFlightChange change, bool loses_step) {
  switch (change) {
    case InFlightChange::none:
      ++counts.current;
      break;
    case InFlightChange::pinned:
      ++counts.pinned;
      break;
    case InFlightChange::migrated:
      ++counts.migrated;
      if (loses_step) ++counts.lose_open_step;
      break;
    case InFlightChange::ended:
      ++counts.ended;
      break;
  }
}

}  // namespace

InFlightTally::Enrollments::Enrollments(const rules::LeadState& lead)
    : running(playbook_of(lead.enrollment)), interrupted(playbook_of(lead.interrupted)) {}

void InFlightTally::add(const Enrollments& enrollments, const rules::InFlightChanges& changes) {
  if (enrollments.running) count(playbooks_[*enrollments.running], changes.running, changes.running_loses_step);
  if (enrollments.interrupted) {
    count(playbooks_[*enrollments.interrupted], changes.interrupted, changes.interrupted_loses_step);
  }
}

InFlightCounts InFlightTally::of(const rules::PlaybookId& playbook) const {
  const auto found = playbooks_.find(playbook);
  return found == playbooks_.end() ? InFlightCounts{} : found->second;
}

InFlightCounts InFlightTally::total() const {
  InFlightCounts total;
  for (const auto& [playbook, counts] : playbooks_) {
    total.current += counts.current;
    total.pinned += counts.pinned;
    total.migrated += counts.migrated;
    total.lose_open_step += counts.lose_open_step;
    total.ended += counts.ended;
  }
  return total;
}

InFlightTally count_in_flight(const LeadPages& pages, const rules::Rulebook& rulebook) {
  InFlightTally tally;
  std::optional<rules::LeadId> after;
  while (true) {
    const std::vector<rules::LeadState> page = pages(after ? &*after : nullptr, kPage);
    for (const rules::LeadState& lead : page) {
      tally.add(InFlightTally::Enrollments(lead), rules::in_flight_changes(lead, rulebook));
    }
    if (page.size() < kPage) return tally;
    after = page.back().id;
  }
}

}  // namespace relance::engine
