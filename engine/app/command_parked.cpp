// relance parked: actions whose outcome nobody knows, and what a person found out about them.

#include <cstdlib>
#include <iostream>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"

namespace relance::app {

namespace {

using nlohmann::ordered_json;

struct ParkedArguments {
  ApiOptions api;
  bool json = false;
  std::string action;
  std::string by;
  std::string reason;
};

int refused(const ApiAnswer& answer) {
  const bool is_answer = answer.status == 404 || answer.status == 409;
  return fail("parked", refusal_text(answer), is_answer ? 1 : kCouldNotRun);
}

void print_action(const ordered_json& action) {
  std::string place = action.value("playbook", "");
  if (const std::string step = action.value("step", ""); !step.empty()) place += "/" + step;
  std::cout << fmt::format("{}  {:<8} {:<8} {:<28} due {}", action.value("action", ""), action.value("lead", ""),
                           action.value("kind", ""), place, action.value("due", ""));
  if (action.contains("not_after")) std::cout << ", can be sent until " << action.value("not_after", "");
  std::cout << "\n  attempts: " << action.value("attempts", 0);
  if (action.contains("parked_at")) std::cout << "; parked at " << action.value("parked_at", "");
  if (action.contains("because")) std::cout << ": " << action.value("because", "");
  std::cout << "\n";
}

int list_parked(const ParkedArguments& arguments) {
  ApiClient client(arguments.api);
  const auto answer = client.get("/v1/parked");
  if (!answer) return fail("parked", answer.error());
  if (answer->status != 200) return refused(*answer);
  if (arguments.json) {
    std::cout << answer->body << "\n";
    return 0;
  }
  const auto body = ordered_json::parse(answer->body, nullptr, false);
  if (!body.is_object() || !body.contains("parked") || !body["parked"].is_array())
    return fail("parked", "the daemon's answer cannot be read");
  const auto& parked = body["parked"];
  if (parked.empty()) std::cout << "nothing is parked\n";
  for (const auto& action : parked) print_action(action);
  if (const auto total = body.value("total", parked.size()); total > parked.size())
    std::cout << "... and " << total - parked.size() << " more\n";
  if (!parked.empty())
    std::cout << "\nfind out in the other side's log what became of each, then:\n"
                 "  relance parked delivered|resend|drop ACTION --reason TEXT\n";
  return 0;
}

int decide_about(const ParkedArguments& arguments, const std::string& decision) {
  ApiClient client(arguments.api);
  const ordered_json body{{"decision", decision}, {"by", arguments.by}, {"reason", arguments.reason}};
  const auto answer = client.post(path_to("/v1/parked/", arguments.action),
                                  body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  if (!answer) return fail("parked", answer.error());
  if (answer->status != 200) return refused(*answer);
  std::cout << "action " << arguments.action << ": " << decision << "; it is durable\n";
  return 0;
}

}  // namespace

void add_parked(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ParkedArguments>();
  if (const char* user = std::getenv("USER")) arguments->by = user;
  auto* command = app.add_subcommand("parked", "List actions whose outcome nobody knows, and decide about them");
  command->require_subcommand(0, 1);
  command->add_flag("--json", arguments->json, "The list as JSON");
  arguments->api.add_to(*command);
  command->callback([command, arguments, &exit_code] {
    if (command->get_subcommands().empty()) exit_code = list_parked(*arguments);
  });
  const auto add = [&](const char* decision, const char* help) {
    auto* sub = command->add_subcommand(decision, help);
    sub->add_option("action", arguments->action, "Action id, as the list has it")->required();
    sub->add_option("--by", arguments->by, "Who decides, for the ledger; default: $USER, or the token's holder");
    sub->add_option("--reason", arguments->reason, "Why, for the ledger's reader; without addresses")->required();
    arguments->api.add_to(*sub);
    sub->callback([arguments, decision, &exit_code] { exit_code = decide_about(*arguments, decision); });
  };
  add("delivered", "It happened: nothing more goes out");
  add("resend", "It did not happen: send it again, when the gate lets it");
  add("drop", "Whatever happened: do not send it again; the touch still counts");
}

}  // namespace relance::app
