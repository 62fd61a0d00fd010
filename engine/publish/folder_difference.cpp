#include "engine/publish/folder_difference.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

#include "rules/owners.h"

namespace relance::engine {

using nlohmann::ordered_json;
using rules::InFlight;
using rules::Playbook;

namespace {

constexpr const char* kVersionOfTheForm = "canonical";

std::string_view name_of(PlaybookDifference::Kind kind) {
  switch (kind) {
    case PlaybookDifference::Kind::same:
      return "same";
    case PlaybookDifference::Kind::changed:
      return "changed";
    case PlaybookDifference::Kind::added:
      return "new";
    case PlaybookDifference::Kind::gone:
      return "gone";
  }
  return "same";
}

std::vector<std::string> changed_keys(const Playbook& before, const Playbook& after) {
  const auto old_form = nlohmann::json::parse(before.canonical);
  const auto new_form = nlohmann::json::parse(after.canonical);
  std::set<std::string> keys;
  for (const auto& [key, value] : old_form.items()) {
    if (!new_form.contains(key) || new_form[key] != value) keys.insert(key);
  }
  for (const auto& [key, value] : new_form.items()) {
    if (!old_form.contains(key)) keys.insert(key);
  }
  keys.erase(kVersionOfTheForm);
  return {keys.begin(), keys.end()};
}

ordered_json leads_json(const InFlightCounts& counts) {
  return {{"current", counts.current},
          {"pinned", counts.pinned},
          {"migrated", counts.migrated},
          {"lose_open_step", counts.lose_open_step},
          {"ended", counts.ended}};
}

bool same_rule(const rules::ScoreRule& a, const rules::ScoreRule& b) {
  return std::tie(a.key, a.points, a.max) == std::tie(b.key, b.points, b.max);
}

}  // namespace

std::string_view name_of(InFlight in_flight) {
  switch (in_flight) {
    case InFlight::pin:
      return "pin";
    case InFlight::migrate:
      return "migrate";
    case InFlight::end:
      return "end";
  }
  return "pin";
}

std::vector<PlaybookDifference> differences(const rules::Rulebook& before, const rules::Rulebook& after) {
  std::map<rules::PlaybookId, PlaybookDifference> all;
  for (const auto& playbook : before.current()) {
    all[playbook->id] = {playbook->id, PlaybookDifference::Kind::gone, {}, std::nullopt};
  }
  for (const auto& playbook : after.current()) {
    PlaybookDifference difference{playbook->id, PlaybookDifference::Kind::added, {}, playbook->in_flight};
    if (const Playbook* earlier = before.find(playbook->id)) {
      const bool same = earlier->revision == playbook->revision;
      difference.kind = same ? PlaybookDifference::Kind::same : PlaybookDifference::Kind::changed;
      if (!same) difference.keys = changed_keys(*earlier, *playbook);
    }
    all[playbook->id] = std::move(difference);
  }
  std::vector<PlaybookDifference> in_order;
  in_order.reserve(all.size());
  for (auto& [id, difference] : all) in_order.push_back(std::move(difference));
  return in_order;
}

std::vector<std::string> house_differences(const rules::House& before, const rules::House& after) {
  std::vector<std::string> keys;
  const auto of = [](const rules::House& house) {
    return house.handoff ? std::tuple(house.handoff->at, house.handoff->to, house.handoff->exit)
                         : std::tuple(-1, std::string(), false);
  };
  if (before.handoff.has_value() != after.handoff.has_value() || of(before) != of(after)) keys.emplace_back("handoff");
  if (!std::equal(before.score.begin(), before.score.end(), after.score.begin(), after.score.end(), same_rule)) {
    keys.emplace_back("score");
  }
  const auto same_pack = [](const auto& one, const auto& other) { return one->canonical == other->canonical; };
  if (!std::equal(before.policies.begin(), before.policies.end(), after.policies.begin(), after.policies.end(),
                  same_pack)) {
    keys.emplace_back("policies");
  }
  const auto owners_of = [](const rules::House& house) { return house.owners ? *house.owners : rules::Owners{}; };
  if (owners_of(before).calendars != owners_of(after).calendars) keys.emplace_back("owners");
  // The zone is that of the days of who has no calendar.
  const auto throttle_of = [&](const rules::House& house) {
    const rules::Owners owners = owners_of(house);
    return std::pair(owners.throttles, owners.throttles.empty() ? rules::Zone() : owners.zone);
  };
  if (throttle_of(before) != throttle_of(after)) keys.emplace_back("throttle");
  return keys;
}

std::string report_json(const std::vector<PlaybookDifference>& playbooks, const InFlightTally* tally) {
  std::map<rules::PlaybookId, ordered_json> rows;
  for (const PlaybookDifference& difference : playbooks) {
    ordered_json row{{"playbook", difference.playbook.value}, {"change", name_of(difference.kind)}};
    if (difference.kind == PlaybookDifference::Kind::changed) row["keys"] = difference.keys;
    if (difference.in_flight) row["in_flight"] = name_of(*difference.in_flight);
    if (tally) row["leads"] = leads_json(tally->of(difference.playbook));
    rows.emplace(difference.playbook, std::move(row));
  }
  if (tally) {
    for (const auto& [playbook, counts] : tally->playbooks()) {
      if (rows.contains(playbook)) continue;
      rows.emplace(playbook,
                   ordered_json{{"playbook", playbook.value}, {"change", "gone"}, {"leads", leads_json(counts)}});
    }
  }
  ordered_json report{{"playbooks", ordered_json::array()}};
  for (auto& [id, row] : rows) report["playbooks"].push_back(std::move(row));
  return report.dump();
}

}  // namespace relance::engine
