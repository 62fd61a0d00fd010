#include "engine/runtime/resume_walk.h"

namespace relance::engine {

namespace {

constexpr const char* kResuming = "engine:resuming";

}  // namespace

void ResumeWalk::stage_beginning(DurableStore& store) { store.set_position({kResuming, 1}); }

bool ResumeWalk::is_to_be_made(DurableStore& store) { return store.position(kResuming) == 1; }

std::size_t ResumeWalk::visit_page(const LeadWalk::Parts& parts) {
  const auto page = parts.store.leads_after(after_ ? &*after_ : nullptr, kLeadsPerPage);
  std::size_t changed = 0;
  for (const rules::LeadState& committed : page) {
    // Who is held by what has ended was so when it ended, so what was committed is enough to tell.
    if (!rules::waits_for_resume(committed)) continue;
    rules::LeadState* lead = parts.store.find_lead(committed.id);
    if (!lead) continue;  // the read failed, and so will the commit
    parts.processor.resume_held(*lead);
    ++changed;
  }
  if (page.size() < kLeadsPerPage) {
    complete_ = true;
    parts.store.set_position({kResuming, 0});
  } else {
    after_ = page.back().id;
  }
  return changed;
}

}  // namespace relance::engine
