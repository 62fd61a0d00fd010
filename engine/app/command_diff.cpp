// relance diff: what publishing a folder would change, for playbooks and for the leads in flight.

#include <iostream>
#include <memory>
#include <optional>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/app/publish_report.h"
#include "engine/publish/folder_difference.h"
#include "engine/publish/playbook_folder.h"
#include "engine/publish/revisions.h"
#include "engine/store/lead_pages.h"

namespace relance::app {

namespace {

using nlohmann::ordered_json;

struct DiffArguments {
  ApiOptions api;
  std::vector<std::string> folders;
  std::string data;
  bool json = false;
  bool ask_daemon = false;
};

/// The new folder; its findings go to stderr.
std::optional<rules::Rulebook> read(const std::string& folder) {
  auto read = engine::read_playbook_folder(folder, "en");
  if (read) return std::move(read->rulebook);
  for (const std::string& finding : read.error().findings) std::cerr << finding << "\n";
  std::cerr << "relance diff: " << folder << " has " << read.error().findings.size()
            << " findings and would be refused; mend them first\n";
  return std::nullopt;
}

int print(const DiffArguments& arguments, const ordered_json& report) {
  if (arguments.json) {
    std::cout << report.dump(2) << "\n";
  } else if (!print_report(std::cout, report)) {
    return fail("diff", "the daemon's answer cannot be read");
  }
  return 0;
}

/// The leads of a store, which is only read; a daemon may run on it.
tl::expected<engine::InFlightTally, std::string> count(const std::filesystem::path& data, rules::Rulebook& rulebook) {
  const auto path = std::filesystem::exists(data / "store") ? data / "store" : data;
  auto reader = engine::StoreReader::open(path);
  if (!reader) return tl::unexpected(reader.error().message);
  engine::StoreReader& store = **reader;
  if (auto kept = engine::add_kept_revisions(rulebook, store.revisions()); !kept) return tl::unexpected(kept.error());
  auto tally = engine::count_in_flight(
      [&](const rules::LeadId* after, std::size_t limit) { return store.leads_after(after, limit); }, rulebook);
  if (store.failure()) return tl::unexpected(store.failure()->message);
  return tally;
}

int diff_folders(const DiffArguments& arguments) {
  const auto before = read(arguments.folders[0]);
  auto after = before ? read(arguments.folders[1]) : std::nullopt;
  if (!after) return 1;
  std::optional<engine::InFlightTally> tally;
  if (!arguments.data.empty()) {
    auto counted = count(arguments.data, *after);
    if (!counted) return fail("diff", counted.error());
    tally = std::move(*counted);
  }
  ordered_json report =
      ordered_json::parse(engine::report_json(engine::differences(*before, *after), tally ? &*tally : nullptr));
  report["house"] = engine::house_differences(before->house(), after->house());
  return print(arguments, report);
}

int diff_daemon(const DiffArguments& arguments) {
  const auto after = read(arguments.folders[0]);
  if (!after) return 1;
  ordered_json body{{"playbooks", ordered_json::array()}};
  for (const auto& playbook : after->current()) body["playbooks"].push_back(playbook->canonical);
  ApiClient client(arguments.api);
  const auto answer = client.post("/v1/playbooks/preview", body.dump());
  if (!answer) return fail("diff", answer.error());
  if (answer->status != 200) {
    return fail("diff", answer->status == 422 ? problem_text(answer->body) : refusal_text(*answer));
  }
  return print(arguments, ordered_json::parse(answer->body, nullptr, false));
}

int diff(const DiffArguments& arguments) {
  if (arguments.ask_daemon) {
    if (arguments.folders.size() != 1 || !arguments.data.empty()) {
      return fail("diff", "with --url name the new folder only: the daemon knows its own, and its leads");
    }
    return diff_daemon(arguments);
  }
  if (arguments.folders.size() != 2) return fail("diff", "name two folders, or one and the daemon's --url");
  return diff_folders(arguments);
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<DiffArguments>();
  auto* command = app.add_subcommand("diff", "What publishing a folder of playbooks would change");
  command->add_option("folders", arguments->folders, "The folder in force (not with --url), and the new one")
      ->required()
      ->expected(1, 2)
      ->check(CLI::ExistingDirectory);
  command->add_option("--data", arguments->data, "data_dir of a daemon: counts the leads of its store, reading only")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--json", arguments->json, "As JSON");
  arguments->api.add_to(*command);
  command->callback([arguments, command, &exit_code] {
    arguments->ask_daemon = command->count("--url") > 0;
    exit_code = diff(*arguments);
  });
}

}  // namespace relance::app
