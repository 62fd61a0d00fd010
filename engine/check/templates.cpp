#include "engine/check/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "engine/check/content.h"
#include "engine/check/file_text.h"
#include "engine/render/template_set.h"
#include "engine/scenarios/scenario_reader.h"
#include "rules/loader_report.h"
#include "rules/nearest_name.h"

namespace relance::engine {

namespace fs = std::filesystem;
using Severity = rules::Finding::Severity;
using Names = std::set<std::string, std::less<>>;

namespace {

/// Attributes that a CRM usually has, besides those of the events page.
constexpr std::string_view kUsualAttributes[] = {"source",   "size",       "name",      "email",   "phone",  "timezone",
                                                 "country",  "account",    "owner",     "score",   "tags",   "flags",
                                                 "language", "locale",     "stage",     "company", "title",  "industry",
                                                 "city",     "first_name", "last_name", "website", "reason", "value"};

/// What else a template may read; names without a dot stand for all below them.
constexpr std::string_view kOthers[] = {"account",
                                        "account.id",
                                        "enrollment.playbook",
                                        "enrollment.touches",
                                        "enrollment.replies",
                                        "enrollment.steps",
                                        "owner",
                                        "unsubscribe_url",
                                        "sender.name",
                                        "sender.address",
                                        "sender.postal_address",
                                        "slots"};

/// Attributes that events of this folder carry: the usual ones, those that conditions ask for, those of scenarios.
Names known_attributes(const rules::Rulebook& rulebook, const fs::path& folder) {
  Names names(std::begin(kUsualAttributes), std::end(kUsualAttributes));
  const auto add = [&](const std::optional<rules::Condition>& condition) {
    if (!condition) return;
    for (std::string& field : condition->expression.fields_of("lead")) names.insert(std::move(field));
  };
  for (const auto& playbook : rulebook.current()) {
    add(playbook->enroll.when);
    if (const auto& schedule = playbook->enroll.schedule) {
      if (const auto* attribute = std::get_if<std::string>(&schedule->start)) names.insert(*attribute);
    }
    for (const rules::Variant& variant : playbook->variants) add(variant.when);
    for (const rules::Exception& exception : playbook->exceptions) add(exception.when);
    for (const rules::Disqualification& rule : playbook->qualification.disqualify) add(rule.when);
    names.insert(playbook->qualification.fields.begin(), playbook->qualification.fields.end());
    if (playbook->release) add(playbook->release->when);
    for (const rules::Step& step : playbook->steps) {
      add(step.skip_if);
      add(step.requirement);
    }
    for (const rules::Form& form : playbook->replaced_forms) {
      for (const rules::Step& step : form.steps) {
        add(step.skip_if);
        add(step.requirement);
      }
    }
  }
  for (const rules::ScoreRule& rule : rulebook.house().score) add(rule.when);
  if (const auto scenarios = load_scenarios(folder, rulebook)) {
    for (const Scenario& scenario : *scenarios) {
      for (const rules::Event& event : scenario.events) {
        const bool is_lead =
            event.type == rules::EventType::lead_created || event.type == rules::EventType::lead_updated;
        if (!is_lead || !event.data.map()) continue;
        for (const auto& [key, value] : *event.data.map()) names.insert(*key.string());
      }
    }
  }
  return names;
}

class TemplateCheck {
 public:
  TemplateCheck(const rules::Rulebook& rulebook, const fs::path& folder, SourceMap& sources, CheckReport& report)
      : folder_(folder / "templates"),
        sources_(sources),
        report_(report),
        attributes_(known_attributes(rulebook, folder)) {}

  void run(const rules::Rulebook& rulebook) {
    auto set = TemplateSet::load(folder_, "en");
    if (!set) {
      for (const std::string& finding : set.error()) add(parsed(finding));
      return;
    }
    set_ = std::move(*set);
    for (const auto& playbook : rulebook.current()) {
      for_each_form(*playbook, [&](const FormOf& form, const rules::Form& settings) {
        for (const rules::Step& step : settings.steps) check(form, step);
      });
    }
    check_content(rulebook, folder_.parent_path(), set_, sources_, report_);
  }

 private:
  template <class Visit>
  static void for_each_form(const rules::Playbook& playbook, Visit visit) {
    const std::size_t arms = playbook.experiment ? playbook.experiment->arms.size() : 0;
    for (std::uint32_t v = 0; v <= playbook.variants.size(); ++v) {
      for (std::uint32_t a = 0; a <= arms; ++a) {
        const auto variant = v == 0 ? std::nullopt : std::optional<std::uint32_t>(v - 1);
        const auto arm = a == 0 ? std::nullopt : std::optional<std::uint32_t>(a - 1);
        visit(FormOf{&playbook, variant ? &playbook.variants[*variant] : nullptr,
                     arm ? &playbook.experiment->arms[*arm] : nullptr},
              playbook.form(variant, arm));
      }
    }
  }

  void check(const FormOf& form, const rules::Step& step) {
    if (!step.template_name) return;
    const std::string& name = *step.template_name;
    const KeyPath path{"steps", std::string(step.id.value), "template"};
    if (!set_.contains(name)) {
      const std::vector<std::string> names = set_.names();
      const std::vector<std::string_view> known(names.begin(), names.end());
      const auto near = rules::nearest_name(name, known);
      return add(sources_.at(form, path,
                             {Severity::error, "template-missing", fmt::format("there is no template `{}`", name),
                              near ? fmt::format("did you mean `{}`?", *near)
                                   : fmt::format("write templates/{}.en.txt beside the playbooks", name)}));
    }
    if (step.channel == rules::Channel::email && !set_.is_email(name)) {
      add(sources_.at(
          form, path,
          {Severity::error, "template-subject",
           fmt::format("the template `{}` cannot be sent as an email: it has no subject in every language", name),
           "begin the file with `Subject: ...` and an empty line"}));
    }
    for (const std::string& read : set_.reads(name)) check_read(name, read, step);
  }

  void check_read(const std::string& name, const std::string& read, const rules::Step& step) {
    const std::string root = read.substr(0, read.find('.'));
    std::vector<std::string_view> known(std::begin(kOthers), std::end(kOthers));
    std::vector<std::string> leads;
    for (const std::string& attribute : attributes_) leads.push_back("lead." + attribute);
    known.insert(known.end(), leads.begin(), leads.end());
    const auto is_known = [&](std::string_view candidate) {
      return std::find(known.begin(), known.end(), candidate) != known.end();
    };
    // `lead`, `sender`: all of it; `slots.0`, `lead.address.city`: below something that is known.
    if (root == read || is_known(read) || is_known(root)) return;
    const std::size_t second = read.find('.', read.find('.') + 1);
    if (second != std::string::npos && is_known(read.substr(0, second))) return;
    const auto near = rules::nearest_name(read, known);
    Found found{Severity::error, "template-field",
                fmt::format("no event carries `{}`, which the step `{}` would show as nothing", read, step.id.value),
                near ? fmt::format("did you mean `{}`?", *near)
                     : fmt::format("if the CRM sends it, say so in a scenario: lead: {{ id: L-1, {}: ... }}",
                                   read.substr(read.find('.') + 1))};
    report_read(name, read, found);
  }

  /// In the first file of the template that reads it.
  void report_read(const std::string& name, const std::string& read, const Found& found) {
    std::error_code error;
    std::vector<fs::path> files;
    const fs::path place = folder_ / name;
    for (fs::directory_iterator entry(place.parent_path(), error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      if (entry->path().filename().string().starts_with(place.filename().string() + "."))
        files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      const std::string text = file_text(file);
      const auto offset = find_tag(text, read);
      if (!offset) continue;
      rules::Report report(file.generic_string(), text);
      rules::Finding finding =
          report.make({rules::PositionFinder(text).at(*offset), "", found.rule, found.text, found.suggestion});
      finding.severity = found.severity;
      return add(std::move(finding));
    }
  }

  /// Where a tag reads exactly that.
  static std::optional<std::size_t> find_tag(const std::string& text, const std::string& read) {
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 1)) {
      const std::size_t begin = text.find_first_not_of("{#^&/ ", at);
      if (begin != std::string::npos && text.compare(begin, read.size(), read) == 0 &&
          text.find_first_of("} ", begin) == begin + read.size()) {
        return begin;
      }
    }
    return std::nullopt;
  }

  /// What the template reader says is text: `file:line:column: error: text [template]`.
  static rules::Finding parsed(const std::string& text) {
    rules::Finding finding;
    finding.rule = "template";
    finding.text = text;
    constexpr std::string_view kError = ": error: ";
    constexpr std::string_view kSuffix = " [template]";
    const std::size_t middle = text.find(kError);
    const std::size_t column = text.rfind(':', middle == 0 ? 0 : middle - 1);
    const std::size_t line = column == std::string::npos ? column : text.rfind(':', column - 1);
    if (middle == std::string::npos || line == std::string::npos) return finding;
    const std::string file = text.substr(0, line);
    const int at_line = std::atoi(text.c_str() + line + 1);
    const int at_column = std::atoi(text.c_str() + column + 1);
    std::string message = text.substr(middle + kError.size());
    if (message.ends_with(kSuffix)) message.resize(message.size() - kSuffix.size());
    const std::string source = file_text(file);
    std::size_t offset = 0;
    for (int i = 1; i < at_line && offset != std::string::npos; ++i) offset = source.find('\n', offset) + 1;
    offset = std::min(offset + static_cast<std::size_t>(std::max(at_column - 1, 0)), source.size());
    rules::Report report(file, source);
    rules::Finding placed = report.make({rules::PositionFinder(source).at(offset), "", "template", message, ""});
    placed.position = {file, at_line, at_column};
    return placed;
  }

  void add(rules::Finding finding) {
    const auto same = [&](const CheckFinding& known) {
      const rules::Finding& other = known.finding;
      return other.rule == finding.rule && other.text == finding.text && other.position.file == finding.position.file &&
             other.position.line == finding.position.line && other.position.column == finding.position.column;
    };
    if (std::any_of(report_.findings.begin(), report_.findings.end(), same)) return;
    report_.findings.push_back({std::move(finding), std::nullopt});
  }

  fs::path folder_;
  SourceMap& sources_;
  CheckReport& report_;
  Names attributes_;
  TemplateSet set_;
};

}  // namespace

void check_templates(const rules::Rulebook& rulebook, const fs::path& folder, SourceMap& sources, CheckReport& report) {
  TemplateCheck(rulebook, folder, sources, report).run(rulebook);
}

}  // namespace relance::engine
