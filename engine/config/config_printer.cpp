// The configuration as text: the effective one, and the example that a new installation starts from.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "engine/config/config.h"
#include "engine/config/setting.h"

namespace relance::engine {

namespace {

constexpr std::size_t kIndent = 2;

/// Writes settings in the order of the table as nested maps: sections are opened when their first setting comes.
class ConfigWriter {
 public:
  /// `comment` stands above the setting, `note` behind it; `active` false comments it out.
  struct Line {
    std::string name;
    std::string value;
    std::string comment;
    std::string note;
    bool active = true;
  };

  void write(const Line& line) {
    const std::vector<std::string> parts = split(line.name);
    std::size_t shared = 0;
    while (shared + 1 < parts.size() && shared < open_.size() && open_[shared] == parts[shared]) ++shared;
    open_.resize(shared);
    for (; shared + 1 < parts.size(); ++shared) {
      if (shared == 0) text_ += '\n';
      text_ += std::string(shared * kIndent, ' ') + section_mark(line) + parts[shared] + ":\n";
      open_.push_back(parts[shared]);
    }
    const std::string blanks((parts.size() - 1) * kIndent, ' ');
    if (!line.comment.empty()) text_ += blanks + "# " + line.comment + "\n";
    text_ += blanks + (line.active ? "" : "#") + parts.back() + ":" + (line.value.empty() ? "" : " " + line.value);
    text_ += line.note.empty() ? "\n" : "  # " + line.note + "\n";
  }

  std::string take() { return std::move(text_); }

 private:
  static std::vector<std::string> split(const std::string& name) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= name.size();) {
      const std::size_t dot = std::min(name.find('.', begin), name.size());
      parts.push_back(name.substr(begin, dot - begin));
      begin = dot + 1;
    }
    return parts;
  }
  /// A section of comments only would read as null, which is no section: it is commented out as a whole.
  static std::string section_mark(const Line& line) { return line.active ? "" : "#"; }

  std::string text_;
  std::vector<std::string> open_;
};

/// The name under which a secret was given, or empty.
std::string given_name(const Config& config, const std::string& name) {
  for (const char* suffix : {"_file", "_env"}) {
    if (config.origins.contains(name + suffix)) return name + suffix;
  }
  return {};
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._-/+@%").find(c) != std::string_view::npos;
  };
  const bool safe = !text.empty() && text.front() != '-' && text.front() != '@' && text.front() != '%' &&
                    std::all_of(text.begin(), text.end(), plain) && text != "null" && text != "~";
  if (safe) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string show_config(const Config& config) {
  ConfigWriter writer;
  for (const Setting& setting : settings()) {
    if (setting.name.starts_with("kafka.") && !config.kafka) continue;
    if (setting.kind == Setting::Kind::secret) {
      const std::string name = given_name(config, setting.name);
      if (name.empty()) continue;
      const SettingOrigin& origin = config.origins.find(name)->second;
      writer.write({name, origin.value, "", fmt::format("{}; {}", origin.source, Secret::kRedacted), true});
      continue;
    }
    const auto origin = config.origins.find(setting.name);
    if (origin == config.origins.end()) continue;
    // A setting without a value is not written: an empty text would be another value than none.
    if (origin->second.value.empty()) continue;
    writer.write({setting.name, origin->second.value, "", origin->second.source, true});
  }
  return writer.take();
}

std::string example_config() {
  ConfigWriter writer;
  for (const Setting& setting : settings()) {
    std::string value = setting.default_text.empty() ? std::string() : yaml_scalar(setting.default_text);
    if (setting.kind == Setting::Kind::list) value = "[]";
    if (setting.kind == Setting::Kind::map) value = "{}";
    const std::string comment = setting.description + " (" + setting.expected + ")";
    const bool secret = setting.kind == Setting::Kind::secret;
    writer.write({secret ? setting.name + "_file" : setting.name, value,
                  secret ? setting.description + " Or ..._env: VARIABLE." : comment, "", false});
  }
  return "# Relance: every setting with its default. Take away the `#` of what you change, and of the section around "
         "it.\n"
         "# Paths are relative to the folder of this file. Secrets come from files or the environment.\n" +
         writer.take();
}

}  // namespace relance::engine
