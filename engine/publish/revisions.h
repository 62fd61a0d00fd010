#pragma once
// What the store remembers of published folders: every revision, which one of a playbook was published last, and which
// folder all leads have followed to the end. Threads: the processor's.

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "engine/ports/durable_store.h"
#include "rules/playbook.h"

namespace relance::engine {

/// Who or what published.
struct PublishCause {
  std::string what;  // "start", "signal", "file_change", "publish"
  std::string by;    // who asked; empty: nobody in particular
};

/// Adds every revision that enrollments may be pinned to. The error is one sentence (a damaged store).
[[nodiscard]] tl::expected<void, std::string> add_kept_revisions(rules::Rulebook& rulebook,
                                                                 const std::vector<std::string>& canonical);

/// Stages the revisions of the rulebook, and playbook.published for each that its playbook was not published with last.
void stage_publication(DurableStore& store, const rules::Rulebook& rulebook, const PublishCause& cause,
                       rules::Instant now);
/// Stages playbook.rejected. `reason` names no person.
void stage_rejection(DurableStore& store, const std::string& reason, const PublishCause& cause, rules::Instant now);

/// All leads have followed this folder to the end, and no other since.
bool was_followed(DurableStore& store, const rules::Rulebook& rulebook);
/// The leads begin to follow a folder: until they are done, none counts as followed. Since when they do: a walk that
/// begins again, after a restart or for another folder with the same schedules, goes on for the instant of the
/// publication.
rules::Instant stage_following(DurableStore& store, const rules::Rulebook& rulebook, rules::Instant now);
void stage_followed(DurableStore& store, const rules::Rulebook& rulebook);

}  // namespace relance::engine
