#include "engine/runtime/lead_walk.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace relance::engine {

namespace {

bool moves(rules::InFlightChange change) {
  return change == rules::InFlightChange::migrated || change == rules::InFlightChange::ended;
}

}  // namespace

LeadWalk::LeadWalk(std::shared_ptr<const rules::Rulebook> rulebook, PublishCause cause)
    : rulebook_(std::move(rulebook)), cause_(std::move(cause)) {}

std::size_t LeadWalk::visit_page(const Parts& parts) {
  const auto page = parts.store.leads_after(after_ ? &*after_ : nullptr, kLeadsPerPage);
  std::size_t changed = 0;
  for (const rules::LeadState& committed : page) {
    // Most leads have nothing to follow, and then need not be taken into the cache. What was committed is enough to
    // tell: since the folder was published no enrollment begins under an older one.
    rules::InFlightChanges changes = rules::in_flight_changes(committed, *rulebook_);
    const bool moved = moves(changes.running) || moves(changes.interrupted);
    // What a page holds has no attributes, and a schedule may count from one.
    const bool may_be_scheduled = !rulebook_->scheduled().empty() || !committed.schedules.empty();
    rules::LeadState* lead = moved || may_be_scheduled ? parts.store.find_lead(committed.id) : nullptr;
    if (!lead || (!moved && rules::follows_schedules(*lead, *rulebook_))) {
      // When the read failed the commit will, too.
      if (!moved) tally_.add(InFlightTally::Enrollments(committed), changes);
      continue;
    }
    const InFlightTally::Enrollments enrollments(*lead);
    tally_.add(enrollments, parts.processor.follow_published(*lead));
    parts.outbox.lead_changed(committed.id);
    ++changed;
  }
  if (page.size() < kLeadsPerPage) {
    complete_ = true;
    stage_followed(parts.store, *rulebook_);
  } else {
    after_ = page.back().id;
  }
  return changed;
}

void LeadWalk::finish() {
  const InFlightCounts total = tally_.total();
  spdlog::info(
      "event=published cause={} playbooks={} leads_current={} pinned={} migrated={} lose_open_step={} ended={}",
      cause_.what, rulebook_->current().size(), total.current, total.pinned, total.migrated, total.lose_open_step,
      total.ended);
  result_.set_value(std::move(tally_));
}

}  // namespace relance::engine
