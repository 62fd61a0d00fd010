#include "rules/address.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "rules/ascii.h"

namespace relance::rules {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr const char* kNoRegion = "ZZ";  // libphonenumber: only numbers that begin with "+" can be read

std::string region_code(std::string_view country) {
  const std::string_view code = trimmed(country, kBlanks);
  if (code.size() != 2 || !is_letter(code[0]) || !is_letter(code[1])) return kNoRegion;
  return {upper(code[0]), upper(code[1])};
}

/// In these plans no national number begins with the national prefix, so a "+" number of the right length is E.164
/// already. libphonenumber says the same of it, fifty times slower; address_test.cpp compares the two.
struct NumberingPlan {
  std::string_view code;
  std::size_t digits;  // of a national number
  char lowest;         // first digit of one
};
constexpr std::array<NumberingPlan, 4> kPlainPlans{
    {{"+33", 9, '1'}, {"+44", 10, '1'}, {"+1", 10, '2'}, {"+49", 11, '1'}}};

bool is_plain_e164(std::string_view text) {
  for (const NumberingPlan& plan : kPlainPlans) {
    if (!text.starts_with(plan.code)) continue;
    const std::string_view national = text.substr(plan.code.size());
    return national.size() == plan.digits && national.front() >= plan.lowest &&
           std::all_of(national.begin(), national.end(), is_digit);
  }
  return false;
}

/// What two spellings of a number that nobody can read still share. Text without any digit stays as it is: "n/a" and
/// "unknown" are not the same person.
std::string digits_only(std::string_view text) {
  std::string digits;
  if (text.front() == '+') digits += '+';
  for (const char c : text) {
    if (is_digit(c)) digits += c;
  }
  return digits.empty() || digits == "+" ? std::string(text) : digits;
}

}  // namespace

std::optional<Address> Address::email(std::string_view raw) {
  const std::string_view text = trimmed(raw, kBlanks);
  if (text.empty()) return std::nullopt;
  const std::size_t at = text.rfind('@');  // a quoted local part may hold one, a domain cannot
  if (at == std::string_view::npos) return Address(Kind::email, std::string(text));

  std::string normalised(trimmed(text.substr(0, at)));
  normalised += '@';
  for (const char c : trimmed(text.substr(at + 1), kBlanks)) normalised += lower(c);
  return Address(Kind::email, std::move(normalised));
}

std::optional<Address> Address::phone(std::string_view raw, std::string_view country) {
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;

  const std::string_view text = trimmed(raw, kBlanks);
  if (text.empty()) return std::nullopt;
  if (is_plain_e164(text)) return Address(Kind::phone, std::string(text));
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  const auto parses = [&](const std::string& written) {
    return library.Parse(written, region_code(country), &number) == PhoneNumberUtil::NO_PARSING_ERROR;
  };
  const bool international = text.starts_with("00");
  if (!parses(std::string(text)) && !(international && parses("+" + std::string(text.substr(2))))) {
    return Address(Kind::phone, digits_only(text));
  }
  std::string normalised;
  library.Format(number, PhoneNumberUtil::E164, &normalised);
  return Address(Kind::phone, std::move(normalised));
}

bool Address::is_comparable() const {
  if (kind_ == Kind::phone) {
    return normalised_.size() > 1 && normalised_.front() == '+' &&
           std::all_of(normalised_.begin() + 1, normalised_.end(), is_digit);
  }
  const std::size_t at = normalised_.rfind('@');
  if (at == std::string::npos || at == 0 || at + 1 == normalised_.size()) return false;
  return normalised_.find_first_of(" \t\r\n<>,;:") == std::string::npos;
}

std::string known_country(std::string_view text) {
  static const auto* const kRegions = [] {
    auto* regions = new std::set<std::string>;
    i18n::phonenumbers::PhoneNumberUtil::GetInstance()->GetSupportedRegions(regions);
    return regions;
  }();
  const std::string code = region_code(text);
  if (code == "UK") return "GB";
  return kRegions->contains(code) ? code : std::string();
}

std::optional<Address::Kind> address_kind(Channel channel) {
  switch (channel) {
    case Channel::email:
      return Address::Kind::email;
    case Channel::call:
    case Channel::sms:
      return Address::Kind::phone;
    case Channel::social:
    case Channel::task:
    case Channel::meeting:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace relance::rules
