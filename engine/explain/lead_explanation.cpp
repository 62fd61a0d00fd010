#include "engine/explain/lead_explanation.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace relance::engine {

namespace {

/// Counting again costs a copy of the lead: only the newest deferrals are explained so far.
constexpr std::size_t kMostRecounts = 20;

}  // namespace

LeadExplanation explain_lead(const rules::LeadState& lead, std::vector<std::string> timeline,
                             std::shared_ptr<const rules::Rulebook> rulebook, rules::Neighbourhood& neighbourhood,
                             rules::Instant now) {
  LeadExplanation made;
  made.lead = lead.id.value;
  made.subject = lead.subject.value;
  if (lead.account) made.account = lead.account->value;
  made.timeline = std::move(timeline);
  const rules::DecisionContext context{*rulebook, neighbourhood, now};
  made.why = rules::explain(lead, context);
  for (std::size_t i = made.timeline.size(); i-- > 0 && made.counts.size() < kMostRecounts;) {
    const std::string& line = made.timeline[i];
    if (line.find(R"("rule":"cap:)") == std::string::npos) continue;
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("type", "") != "touch.deferred") continue;
    const auto at = rules::parse_rfc3339(record.value("at", ""));
    const auto until = rules::parse_rfc3339(record.value("until", ""));
    if (!at || !until) continue;
    auto count = rules::recount(
        lead, {rules::EnrollmentId(record.value("enrollment", "")), *at, record.value("rule", ""), *until}, context);
    if (count) made.counts.emplace(i, std::move(*count));
  }
  made.rulebook = std::move(rulebook);
  return made;
}

}  // namespace relance::engine
