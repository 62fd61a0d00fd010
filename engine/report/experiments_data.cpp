// The report for people at a terminal, for programs and for a spreadsheet.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/report/csv.h"
#include "engine/report/experiments.h"
#include "engine/report/experiments_words.h"

namespace relance::engine {

using nlohmann::ordered_json;

namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string counts_of(const ExperimentResult& result) {
  std::string out = fmt::format("  {:<20} {:>6} {:>9} {:>9} {:>9} {:>8} {:>14} {:>14}\n", "arm", "weight", "assigned",
                                "expected", "observed", "touches", "opt-outs", "complaints");
  for (const ArmResult& arm : result.arms) {
    const bool known = result.verdict != Verdict::unknown_revision;
    out += fmt::format("  {:<20} {:>6} {:>9} {:>9} {:>9} {:>8.2f} {:>14} {:>14}\n", arm.id,
                       known ? std::to_string(arm.weight) : "-", arm.assigned,
                       known ? fmt::format("{:.1f}", arm.expected) : "-", known ? std::to_string(arm.observed) : "-",
                       share(arm.touches, arm.assigned), with_share(arm.opted_out, arm.assigned),
                       with_share(arm.complained, arm.assigned));
  }
  return out + fmt::format("  (touches are per {})\n", result.by_account ? "account" : "lead");
}

std::string effects_of(const ExperimentResult& result) {
  std::string out = fmt::format("  {:<20} {:>9} {:>8} {:>18} {:>12} {:>18} {:>11}\n", "arm", "converted", "rate",
                                "from, to", "to control", "from, to", "p-value");
  std::string exits;
  for (const ArmResult& arm : result.arms) {
    const ArmEffect& effect = *arm.effect;
    out += fmt::format("  {:<20} {:>9} {:>8} {:>18}", arm.id, effect.converted,
                       percent(share(effect.converted, arm.observed)),
                       percent(effect.interval.low) + ", " + percent(effect.interval.high));
    if (const auto& against = effect.to_control) {
      out += fmt::format(" {:>12} {:>18} {:>11}", percent_points(against->value) + " points",
                         percent_points(against->interval.low) + ", " + percent_points(against->interval.high),
                         p_value_text(against->p_value));
    } else if (arm.is_control) {
      out += fmt::format(" {:>12}", "control");
    }
    out += "\n";
    exits += fmt::format("  exits of {}: {}\n", arm.id, exits_text(effect));
  }
  return out + exits;
}

ordered_json json_of(const Interval& interval) { return ordered_json::array({interval.low, interval.high}); }

ordered_json json_of(const ArmResult& arm, const ExperimentResult& result) {
  ordered_json json{{"arm", arm.id}};
  if (result.verdict != Verdict::unknown_revision) {
    json.update({{"control", arm.is_control},
                 {"holdout", arm.is_holdout},
                 {"weight", arm.weight},
                 {"expected", arm.expected},
                 {"observed", arm.observed}});
  }
  json.update({{"assigned", arm.assigned},
               {"touches", arm.touches},
               {"opted_out", arm.opted_out},
               {"complained", arm.complained}});
  if (!arm.effect) return json;
  json["converted"] = arm.effect->converted;
  json["rate"] = share(arm.effect->converted, arm.observed);
  json["rate_interval"] = json_of(arm.effect->interval);
  if (const auto& against = arm.effect->to_control) {
    json["to_control"] = {
        {"difference", against->value}, {"interval", json_of(against->interval)}, {"p_value", against->p_value}};
  }
  json["exits"] = arm.effect->exits;
  return json;
}

ordered_json json_of(const ExperimentResult& result) {
  ordered_json json{{"playbook", result.playbook}, {"revision", result.revision}};
  if (result.verdict != Verdict::unknown_revision) {
    json["experiment"] = result.experiment;
    json["in_force"] = result.in_force;
    json["unit"] = result.by_account ? "account" : "lead";
    json["min_per_arm"] = result.min_per_arm;
  }
  if (result.success_within) json["success_within"] = rules::to_string(*result.success_within);
  if (result.first) json["first_assigned"] = rules::to_string(*result.first);
  if (result.last) json["last_assigned"] = rules::to_string(*result.last);
  json["in_two_arms"] = result.in_two_arms;
  if (result.ratio) {
    // JSON has no infinity: an arm that the revision does not have comes without the figure.
    if (result.ratio->p_value > 0) json["chi_square"] = result.ratio->chi_square;
    json["degrees_of_freedom"] = result.ratio->degrees_of_freedom;
    json["ratio_p_value"] = result.ratio->p_value;
  }
  json["verdict"] = to_string(result.verdict);
  json["message"] = result.message;
  json["arms"] = ordered_json::array();
  for (const ArmResult& arm : result.arms) json["arms"].push_back(json_of(arm, result));
  return json;
}

std::string number(double value) { return fmt::format("{:.6g}", value); }

std::vector<std::string> row_of(const ExperimentResult& result, const ArmResult& arm) {
  const bool known = result.verdict != Verdict::unknown_revision;
  const auto if_known = [&](std::string text) { return known ? std::move(text) : std::string(); };
  std::vector<std::string> row{csv_text(result.playbook),
                               csv_text(result.revision),
                               if_known(result.in_force ? "yes" : "no"),
                               csv_text(result.experiment),
                               if_known(result.by_account ? "account" : "lead"),
                               result.first ? rules::to_string(*result.first) : "",
                               result.last ? rules::to_string(*result.last) : "",
                               std::string(to_string(result.verdict)),
                               result.ratio ? number(result.ratio->chi_square) : "",
                               result.ratio ? number(result.ratio->p_value) : "",
                               csv_text(arm.id),
                               if_known(arm.is_control ? "yes" : "no"),
                               if_known(std::to_string(arm.weight)),
                               std::to_string(arm.assigned),
                               if_known(number(arm.expected)),
                               if_known(std::to_string(arm.observed)),
                               std::to_string(arm.touches),
                               std::to_string(arm.opted_out),
                               std::to_string(arm.complained)};
  if (arm.effect) {
    row.push_back(std::to_string(arm.effect->converted));
    row.push_back(number(share(arm.effect->converted, arm.observed)));
    row.push_back(number(arm.effect->interval.low));
    row.push_back(number(arm.effect->interval.high));
    if (const auto& against = arm.effect->to_control) {
      row.push_back(number(against->value));
      row.push_back(number(against->interval.low));
      row.push_back(number(against->interval.high));
      row.push_back(number(against->p_value));
    } else {
      row.resize(row.size() + 4);
    }
    row.push_back(csv_text(exits_text(*arm.effect)));
  } else {
    row.resize(row.size() + 9);
  }
  return row;
}

}  // namespace

std::string experiments_text(const ExperimentReport& report) {
  std::string out = report.until ? fmt::format("Experiments, by the ledger up to {}\n", rules::to_string(*report.until))
                                 : "Experiments: the ledger is empty\n";
  out.append(kOnlyExperiments).append("\n");
  if (report.experiments.empty()) out += "\nNo playbook has an experiment.\n";
  for (const ExperimentResult& result : report.experiments) {
    const bool known = result.verdict != Verdict::unknown_revision;
    out += fmt::format("\n{}, revision {}{}: {}\n", title_of(result), short_revision(result),
                       !known ? "" : (result.in_force ? ", in force" : ", earlier"), headline(result.verdict));
    out += fmt::format("  {}\n  {}\n", terms_of(result), ratio_text(result));
    out += counts_of(result);
    if (result.verdict == Verdict::effect) out += effects_of(result);
    out += fmt::format("  {}\n", result.message);
  }
  return out;
}

std::string experiments_json(const ExperimentReport& report) {
  ordered_json json{{"note", kOnlyExperiments}};
  if (report.until) json["until"] = rules::to_string(*report.until);
  json["alarm"] = report.alarm();
  json["experiments"] = ordered_json::array();
  for (const ExperimentResult& result : report.experiments) json["experiments"].push_back(json_of(result));
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string experiments_csv(const ExperimentReport& report) {
  std::string out =
      csv_row({"playbook",       "revision",        "in_force",   "experiment",    "unit",      "first_assigned",
               "last_assigned",  "verdict",         "chi_square", "ratio_p_value", "arm",       "control",
               "weight",         "assigned",        "expected",   "observed",      "touches",   "opted_out",
               "complained",     "converted",       "rate",       "rate_low",      "rate_high", "difference",
               "difference_low", "difference_high", "p_value",    "exits"});
  for (const ExperimentResult& result : report.experiments) {
    for (const ArmResult& arm : result.arms) out += csv_row(row_of(result, arm));
  }
  return out;
}

}  // namespace relance::engine
