// relance halt and relance resume: the emergency brake of a running daemon.

#include <cstdlib>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/app/publish_report.h"

namespace relance::app {

namespace {

using nlohmann::ordered_json;

struct HaltArguments {
  ApiOptions api;
  std::string playbook;
  std::string channel;
  bool all = false;
  bool json = false;
  std::string by;
  std::string reason;
};

std::string scope_of(const ordered_json& item) {
  if (item.contains("playbook")) return "playbook " + item.value("playbook", std::string());
  if (item.contains("channel")) return "channel " + item.value("channel", std::string());
  return "everything";
}

void print_halts(const ordered_json& report) {
  for (const auto& halt : report["halts"]) {
    std::cout << "halted: " << scope_of(halt) << ", since " << halt.value("since", "") << ", by "
              << halt.value("by", "") << ": " << halt.value("reason", "") << "\n";
  }
  for (const auto& trip : report["guardrails"]) {
    std::cout << "guardrail: " << trip.value("metric", "") << " of " << scope_of(trip) << ", since "
              << trip.value("since", "");
    if (trip.contains("do")) std::cout << ", " << trip.value("do", "");
    if (trip.contains("flag")) std::cout << ", flagged " << trip.value("flag", "");
    std::cout << "\n";
  }
  if (report["halts"].empty() && report["guardrails"].empty()) std::cout << "nothing is halted\n";
}

int list_halts(const HaltArguments& arguments) {
  ApiClient client(arguments.api);
  const auto answer = client.get("/v1/halt");
  if (!answer) return fail("halt", answer.error());
  const auto report = ordered_json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !report.is_object()) {
    return fail("halt", "the daemon answered " + std::to_string(answer->status) + ": " + problem_text(answer->body));
  }
  if (arguments.json) {
    std::cout << report.dump(2) << "\n";
  } else {
    print_halts(report);
  }
  return 0;
}

/// `command`: "halt" or "resume", which is also the path.
int order(const char* command, const HaltArguments& arguments) {
  ordered_json body{{"by", arguments.by}, {"reason", arguments.reason}};
  if (!arguments.playbook.empty()) body["playbook"] = arguments.playbook;
  if (!arguments.channel.empty()) body["channel"] = arguments.channel;
  if (arguments.all) body["all"] = true;
  if (body.size() != 3) return fail(command, "name exactly one of --playbook, --channel and --all");
  if (arguments.by.empty()) return fail(command, "say who asks for it: --by NAME");
  if (arguments.reason.empty()) return fail(command, "say why, for the ledger: --reason TEXT");
  ApiClient client(arguments.api);
  const auto answer =
      client.post(std::string("/v1/") + command, body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  if (!answer) return fail(command, answer.error());
  if (answer->status != 200) return fail(command, problem_text(answer->body));
  const bool changed = ordered_json::parse(answer->body, nullptr, false).value("changed", false);
  const bool halts = std::string_view(command) == "halt";
  const char* said = halts     ? changed ? " is halted from now on" : " was halted already"
                     : changed ? " goes on from now on"
                               : " was not halted: nothing has changed";
  std::cout << scope_of(body) << said << "\n";
  return 0;
}

void add_scope(CLI::App& command, HaltArguments& arguments) {
  if (const char* user = std::getenv("USER")) arguments.by = user;
  arguments.api.add_to(command);
  command.add_option("--playbook", arguments.playbook, "Id of a playbook");
  command.add_option("--channel", arguments.channel, "email, call, social, sms, task or meeting");
  command.add_flag("--all", arguments.all, "Everything");
  command.add_option("--by", arguments.by, "Who asks, for the ledger; default: $USER, or the token's holder");
  command.add_option("--reason", arguments.reason, "Why, for the ledger");
}

}  // namespace

void add_halt(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<HaltArguments>();
  auto* command = app.add_subcommand(
      "halt", "Let nothing of a playbook, on a channel, or at all go out until it is resumed; alone: what is halted");
  add_scope(*command, *arguments);
  command->add_flag("--json", arguments->json, "What is halted, as JSON");
  command->callback([arguments, &exit_code] {
    const bool lists = arguments->playbook.empty() && arguments->channel.empty() && !arguments->all;
    exit_code = lists ? list_halts(*arguments) : order("halt", *arguments);
  });
}

void add_resume(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<HaltArguments>();
  auto* command =
      app.add_subcommand("resume", "End a halt; of a playbook also acknowledge its guardrails, which then count anew");
  add_scope(*command, *arguments);
  command->callback([arguments, &exit_code] { exit_code = order("resume", *arguments); });
}

}  // namespace relance::app
