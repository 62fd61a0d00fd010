#include "engine/http/pages.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace relance;
using namespace relance::engine;

TEST_CASE("the language of a page follows the reader's preference") {
  const auto language = [](const char* header) { return tag(preferred_language(header)); };
  CHECK(language("") == "en");
  CHECK(language("fr") == "fr");
  CHECK(language("fr-FR") == "fr");
  CHECK(language("FR-ca") == "fr");
  CHECK(language("en-GB,en;q=0.9,fr;q=0.8") == "en");
  CHECK(language("fr;q=0.8, en;q=0.7") == "fr");
  CHECK(language("de, fr;q=0.5") == "fr");
  CHECK(language("de") == "en");
  CHECK(language("*") == "en");
  CHECK(language("fr, *;q=0.5") == "fr");
  CHECK(language("en;q=0, fr;q=0.1") == "fr");
  CHECK(language("fr;q=0") == "en");
  CHECK(language("fr;q=2") == "en");
  CHECK(language("fr;q=x") == "en");
  CHECK(language("frozen") == "en");
  CHECK(language(",,;;q=,=") == "en");
}

TEST_CASE("who prefers neither language reads the house's") {
  const auto language = [](const char* header) { return tag(preferred_language(header, page_language("fr-CA"))); };
  CHECK(language("") == "fr");
  CHECK(language("de") == "fr");
  CHECK(language("*") == "fr");
  CHECK(language("fr;q=0.5, en;q=0.5") == "fr");
  CHECK(language("en") == "en");
  CHECK(language("de, en;q=0.1") == "en");
  CHECK(tag(page_language("de")) == "en");
}

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Every element that is opened is closed, in order; the void elements of these pages are meta only.
bool is_balanced(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::string tag = html.substr(at + 1, html.find('>', at) - at - 1);
    const std::string name = tag.substr(0, tag.find(' '));
    if (name == "!doctype" || name == "meta") continue;
    if (name.front() != '/') {
      open.push_back(name);
    } else if (open.empty() || "/" + open.back() != name) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty();
}

}  // namespace

TEST_CASE("every page can be read by whom and by whatever reads it") {
  for (const Language language : {Language::english, Language::french}) {
    std::set<std::string> titles;
    for (const PageKind kind : {PageKind::form, PageKind::done, PageKind::not_valid, PageKind::try_again}) {
      const std::string html = page(kind, language, rules::ChannelScope::all());
      CAPTURE(html);
      CHECK(html.starts_with("<!doctype html>\n<html lang=\"" + std::string(tag(language)) + "\">"));
      CHECK(is_balanced(html));
      CHECK(count(html, "<title>") == 1);
      CHECK(count(html, "<h1>") == 1);
      CHECK(count(html, "<main>") == 1);
      CHECK(count(html, "<button type=\"submit\"") == count(html, "<form"));
      CHECK(html.find("<script") == std::string::npos);
      CHECK(html.find("maximum-scale") == std::string::npos);  // whoever needs to may zoom
      CHECK(html.find("(e)") == std::string::npos);            // a screen reader reads it letter by letter
      titles.insert(html.substr(html.find("<title>"), html.find("</title>") - html.find("<title>")));
    }
    CHECK(titles.size() == 4);
  }
}

TEST_CASE("every page says what it covers, in both languages") {
  for (const Language language : {Language::english, Language::french}) {
    std::set<std::string> forms;
    forms.insert(page(PageKind::form, language, rules::ChannelScope::all()));
    for (const rules::Channel channel : {rules::Channel::email, rules::Channel::call, rules::Channel::sms}) {
      forms.insert(page(PageKind::form, language, rules::ChannelScope::only(channel)));
    }
    CHECK(forms.size() == 4);
  }
  CHECK(page(PageKind::done, Language::english, rules::ChannelScope::all()).find("messages on any channel.") !=
        std::string::npos);
  CHECK(page(PageKind::form, Language::french, rules::ChannelScope::all()).find("commerciaux, quel que soit") !=
        std::string::npos);
}

TEST_CASE("only pages that can act have a button") {
  const auto has_form = [](PageKind kind) {
    return page(kind, Language::english, rules::ChannelScope::all()).find("<form") != std::string::npos;
  };
  CHECK(has_form(PageKind::form));
  CHECK(has_form(PageKind::try_again));
  CHECK(!has_form(PageKind::done));
  CHECK(!has_form(PageKind::not_valid));
}
