#pragma once
// A simulation as one page: a summary, and for each lead its touches, deferrals, pauses, contact hours and promises on
// a time line. Self-contained (inline CSS and SVG, no script, nothing from outside), light and dark, printable,
// readable without seeing the drawing. Deterministic: the same run makes the same bytes. Owner: the caller; threads:
// one. Memory: the leads that are drawn, the ids of the others, and counts.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/ports/partition_store.h"
#include "engine/simulate/lead_drawing.h"

namespace relance::engine {

class HtmlReport {
 public:
  /// At most `most_leads` are drawn: those that come first. All of them count in the summary. The rulebook outlives it.
  HtmlReport(const rules::Rulebook& rulebook, std::size_t most_leads);

  /// The simulation's ledger.
  void add(const LedgerContext& context, const std::vector<rules::Record>& records);
  /// `title`: of the page. `dead_letters`: lines that were no events.
  std::string page(const std::string& title, std::size_t dead_letters) const;

 private:
  using Counts = std::map<std::string, std::uint64_t>;
  struct PlaybookCounts {
    std::uint64_t enrolled = 0;
    std::uint64_t touches = 0;
    std::uint64_t shortfalls = 0;
    std::uint64_t sla_met = 0;
    std::uint64_t sla_breached = 0;
  };

  LeadStory* story_of(const rules::LeadState& lead);
  void count(const rules::Record& record);
  void note_state(LeadStory& story, const rules::LeadState& lead, const rules::Record& record) const;

  const rules::Rulebook& rulebook_;
  const std::size_t most_leads_;
  std::vector<LeadStory> stories_;                       // in order of their first record
  std::unordered_map<std::string, std::size_t> places_;  // every lead; most_leads_ for one that is not drawn
  std::uint64_t records_ = 0;
  std::map<std::string, PlaybookCounts> playbooks_;
  Counts touches_;   // by channel
  Counts deferred_;  // by rule
  Counts withheld_;  // by rule
  Counts exits_;     // by reason
  Counts consent_;   // by type
};

}  // namespace relance::engine
