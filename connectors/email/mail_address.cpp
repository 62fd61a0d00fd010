#include "connectors/email/mail_address.h"

#include <curl/curl.h>
#include <locale.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "connectors/email/mime_encoding.h"
#include "rules/ascii.h"

namespace relance::connectors {
namespace {

// RFC 5321, 4.5.3.1
constexpr std::size_t kMaxLocal = 64;
constexpr std::size_t kMaxDomain = 253;
constexpr std::size_t kMaxAddress = 254;
constexpr std::size_t kMaxLabel = 63;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool is_dot_atom(std::string_view text) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-/=?^_`{|}~.";
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return !is_ascii(c) || rules::is_alphanumeric(c) || kPunctuation.find(c) != std::string_view::npos;
  });
}

bool is_host_name(std::string_view domain) {
  if (domain.empty() || domain.size() > kMaxDomain) return false;
  while (true) {
    const std::string_view label = domain.substr(0, domain.find('.'));
    if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return rules::is_alphanumeric(c) || c == '-'; }))
      return false;
    if (label.size() == domain.size()) return true;
    domain.remove_prefix(label.size() + 1);
  }
}

/// libcurl's IDNA reads text in the thread's locale: while one of these lives, that is UTF-8.
class Utf8Locale {
 public:
  Utf8Locale() : utf8_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) before_ = uselocale(utf8_);
  }
  ~Utf8Locale() {
    if (utf8_ == nullptr) return;
    uselocale(before_);
    freelocale(utf8_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t utf8_;
  locale_t before_ = nullptr;
};

/// The A-label form, by the IDNA that libcurl was built with; nullopt when there is none.
std::optional<std::string> to_ascii_domain(std::string_view domain) {
  if (std::all_of(domain.begin(), domain.end(), is_ascii)) return std::string(domain);
  const Utf8Locale utf8;
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  if (!url || curl_url_set(url.get(), CURLUPART_HOST, std::string(domain).c_str(), 0) != CURLUE_OK) return std::nullopt;
  char* host = nullptr;
  if (curl_url_get(url.get(), CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owned(host, curl_free);
  return std::string(host);
}

}  // namespace

tl::expected<MailAddress, std::string> parse_mail_address(std::string_view text) {
  if (!is_header_safe(text)) return tl::unexpected(std::string("header_injection"));
  const tl::unexpected<std::string> no_mailbox("address_syntax");
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return no_mailbox;
  MailAddress address;
  address.local = text.substr(0, at);
  const std::optional<std::string> domain = to_ascii_domain(text.substr(at + 1));
  if (address.local.size() > kMaxLocal || !is_dot_atom(address.local) || !domain || !is_host_name(*domain)) {
    return no_mailbox;
  }
  address.domain = *domain;
  address.needs_smtputf8 = !std::all_of(address.local.begin(), address.local.end(), is_ascii);
  if (address.local.size() + 1 + address.domain.size() > kMaxAddress) return no_mailbox;
  return address;
}

}  // namespace relance::connectors
