#include "engine/backtest/history_parts.h"

#include <algorithm>

namespace relance::engine {

HistoryParts::HistoryParts(const History& history, std::size_t leads_of_part)
    : history_(history), leads_of_part_(leads_of_part), part_of_lead_(history.leads.size(), kNone) {}

/// Groups go to parts in the order of their first events, so that a part's lines are near each other in the file.
void HistoryParts::divide(Coupling& coupling) {
  std::vector<std::uint32_t> leads_of_group(part_of_lead_.size());
  for (std::uint32_t lead = 0; lead < part_of_lead_.size(); ++lead) ++leads_of_group[coupling.group_of(lead)];

  const std::size_t first_new = parts_.size();
  std::vector<std::uint32_t> part_of_group(part_of_lead_.size(), kNone);
  std::size_t leads_in_last = 0;
  for (std::uint32_t place = 0; place < history_.entries.size(); ++place) {
    const std::uint32_t lead = history_.entries[place].lead;
    if (part_of_lead_[lead] != kNone && part_of_lead_[lead] < first_new) continue;
    const std::uint32_t group = coupling.group_of(lead);
    std::uint32_t& part = part_of_group[group];
    if (part == kNone) {
      const bool fits = parts_.size() > first_new && leads_in_last + leads_of_group[group] <= leads_of_part_;
      if (!fits) {
        parts_.emplace_back();
        leads_in_last = 0;
      }
      part = static_cast<std::uint32_t>(parts_.size() - 1);
      leads_in_last += leads_of_group[group];
    }
    part_of_lead_[lead] = part;
    parts_[part].push_back(place);
  }
}

std::vector<std::uint32_t> HistoryParts::broken_by(Coupling& coupling) const {
  std::vector<std::uint32_t> part_of_group(part_of_lead_.size(), kNone);
  std::vector<std::uint32_t> broken;
  for (std::uint32_t lead = 0; lead < part_of_lead_.size(); ++lead) {
    if (part_of_lead_[lead] == kNone) continue;  // it has no events
    std::uint32_t& part = part_of_group[coupling.group_of(lead)];
    if (part == kNone) part = part_of_lead_[lead];
    if (part == part_of_lead_[lead]) continue;
    broken.push_back(part);
    broken.push_back(part_of_lead_[lead]);
  }
  std::sort(broken.begin(), broken.end());
  broken.erase(std::unique(broken.begin(), broken.end()), broken.end());
  return broken;
}

void HistoryParts::dissolve(const std::vector<std::uint32_t>& parts) {
  for (const std::uint32_t part : parts) {
    for (const std::uint32_t place : parts_[part]) part_of_lead_[history_.entries[place].lead] = kNone;
    parts_[part].clear();
  }
}

}  // namespace relance::engine
