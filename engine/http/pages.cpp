#include "engine/http/pages.h"

#include <openssl/evp.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <utility>

#include "rules/ascii.h"
#include "rules/sha256.h"

namespace relance::engine {

namespace {

using rules::Channel;
using rules::ChannelScope;

constexpr std::string_view kPageStyle =
    ":root{color-scheme:light dark}body{font:1.125rem/1.5 "
    "system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:36rem;margin:0 auto;"
    "padding:2rem 1rem}h1{font-size:1.5rem}button{font:inherit;padding:.75rem 1.5rem;border:2px solid #0b3d91;"
    "border-radius:.25rem;background:#0b3d91;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #d9480f;"
    "outline-offset:3px}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}button{border-color:#"
    "9ec5fe}}";

struct Texts {
  std::string_view title, text, button;
};

Texts texts_of(PageKind kind, Language language) {
  const bool french = language == Language::french;
  switch (kind) {
    case PageKind::form:
      return french ? Texts{"Se d\u00e9sinscrire",
                            "Confirmez pour ne plus recevoir de notre part de messages commerciaux ",
                            "Se d\u00e9sinscrire"}
                    : Texts{"Unsubscribe", "Confirm to stop receiving marketing messages from us ", "Unsubscribe"};
    case PageKind::done:
      return french ? Texts{"Votre d\u00e9sinscription est enregistr\u00e9e",
                            "Nous ne vous enverrons plus de messages commerciaux ", ""}
                    : Texts{"You are unsubscribed",
                            "Your request is recorded. We will not send you any more marketing messages ", ""};
    case PageKind::not_valid:
      return french ? Texts{"Ce lien n\u2019est pas valable",
                            "Le lien est incomplet ou a \u00e9t\u00e9 modifi\u00e9. Ouvrez-le \u00e0 nouveau depuis le "
                            "message, "
                            "ou r\u00e9pondez au message pour vous d\u00e9sinscrire.",
                            ""}
                    : Texts{"This link is not valid",
                            "The link is incomplete or was changed. Open it again from the message, or reply to the "
                            "message to unsubscribe.",
                            ""};
    case PageKind::try_again:
      return french ? Texts{"Votre demande n\u2019est pas encore enregistr\u00e9e",
                            "Un probl\u00e8me passager nous en emp\u00eache. R\u00e9essayez dans un instant.",
                            "R\u00e9essayer"}
                    : Texts{"Your request is not recorded yet",
                            "A temporary problem keeps us from it. Please try again in a moment.", "Try again"};
  }
  return {};
}

/// The end of the sentences above.
std::string_view scope_text(ChannelScope scope, Language language) {
  const bool french = language == Language::french;
  if (scope.is_all()) return french ? ", quel que soit le canal." : "on any channel.";
  switch (*scope.channel) {
    case Channel::email:
      return french ? "par e-mail." : "by email.";
    case Channel::call:
      return french ? "par t\u00e9l\u00e9phone." : "by phone.";
    case Channel::social:
      return french ? "sur les r\u00e9seaux sociaux." : "on social networks.";
    case Channel::sms:
      return french ? "par SMS." : "by text message.";
    case Channel::task:
    case Channel::meeting:
      return french ? "sur ce canal." : "on this channel.";
  }
  return {};
}

/// "q=0.8" of one language range; nullopt when it is none.
std::optional<double> quality(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return 1.0;
  const std::string text(parameters.substr(at + 2, 5));
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || value < 0 || value > 1) return std::nullopt;
  return value;
}

}  // namespace

Language preferred_language(std::string_view header, Language fallback) {
  double english = -1;
  double french = -1;
  double any = -1;
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    const std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    const std::size_t semicolon = item.find(';');
    const auto weight = quality(semicolon == std::string_view::npos ? std::string_view() : item.substr(semicolon));
    const std::string range = rules::lowered(rules::trimmed(item.substr(0, semicolon)));
    if (!weight || range.empty()) continue;
    const std::string primary = range.substr(0, range.find('-'));
    if (primary == "en" && *weight > english) english = *weight;
    if (primary == "fr" && *weight > french) french = *weight;
    if (primary == "*" && *weight > any) any = *weight;
  }
  if (english < 0) english = any;
  if (french < 0) french = any;
  if (english == french || (english <= 0 && french <= 0)) return fallback;
  return french > english ? Language::french : Language::english;
}

Language page_language(std::string_view tag) { return preferred_language(tag); }

std::string_view tag(Language language) { return language == Language::french ? "fr" : "en"; }

std::string page(PageKind kind, Language language, ChannelScope scope) {
  const Texts texts = texts_of(kind, language);
  std::string out = "<!doctype html>\n<html lang=\"";
  out.append(tag(language))
      .append("\">\n<head>\n<meta charset=\"utf-8\">\n")
      .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
      .append("<meta name=\"robots\" content=\"noindex,nofollow\">\n<title>")
      .append(texts.title)
      .append("</title>\n<style>")
      .append(kPageStyle)
      .append("</style>\n</head>\n<body>\n<main>\n<h1>")
      .append(texts.title)
      .append("</h1>\n<p role=\"status\">");
  std::string text(texts.text);
  if (kind == PageKind::form || kind == PageKind::done) {
    const std::string_view end = scope_text(scope, language);
    if (end.starts_with(',')) text.pop_back();  // no blank before a comma
    text += end;
  }
  out.append(text).append("</p>\n");
  if (!texts.button.empty()) {
    // Without an action the form goes to the page's own address.
    out.append("<form method=\"post\">\n<button type=\"submit\" name=\"List-Unsubscribe\" value=\"One-Click\">")
        .append(texts.button)
        .append("</button>\n</form>\n");
  }
  return out.append("</main>\n</body>\n</html>\n");
}

const std::string& page_security_policy() {
  static const std::string kPolicy = [] {
    const auto hash = rules::sha256(kPageStyle);
    std::array<unsigned char, 48> base64{};
    const int size = EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(hash.size()));
    return "default-src 'none'; style-src 'sha256-" + std::string(base64.begin(), base64.begin() + size) +
           "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  }();
  return kPolicy;
}

}  // namespace relance::engine
