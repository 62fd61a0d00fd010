#pragma once
// The canonical form of a playbook: one line of JSON that says what the playbook means and nothing of how it was
// written (no positions, comments, order of keys; defaults filled in, durations in milliseconds). Its SHA-256 is the
// revision, and it is what the store keeps for pinned enrollments: version 1 is on disk for ever (rules/README.md).
// Pure; any thread. load_canonical() in rules/loader.h reads it back.

#include <string>

#include "rules/playbook.h"

namespace relance::rules {

/// The canonical form of everything but `revision`, `canonical` and the positions.
std::string canonical_form(const Playbook& playbook);

/// Fills in `canonical` and `revision` from the rest.
void seal(Playbook& playbook);

/// The same of a policy pack: what decides, without title and sources; and the name that records give it.
std::string canonical_form(const PolicyPack& pack);
void seal(PolicyPack& pack);

}  // namespace relance::rules
