#pragma once
// After a folder was published every lead is visited once, page by page between other work, and its enrollments and its
// place in the schedules follow the folder. A crash loses nothing: the next start begins the walk again, and who has
// followed already stays as it is.
// Owner and thread: the engine's loop.

#include <future>
#include <memory>
#include <optional>

#include "engine/dispatch/outbox.h"
#include "engine/ports/durable_store.h"
#include "engine/processor/processor.h"
#include "engine/publish/in_flight_tally.h"
#include "engine/publish/revisions.h"

namespace relance::engine {

/// Leads that a walk visits between other work: few enough that intake and dispatch hardly notice, many enough that a
/// commit is worth its sync.
constexpr std::size_t kLeadsPerPage = 250;

class LeadWalk {
 public:
  struct Parts {
    DurableStore& store;
    Processor& processor;
    Outbox& outbox;
  };
  /// `rulebook` is the one that the processor uses until the walk is done or replaced by another.
  LeadWalk(std::shared_ptr<const rules::Rulebook> rulebook, PublishCause cause);

  /// Visits the next page and stages what it changes. How many leads changed.
  std::size_t visit_page(const Parts& parts);
  /// Every lead was visited; it counts once that is committed.
  bool complete() const { return complete_; }
  /// After the commit: tells who waits, and the log.
  void finish();

  /// Broken when the walk does not come to its end in this process.
  std::future<InFlightTally> result() { return result_.get_future(); }

 private:
  std::shared_ptr<const rules::Rulebook> rulebook_;
  PublishCause cause_;
  std::optional<rules::LeadId> after_;
  InFlightTally tally_;
  bool complete_ = false;
  std::promise<InFlightTally> result_;
};

}  // namespace relance::engine
