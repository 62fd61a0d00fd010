// Decide and gate are the same code everywhere: the simulator, a daemon whose clock events move, and the walk of a
// backtest come to the same decisions on random playbooks and histories. A failure prints its seed;
// RC_PARAMS="reproduce=..." with that text replays it.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "engine/backtest/history_walk.h"
#include "engine/ledger/ledger_line.h"
#include "random_world.h"
#include "tests/engine/engine_desk.h"

namespace relance::tests {
namespace {

using Json = nlohmann::json;
using rules::Event;

/// By lead, in the order in which they were taken. Leads of one instant come in another order where calls take time.
using Decisions = std::map<std::string, std::vector<std::string>>;

/// A record without what is of one run only: its place, random ids, and how often a connector was tried.
void add_record(Decisions& decisions, Json record, const std::string& lead) {
  if (lead.empty() || record["type"].get<std::string>().starts_with("attempt.")) return;
  for (const char* own : {"seq", "lead", "subject", "enrollment", "action", "attempt", "connector", "provider_id"})
    record.erase(own);
  // What a touch came to is an event of its own in every run.
  const std::string cause = record.value("cause", "");
  if (cause != "timer" && !cause.starts_with("e-")) record["cause"] = "outcome";
  decisions[lead].push_back(record.dump());
}

engine::MemoryStore::LedgerSink sink_to(Decisions& decisions) {
  return
      [&decisions](std::uint64_t seq, const engine::LedgerContext& context, const std::vector<rules::Record>& records) {
        for (const rules::Record& record : records) {
          engine::LineContext line{seq++, context.lead->subject.value, context.lead->id.value, {}, context.cause};
          if (context.lead->account) line.account = context.lead->account->value;
          std::string text;
          engine::append_ledger_line(text, record, line);
          add_record(decisions, Json::parse(text), std::string(line.lead));
        }
      };
}

Decisions simulated(const rules::Rulebook& rulebook, const std::vector<Event>& events,
                    std::size_t leads_at_hand = engine::MemoryStore::kAll) {
  Decisions decisions;
  engine::Simulation simulation(rulebook, sink_to(decisions), {}, leads_at_hand);
  for (const Event& event : events) simulation.handle(event);
  return decisions;
}

/// `taken`: the events that counted.
Decisions walked(const rules::Rulebook& rulebook, const std::vector<Event>& events, std::vector<Event>& taken) {
  Decisions decisions;
  engine::HistoryWalk walk(rulebook, sink_to(decisions));
  for (const Event& event : events) {
    if (walk.handle(event)) taken.push_back(event);
  }
  return decisions;
}

/// What the simulator assumes.
engine::AttemptResult outcome_of(const OtherSide::Call& call) {
  std::string outcome = "completed";
  if (call.action.kind == engine::ActionKind::email) outcome = "sent";
  if (call.action.kind == engine::ActionKind::call) outcome = "no_answer";
  return answer_of(engine::AttemptResult::Kind::accepted, outcome);
}

std::vector<Json> ledger_of(engine::Engine& engine) {
  std::vector<Json> records;
  std::istringstream lines(engine.ledger_lines(0, 100'000));
  for (std::string line; std::getline(lines, line);) records.push_back(Json::parse(line));
  return records;
}

Decisions served(const World& world, const std::vector<Event>& events) {
  EngineDesk desk({.playbooks = world.playbooks,
                   .begins = "01-01 00:00",
                   .clock = engine::ClockConfig::Mode::events,
                   .house = house_of(world.house)});
  desk.other_side().answers(outcome_of);
  desk.begin();
  // Of whom everything was forgotten nobody can say any more which lead it was: that is asked before an erasure.
  std::map<std::string, std::string> leads;  // by subject
  std::vector<engine::Arrival> waiting;
  const auto submit = [&] {
    if (!waiting.empty())
      RC_ASSERT(desk.engine().submit(std::exchange(waiting, {})).kind == engine::SubmitResult::Kind::durable);
    auto ledger = ledger_of(desk.engine());
    for (Json& record : ledger) {
      const std::string lead = record.value("lead", "");
      if (!lead.empty()) leads[record["subject"]] = lead;
    }
    return ledger;
  };
  for (const Event& event : events) {
    if (event.type == rules::EventType::erasure_requested) {
      submit();
      // No record may name the lead until then.
      if (const auto known = desk.engine().lead_json(event.lead)) {
        leads[Json::parse(*known)["subject"]] = std::string(event.lead.value);
      }
    }
    waiting.emplace_back(event);
  }
  Decisions decisions;
  for (Json& record : submit()) {
    const std::string lead = leads[record["subject"]];
    add_record(decisions, std::move(record), lead);
  }
  desk.end();
  return decisions;
}

/// With what the auditor of the decision's properties does not follow: merges, erasures, consent, guardrails,
/// schedules.
World draw_wider_world() {
  World world = draw_world();
  for (std::string& playbook : world.playbooks) {
    if (!one_in(3)) continue;
    playbook += "guardrails: [{ metric: " + any_of(std::array{"complaint_rate", "opt_out_rate", "hard_bounce_rate"}) +
                ", above: 20%, over: 7d, min_touches: 1, do: " + any_of(std::array{"halve_caps", "pause"}) + " }]\n";
  }
  if (one_in(2)) {
    world.playbooks.push_back(
        fmt::format("playbook: r\npriority: {}\nenroll: {{ on: schedule, schedule: "
                    "{{ rrule: '{};COUNT={}', start: {}, at: '{:02}:00' }} }}\ntouches: {{ within: 3d }}\n"
                    "steps: [{{ id: s0, day: 0, channel: task }}]\n",
                    40 + 10 * pick(3), any_of(std::array{"FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=TU,FR"}),
                    1 + pick(5), any_of(std::array{"2026-03-02", "lead.visited"}), pick(24)));
    for (Given& given : world.events) {
      const bool is_lead = given.type == "lead.created" || given.type == "lead.updated";
      if (is_lead && one_in(2)) given.data += fmt::format(",'visited':'2026-03-{:02}'", 1 + pick(20));
    }
  }
  std::set<std::string> known{world.events.front().lead};
  for (std::size_t i = 1; i < world.events.size(); ++i) {
    Given& given = world.events[i];
    const bool is_known = !known.insert(given.lead).second;
    if (!one_in(10)) continue;
    given.type =
        any_of(std::array{"lead.merged", "lead.merged", "erasure.requested", "consent.withdrawn", "consent.granted"});
    if (!is_known && given.type == "erasure.requested") given.type = "page.viewed";
    given.data = given.type == "lead.merged"         ? std::string(given.lead == "L1" ? "'into':'L2'" : "'into':'L1'")
                 : given.type == "erasure.requested" ? "'by':'dpo','case':'1'"
                                                     : "'channel':'email','evidence':'form'";
  }
  return world;
}

/// With an event of another lead long after everything: what is due by then is done, wherever events move the clock.
std::vector<Event> history_of(const World& world) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < world.events.size(); ++i) events.push_back(event_of(world.events[i], i));
  events.push_back(event_of({"2027-06-01T00:00:00Z", "clock", "page.viewed", "'path':'/'"}, world.events.size()));
  return events;
}

void log_difference(const Decisions& one, const Decisions& other) {
  for (const auto& [lead, lines] : one) {
    const auto found = other.find(lead);
    const std::vector<std::string> theirs = found == other.end() ? std::vector<std::string>{} : found->second;
    const auto [mine, their] = std::mismatch(lines.begin(), lines.end(), theirs.begin(), theirs.end());
    if (mine == lines.end() && their == theirs.end()) continue;
    RC_LOG() << lead << "\n  here:  " << (mine == lines.end() ? "nothing" : *mine)
             << "\n  there: " << (their == theirs.end() ? "nothing" : *their) << "\n";
  }
}

TEST_CASE("simulator and daemon come to the same decisions") {
  CHECK(rc::check("simulated and served", [] {
    const World world = draw_wider_world();
    if (!one_in(2)) return;  // a store on a disk takes its time; small worlds are left out more often
    RC_LOG() << text_of(world);
    const std::vector<Event> events = history_of(world);
    const Decisions simulation = simulated(rulebook_of(world), events);
    const Decisions daemon = served(world, events);
    RC_ASSERT_FALSE(simulation.empty());
    log_difference(simulation, daemon);
    RC_ASSERT(simulation == daemon);
  }));
}

TEST_CASE("the simulator comes to the same decisions, however few leads stay at hand") {
  CHECK(rc::check("all at hand and none", [] {
    const World world = draw_wider_world();
    RC_LOG() << text_of(world);
    const rules::Rulebook rulebook = rulebook_of(world);
    const std::vector<Event> events = history_of(world);
    const Decisions all = simulated(rulebook, events);
    const Decisions none = simulated(rulebook, events, 0);
    log_difference(all, none);
    RC_ASSERT(all == none);
  }));
}

TEST_CASE("simulator and backtest come to the same decisions, where the history is what the set has done") {
  CHECK(rc::check("simulated and walked", [] {
    const World world = draw_wider_world();
    RC_LOG() << text_of(world);
    const rules::Rulebook rulebook = rulebook_of(world);
    // What was said about touches that were never sent does not count; left out, something else may not have been sent.
    std::vector<Event> events = history_of(world);
    while (true) {
      std::vector<Event> taken;
      const Decisions backtest = walked(rulebook, events, taken);
      if (taken.size() == events.size()) {
        const Decisions simulation = simulated(rulebook, events);
        log_difference(simulation, backtest);
        RC_ASSERT(simulation == backtest);
        return;
      }
      events = std::move(taken);
    }
  }));
}

}  // namespace
}  // namespace relance::tests
