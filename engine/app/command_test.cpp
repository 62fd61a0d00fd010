// relance test: the scenarios of a folder of playbooks, on the virtual clock.

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/app/finding_json.h"
#include "engine/scenarios/scenario_reader.h"
#include "engine/scenarios/scenario_run.h"
#include "rules/loader.h"

namespace relance::app {

namespace {

using engine::Expectation;
using engine::FailedExpectation;
using engine::Scenario;
using engine::ScenarioResult;
using nlohmann::ordered_json;

struct TestArguments {
  std::string folder;
  bool json = false;
  std::vector<std::string> policies;
};

int refuse_scenarios(const TestArguments& arguments, const std::vector<rules::Finding>& findings) {
  if (arguments.json) {
    print_json({{"findings", to_json(findings)}});
  } else {
    for (const rules::Finding& finding : findings) std::cout << rules::to_string(finding) << "\n";
  }
  std::cerr << findings.size() << " findings in " << arguments.folder << "; mend them and test again\n";
  return kCouldNotRun;
}

/// All leads' timelines, with a mark at the records that a broken expectation speaks of.
void print_timeline(const Scenario& scenario, const ScenarioResult& result) {
  std::map<rules::LeadId, std::vector<const rules::Record*>> leads;
  for (const engine::TimelineEntry& entry : result.timeline) leads[entry.lead].push_back(&entry.record);
  for (const auto& [lead, records] : leads) {
    std::cout << "    lead " << lead.value.view() << "\n";
    for (const rules::Record* record : records) {
      const bool meant = std::any_of(
          result.failures.begin(), result.failures.end(), [&, who = &lead](const FailedExpectation& failure) {
            const Expectation& expectation = *failure.expectation;
            return (!expectation.lead || *expectation.lead == *who) && engine::matches(expectation.pattern, *record);
          });
      std::cout << (meant ? "    > " : "      ") << engine::timeline_line(*record, scenario.zone) << "\n";
    }
  }
}

void print_failures(const Scenario& scenario, const ScenarioResult& result) {
  for (const FailedExpectation& failure : result.failures) {
    const Expectation& expectation = *failure.expectation;
    std::cout << fmt::format("{}:{}:{}: failed: {}\n    expected  {}\n    got       {}\n", expectation.position.file,
                             expectation.position.line, expectation.position.column, scenario.name, expectation.text,
                             failure.got);
  }
  if (result.failures.empty()) return;
  print_timeline(scenario, result);
  std::cout << "\n";
}

ordered_json to_json(const Scenario& scenario, const ScenarioResult& result) {
  auto failures = ordered_json::array();
  for (const FailedExpectation& failure : result.failures) {
    const Expectation& expectation = *failure.expectation;
    failures.push_back({{"file", expectation.position.file},
                        {"line", expectation.position.line},
                        {"column", expectation.position.column},
                        {"expected", expectation.text},
                        {"got", failure.got}});
  }
  ordered_json json{{"scenario", scenario.name},
                    {"file", scenario.position.file},
                    {"line", scenario.position.line},
                    {"column", scenario.position.column},
                    {"passed", result.failures.empty()}};
  if (result.failures.empty()) return json;
  json["failures"] = std::move(failures);
  auto timeline = ordered_json::array();
  for (const engine::TimelineEntry& entry : result.timeline) {
    timeline.push_back({{"lead", entry.lead.value},
                        {"at", engine::local_text(entry.record.at, scenario.zone)},
                        {"type", rules::to_string(entry.record.type)},
                        {"text", rules::sentence(entry.record)}});
  }
  json["timeline"] = std::move(timeline);
  return json;
}

int test(const TestArguments& arguments) {
  const auto rulebook = rules::load_folder(arguments.folder, {arguments.policies});
  if (!rulebook) return refuse_scenarios(arguments, rulebook.error());
  const auto scenarios = engine::load_scenarios(arguments.folder, *rulebook);
  if (!scenarios) return refuse_scenarios(arguments, scenarios.error());
  if (scenarios->empty()) {
    std::cerr << "no scenario in " << arguments.folder << ": write them in NAME.test.yaml beside the playbooks\n";
    return kCouldNotRun;
  }
  std::size_t failed = 0;
  auto json = ordered_json::array();
  for (const Scenario& scenario : *scenarios) {
    const ScenarioResult result = engine::run_scenario(*rulebook, scenario);
    failed += result.failures.empty() ? 0 : 1;
    if (arguments.json) {
      json.push_back(to_json(scenario, result));
    } else {
      print_failures(scenario, result);
    }
  }
  const std::size_t passed = scenarios->size() - failed;
  if (arguments.json) {
    print_json({{"scenarios", json}, {"passed", passed}, {"failed", failed}});
  } else {
    std::cout << fmt::format("{} scenarios: {} passed, {} failed\n", scenarios->size(), passed, failed);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_test(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<TestArguments>();
  auto* command = app.add_subcommand("test", "Run the scenarios (*.test.yaml) of a folder of playbooks");
  command->add_option("folder", arguments->folder, "Folder of playbooks")->required()->check(CLI::ExistingDirectory);
  command->add_flag("--json", arguments->json, "Results as JSON");
  add_policies(*command, arguments->policies);
  command->callback([arguments, &exit_code] { exit_code = test(*arguments); });
}

}  // namespace relance::app
