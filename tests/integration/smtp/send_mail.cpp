// Drives the email connector from a script: one action (CloudEvent) a line on stdin, one answer a line on stdout.
//   send_mail mime                                 the message as base64, or "refused <reason>"
//   send_mail send HOST PORT none|starttls|tls CA_FILE|- USER|- TIMEOUT_MS THREADS
//                                                  kind TAB outcome TAB bounce TAB provider id TAB reason, in order of
//                                                  input; the password is in SMTP_PASSWORD
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "connectors/email/email_connector.h"
#include "connectors/email/mime_encoding.h"

namespace {

using relance::connectors::EmailConnector;
using relance::connectors::EmailSender;
using relance::connectors::EmailSettings;
using relance::connectors::SmtpServer;
using relance::engine::Action;
using relance::engine::AttemptResult;

EmailSender sender() {
  const char* address = std::getenv("SENDER");
  return {address != nullptr ? address : "sales@relance.example", "Zoë from Relance", "answers@relance.example", {}};
}

std::vector<Action> read_actions() {
  std::vector<Action> actions;
  for (std::string line; std::getline(std::cin, line);) {
    auto action = relance::engine::action_from_cloud_event(line);
    if (!action) {
      std::cerr << action.error() << '\n';
      std::exit(2);
    }
    actions.push_back(*std::move(action));
  }
  return actions;
}

void print_mime(const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    const auto message = relance::connectors::build_message(action, sender());
    std::cout << (message ? relance::connectors::base64(message->bytes) : "refused " + message.error()) << '\n';
  }
}

std::string describe(const AttemptResult& result) {
  constexpr const char* kKinds[] = {"accepted", "rejected", "retry", "outcome_unknown"};
  const std::string bounce = result.hard_bounce ? "hard" : result.soft_bounce ? "soft" : "";
  return std::string(kKinds[static_cast<std::size_t>(result.kind)]) + '\t' + result.outcome + '\t' + bounce + '\t' +
         result.provider_id + '\t' + result.reason;
}

void send_all(const std::vector<Action>& actions, const EmailSettings& settings) {
  EmailConnector connector(settings);
  std::vector<std::string> results(actions.size());
  std::vector<std::thread> threads;
  const auto step = static_cast<std::size_t>(settings.concurrency);
  for (std::size_t first = 0; first < step; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t at = first; at < actions.size(); at += step) {
        results[at] = describe(connector.deliver(actions[at], 1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& result : results) std::cout << result << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() == 1 && words[0] == "mime") {
    print_mime(read_actions());
    return 0;
  }
  if (words.size() != 8 || words[0] != "send") return 2;
  EmailSettings settings;
  settings.sender = sender();
  settings.server.host = words[1];
  settings.server.port = std::stoi(words[2]);
  settings.server.tls = words[3] == "none"       ? SmtpServer::Tls::none
                        : words[3] == "starttls" ? SmtpServer::Tls::starttls
                                                 : SmtpServer::Tls::tls;
  if (words[4] != "-") settings.server.ca_file = words[4];
  if (words[5] != "-") settings.server.user = words[5];
  if (const char* password = std::getenv("SMTP_PASSWORD")) {
    settings.server.password = relance::engine::Secret(password);
  }
  settings.server.timeout = {std::stoll(words[6])};
  settings.concurrency = std::stoi(words[7]);
  send_all(read_actions(), settings);
  return 0;
}
