// relance report: what the ledger says about the playbooks. Experiments only, for now.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/intake/jsonl_reader.h"
#include "engine/report/experiments.h"
#include "rules/loader.h"

namespace relance::app {

namespace {

namespace fs = std::filesystem;

struct ReportArguments {
  std::string folder;
  std::vector<std::string> earlier;
  std::string ledger;
  ApiOptions api;
  std::string until;
  std::string out;
  std::string format = "text";
};

/// nullopt: the findings are on stderr.
std::optional<std::vector<engine::ExperimentPlan>> read_plans(const ReportArguments& arguments) {
  std::vector<engine::ExperimentPlan> plans;
  std::set<std::pair<std::string, std::string>> known;
  std::vector<std::string> folders{arguments.folder};
  folders.insert(folders.end(), arguments.earlier.begin(), arguments.earlier.end());
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const auto rulebook = load_or_print_findings(folders[i]);
    if (!rulebook) return std::nullopt;
    for (const auto& playbook : rulebook->current()) {
      auto plan = engine::plan_of(*playbook, i == 0);
      if (plan && known.emplace(plan->playbook, plan->revision).second) plans.push_back(std::move(*plan));
    }
  }
  return plans;
}

/// What is no record is one line on stderr, and the report goes on. The error says why it cannot read.
tl::expected<void, std::string> read_file(const std::string& path, engine::LedgerFacts& facts) {
  const bool is_input = path == "-";
  const auto read = engine::for_each_line(is_input ? "/dev/stdin" : path, 0, [&](const engine::JsonlLine& line) {
    const auto added = line.too_long ? tl::unexpected<std::string>("the line is over 256 KiB") : facts.add(line.text);
    if (!added) {
      std::cerr << (is_input ? "standard input" : path) << ":" << line.number << ": left out: " << added.error()
                << "\n";
    }
    return true;
  });
  if (!read) return tl::unexpected<std::string>(read.error().message);
  return {};
}

tl::expected<void, std::string> read_daemon(const ApiOptions& options, engine::LedgerFacts& facts) {
  ApiClient client(options);
  std::string refused;
  const auto end = read_ledger(client, 0, [&](const std::string& line) {
    if (const auto added = facts.add(line); !added && refused.empty()) refused = added.error();
  });
  if (!end) return tl::unexpected(end.error());
  if (!refused.empty()) return tl::unexpected("the daemon's ledger has a line that is none: " + refused);
  return {};
}

bool write(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  return !stream.fail();
}

int write_files(const fs::path& folder, const engine::ExperimentReport& report) {
  std::error_code error;
  fs::create_directories(folder, error);
  for (const auto& [name, text] : {std::pair{"report.html", engine::experiments_html(report)},
                                   {"experiments.csv", engine::experiments_csv(report)},
                                   {"experiments.json", engine::experiments_json(report)}}) {
    if (error || !write(folder / name, text))
      return fail("report", fmt::format("cannot write {}; name a folder that can be written with --out",
                                        (folder / name).string()));
  }
  std::cout << "wrote report.html, experiments.csv and experiments.json to " << folder.string() << "\n"
            << engine::kOnlyExperiments << "\n";
  return 0;
}

int report(const ReportArguments& arguments) {
  std::optional<rules::Instant> until;
  if (!arguments.until.empty()) {
    until = rules::parse_rfc3339(arguments.until);
    if (!until) return fail("report", "--until is no RFC 3339 instant, such as 2026-03-02T08:00:00Z");
  }
  const auto plans = read_plans(arguments);
  if (!plans) return 1;
  engine::LedgerFacts facts;
  const auto read = arguments.ledger.empty() ? read_daemon(arguments.api, facts) : read_file(arguments.ledger, facts);
  if (!read) return fail("report", read.error());
  const auto result = engine::report_experiments(*plans, facts, until);
  if (!result) return fail("report", result.error());
  if (!arguments.out.empty()) {
    if (const int code = write_files(arguments.out, *result); code != 0) return code;
  } else {
    std::cout << (arguments.format == "json" ? engine::experiments_json(*result) : engine::experiments_text(*result));
  }
  for (const engine::ExperimentResult& experiment : result->experiments) {
    if (experiment.verdict != engine::Verdict::mismatch) continue;
    std::cerr << fmt::format("relance report: sample ratio mismatch in {} of {}, revision {}\n", experiment.experiment,
                             experiment.playbook, experiment.revision.substr(0, 12));
  }
  return result->alarm() ? 1 : 0;
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReportArguments>();
  auto* command = app.add_subcommand(
      "report", "What the ledger says about the experiments (the rest of the monthly audit is not there yet)");
  command->add_option("folder", arguments->folder, "Folder of playbooks")->required()->check(CLI::ExistingDirectory);
  command
      ->add_option("--earlier", arguments->earlier, "Folders as they were, for revisions that are no longer in force")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory);
  auto* ledger = command->add_option("--ledger", arguments->ledger,
                                     "Ledger records as JSON Lines, - for the standard input; default: the daemon's");
  arguments->api.add_to(*command);
  ledger->excludes("--url");
  command->add_option("--until", arguments->until, "Leave out what came after this instant (RFC 3339)");
  auto* out = command->add_option("--out", arguments->out,
                                  "Write report.html, experiments.csv and experiments.json to this folder");
  command->add_option("--format", arguments->format, "text or json, to the standard output")
      ->check(CLI::IsMember({"text", "json"}))
      ->excludes(out);
  command->callback([arguments, &exit_code] { exit_code = report(*arguments); });
}

}  // namespace relance::app
