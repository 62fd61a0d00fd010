#pragma once
// The pages behind an opt-out link: plain HTML without scripts or outside resources, in English or French.
// Source: RFC 8058 (GET shows a form, POST acts); WCAG 2.1. Pure; any thread.

#include <string>
#include <string_view>

#include "rules/channel.h"

namespace relance::engine {

enum class Language { english, french };
/// The better of the two by an Accept-Language header (RFC 9110, 12.5.4); `fallback` when it prefers neither.
Language preferred_language(std::string_view accept_language, Language fallback = Language::english);
/// By a language tag such as "fr-CA"; English for every other language.
Language page_language(std::string_view tag);
std::string_view tag(Language language);  // "en"

enum class PageKind {
  form,       // asks; the button sends the POST
  done,       // the opt-out is durable
  not_valid,  // the link was altered or cut
  try_again,  // could not be recorded now
};
/// A whole document. `scope` names what the opt-out covers; it is not used by `not_valid`.
std::string page(PageKind kind, Language language, rules::ChannelScope scope);

/// The Content-Security-Policy under which these pages work: nothing but their own style and their own form.
const std::string& page_security_policy();

}  // namespace relance::engine
