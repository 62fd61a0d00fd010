#pragma once
// The templates of emails and call scripts: read, checked and parsed once, rendered for one lead at a time.
//
// The format, for those who write templates. A template is a text file in the folder `templates` beside the playbooks:
//
//   templates/smb-inbound/context.en.txt      the step says `template: smb-inbound/context`
//   templates/smb-inbound/context.fr.txt      the same in French
//   templates/smb-inbound/context.en.html     optional: the HTML part that goes with context.en.txt
//
//   Subject: {{lead.company}}: your question of this morning
//                                             <- one empty line
//   Hello {{lead.name}},
//   {{#lead.company}}I looked at what {{lead.company}} does.{{/lead.company}}
//   {{sender.name}}, {{sender.postal_address}}
//   No more mails like this one: {{unsubscribe_url}}
//
// - A file of an email begins with the line `Subject: ...` and an empty line; all that follows is the text. A call
//   script has no such line: the whole file is the text. The HTML file is HTML from its first line.
// - Names: letters a-z, digits, `-` and `_`, with `/` between folders; the language is a BCP 47 tag (`en`, `fr`,
//   `pt-BR`). UTF-8, at most 256 KiB a file. Other files (README.md, images) are ignored.
// - Tags are Mustache's: `{{x}}` is replaced, `{{#x}}...{{/x}}` stays when x is there and not empty (and repeats for a
//   list, `{{.}}` being the item), `{{^x}}...{{/x}}` stays when it is not, `{{! note }}` vanishes. A section's tag
//   alone on a line leaves no empty line. Sections nest at most three deep and show the first 50 items of a list.
// - Partials `{{>x}}` and changed delimiters `{{=x=}}` are refused: nothing in a template can run code or read a file.
//   In HTML `{{x}}` is escaped and the raw forms `{{{x}}}` and `{{&x}}` are refused; the text and the subject are never
//   escaped.
// - What can be read: `lead.` and any attribute of the lead (`lead.name`, `lead.company`), `account`, `enrollment.`,
//   `owner`, `unsubscribe_url`, `sender.name`, `sender.address`, `sender.postal_address`, `slots` (a meeting's
//   proposals). What the lead lacks renders as nothing; a subject that comes out empty is an error.
// - The language of a lead: its `language`, else its `locale`, else the language of its `country` where that country
//   has one main language (FR is fr), else the default language. `pt-BR` falls back to `pt`, then to the default
//   language, then to the first language that the template has, in alphabetical order.
//
// Ownership: values. Threads: a loaded set is immutable; any thread may render. Errors: values; a rendering error names
// the template and never what was rendered.

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/render/template_text.h"
#include "rules/cel/value.h"

namespace relance::engine {

/// What a person will read. Personal data.
struct RenderedMessage {
  std::string subject;  // one line; empty for a script
  std::string text;
  std::string html;      // empty: there is none
  std::string language;  // the tag of the file that was used
};

constexpr std::size_t kMaxTemplateBytes = 256 * 1024;

class TemplateSet {
 public:
  TemplateSet() = default;

  /// Reads `folder` (`<playbooks>/templates`) with its sub-folders; a folder that does not exist is an empty set. On
  /// failure every finding, `file:line:column: error: text [template]`, in order of the files' names.
  [[nodiscard]] static tl::expected<TemplateSet, std::vector<std::string>> load(const std::filesystem::path& folder,
                                                                                std::string_view default_language);

  bool contains(std::string_view name) const { return templates_.find(name) != templates_.end(); }
  std::vector<std::string> names() const;
  /// The names that its tags read, in every language of it (`lead.company`, `unsubscribe_url`): what `check` compares
  /// with what events carry. Empty for an unknown template.
  std::set<std::string> reads(std::string_view name) const;
  /// Every language of it has a subject: it can be sent as an email.
  bool is_email(std::string_view name) const;

  /// `data` is a map with the names above; its `lead` decides the language. Renders an email or a script.
  [[nodiscard]] tl::expected<RenderedMessage, std::string> render(std::string_view name,
                                                                  const rules::cel::Value& data) const;
  /// For an email step: no template, or one without a subject, is an error.
  [[nodiscard]] tl::expected<RenderedMessage, std::string> render_email(const std::optional<std::string>& name,
                                                                        const rules::cel::Value& data) const;

 private:
  struct Variant {  // one language
    std::string language;
    std::optional<TemplateText> subject;
    TemplateText text;
    std::optional<TemplateText> html;
  };
  using Variants = std::map<std::string, Variant, std::less<>>;  // by language tag in lower case
  friend class TemplateReader;

  const Variant& choose(const Variants& variants, const rules::cel::Value& data) const;

  std::string default_language_;
  std::map<std::string, Variants, std::less<>> templates_;
};

}  // namespace relance::engine
