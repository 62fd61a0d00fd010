// relance publish: the daemon reads its folder of playbooks again and publishes it, all of it or nothing.

#include <cstdlib>
#include <iostream>
#include <memory>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/app/publish_report.h"
#include "engine/publish/playbook_folder.h"

namespace relance::app {

namespace {

using nlohmann::ordered_json;

struct PublishArguments {
  ApiOptions api;
  std::string folder;
  std::string by;
  bool json = false;
};

std::nullopt_t refused(const engine::FolderRefusal& refusal) {
  for (const std::string& finding : refusal.findings) std::cerr << finding << "\n";
  return std::nullopt;
}

/// The revisions of a folder that can be published.
std::optional<ordered_json> revisions_of(const std::string& folder) {
  const auto read = engine::read_playbook_folder(folder, "en");
  if (!read) return refused(read.error());
  if (const auto broken = engine::find_broken_promises(read->rulebook, folder)) return refused(*broken);
  ordered_json revisions = ordered_json::array();
  for (const auto& playbook : read->rulebook.current()) revisions.push_back(playbook->revision.value);
  return revisions;
}

int publish(const PublishArguments& arguments) {
  ordered_json body{{"by", arguments.by}};
  if (!arguments.folder.empty()) {
    auto revisions = revisions_of(arguments.folder);
    if (!revisions)
      return fail("publish", arguments.folder + " has findings; nothing was published, mend them first", 1);
    body["revisions"] = std::move(*revisions);
  }
  ApiClient client(arguments.api);
  const auto answer = client.post("/v1/playbooks", body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  if (!answer) return fail("publish", answer.error());
  if (answer->status == 409) {
    return fail("publish",
                "the daemon's folder holds other playbooks than " + arguments.folder +
                    "; nothing was published: bring them there first",
                1);
  }
  if (answer->status == 422)
    return fail("publish", "refused, the playbooks in force go on:\n" + problem_text(answer->body), 1);
  if (answer->status != 200) {
    return fail("publish", refusal_text(*answer));
  }
  const auto report = ordered_json::parse(answer->body, nullptr, false);
  if (arguments.json) {
    std::cout << report.dump(2) << "\n";
    return 0;
  }
  return print_report(std::cout, report) ? 0 : fail("publish", "the daemon's answer cannot be read");
}

}  // namespace

void add_publish(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PublishArguments>();
  if (const char* user = std::getenv("USER")) arguments->by = user;
  auto* command = app.add_subcommand("publish", "Have a running daemon publish its folder of playbooks");
  command
      ->add_option("folder", arguments->folder,
                   "Check this folder first, and publish only if the daemon's holds the same playbooks")
      ->check(CLI::ExistingDirectory);
  command->add_option("--by", arguments->by, "Who publishes, for the ledger; default: $USER, or the token's holder");
  command->add_flag("--json", arguments->json, "As JSON");
  arguments->api.add_to(*command);
  command->callback([arguments, &exit_code] { exit_code = publish(*arguments); });
}

}  // namespace relance::app
