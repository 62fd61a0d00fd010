#pragma once
// After a halt has ended every lead is visited once, page by page between other work, and what the halt held is asked
// again. A crash loses nothing: the next start begins the walk again.
// Owner and thread: the engine's loop.

#include <optional>

#include "engine/runtime/lead_walk.h"

namespace relance::engine {

class ResumeWalk {
 public:
  /// Stages that a walk is to be made.
  static void stage_beginning(DurableStore& store);
  /// An earlier process did not come to the end of one.
  static bool is_to_be_made(DurableStore& store);

  /// Visits the next page and stages what it changes. How many leads changed.
  std::size_t visit_page(const LeadWalk::Parts& parts);
  /// Every lead was visited; it counts once that is committed.
  bool complete() const { return complete_; }

 private:
  std::optional<rules::LeadId> after_;
  bool complete_ = false;
};

}  // namespace relance::engine
