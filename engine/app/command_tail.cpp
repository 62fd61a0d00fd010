// relance tail: what a running daemon decided, for people.

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/ledger/record_json.h"

namespace relance::app {

namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPause{100};

/// "2026-03-02T08:10:00.000Z L-101  touch.deferred  smb-inbound/intro-call  Step ... was deferred: ..."
std::string readable(const json& record) {
  std::string place = engine::text_of(record, "playbook");
  if (const std::string step = engine::text_of(record, "step"); !step.empty()) place += "/" + step;
  return fmt::format("{} {:<8} {:<20} {:<28} {}", engine::text_of(record, "at"), engine::text_of(record, "lead"),
                     engine::text_of(record, "type"), place, engine::text_of(record, "text"));
}

struct TailArguments {
  ApiOptions api;
  std::uint64_t from = 0;
  std::string until;
  bool json = false;
};

/// Prints what is there; the next sequence number, or why it cannot.
tl::expected<std::uint64_t, std::string> print_lines(ApiClient& client, std::uint64_t from, bool as_json) {
  auto next = read_ledger(client, from, [as_json](const std::string& line) {
    std::cout << (as_json ? line : readable(json::parse(line))) << "\n";
  });
  std::cout.flush();
  return next;
}

int tail(const TailArguments& arguments) {
  std::optional<rules::Instant> until;
  if (!arguments.until.empty()) {
    until = rules::parse_rfc3339(arguments.until);
    if (!until) return fail("tail", "--until is no RFC 3339 instant, such as 2026-03-02T08:00:00Z");
  }
  ApiClient client(arguments.api);
  std::uint64_t next = arguments.from;
  while (true) {
    // The clock is read before the lines: everything up to it is then there to print.
    std::optional<rules::Instant> clock;
    if (until) {
      if (const auto read = client.clock()) clock = *read;
    }
    const auto printed = print_lines(client, next, arguments.json);
    if (!printed) return fail("tail", printed.error());
    next = *printed;
    if (until && clock && *clock > *until) return 0;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

void add_tail(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<TailArguments>();
  auto* command = app.add_subcommand("tail", "Print the ledger of a daemon as it grows");
  arguments->api.add_to(*command);
  command->add_option("--from", arguments->from, "First sequence number, default 0");
  command->add_option("--until", arguments->until, "End once the daemon's clock is past this instant (RFC 3339)");
  command->add_flag("--json", arguments->json, "Records as JSON Lines");
  command->callback([arguments, &exit_code] { exit_code = tail(*arguments); });
}

}  // namespace relance::app
