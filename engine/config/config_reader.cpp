// load_config(): walks the document beside the table of settings, and collects everything that is wrong.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "engine/config/config.h"
#include "engine/config/config_checks.h"
#include "engine/config/setting.h"
#include "rules/loader_report.h"
#include "rules/nearest_name.h"
#include "rules/yaml_reader.h"

namespace relance::engine {

namespace {

namespace fs = std::filesystem;
using rules::TextPosition;
using rules::YamlEntry;
using rules::YamlNode;

constexpr std::size_t kMostSecretBytes = 64 * 1024;
constexpr std::string_view kLiteralSecret = "literal-secret";
constexpr std::string_view kFileSuffix = "_file";
constexpr std::string_view kEnvironmentSuffix = "_env";

tl::expected<std::string, std::string> read_file(const fs::path& path, std::size_t most) {
  std::error_code error;
  if (fs::is_directory(path, error)) return tl::unexpected(std::string("it is a folder"));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return tl::unexpected(std::string("it cannot be opened"));
  std::string text(most + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return tl::unexpected(std::string("it cannot be read"));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > most) return tl::unexpected(fmt::format("it is larger than {} bytes", most));
  return text;
}

/// A value as a message shows it: on one line, and not longer than a message should be.
std::string quoted(const YamlNode& value) {
  constexpr std::size_t kLongest = 80;
  if (value.is_list()) return "a list";
  if (value.is_map()) return "a map";
  if (!value.is_scalar()) return "nothing";
  std::string text = value.text.size() > kLongest ? value.text.substr(0, kLongest) + "..." : value.text;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return "`" + text + "`";
}

/// Which names the file may use: settings as they stand in it, and the sections that lead to them.
struct Names {
  std::map<std::string, const Setting*, std::less<>> settings;  // secrets under both of their names
  std::map<std::string, const Setting*, std::less<>> literal_secrets;
  std::map<std::string, std::vector<std::string>, std::less<>> sections;  // "" and "connectors.email": their keys

  Names() {
    for (const Setting& setting : engine::settings()) {
      if (setting.kind == Setting::Kind::secret) {
        add(setting.name + std::string(kFileSuffix), setting);
        add(setting.name + std::string(kEnvironmentSuffix), setting);
        literal_secrets.emplace(setting.name, &setting);
      } else {
        add(setting.name, setting);
      }
    }
  }

 private:
  void add(const std::string& name, const Setting& setting) {
    settings.emplace(name, &setting);
    std::string child = name;
    while (true) {
      const std::size_t dot = child.rfind('.');
      const std::string section = dot == std::string::npos ? "" : child.substr(0, dot);
      const std::string key = dot == std::string::npos ? child : child.substr(dot + 1);
      std::vector<std::string>& keys = sections[section];
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
      if (section.empty()) return;
      child = section;
    }
  }
};

const Names& names() {
  static const Names all;
  return all;
}

class Reader {
 public:
  Reader(Config& config, rules::Report& report) : config_(config), report_(report) {}

  void read(const YamlNode& root) {
    if (root.is_map()) {
      read_section("", root);
    } else if (root.kind != YamlNode::Kind::null) {
      add(root.position, "", "wrong-type", "expected a map of settings", "");
    }
    for (const Setting& setting : settings()) apply_default(setting);
    complete_paths();
    // Contradictions among settings that could not be read would only repeat what is said already.
    if (report_.empty()) {
      check_config(config_, [this](const Contradiction& found) {
        add(place_of(found.setting), found.setting, found.rule, found.text, found.suggestion);
      });
    }
  }

 private:
  void add(const TextPosition& at, std::string path, std::string rule, std::string text, std::string suggestion) {
    report_.add({at, std::move(path), std::move(rule), std::move(text), std::move(suggestion)});
  }

  void read_section(const std::string& section, const YamlNode& node) {
    for (const YamlEntry& entry : node.entries) {
      const std::string name = section.empty() ? entry.key : section + "." + entry.key;
      places_.emplace(name, entry.value.kind == YamlNode::Kind::null ? entry.position : entry.value.position);
      if (const auto setting = names().settings.find(name); setting != names().settings.end()) {
        read_setting(name, *setting->second, entry);
      } else if (names().sections.contains(name)) {
        if (name == "kafka" && !config_.kafka) config_.kafka.emplace();
        if (entry.value.is_map()) {
          read_section(name, entry.value);
        } else {
          add(entry.value.position, name, "wrong-type", "expected a map of settings", "");
        }
      } else {
        refuse(section, name, entry);
      }
    }
  }

  void refuse(const std::string& section, const std::string& name, const YamlEntry& entry) {
    if (names().literal_secrets.contains(name)) {
      add(entry.position, name, std::string(kLiteralSecret), "a secret does not stand in the configuration",
          fmt::format("put it into a file or the environment: {0}_file: PATH or {0}_env: VARIABLE", entry.key));
      return;
    }
    const std::vector<std::string>& keys = names().sections.find(section)->second;
    const std::vector<std::string_view> candidates(keys.begin(), keys.end());
    const auto nearest = rules::nearest_name(entry.key, candidates);
    add(entry.position, name, "unknown-key",
        fmt::format("there is no setting `{}`{}", entry.key, section.empty() ? "" : " in `" + section + "`"),
        nearest ? fmt::format("did you mean `{}`?", *nearest) : fmt::format("known here: {}", fmt::join(keys, ", ")));
  }

  void read_setting(const std::string& name, const Setting& setting, const YamlEntry& entry) {
    given_.insert_or_assign(setting.name, entry.position.line);
    const YamlNode& value = entry.value;
    switch (setting.kind) {
      case Setting::Kind::scalar:
        if (take(name, setting, "", value)) remember(setting, entry.position.line);
        return;
      case Setting::Kind::list:
        if (!value.is_list()) {
          add(places_.at(name), name, "wrong-type", "expected a list, each item " + setting.expected, "");
          return;
        }
        for (const YamlNode& item : value.items) take(name, setting, "", item);
        remember(setting, entry.position.line);
        return;
      case Setting::Kind::map:
        if (!value.is_map()) {
          add(places_.at(name), name, "wrong-type", "expected a map of names to texts", "");
          return;
        }
        for (const YamlEntry& item : value.entries) read_property(name, setting, item);
        remember(setting, entry.position.line);
        return;
      case Setting::Kind::secret:
        read_secret(name, setting, entry);
        return;
    }
  }

  bool take(const std::string& name, const Setting& setting, std::string_view key, const YamlNode& value) {
    if (value.is_scalar() && setting.read(key, value.text, config_)) return true;
    const TextPosition& at = value.kind == YamlNode::Kind::null ? places_.at(name) : value.position;
    if (value.is_scalar() && value.text.find("://") != std::string::npos && value.text.find('@') != std::string::npos) {
      add(at, name, std::string(kLiteralSecret), "a URL here has no user and password", "");
      return false;
    }
    add(at, name, "wrong-value", fmt::format("expected {}, got {}", setting.expected, quoted(value)), "");
    return false;
  }

  /// librdkafka takes secrets and the engine's own decisions as properties too: neither may stand here.
  void read_property(const std::string& name, const Setting& setting, const YamlEntry& item) {
    for (const std::string_view word : {"password", "secret", "sasl.oauthbearer", "key.pem", "sasl.username"}) {
      if (item.key.find(word) == std::string::npos) continue;
      add(item.position, name, std::string(kLiteralSecret),
          fmt::format("`{}` does not stand in the configuration", item.key),
          "use kafka.user, and kafka.password_file or kafka.password_env");
      return;
    }
    for (const std::string_view taken :
         {"bootstrap.servers", "metadata.broker.list", "group.id", "group.instance.id", "transactional.id",
          "security.protocol", "enable.auto.commit", "enable.auto.offset.store", "enable.idempotence",
          "isolation.level", "partition.assignment.strategy"}) {
      if (item.key != taken) continue;
      add(item.position, name, "contradiction", fmt::format("`{}` is set by the daemon itself", item.key),
          "use the settings of the `kafka` section");
      return;
    }
    take(name, setting, item.key, item.value);
  }

  void read_secret(const std::string& name, const Setting& setting, const YamlEntry& entry) {
    if (!entry.value.is_scalar() || entry.value.text.empty()) {
      add(places_.at(name), name, "wrong-value", "expected the name of a file or of an environment variable", "");
      return;
    }
    if (config_.origins.contains(setting.name + std::string(kFileSuffix)) ||
        config_.origins.contains(setting.name + std::string(kEnvironmentSuffix))) {
      add(entry.position, name, "contradiction", "a secret comes from a file or from the environment, not from both",
          "");
      return;
    }
    const bool from_file = name.ends_with(kFileSuffix);
    std::string text;
    if (from_file) {
      const fs::path path = config_.file.parent_path() / entry.value.text;
      auto content = read_file(path, kMostSecretBytes);
      if (!content) {
        add(entry.value.position, name, "secret", fmt::format("{}: {}", path.string(), content.error()), "");
        return;
      }
      text = std::move(*content);
      while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    } else if (const char* value = std::getenv(entry.value.text.c_str())) {
      text = value;
    }
    if (!setting.read("", text, config_)) {
      add(entry.value.position, name, "secret",
          from_file ? "the file is empty" : fmt::format("the environment variable {} is not set", entry.value.text),
          "");
      return;
    }
    config_.origins.insert_or_assign(name,
                                     SettingOrigin{yaml_scalar(entry.value.text), source_of(entry.position.line)});
  }

  std::string source_of(int line) const { return fmt::format("{}:{}", config_.file.filename().string(), line); }

  void remember(const Setting& setting, int line) {
    config_.origins.insert_or_assign(setting.name, SettingOrigin{setting.print(config_), source_of(line)});
  }

  void apply_default(const Setting& setting) {
    if (setting.name.starts_with("kafka.") && !config_.kafka) return;
    if (setting.kind == Setting::Kind::secret || given_.contains(setting.name)) return;
    std::string value;
    if (!setting.default_text.empty()) {
      setting.read("", setting.default_text, config_);
      value = setting.print(config_);
    } else if (setting.kind != Setting::Kind::scalar) {
      value = setting.print(config_);
    }
    config_.origins.insert_or_assign(setting.name, SettingOrigin{value, "default"});
  }

  /// Paths whose default follows from another setting.
  void complete_paths() {
    complete("store.key_dir", config_.store.key_dir, "keys");
    complete("connectors.email.path", config_.connectors.email.path, "actions/email.jsonl");
    complete("connectors.call.path", config_.connectors.call.path, "actions/call.jsonl");
    complete("connectors.social.path", config_.connectors.social.path, "actions/social.jsonl");
    complete("connectors.sms.path", config_.connectors.sms.path, "actions/sms.jsonl");
    complete("connectors.task.path", config_.connectors.task.path, "actions/task.jsonl");
    complete("connectors.escalate.path", config_.connectors.escalate.path, "actions/escalate.jsonl");
  }
  void complete(const std::string& name, fs::path& path, const char* below_data_dir) {
    if (!path.empty() || given_.contains(name)) return;
    path = config_.data_dir / below_data_dir;
    config_.origins[name].value = yaml_scalar(path.string());
  }

  /// Where a setting stands, or the nearest section around it that does, or the beginning.
  TextPosition place_of(std::string name) const {
    while (!name.empty()) {
      for (const std::string& written :
           {name, name + std::string(kFileSuffix), name + std::string(kEnvironmentSuffix)}) {
        if (const auto place = places_.find(written); place != places_.end()) return place->second;
      }
      const std::size_t dot = name.rfind('.');
      name.resize(dot == std::string::npos ? 0 : dot);
    }
    return {};
  }

  Config& config_;
  rules::Report& report_;
  std::map<std::string, TextPosition, std::less<>> places_;  // of values, by the name as written
  std::map<std::string, int, std::less<>> given_;            // by the setting's name: the line
};

std::vector<std::string> printed(rules::Report& report) {
  std::vector<rules::Finding> findings = report.take();
  rules::sort_findings(findings);
  // The line itself would print the secret that it should not hold, also under another finding of that line.
  std::set<int> secret_lines;
  for (const rules::Finding& finding : findings) {
    if (finding.rule == kLiteralSecret) secret_lines.insert(finding.position.line);
  }
  for (rules::Finding& finding : findings) {
    if (secret_lines.contains(finding.position.line)) finding.caret = 0;
  }
  std::vector<std::string> texts;
  texts.reserve(findings.size());
  for (const rules::Finding& finding : findings) texts.push_back(rules::to_string(finding));
  return texts;
}

}  // namespace

tl::expected<Config, std::vector<std::string>> load_config(const fs::path& file) {
  const auto text = read_file(file, rules::YamlLimits{}.max_bytes);
  if (!text) {
    return tl::unexpected(std::vector<std::string>{fmt::format(
        "{}: error: {}; `relance config example` prints one to start from [file]", file.string(), text.error())});
  }
  rules::Report report(file.string(), *text);
  auto document = rules::read_yaml(*text);
  const bool empty = !document && document.error().front().rule == "empty-document";
  if (empty) document = YamlNode{};  // all settings have defaults
  if (!document) {
    for (rules::YamlProblem& problem : document.error()) {
      report.add(
          {problem.position, "", std::move(problem.rule), std::move(problem.text), std::move(problem.suggestion)});
    }
    return tl::unexpected(printed(report));
  }
  Config config;
  config.file = fs::absolute(file);
  Reader(config, report).read(*document);
  if (!report.empty()) return tl::unexpected(printed(report));
  return config;
}

}  // namespace relance::engine
