// relance explain: what happened to a lead, why, why nothing goes out now, and what is next; asked of a running daemon.

#include <iostream>
#include <memory>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/explain/lead_explanation.h"

namespace relance::app {

namespace {

struct ExplainArguments {
  ApiOptions api;
  std::string lead;
  bool json = false;
};

int explain(const ExplainArguments& arguments) {
  ApiClient client(arguments.api);
  const auto answer = client.get(lead_path(arguments.lead) + "/why");
  if (!answer) return fail("explain", answer.error());
  if (answer->status == 404) {
    std::cerr << "relance explain: no event of this lead was ever handled\n";
    return 1;
  }
  if (answer->status != 200) {
    return fail("explain", "the daemon answered " + std::to_string(answer->status) + ": " + answer->body);
  }
  if (arguments.json) {
    std::cout << answer->body << "\n";
    return 0;
  }
  const std::string text = engine::why_text(answer->body);
  if (text.empty()) return fail("explain", "the daemon's answer cannot be read; is it of this version?");
  std::cout << text;
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ExplainArguments>();
  auto* command = app.add_subcommand(
      "explain", "What happened to a lead and why, what keeps it from a touch now, and what is next");
  command->add_option("lead", arguments->lead, "Lead id")->required();
  arguments->api.add_to(*command);
  command->add_flag("--json", arguments->json, "As JSON");
  command->callback([arguments, &exit_code] { exit_code = explain(*arguments); });
}

}  // namespace relance::app
