// relance suppress: an opt-out that a person reports, for a lead or for an address that no lead carries yet.

#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/app/api_client.h"
#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "rules/address.h"
#include "rules/channel.h"

namespace relance::app {

namespace {

using nlohmann::ordered_json;

struct SuppressArguments {
  ApiOptions api;
  std::string lead;
  std::string email;
  std::string phone;
  std::string channel = "all";
  std::string by;
  std::string reason;
};

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", device());
  return id;
}

ordered_json event(const std::string& type, const std::string& subject, const std::string& time, ordered_json data) {
  return {{"specversion", "1.0"}, {"id", random_id()}, {"source", "relance/suppress"}, {"type", type},
          {"subject", subject},   {"time", time},      {"data", std::move(data)}};
}

int suppress(const SuppressArguments& arguments) {
  const bool by_address = !arguments.email.empty() || !arguments.phone.empty();
  if (by_address == !arguments.lead.empty()) return fail("suppress", "name either --lead, or --email and --phone");
  if (!rules::parse_channel_scope(arguments.channel))
    return fail("suppress", "--channel is all, email, call, social, sms, task or meeting");
  if (const auto email = rules::Address::email(arguments.email); email && !email->is_comparable())
    return fail("suppress", "--email is one address such as ada@example.com: as it stands no lead would match it");
  if (const auto phone = rules::Address::phone(arguments.phone, ""); phone && !phone->is_comparable())
    return fail("suppress",
                "--phone needs + and the country code, as in +33612345678: as it stands no lead would match it");
  ApiClient client(arguments.api);
  const auto now = client.clock();
  if (!now) return fail("suppress", now.error());
  const std::string time = rules::to_string(*now);
  bool known = true;
  if (!by_address) {
    const auto lead = client.get(lead_path(arguments.lead));
    if (!lead) return fail("suppress", lead.error());
    known = lead->status != 404;
  }

  auto events = ordered_json::array();
  std::string subject = arguments.lead;
  if (by_address) {
    // An address goes on the list through a lead that has nothing else: every lead that carries it is then suppressed.
    subject = "suppressed:" + random_id();
    ordered_json attributes = ordered_json::object();
    if (!arguments.email.empty()) attributes["email"] = arguments.email;
    if (!arguments.phone.empty()) attributes["phone"] = arguments.phone;
    events.push_back(event("lead.updated", subject, time, std::move(attributes)));
  }
  events.push_back(event("optout.received", subject, time,
                         {{"channel", arguments.channel},
                          {"intake", "agent"},
                          {"received_at", time},
                          {"by", arguments.by},
                          {"reason", arguments.reason}}));
  const auto answer = client.post_events(events.dump(-1, ' ', false, ordered_json::error_handler_t::replace), true);
  if (!answer) return fail("suppress", answer.error());
  if (answer->status != 202) return fail("suppress", refusal_text(*answer));
  const auto body = nlohmann::json::parse(answer->body, nullptr, false);
  if (body.is_object() && body.contains("dead_letters") && !body["dead_letters"].empty()) {
    return fail("suppress", "not taken: " + body["dead_letters"].dump());
  }
  std::cout << "suppressed on " << arguments.channel << " for "
            << (by_address ? "the address" : "lead " + arguments.lead) << "; it is durable\n";
  if (!known) {
    std::cout << "no event has named this lead so far: is the id right? If it ever comes, it is opted out\n";
  }
  return 0;
}

}  // namespace

void add_suppress(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SuppressArguments>();
  auto* command =
      app.add_subcommand("suppress", "Take note of an opt-out: for a lead, or for an address whoever carries it");
  arguments->api.add_to(*command);
  command->add_option("--lead", arguments->lead, "Lead id");
  command->add_option("--email", arguments->email, "Email address");
  command->add_option("--phone", arguments->phone, "Phone number, with + and country code");
  command->add_option("--channel", arguments->channel, "all (default) or one channel");
  command->add_option("--by", arguments->by, "Who takes the note")->required();
  command->add_option("--reason", arguments->reason, "Why, for the ledger's reader")->required();
  command->callback([arguments, &exit_code] { exit_code = suppress(*arguments); });
}

}  // namespace relance::app
