// relance check: syntax and types of a folder of playbooks. The proofs of promises are not there yet and are not
// claimed.

#include <iostream>
#include <memory>

#include "engine/app/commands.h"
#include "engine/app/finding_json.h"
#include "rules/loader.h"

namespace relance::app {

namespace {

struct Arguments {
  std::string folder;
  bool json = false;
};

int check(const Arguments& arguments) {
  const auto rulebook = rules::load_folder(arguments.folder);
  if (arguments.json) {
    print_json({{"findings", rulebook ? nlohmann::ordered_json::array() : to_json(rulebook.error())}});
    return rulebook ? 0 : 1;
  }
  if (!rulebook) {
    for (const rules::Finding& finding : rulebook.error()) std::cout << rules::to_string(finding) << "\n";
    std::cerr << rulebook.error().size() << " findings in " << arguments.folder << "; mend them and check again\n";
    return 1;
  }
  for (const auto& playbook : rulebook->current()) {
    std::cout << playbook->id.value << ": " << playbook->steps.size() << " steps, revision " << playbook->revision.value
              << "\n";
  }
  std::cerr << "syntax and types are fine; whether the promises can be kept is not proved yet\n";
  return 0;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("check", "Parse and type-check a folder of playbooks");
  command->add_option("folder", arguments->folder, "Folder of playbooks")->required()->check(CLI::ExistingDirectory);
  command->add_flag("--json", arguments->json, "Findings as JSON");
  command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
}

}  // namespace relance::app
