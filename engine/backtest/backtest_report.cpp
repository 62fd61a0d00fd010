// What a backtest found, for people and for programs.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include "engine/backtest/backtest.h"

namespace relance::engine {

using nlohmann::ordered_json;

namespace {

constexpr std::string_view kUnknown =
    "Unknown: how anybody would have answered a touch that the history did not have. Replies and outcomes of the "
    "history count for a set only where it had sent the lead a touch on that channel by then; all other touches are "
    "taken to be sent and unanswered. Fewer replies under one set are therefore no finding.";

/// "2d 03h", "4h 05m", "45s"
std::string span_text(std::optional<std::int64_t> ms) {
  if (!ms) return "-";
  const std::int64_t seconds = *ms / 1000;
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d {:02}h", seconds / 86'400, seconds / 3600 % 24);
}

class TextReport {
 public:
  std::string write(const Backtest& result) {
    out_ = fmt::format("{} events of {} leads; lines that were no events: {}\n", result.events, result.leads,
                       result.dead_letters);
    section(fmt::format("All leads ({})", result.leads), result.before.all, result.after.all);
    row("outcomes of the history that count", result.before.outcomes_taken, result.after.outcomes_taken);
    row("outcomes of touches that were not sent", result.before.outcomes_not_taken, result.after.outcomes_not_taken);
    std::set<std::string> segments;
    for (const auto& [segment, counts] : result.before.segments) segments.insert(segment);
    for (const auto& [segment, counts] : result.after.segments) segments.insert(segment);
    for (const std::string& segment : segments) {
      const BacktestCounts before = counts_of(result.before, segment);
      const BacktestCounts after = counts_of(result.after, segment);
      section(fmt::format("Segment {} ({} leads)", segment, std::max(before.leads, after.leads)), before, after);
    }
    out_ += fmt::format("\nLeads that differ: {} of {}", result.leads_that_differ, result.leads);
    std::string separator = ": ";
    for (const std::string& lead : result.examples) {
      out_ += separator + lead;
      separator = ", ";
    }
    if (result.leads_that_differ > result.examples.size()) out_ += ", ...";
    out_ += fmt::format("\n\n{}\n", kUnknown);
    return std::move(out_);
  }

 private:
  static BacktestCounts counts_of(const BacktestSet& set, const std::string& segment) {
    const auto found = set.segments.find(segment);
    return found == set.segments.end() ? BacktestCounts{} : found->second;
  }
  void row(const std::string& name, std::uint64_t before, std::uint64_t after) {
    const auto change = static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
    out_ += fmt::format("  {:<40} {:>12} {:>12} {:>+12}\n", name, before, after, change);
  }
  void rows(const std::string& prefix, const BacktestCounts::Counts& before, const BacktestCounts::Counts& after) {
    std::set<std::string> names;
    for (const auto& [name, count] : before) names.insert(name);
    for (const auto& [name, count] : after) names.insert(name);
    for (const std::string& name : names) {
      const auto count = [&](const BacktestCounts::Counts& counts) {
        const auto found = counts.find(name);
        return found == counts.end() ? 0 : found->second;
      };
      row(prefix + name, count(before), count(after));
    }
  }
  void section(const std::string& title, const BacktestCounts& before, const BacktestCounts& after) {
    out_ += fmt::format("\n{:<42} {:>12} {:>12} {:>12}\n", title, "before", "after", "change");
    row("leads enrolled", before.enrolled, after.enrolled);
    row("touches", before.touches, after.touches);
    rows("  ", before.touches_by_channel, after.touches_by_channel);
    for (const int percent : {50, 90, 99}) {
      out_ += fmt::format("  {:<40} {:>12} {:>12}\n", fmt::format("time to the first touch, p{}", percent),
                          span_text(percentile(before.first_touch, percent)),
                          span_text(percentile(after.first_touch, percent)));
    }
    row("first touch as promised", before.sla_met, after.sla_met);
    row("first touch too late", before.sla_breached, after.sla_breached);
    row("shortfalls", before.shortfalls, after.shortfalls);
    rows("deferred by ", before.deferrals, after.deferrals);
    rows("not sent, ", before.withheld, after.withheld);
    rows("left, ", before.exits, after.exits);
    row("leads that opted out", before.opted_out, after.opted_out);
    row("  touched before that", before.touched_before_opt_out, after.touched_before_opt_out);
    row("  touches after that", before.touches_after_opt_out, after.touches_after_opt_out);
  }

  std::string out_;
};

ordered_json json_of(const BacktestCounts& counts) {
  ordered_json first_touch = ordered_json::object();
  for (const int percent : {50, 90, 99}) {
    const auto ms = percentile(counts.first_touch, percent);
    if (ms) first_touch[fmt::format("p{}", percent)] = *ms / 1000;
  }
  return {{"leads", counts.leads},
          {"enrolled", counts.enrolled},
          {"touches", counts.touches},
          {"touches_by_channel", counts.touches_by_channel},
          {"first_touch_seconds", std::move(first_touch)},
          {"sla_met", counts.sla_met},
          {"sla_breached", counts.sla_breached},
          {"shortfalls", counts.shortfalls},
          {"deferrals", counts.deferrals},
          {"not_sent", counts.withheld},
          {"exits", counts.exits},
          {"opted_out", counts.opted_out},
          {"touched_before_opt_out", counts.touched_before_opt_out},
          {"touches_after_opt_out", counts.touches_after_opt_out}};
}

ordered_json json_of(const BacktestSet& set) {
  ordered_json segments = ordered_json::object();
  for (const auto& [segment, counts] : set.segments) segments[segment] = json_of(counts);
  return {{"all", json_of(set.all)},
          {"segments", std::move(segments)},
          {"outcomes_taken", set.outcomes_taken},
          {"outcomes_not_taken", set.outcomes_not_taken}};
}

}  // namespace

std::string backtest_text(const Backtest& result) { return TextReport().write(result); }

std::string backtest_json(const Backtest& result) {
  const ordered_json json{{"events", result.events},
                          {"leads", result.leads},
                          {"dead_letters", result.dead_letters},
                          {"before", json_of(result.before)},
                          {"after", json_of(result.after)},
                          {"leads_that_differ", result.leads_that_differ},
                          {"examples", result.examples},
                          {"unknown", kUnknown}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace relance::engine
