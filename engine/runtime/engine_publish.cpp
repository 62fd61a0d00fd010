// The engine's part in publishing: what must happen on the loop's thread, between two decisions.

#include <utility>

#include "engine/runtime/engine.h"

namespace relance::engine {

std::shared_ptr<const rules::Rulebook> Engine::rulebook() {
  std::shared_ptr<const rules::Rulebook> current;
  call([&] { current = parts_.rulebook; });
  return current;
}

std::optional<InFlightTally> Engine::publish(Publication publication) {
  std::future<InFlightTally> done;
  const bool begun = call([&] {
    stage_publication(parts_.store, *publication.rulebook, publication.cause, processor_.clock());
    processor_.use(*publication.rulebook);
    parts_.rulebook = publication.rulebook;
    parts_.outbox.use_templates(std::move(publication.templates));
    parts_.metrics.playbooks_published.Increment();
    parts_.outbox.ask_held();  // what the house says now may let them go, or hold them no longer so long
    begin_walk(publication.cause);
    done = walk_->result();
  });
  if (!begun) return std::nullopt;
  try {
    return done.get();
  } catch (const std::future_error&) {
    return std::nullopt;  // the loop ended first; the walk begins again at the next start
  }
}

bool Engine::reject(const std::string& reason, const PublishCause& cause) {
  return call([&] {
    stage_rejection(parts_.store, reason, cause, processor_.clock());
    parts_.metrics.playbooks_rejected.Increment();
    ++staged_;
    schedule_turn();
  });
}

std::optional<InFlightTally> Engine::count_in_flight(const rules::Rulebook& rulebook) {
  bool ended = false;
  const auto pages = [&](const rules::LeadId* after, std::size_t limit) {
    std::vector<rules::LeadState> page;
    if (!ended) ended = !call([&] { page = parts_.store.leads_after(after, limit); });
    return page;
  };
  InFlightTally tally = engine::count_in_flight(pages, rulebook);
  if (ended) return std::nullopt;
  return tally;
}

/// A walk that is under way is given up: the new one visits everybody again.
void Engine::begin_walk(const PublishCause& cause) {
  // Schedules count from the publication, which may come days after the last event.
  if (!parts_.clock.moved_by_events()) processor_.advance(parts_.clock.now());
  walk_.emplace(parts_.rulebook, cause);
  processor_.following_since(stage_following(parts_.store, *parts_.rulebook, processor_.clock()));
  parts_.metrics.playbooks.Set(static_cast<double>(parts_.rulebook->current().size()));
  parts_.metrics.policy_packs.Set(static_cast<double>(parts_.rulebook->house().policies.size()));
  ++staged_;
  schedule_turn();
}

/// One page of leads follows the folder that was published, one is asked for what a halt held.
void Engine::walk_on() {
  if (resume_walk_ && !resume_walk_->complete() && !stopping_ && staged_ < kMaxStaged) {
    staged_ += resume_walk_->visit_page({parts_.store, processor_, parts_.outbox});
    if (resume_walk_->complete()) ++staged_;
  }
  if (!walk_ || walk_->complete() || stopping_ || staged_ >= kMaxStaged) return;
  staged_ += walk_->visit_page({parts_.store, processor_, parts_.outbox});
  if (walk_->complete()) ++staged_;
}

}  // namespace relance::engine
