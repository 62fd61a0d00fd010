// relance check: syntax and types of a folder of playbooks, and the proof that they can keep their promises.

#include <algorithm>
#include <iostream>
#include <memory>

#include "engine/app/commands.h"
#include "engine/app/finding_json.h"
#include "engine/check/check.h"
#include "engine/simulate/timeline.h"
#include "rules/loader.h"

namespace relance::app {

void add_policies(CLI::App& command, std::vector<std::string>& policies) {
  command.add_option("--policies", policies, "Legal packs of policies/, besides those that house.yaml names")
      ->delimiter(',');
}

namespace {

struct CheckArguments {
  std::string folder;
  bool json = false;
  std::vector<std::string> policies;
};

nlohmann::ordered_json with_example(const engine::CheckFinding& found) {
  nlohmann::ordered_json json = to_json(found.finding);
  if (!found.example) return json;
  const engine::CounterExample& example = *found.example;
  json["arrival"] = engine::local_text(example.arrival, example.zone);
  json["zone"] = example.zone.name();
  json["lead"] = example.lead;
  json["timeline"] = example.timeline;
  return json;
}

/// What does not even load: nothing can be proved of it.
int refuse_folder(const CheckArguments& arguments, const std::vector<rules::Finding>& findings) {
  if (arguments.json) {
    print_json({{"findings", to_json(findings)}});
    return 1;
  }
  for (const rules::Finding& finding : findings) std::cout << rules::to_string(finding) << "\n";
  std::cerr << findings.size() << " findings in " << arguments.folder << "; mend them and check again\n";
  return 1;
}

int check(const CheckArguments& arguments) {
  const auto rulebook = rules::load_folder(arguments.folder, {arguments.policies});
  if (!rulebook) return refuse_folder(arguments, rulebook.error());
  const engine::CheckReport report = engine::check_playbooks(*rulebook, arguments.folder);
  const int exit_code = report.has_errors() ? 1 : 0;
  if (arguments.json) {
    auto findings = nlohmann::ordered_json::array();
    for (const engine::CheckFinding& found : report.findings) findings.push_back(with_example(found));
    print_json({{"findings", findings}});
    return exit_code;
  }
  for (const engine::CheckFinding& found : report.findings) std::cout << engine::to_string(found) << "\n";
  if (exit_code != 0) {
    std::cerr << report.findings.size() << " findings in " << arguments.folder << "; mend them and check again\n";
    return exit_code;
  }
  for (const auto& playbook : rulebook->current()) {
    std::cout << playbook->id.value.view() << ": " << playbook->steps.size() << " steps, revision "
              << playbook->revision.value.view() << "\n";
  }
  const bool proved =
      std::none_of(report.findings.begin(), report.findings.end(),
                   [](const engine::CheckFinding& found) { return found.finding.rule == "not-proved"; });
  std::cerr << (proved ? "every promise can be kept: "
                       : "no broken promise was found, and not everything could be tried: ")
            << report.trials << " leads were tried\n";
  return exit_code;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<CheckArguments>();
  auto* command = app.add_subcommand("check", "Parse, type-check and prove a folder of playbooks");
  command->add_option("folder", arguments->folder, "Folder of playbooks")->required()->check(CLI::ExistingDirectory);
  command->add_flag("--json", arguments->json, "Findings as JSON");
  add_policies(*command, arguments->policies);
  command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
}

}  // namespace relance::app
