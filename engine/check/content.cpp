#include "engine/check/content.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "engine/check/file_text.h"
#include "rules/ascii.h"
#include "rules/loader_report.h"

namespace relance::engine {

namespace fs = std::filesystem;
using Severity = rules::Finding::Severity;

namespace {

/// What a mail must show; `word` is how a pack's `content` calls it.
struct Needed {
  std::string_view word;
  std::string_view tag;
  std::string_view what;
};
constexpr std::array<Needed, 3> kNeeded{{{"sender", "sender.name", "who sends it"},
                                         {"postal_address", "sender.postal_address", "the sender's postal address"},
                                         {"opt_out", "unsubscribe_url", "how to opt out"}}};

/// Data of the configuration are there for every lead alike; whatever else a section asks for may be missing.
bool is_of_the_sender(std::string_view name) {
  constexpr std::array<std::string_view, 4> kThere{"sender", "sender.name", "sender.postal_address", "unsubscribe_url"};
  return std::find(kThere.begin(), kThere.end(), name) != kThere.end();
}

/// The text without what stands between the marks, marks included.
std::string without(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t begin = 0; (begin = text.find(from, begin)) != std::string::npos;) {
    const std::size_t end = text.find(to, begin + from.size());
    text.erase(begin, end == std::string::npos ? std::string::npos : end + to.size() - begin);
  }
  return text;
}

/// HTML without its head, however that is written.
std::string without_head(std::string text) {
  std::string lower = rules::lowered(text);
  for (std::size_t begin = 0; (begin = lower.find("<head", begin)) != std::string::npos;) {
    const char next = begin + 5 < lower.size() ? lower[begin + 5] : '>';
    if (rules::is_letter(next)) {  // <header>
      begin += 5;
      continue;
    }
    const std::size_t end = lower.find("</head>", begin);
    const std::size_t length = end == std::string::npos ? std::string::npos : end + 7 - begin;
    text.erase(begin, length);
    lower.erase(begin, length);
  }
  return text;
}

/// The files of a template: `context.en.txt`, `context.en.html`, `context.fr.txt`, in order.
std::vector<fs::path> files_of(const fs::path& place) {
  std::vector<fs::path> files;
  const std::string begin = place.filename().string() + ".";
  std::error_code error;
  for (fs::directory_iterator entry(place.parent_path(), error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const fs::path& file = entry->path();
    if ((file.extension() == ".txt" || file.extension() == ".html") && file.filename().string().starts_with(begin))
      files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The email templates that some step of some form sends.
std::set<std::string> emails_of(const rules::Rulebook& rulebook, const TemplateSet& templates) {
  std::set<std::string> names;
  const auto add = [&](const rules::Form& form) {
    for (const rules::Step& step : form.steps) {
      const bool is_email = step.channel == rules::Channel::email && step.template_name;
      if (is_email && templates.is_email(*step.template_name)) names.insert(*step.template_name);
    }
  };
  for (const auto& playbook : rulebook.current()) {
    add(*playbook);
    for (const rules::Form& form : playbook->replaced_forms) add(form);
  }
  return names;
}

/// "; asked for by the pack us, rule commercial-email"; empty when no pack asks. Rules of the past and of the future
/// count: a template outlives a date.
std::string clauses(const rules::Rulebook& rulebook, std::string_view word) {
  std::string text;
  for (const auto& pack : rulebook.house().policies) {
    for (const rules::PolicyRule& rule : pack->rules) {
      const bool asks = std::find(rule.content.begin(), rule.content.end(), word) != rule.content.end();
      if (!asks || !rule.match.channels.contains(rules::Channel::email)) continue;
      text += fmt::format("{} the pack {}, rule {}", text.empty() ? "; asked for by" : ",", pack->id, rule.id);
    }
  }
  return text;
}

/// At the last line, where such things stand.
rules::Finding at_the_foot(const fs::path& file, const std::string& text, const Needed& needed, std::string message) {
  const std::size_t end = text.find_last_not_of(" \t\n");
  const std::size_t line = text.rfind('\n', end == std::string::npos ? 0 : end);
  const std::size_t offset = line == std::string::npos ? 0 : line + 1;
  rules::Report report(file.generic_string(), text);
  return report.make({rules::PositionFinder(text).at(offset), "", "template-content", std::move(message),
                      fmt::format("write {{{{{}}}}} where every reader sees it, in no section", needed.tag)});
}

/// What a pack asks for and no template can show is a person's to see to: say so.
void warn_of_the_unseen(const rules::Rulebook& rulebook, const fs::path& folder, SourceMap& sources,
                        CheckReport& report) {
  for (const auto& pack : rulebook.house().policies) {
    const std::string file = (folder / "policies" / (pack->id + ".yaml")).generic_string();
    for (const rules::PolicyRule& rule : pack->rules) {
      for (const std::string& word : rule.content) {
        const auto is = [&](const Needed& needed) { return needed.word == word; };
        if (std::any_of(kNeeded.begin(), kNeeded.end(), is)) continue;
        rules::Finding finding;
        finding.severity = Severity::warning;
        finding.position = sources.find(file, {"rules", rule.id, "content"}).value_or(rules::Position{file, 1, 1});
        finding.rule = "content-unseen";
        finding.text =
            fmt::format("no check can see whether touches carry `{}`, which the rule {} asks for", word, rule.id);
        finding.suggestion = "let a person see to it";
        report.findings.push_back({std::move(finding), std::nullopt});
      }
    }
  }
}

}  // namespace

std::set<std::string> shown_to_everybody(std::string_view source, bool is_html) {
  std::string text(source);
  if (is_html) {
    text = without_head(without(std::move(text), "<!--", "-->"));
  } else if (text.starts_with("Subject:")) {
    text.erase(0, text.find('\n'));
  }
  std::set<std::string> shown;
  std::vector<std::string> sections;
  for (std::size_t at = 0; (at = text.find("{{", at)) != std::string::npos;) {
    const bool raw = text.compare(at + 2, 1, "{") == 0;
    const std::size_t begin = at + (raw ? 3 : 2);
    const std::size_t end = text.find("}}", begin);
    if (end == std::string::npos) break;
    at = end + (raw ? 3 : 2);
    std::string_view name = rules::trimmed(std::string_view(text).substr(begin, end - begin));
    if (name.empty() || name.front() == '!') continue;
    const char sign = name.front();
    if (std::string_view("#^/&").find(sign) != std::string_view::npos) name = rules::trimmed(name.substr(1));
    if (sign == '#') {
      sections.emplace_back(name);
    } else if (sign == '^') {
      sections.emplace_back("^");
    } else if (sign == '/') {
      if (!sections.empty()) sections.pop_back();
    } else if (std::all_of(sections.begin(), sections.end(), is_of_the_sender)) {
      shown.emplace(name);
      // {{#sender}}{{name}}{{/sender}}, {{#unsubscribe_url}}{{.}}{{/unsubscribe_url}}
      if (!sections.empty()) shown.insert(name == "." ? sections.back() : fmt::format("{}.{}", sections.back(), name));
    }
  }
  return shown;
}

void check_content(const rules::Rulebook& rulebook, const fs::path& folder, const TemplateSet& templates,
                   SourceMap& sources, CheckReport& report) {
  for (const std::string& name : emails_of(rulebook, templates)) {
    for (const fs::path& file : files_of(folder / "templates" / name)) {
      const std::string text = file_text(file);
      const std::set<std::string> shown = shown_to_everybody(text, file.extension() == ".html");
      for (const Needed& needed : kNeeded) {
        if (shown.contains(std::string(needed.tag))) continue;
        report.findings.push_back({at_the_foot(file, text, needed,
                                               fmt::format("the email `{}` does not show every reader {}{}", name,
                                                           needed.what, clauses(rulebook, needed.word))),
                                   std::nullopt});
      }
    }
  }
  warn_of_the_unseen(rulebook, folder, sources, report);
}

}  // namespace relance::engine
