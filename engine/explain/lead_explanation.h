#pragma once
// The answer to "why was this person contacted, why not, and what comes next?": what explain() says of a lead's state,
// beside its timeline. Made in two parts, so that the processor is held up for the first one only.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/explain/playbook_places.h"
#include "engine/ports/durable_store.h"
#include "rules/why.h"

namespace relance::engine {

/// What only the processor's thread can look up. A value.
struct LeadExplanation {
  std::string lead;
  std::string subject;
  std::string account;  // empty: the lead alone
  std::shared_ptr<const rules::Rulebook> rulebook;
  rules::Why why;
  std::vector<std::string> timeline;             // ledger lines as stored, oldest first
  std::map<std::size_t, rules::Recount> counts;  // what caps had counted, by place in the timeline
};

/// Processor's thread. `lead` must be known.
LeadExplanation explain_lead(const rules::LeadState& lead, std::vector<std::string> timeline,
                             std::shared_ptr<const rules::Rulebook> rulebook, rules::Neighbourhood& neighbourhood,
                             rules::Instant now);

/// The body of GET /v1/leads/{id}/why. `places` may be null: rules then name no file. Any thread.
std::string why_json(const LeadExplanation& explanation, PlaybookPlaces* places);

/// The same for people: what why_json() says, as text. Empty when `json` is no such answer. Pure; any thread.
std::string why_text(const std::string& json);

}  // namespace relance::engine
