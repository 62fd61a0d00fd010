#include "engine/render/template_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "tests/engine/temporary_directory.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;
using rules::cel::List;
using rules::cel::Map;
using rules::cel::Value;

/// A folder of templates that vanishes with the test.
class TemplateFolder {
 public:
  TemplateFolder& add(const std::string& name, const std::string& content) {
    folder_.write(name, content);
    return *this;
  }
  const fs::path& path() const { return folder_.path(); }

  TemplateSet load() const {
    auto set = TemplateSet::load(path(), "en");
    if (!set) FAIL(set.error().front());
    return *std::move(set);
  }
  /// The findings, without the folder's name.
  std::vector<std::string> findings() const {
    const auto set = TemplateSet::load(path(), "en");
    if (set) return {};
    std::vector<std::string> out;
    for (const std::string& finding : set.error()) out.push_back(finding.substr(path().string().size() + 1));
    return out;
  }

 private:
  tests::TemporaryDirectory folder_;
};

Value lead(Map attributes) { return Value(Map{{Value("lead"), Value(std::move(attributes))}}); }
Value ada() {
  return Value(Map{{"lead", Map{{"name", "Ada & <Zoë>"},
                                {"company", "acme"},
                                {"score", std::int64_t{20}},
                                {"ratio", 0.5},
                                {"vip", true},
                                {"tags", List{"a", "b"}},
                                {"country", "FR"},
                                {"empty", ""}}},
                   {"owner", "rep-7"},
                   {"unsubscribe_url", "https://relance.example/u/t"},
                   {"sender", Map{{"name", "Relance"}, {"postal_address", "1 rue X\n75001 Paris"}}}});
}

TEST_CASE("an email is rendered with the lead's attributes, and only its HTML is escaped") {
  const TemplateSet set = TemplateFolder()
                              .add("smb/context.en.txt",
                                   "Subject: {{lead.company}}: hello {{lead.name}}\n\nHi {{lead.name}}, {{lead.score}} "
                                   "{{lead.ratio}}\n{{sender.postal_address}}\n{{unsubscribe_url}}\n")
                              .add("smb/context.en.html", "<p title=\"{{lead.name}}\">{{lead.name}}</p>\n")
                              .load();
  const auto message = set.render_email("smb/context", ada());
  REQUIRE(message.has_value());
  CHECK(message->subject == "acme: hello Ada & <Zoë>");
  CHECK(message->text == "Hi Ada & <Zoë>, 20 0.5\n1 rue X\n75001 Paris\nhttps://relance.example/u/t\n");
  CHECK(message->html == "<p title=\"Ada &amp; &lt;Zoë&gt;\">Ada &amp; &lt;Zoë&gt;</p>\n");
  CHECK(message->language == "en");
}

TEST_CASE("sections stay when there is something, repeat for lists, and leave no empty lines") {
  const TemplateSet set =
      TemplateFolder()
          .add("s.en.txt",
               "{{#lead.company}}\nat {{lead.company}}\n{{/lead.company}}\n{{#lead.empty}}\nnever\n{{/lead.empty}}\n"
               "{{^lead.phone}}\nno "
               "phone\n{{/lead.phone}}\n{{#lead.tags}}[{{.}}]{{/lead.tags}}{{#lead.vip}}!{{/lead.vip}}{{! a note }}\n")
          .load();
  CHECK(set.render("s", ada())->text == "at acme\nno phone\n[a][b]!\n");
}

TEST_CASE("only lines that hold nothing but a section's tag vanish") {
  const TemplateSet set = TemplateFolder()
                              .add("s.en.txt",
                                   "one\n\n{{#lead.company}}\n\n  in {{! note }}\n\n  {{/lead.company}}  "
                                   "\n\n{{lead.none}}\n{{#lead.company}}x"
                                   "{{/lead.company}}\n{{! note }}\nlast {{^lead.none}}{{/lead.none}}\n  "
                                   "{{#lead.company}}\ny{{/lead.company}}")
                              .load();
  CHECK(set.render("s", ada())->text == "one\n\n\n  in \n\n\n\nx\nlast \ny");
}

TEST_CASE("what the lead lacks renders as nothing, but a subject never comes out empty") {
  const TemplateSet set =
      TemplateFolder().add("s.en.txt", "Subject: {{lead.company}}\n\nHello {{lead.name}}!\n").load();
  CHECK(set.render("s", lead({{"company", "acme"}}))->text == "Hello !\n");
  const auto empty = set.render("s", lead({{"name", "Ada"}}));
  REQUIRE_FALSE(empty.has_value());
  CHECK(empty.error() == "template s.en: the subject comes out empty for this lead");
}

TEST_CASE("the language is the lead's, else its country's, else the default, else what there is") {
  const TemplateSet set = TemplateFolder()
                              .add("s.en.txt", "en")
                              .add("s.fr.txt", "fr")
                              .add("s.pt-BR.txt", "pt-BR")
                              .add("s.de.txt", "de")
                              .add("only.it.txt", "it")
                              .load();
  const auto language = [&](Map attributes) { return set.render("s", lead(std::move(attributes)))->language; };
  CHECK(language({{"language", "fr"}, {"country", "DE"}}) == "fr");
  CHECK(language({{"language", "FR-ca"}}) == "fr");
  CHECK(language({{"locale", "de_AT.UTF-8"}}) == "de");
  CHECK(language({{"language", "pt-br"}}) == "pt-BR");
  CHECK(language({{"language", "pt"}}) == "en");
  CHECK(language({{"language", "xx"}, {"country", "FR"}}) == "en");
  CHECK(language({{"country", "fr"}}) == "fr");
  CHECK(language({{"country", "BE"}}) == "en");
  CHECK(language({{"language", std::int64_t{7}}}) == "en");
  CHECK(language({}) == "en");
  CHECK(set.render("only", lead({{"language", "fr"}}))->language == "it");
}

TEST_CASE("a call script has no subject, and no email step can use it") {
  const TemplateSet set = TemplateFolder().add("calls/intro.en.txt", "Ask {{lead.name}} about the budget.\n").load();
  CHECK(set.render("calls/intro", ada())->text == "Ask Ada & <Zoë> about the budget.\n");
  CHECK_FALSE(set.is_email("calls/intro"));
  CHECK(set.render_email("calls/intro", ada()).error() ==
        "template calls/intro has no line `Subject:`: it is no email");
  CHECK(set.render_email(std::nullopt, ada()).error() == "email step without template");
  CHECK(set.render_email("calls/none", ada()).error() == "there is no template calls/none");
  CHECK(set.contains("calls/intro"));
  CHECK(set.names() == std::vector<std::string>{"calls/intro"});
}

TEST_CASE("what a template reads is known without rendering it") {
  const TemplateSet set =
      TemplateFolder()
          .add("s.en.txt", "Subject: {{lead.company}}\n\n{{#slots}}{{start}}{{/slots}}{{unsubscribe_url}}")
          .add("s.fr.txt", "Subject: {{lead.name}}\n\nx")
          .add("s.fr.html", "{{sender.name}}")
          .load();
  CHECK(set.reads("s") ==
        std::set<std::string>{"lead.company", "lead.name", "sender.name", "slots", "unsubscribe_url"});
  CHECK(set.reads("none").empty());
}

TEST_CASE("every mistake is found at once, with its place") {
  TemplateFolder folder;
  folder.add("a.en.txt", "Subject: x\nno empty line\n")
      .add("b.en.txt", "Subject:\n\ntext\n")
      .add("c.txt", "text")
      .add("d.en.txt", "one\ntwo {{> partial}}\n")
      .add("e.en.txt", "{{=<% %>=}}")
      .add("f.en.txt", "Subject: x\n\nok")
      .add("f.en.html", "<p>{{{lead.name}}}</p>")
      .add("g.en.html", "<p></p>")
      .add("h.en.txt", "{{lead.name")
      .add("i.en.txt", "{{#lead.name}}x")
      .add("j.en.txt", "{{#lead.name}}x{{/lead.company}}")
      .add("k.en.txt", "  {{name}}")
      .add("l.en.txt", "{{#lead}}{{#a}}{{#b}}{{#c}}{{#d}}{{/d}}{{/c}}{{/b}}{{/a}}{{/lead}}")
      .add("M.en.txt", "x")
      .add("n.en.txt", "caf\xE9")
      .add("o.en.txt", std::string(kMaxTemplateBytes + 1, 'x'))
      .add("p.en.txt", "{{}}")
      .add("q.en.txt", "{{lead..name}}")
      .add("r.en.txt", "script")
      .add("r.en.html", "<p></p>")
      .add("s.en.txt", " \n")
      .add("README.md", "{{{{");
  const std::vector<std::string> expected{
      "M.en.txt:1:1: error: the name may hold a-z, 0-9, - and _ only [template]",
      "a.en.txt:2:1: error: an empty line must follow the subject [template]",
      "b.en.txt:1:1: error: the subject is empty [template]",
      "c.txt:1:1: error: the name needs a language before its ending, as in context.en.txt [template]",
      "d.en.txt:2:5: error: partials are not supported: a template stands alone [template]",
      "e.en.txt:1:1: error: delimiters cannot be changed [template]",
      "f.en.html:1:4: error: HTML is always escaped: write {{lead.name}} [template]",
      "g.en.html:1:1: error: there is no .txt of this name beside it: every email has a text [template]",
      "h.en.txt:1:1: error: this tag is never closed [template]",
      "i.en.txt:1:1: error: the section {{#lead.name}} is never closed [template]",
      "j.en.txt:1:16: error: no section lead.company is open here [template]",
      "k.en.txt:1:3: error: nothing is called `name` here; known are lead, account, enrollment, owner, "
      "unsubscribe_url, sender, slots "
      "[template]",
      "l.en.txt:1:22: error: sections nest at most 3 deep [template]",
      "n.en.txt:1:1: error: is not UTF-8 text [template]",
      "o.en.txt:1:1: error: is larger than 256 KiB [template]",
      "p.en.txt:1:1: error: this tag is empty [template]",
      "q.en.txt:1:1: error: `lead..name` is no name: letters, digits, _ and - between dots [template]",
      "r.en.html:1:1: error: the .txt beside it has no subject: only an email has an HTML part [template]",
      "s.en.txt:1:1: error: the text is empty [template]",
  };
  const std::vector<std::string> found = folder.findings();
  for (std::size_t index = 0; index < std::min(found.size(), expected.size()); ++index) {
    CHECK(found[index] == expected[index]);
  }
  CHECK(found.size() == expected.size());
}

TEST_CASE("a template is an email in all its languages or in none") {
  TemplateFolder folder;
  folder.add("s.en.txt", "Subject: x\n\ntext\n").add("s.fr.txt", "Sujet: x\n\ntexte\n");
  CHECK(folder.findings() == std::vector<std::string>{"s.fr.txt:1:1: error: has no line `Subject:`, while the same "
                                                      "template in another language has one [template]"});
}

TEST_CASE("files from Windows read the same") {
  const TemplateSet set = TemplateFolder().add("s.en.txt", "\xEF\xBB\xBFSubject: x\r\n\r\none\r\ntwo\r\n").load();
  CHECK(set.render("s", ada())->subject == "x");
  CHECK(set.render("s", ada())->text == "one\ntwo\n");
}

TEST_CASE("a folder that does not exist holds no templates") {
  const auto set = TemplateSet::load("/nonexistent/templates", "en");
  REQUIRE(set.has_value());
  CHECK(set->names().empty());
}

TEST_CASE("an attribute is text, never a template, and cannot blow a mail up") {
  const TemplateSet set =
      TemplateFolder()
          .add("s.en.txt", "{{lead.name}}|{{lead}}|{{lead.tags}}|{{#lead.name}}{{lead.company}}{{/lead.name}}")
          .add("big.en.txt",
               "{{#lead.tags}}{{#lead.tags}}{{#lead.tags}}{{.}}{{/lead.tags}}{{/lead.tags}}{{/lead.tags}}")
          .load();
  CHECK(set.render("s", lead({{"name", "{{lead.company}}"}, {"company", "{{> x}}"}, {"tags", List{"t"}}}))->text ==
        "{{lead.company}}|||{{> x}}");
  const auto big = set.render("big", lead({{"tags", List(1000, Value(std::string(100, 'x')))}}));
  REQUIRE_FALSE(big.has_value());
  CHECK(big.error() == "template big.en: the text renders to more than 1024 KiB");
}

TEST_CASE("the shipped templates load") {
  const auto set = TemplateSet::load(fs::path(RELANCE_SOURCE_DIR) / "playbooks" / "templates", "en");
  if (!set) FAIL(set.error().front());
  CHECK_FALSE(set->names().empty());
}

}  // namespace
}  // namespace relance::engine
