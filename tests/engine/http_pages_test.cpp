#include "engine/http/pages.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

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
