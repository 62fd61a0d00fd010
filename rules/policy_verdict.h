#pragma once
// What the legal packs say about one touch at one instant. Every rule that matches is asked, and the strictest answer
// wins: withheld before deferred, and of deferrals the latest, so that adding a pack never lets a touch out earlier.
// Doubt protects the person: of whom no country can be read, or no kind, is a consumer who must have consented; without
// a country the rules of every pack apply. Pure; any thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/lead_state.h"
#include "rules/policy.h"

namespace relance::rules {

using PolicyPacks = std::vector<std::shared_ptr<const PolicyPack>>;

/// Rule `policy:unknown`: country or kind is not known, and consent is required whatever the packs say. No pack may
/// have the id.
constexpr std::string_view kUnknownPack = "unknown";

struct PolicyQuestion {
  const LeadState& lead;
  Channel channel = Channel::email;
  Instant now;
  const Zone& zone;  // the lead's, or what the playbook takes for it
  /// The playbook's contact hours, and their zone: where they and the packs' never meet, nothing can go out.
  const ContactHours* hours = nullptr;
  const Zone& hours_zone;
  /// The touch itself, when it was emitted already: it is no attempt before itself.
  const ActionId* asked = nullptr;
};

struct PolicyVerdict {
  enum class Kind { pass, deferred, withheld };
  Kind kind = Kind::pass;
  std::string rule;         // "policy:fr"
  std::string_view reason;  // consent_missing, consent_expired, consent_unproven, register, refusal, attempts, hours
  Instant until = Instant::never();  // deferred
  /// The packs that apply: "fr@1+3f2a9c01d2e4", several with a comma between. Empty: none does.
  std::string packs;
  std::string_view legal_basis;  // pass: express, implied, customer, or opt_out where no consent is needed
  /// Pass: the first instant that is open both for the packs and for the playbook; absent without packs' hours.
  std::optional<Instant> open;
};

PolicyVerdict ask_policies(const PolicyPacks& packs, const PolicyQuestion& question);

/// The country whose law applies: two capital letters, or empty when nobody can tell.
std::string country_of(const LeadState& lead);
std::optional<SubjectKind> subject_kind_of(const LeadState& lead);

}  // namespace relance::rules
