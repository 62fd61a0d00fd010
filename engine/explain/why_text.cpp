// The explanation of a lead as text for support and legal.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string_view>

#include "engine/explain/lead_explanation.h"
#include "engine/ledger/record_json.h"

namespace relance::engine {

using nlohmann::json;

namespace {

std::string place(const json& object) {
  const std::string known = text_of(object, "place");
  return known.empty() ? known : "  [" + known + "]";
}

void append_obstacles(std::string& out, const json& lead) {
  const json obstacles = lead.value("obstacles", json::array());
  if (obstacles.empty()) return;
  out += "\nWhy nothing goes out now\n";
  int number = 0;
  for (const json& obstacle : obstacles) {
    out += fmt::format("  {}. {} ({}){}\n     {}\n     What would have to change: {}\n", ++number,
                       text_of(obstacle, "rule"), text_of(obstacle, "effect"), place(obstacle),
                       text_of(obstacle, "why"), text_of(obstacle, "change"));
  }
}

void append_waiting(std::string& out, const json& lead) {
  const json waiting = lead.value("waiting", json::array());
  if (waiting.empty()) return;
  out += "\nDecided, not handed over yet\n";
  for (const json& touch : waiting) {
    out +=
        fmt::format("  {}/{} ({}) of {}, until {} at the latest: ", text_of(touch, "playbook"), text_of(touch, "step"),
                    text_of(touch, "channel"), text_of(touch, "emitted_at"), text_of(touch, "not_after"));
    const std::string rule = text_of(touch, "rule");
    const std::string until = text_of(touch, "until");
    const std::string effect = text_of(touch, "effect");
    if (effect == "goes") {
      out += "it may go";
    } else if (effect == "cancelled") {
      out += "it would be cancelled by " + rule;
    } else {
      out += "it waits for " + rule + (until.empty() ? "" : " until " + until);
    }
    out += "\n";
  }
}

void append_schedules(std::string& out, const json& lead) {
  const json schedules = lead.value("schedules", json::array());
  if (schedules.empty()) return;
  out += "\nNext occurrences of schedules\n";
  for (const json& schedule : schedules) {
    out += fmt::format("  {}: {}\n", text_of(schedule, "playbook"), text_of(schedule, "local"));
  }
}

void append_records(std::string& out, std::string_view title, const json& records) {
  if (records.empty()) return;
  out += fmt::format("\n{}\n", title);
  for (const json& record : records) {
    std::string what = text_of(record, "playbook");
    if (const std::string step = text_of(record, "step"); !step.empty()) what += "/" + step;
    out += fmt::format("  {}  {:<20} {}{}{}\n", text_of(record, "local"), text_of(record, "type"), what,
                       what.empty() ? "" : ": ", text_of(record, "text") + place(record));
    if (const std::string facts = text_of(record, "facts"); !facts.empty()) out += "      " + facts + "\n";
    if (const std::string until = text_of(record, "until_local"); !until.empty()) out += "      until " + until + "\n";
  }
}

}  // namespace

std::string why_text(const std::string& answer) {
  const json lead = json::parse(answer, nullptr, false);
  if (!lead.is_object() || !lead.contains("state")) return {};
  std::string out =
      fmt::format("Lead {}, subject {}{}\nNow {}; local times are of {}, UTC in brackets.\n{}\n", text_of(lead, "lead"),
                  text_of(lead, "subject"), lead.contains("account") ? ", account " + text_of(lead, "account") : "",
                  text_of(lead, "local_now"), text_of(lead, "zone"), text_of(lead, "state"));
  append_obstacles(out, lead);
  append_waiting(out, lead);
  append_schedules(out, lead);
  append_records(out, "What comes next, if no event comes", lead.value("next", json::array()));
  append_records(out, "What happened", lead.value("happened", json::array()));
  return out;
}

}  // namespace relance::engine
