// Two sets of playbooks over one history: engine/backtest.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/backtest/backtest.h"
#include "simulation_support.h"
#include "temporary_directory.h"

namespace relance::tests {
namespace {

using engine::Backtest;
using engine::BacktestCounts;
using History = std::vector<nlohmann::json>;

nlohmann::json line(const std::string& type, const std::string& lead, const std::string& time,
                    nlohmann::json data = nlohmann::json::object()) {
  return {{"specversion", "1.0"}, {"id", type + lead + time},        {"source", "test"},       {"type", type},
          {"subject", lead},      {"time", "2026-" + time + ":00Z"}, {"data", std::move(data)}};
}

Backtest compare(const std::string& before, const std::string& after, const History& history,
                 std::vector<std::string>* refused = nullptr) {
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "events.jsonl").string();
  std::ofstream stream(file);
  for (const nlohmann::json& event : history) stream << event.dump() << "\n";
  stream.close();
  auto result = engine::backtest(rulebook_of({cadence(before)}), rulebook_of({cadence(after)}), file,
                                 [&](const std::string& message) {
                                   if (refused != nullptr) refused->push_back(message);
                                 });
  REQUIRE(result.has_value());
  return std::move(*result);
}

const std::string kMailSteps = "steps: [{ id: a, day: 0, channel: email }, { id: b, day: 2, channel: email }]";
const std::string kTaskSteps = "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 2, channel: task }]";

nlohmann::json person(int number) {
  return {{"email", "p" + std::to_string(number) + "@example.org"}, {"source", "inbound"}, {"size", "smb"}};
}

TEST_CASE("a set differs from itself in nothing") {
  const Backtest result = compare(
      kMailSteps, kMailSteps,
      {line("lead.created", "L-1", "03-02T09:00", person(1)), line("lead.created", "L-2", "03-02T10:00", person(2)),
       line("touch.replied", "L-1", "03-03T09:00", {{"channel", "email"}})});
  CHECK(result.leads == 2);
  CHECK(result.events == 3);
  CHECK(result.leads_that_differ == 0);
  CHECK(result.before.all.touches == 3);  // the reply ends the first lead's
  CHECK(result.after.all.touches == 3);
  CHECK(result.before.all.exits == BacktestCounts::Counts{{"completed", 1}, {"reply", 1}});
  CHECK(result.before.segments.size() == 1);
  CHECK(result.before.segments.contains("inbound/smb"));
}

TEST_CASE("a reply counts only for a set that had sent a touch on its channel by then") {
  const History history{
      line("lead.created", "L-1", "03-02T09:00", person(1)),
      line("touch.replied", "L-1", "03-03T09:00", {{"channel", "email"}, {"action", "of-the-history"}})};
  const Backtest result = compare(kMailSteps, kTaskSteps, history);
  CHECK(result.before.all.touches == 1);
  CHECK(result.before.outcomes_taken == 1);
  CHECK(result.after.all.touches == 2);
  CHECK(result.after.outcomes_taken == 0);
  CHECK(result.after.outcomes_not_taken == 1);
  CHECK(result.leads_that_differ == 1);
  CHECK(result.examples == std::vector<std::string>{"L-1"});

  // A touch that is due before the reply, and was not done when it arrived, is sent by then.
  const std::string at_noon =
      "steps: [{ id: a, day: 0, at: '12:00', channel: email }, { id: b, day: 2, channel: email }]";
  CHECK(compare(at_noon, at_noon, history).before.outcomes_taken == 1);
  const std::string too_late = "steps: [{ id: a, day: 1, at: '12:00', channel: email }]";
  CHECK(compare(too_late, too_late, history).before.outcomes_not_taken == 1);
}

TEST_CASE("a duplicate is dropped, whether or not the first one counted") {
  const nlohmann::json early = line("touch.replied", "L-1", "03-02T09:00", {{"channel", "email"}});
  const Backtest result = compare(kMailSteps, kMailSteps,
                                  {line("lead.created", "L-1", "03-02T09:00", person(1)), early,
                                   line("page.viewed", "L-1", "03-02T10:00", {{"path", "/"}}), early});
  CHECK(result.before.outcomes_taken == 0);
  CHECK(result.before.outcomes_not_taken == 1);
  CHECK(result.before.all.exits.count("reply") == 0);
}

TEST_CASE("what protects a person counts for both sets, whoever called or wrote") {
  const Backtest result = compare(
      kMailSteps, kTaskSteps,
      {line("lead.created", "L-1", "03-02T09:00", person(1)), line("lead.created", "L-2", "03-02T09:00", person(2)),
       line("touch.completed", "L-1", "03-03T09:00",
            {{"channel", "email"}, {"outcome", "bounced"}, {"bounce", "hard"}}),
       line("touch.completed", "L-2", "03-03T09:00", {{"channel", "call"}, {"outcome", "refused"}})});
  CHECK(result.before.all.exits == BacktestCounts::Counts{{"hard_bounce", 1}, {"opt_out", 1}});
  CHECK(result.after.all.exits == result.before.all.exits);
}

TEST_CASE("touches between an opt-out and its late arrival are counted; none follows it") {
  const Backtest result =
      compare(kMailSteps, "steps: [{ id: a, day: 0, channel: email }, { id: b, day: 1, channel: email }]",
              {line("lead.created", "L-1", "03-02T09:00", person(1)), line("page.viewed", "L-2", "03-03T12:00"),
               line("optout.received", "L-1", "03-02T12:00")});
  CHECK(result.before.all.opted_out == 1);
  CHECK(result.before.all.touched_before_opt_out == 1);
  CHECK(result.before.all.touches_after_opt_out == 0);
  CHECK(result.after.all.touches == 2);
  CHECK(result.after.all.touches_after_opt_out == 1);  // on Tuesday at nine; the opt-out arrived at noon
}

TEST_CASE("the time to the first touch runs from the lead's first event, by segment") {
  nlohmann::json other = person(2);
  other["size"] = "mid";
  const Backtest result = compare(
      kTaskSteps, "steps: [{ id: a, day: 0, at: '12:00', channel: task }]",
      {line("lead.created", "L-1", "03-02T09:00", person(1)), line("lead.created", "L-2", "03-02T11:00", other)});
  CHECK(result.before.all.first_touch == std::vector<std::int64_t>{0, 0});
  CHECK(result.after.all.first_touch == std::vector<std::int64_t>{3'600'000, 3 * 3'600'000});
  CHECK(result.after.segments.at("inbound/mid").first_touch == std::vector<std::int64_t>{3'600'000});
}

TEST_CASE("percentiles are values that occur") {
  std::vector<std::int64_t> values;
  CHECK_FALSE(engine::percentile(values, 50).has_value());
  values = {7};
  CHECK(engine::percentile(values, 1) == 7);
  CHECK(engine::percentile(values, 99) == 7);
  values.clear();
  for (int i = 1; i <= 200; ++i) values.push_back(i);
  CHECK(engine::percentile(values, 50) == 100);
  CHECK(engine::percentile(values, 90) == 180);
  CHECK(engine::percentile(values, 99) == 198);
}

TEST_CASE("an account's cap couples its leads, and both sets see the same account") {
  nlohmann::json first = line("lead.created", "L-1", "03-02T09:00", person(1));
  nlohmann::json second = line("lead.created", "L-2", "03-02T09:00", person(2));
  first["partitionkey"] = second["partitionkey"] = "acme";
  const Backtest result =
      compare(kTaskSteps, "caps: [{ scope: account, max: 1, per: 5d }]\n" + kTaskSteps, {first, second});
  CHECK(result.before.all.deferrals.empty());
  CHECK(result.after.all.deferrals.at("cap:account:any") >= 1);
}

TEST_CASE("the report is the same, however few leads stay at hand") {
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "events.jsonl").string();
  std::ofstream stream(file);
  for (int hour = 0; hour < 600; ++hour) {
    const std::string at = fmt::format("03-{:02}T{:02}:00", 2 + hour / 24, hour % 24);
    const auto write = [&](const std::string& type, int lead, const nlohmann::json& data) {
      nlohmann::json event = line(type, "L-" + std::to_string(lead), at, data);
      event["partitionkey"] = "A-" + std::to_string(lead / 4);
      stream << event.dump() << "\n";
    };
    write("lead.created", hour, person(hour % 7 == 6 ? hour - 6 : hour));  // some share an address
    if (hour % 3 == 0) write("touch.replied", hour / 2, {{"channel", "email"}});
    if (hour % 11 == 0) write("optout.received", hour / 3, nlohmann::json::object());
    if (hour % 13 == 0) write("lead.merged", hour / 2, {{"into", "L-" + std::to_string(hour / 4)}});
  }
  stream.close();
  const std::string caps = "caps: [{ scope: account, max: 2, per: 3d }]\n";
  const rules::Rulebook before = rulebook_of({cadence(caps + kMailSteps)});
  const rules::Rulebook after = rulebook_of({cadence(kTaskSteps)});
  const auto report = [&](std::size_t leads_at_hand) {
    const auto result = engine::backtest(before, after, file, {}, {.leads_at_hand = leads_at_hand});
    REQUIRE(result.has_value());
    return engine::backtest_json(*result);
  };
  const std::string all = report(engine::MemoryStore::kAll);
  const auto read = nlohmann::json::parse(all);
  CHECK(read["leads"] == 600);
  CHECK(read["before"]["all"]["exits"].size() >= 3);
  CHECK(read["before"]["all"]["deferrals"].contains("cap:account:any"));
  CHECK(report(0) == all);
  CHECK(report(5) == all);
}

TEST_CASE("lines that are no events are named once, and a file that is not there is an error") {
  std::vector<std::string> refused;
  const Backtest result = compare(kTaskSteps, kTaskSteps,
                                  {nlohmann::json("no event"), line("lead.created", "L-1", "03-02T09:00")}, &refused);
  CHECK(result.dead_letters == 1);
  CHECK(refused.size() == 1);
  const rules::Rulebook rulebook = rulebook_of({cadence(kTaskSteps)});
  CHECK_FALSE(engine::backtest(rulebook, rulebook, "no/such/file", [](const std::string&) {}).has_value());
}

}  // namespace
}  // namespace relance::tests
