#include "engine/config/config.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "engine/config/config_checks.h"
#include "engine/config/setting.h"
#include "engine/config/setting_values.h"
#include "rules/yaml_reader.h"
#include "tests/engine/temporary_directory.h"

namespace fs = std::filesystem;
using namespace relance;
using namespace relance::engine;
using tests::read_file;
using tests::TemporaryDirectory;

namespace {

std::string joined(const std::vector<std::string>& findings) {
  std::string text;
  for (const std::string& finding : findings) text += finding;
  return text;
}

Config loaded(const fs::path& file) {
  auto config = load_config(file);
  if (!config) FAIL(joined(config.error()));
  return std::move(*config);
}

}  // namespace

TEST_CASE("an empty file gives every setting its default") {
  const TemporaryDirectory folder;
  const Config config = loaded(folder.write("relance.yaml", "# nothing\n"));
  CHECK(config.data_dir == "/var/lib/relance");
  CHECK(config.http.address == "127.0.0.1");
  CHECK(config.http.port == 8080);
  CHECK(config.http.max_body == 4 * 1024 * 1024);
  CHECK(config.clock.mode == ClockConfig::Mode::system);
  CHECK_FALSE(config.kafka.has_value());
  CHECK(config.intake.queue == 20000);
  CHECK(config.intake.batch == 1000);
  CHECK(config.intake.dedup_horizon == rules::kDay * 7);
  CHECK(config.dispatch.max_attempts == 8);
  CHECK(config.dispatch.backoff_base == rules::Duration{1000});
  CHECK(config.dispatch.backoff_cap == rules::Duration{15 * 60 * 1000});
  CHECK(config.connectors.email.type == ConnectorConfig::Type::file);
  CHECK(config.connectors.email.path == "/var/lib/relance/actions/email.jsonl");
  CHECK(config.store.key_dir == "/var/lib/relance/keys");
}

TEST_CASE("every setting is declared once, described, and its default is what it expects") {
  std::set<std::string> names;
  Config config;
  config.file = "/etc/relance/relance.yaml";
  for (const Setting& setting : settings()) {
    CAPTURE(setting.name);
    CHECK(names.insert(setting.name).second);
    CHECK(setting.description.ends_with('.'));
    CHECK_FALSE(setting.expected.empty());
    CHECK((setting.default_text.empty() || setting.read("", setting.default_text, config)));
  }
}

TEST_CASE("relative paths begin at the folder of the file") {
  const TemporaryDirectory folder;
  const Config config = loaded(
      folder.write("relance.yaml", "data_dir: state\nplaybooks: ../playbooks\ninputs: [day.jsonl, /a/b.jsonl]\n"));
  CHECK(config.data_dir == folder.path() / "state");
  CHECK(config.playbooks == folder.path().parent_path() / "playbooks");
  REQUIRE(config.inputs.size() == 2);
  CHECK(config.inputs[0] == folder.path() / "day.jsonl");
  CHECK(config.inputs[1] == "/a/b.jsonl");
  CHECK(config.connectors.call.path == folder.path() / "state/actions/call.jsonl");
}

TEST_CASE("a full file is read into its types") {
  const TemporaryDirectory folder;
  folder.write("password", "s3cret\n");
  const Config config = loaded(folder.write("relance.yaml", R"(
clock: { mode: accelerated, start: "2026-03-02T07:30:00Z", speed: 5000 }
http: { port: 0, public_url: "https://relance.example.com", queue: 8, threads: 2 }
kafka:
  brokers: a:9092,b:9093
  security: sasl_tls
  user: relance
  password_file: password
  properties: { socket.nagle.disable: true }
sender: { from: hello@example.com, from_name: Example, postal_address: "1 rue de l'Exemple, 75000 Paris" }
connectors:
  email: { type: smtp, host: 127.0.0.1, port: 2525, tls: none, rate: 2.5 }
  call: { outcome: no_answer }
  task: { type: kafka, on_unknown: resend }
  escalate: { type: kafka }
)"));
  CHECK(config.clock.mode == ClockConfig::Mode::accelerated);
  CHECK(config.clock.start == *rules::parse_rfc3339("2026-03-02T07:30:00Z"));
  CHECK(config.clock.speed == doctest::Approx(5000));
  REQUIRE(config.kafka.has_value());
  CHECK(config.kafka->brokers == "a:9092,b:9093");
  CHECK(config.kafka->password.reveal() == "s3cret");
  CHECK(config.kafka->group == "relance");
  CHECK(config.kafka->properties.at("socket.nagle.disable") == "true");
  CHECK(config.connectors.email.type == ConnectorConfig::Type::smtp);
  CHECK(config.connectors.email.tls == ConnectorConfig::Tls::none);
  CHECK(config.connectors.email.rate == doctest::Approx(2.5));
  CHECK(config.connectors.call.outcome == "no_answer");
  CHECK(config.connectors.escalate.type == ConnectorConfig::Type::kafka);
  CHECK(config.connectors.escalate.on_unknown == ConnectorConfig::OnUnknown::park);
  CHECK(config.connectors.task.on_unknown == ConnectorConfig::OnUnknown::resend);
}

TEST_CASE("the effective configuration names where each value came from and loads again to the same") {
  const TemporaryDirectory folder;
  folder.write("key", "whsec_abc");
  const std::string file = R"(
data_dir: state
kafka: { brokers: "localhost:9092", properties: { a.b: "x: y" } }
sender: { from_name: "Ada \"the\" Sender" }
connectors:
  call: { type: webhook, url: "https://calls.example.com/hook", secret_file: key, allow_hosts: [localhost] }
)";
  const Config config = loaded(folder.write("relance.yaml", file));
  const std::string shown = show_config(config);
  CHECK(shown.find("whsec_abc") == std::string::npos);
  CHECK(shown.find("secret_file: key  # relance.yaml:6; [redacted]") != std::string::npos);
  CHECK(shown.find("  port: 8080  # default") != std::string::npos);
  CHECK(shown.find("  brokers: \"localhost:9092\"  # relance.yaml:3") != std::string::npos);

  const Config again = loaded(folder.write("shown.yaml", shown));
  CHECK(again.data_dir == config.data_dir);
  CHECK(again.sender.from_name == "Ada \"the\" Sender");
  CHECK(again.kafka->properties == config.kafka->properties);
  CHECK(again.connectors.call.secret.reveal() == "whsec_abc");
  CHECK(again.connectors.call.allow_hosts == config.connectors.call.allow_hosts);
  for (const auto& origin : config.origins) {
    CAPTURE(origin.first);
    CHECK(again.origins.at(origin.first).value == origin.second.value);
  }
}

TEST_CASE("the example file changes nothing, and with its marks taken away it is still well-formed") {
  const TemporaryDirectory folder;
  const std::string example = example_config();
  const Config config = loaded(folder.write("relance.yaml", example));
  CHECK(config.http.port == 8080);

  std::istringstream lines(example);
  std::string line;
  std::string active;
  std::size_t settings_in_it = 0;
  while (std::getline(lines, line)) {
    const std::size_t mark = line.find('#');
    if (mark == std::string::npos || line[mark + 1] == ' ') continue;
    active += line.erase(mark, 1) + "\n";
    ++settings_in_it;
  }
  CHECK(settings_in_it > settings().size());
  CHECK(rules::read_yaml(active).has_value());
}

TEST_CASE("a secret comes from the environment and prints redacted") {
  const TemporaryDirectory folder;
  REQUIRE(setenv("RELANCE_TEST_SMTP_PASSWORD", "hunter2", 1) == 0);
  const Config config = loaded(folder.write("relance.yaml", R"(
http: { public_url: "https://relance.example.com" }
sender: { from: a@example.com, from_name: A, postal_address: P }
connectors:
  email: { type: smtp, host: mail.example.com, user: a, password_env: RELANCE_TEST_SMTP_PASSWORD }
)"));
  unsetenv("RELANCE_TEST_SMTP_PASSWORD");
  CHECK(config.connectors.email.password.reveal() == "hunter2");
  std::ostringstream printed;
  printed << config.connectors.email.password;
  CHECK(printed.str() == "[redacted]");
  CHECK(show_config(config).find("hunter2") == std::string::npos);
}

TEST_CASE("sizes and durations need their unit") {
  CHECK(parse_bytes("64MiB") == 64 * 1024 * 1024);
  CHECK(parse_bytes("7B") == 7);
  CHECK_FALSE(parse_bytes("64").has_value());
  CHECK_FALSE(parse_bytes("64 MiB").has_value());
  CHECK_FALSE(parse_bytes("-1MiB").has_value());
  CHECK_FALSE(parse_bytes("99999999999999999999GiB").has_value());
  CHECK_FALSE(parse_bytes("18446744073709551615GiB").has_value());
  CHECK(print_bytes(1536) == "1536B");
  CHECK(print_bytes(2048) == "2KiB");
  CHECK_FALSE(duration_form("1s", "1h").parse("30").has_value());
  CHECK_FALSE(duration_form("1s", "1h").parse("2h").has_value());
}

TEST_CASE("a file that is not there, or a folder, is one finding") {
  const TemporaryDirectory folder;
  auto missing = load_config(folder.path() / "none.yaml");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().size() == 1);
  auto directory = load_config(folder.path());
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().front().find("it is a folder") != std::string::npos);
}

// RELANCE_GOLDEN=update writes the kept messages; read the difference before you commit it.
TEST_CASE("every mistake in a file is reported with its place and a way out") {
  const fs::path folder = fs::path(RELANCE_SOURCE_DIR) / "tests/engine/config";
  const fs::path here = fs::current_path();
  fs::current_path(folder);  // so that messages carry no path of this machine
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".bad.yaml")) continue;
    CAPTURE(name);
    ++files;
    auto config = load_config(name);
    REQUIRE_FALSE(config.has_value());
    std::string messages = joined(config.error());
    for (std::size_t at; (at = messages.find(folder.string() + "/")) != std::string::npos;) {
      messages.erase(at, folder.string().size() + 1);
    }
    const fs::path kept = fs::path(entry.path()).replace_extension().replace_extension(".errors");
    const char* mode = std::getenv("RELANCE_GOLDEN");
    if (mode != nullptr && std::string_view(mode) == "update") std::ofstream(kept, std::ios::binary) << messages;
    CHECK(messages == read_file(kept));
    CHECK(messages.find("hunter2") == std::string::npos);
  }
  fs::current_path(here);
  CHECK(files == 5);
}
