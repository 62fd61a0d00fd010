#include "rules/address.h"

#include <doctest/doctest.h>

#include <sstream>

#include "rules/lead_state.h"

using namespace relance::rules;

namespace {

std::string email(std::string_view raw) {
  const auto address = Address::email(raw);
  return address ? address->reveal() : "absent";
}
std::string phone(std::string_view raw, std::string_view country) {
  const auto address = Address::phone(raw, country);
  return address ? address->reveal() : "absent";
}

}  // namespace

TEST_CASE("an email keeps the case of its local part and loses that of its domain") {
  CHECK(email("Ada.Martin@Example.COM") == "Ada.Martin@example.com");
  CHECK(email("\"a@B\"@Example.com") == "\"a@B\"@example.com");
}

TEST_CASE("an email loses the blanks around it and around its two parts") {
  CHECK(email(" \tada@example.com\r\n") == "ada@example.com");
  CHECK(email("ada @ example.com") == "ada@example.com");
}

TEST_CASE("blank text is no address") {
  CHECK(email("") == "absent");
  CHECK(email(" \t\n") == "absent");
  CHECK(phone("", "FR") == "absent");
  CHECK(phone("  ", "") == "absent");
}

TEST_CASE("an email that no server would take has an address all the same") {
  CHECK(email(" Ada Martin ") == "Ada Martin");
  CHECK(email("@") == "@");
  CHECK(email("é@EXAMPLE.com") == "é@example.com");
}

TEST_CASE("all spellings of a phone number are one address") {
  for (const char* raw : {"+33612345678", "+33 6 12 34 56 78", "06 12 34 56 78", "0033 6 12 34 56 78", "06.12.34.56.78",
                          "+33 (0)6 12-34-56-78", " 0612345678\n", "tel:+33-6-12-34-56-78"}) {
    CAPTURE(raw);
    CHECK(phone(raw, "FR") == "+33612345678");
  }
}

TEST_CASE("a country is read in any case and an international number needs none") {
  CHECK(phone("0612345678", "fr") == "+33612345678");
  CHECK(phone("+33612345678", "") == "+33612345678");
  CHECK(phone("+33612345678", "US") == "+33612345678");
  CHECK(phone("(415) 555-2671", "US") == "+14155552671");
  CHECK(phone("020 7946 0018", "GB") == "+442079460018");
  CHECK(phone("06 6982 1234", "IT") == "+390669821234");  // Italy keeps its zero
}

TEST_CASE("an address is comparable when everybody writes it the same") {
  const auto phone = [](std::string_view text, std::string_view country) {
    return Address::phone(text, country)->is_comparable();
  };
  CHECK(phone("+33 6 12 34 56 78", ""));
  CHECK(phone("0612345678", "FR"));
  CHECK(phone("0033612345678", ""));
  CHECK(Address::phone("0033612345678", "") == Address::phone("+33612345678", ""));
  CHECK_FALSE(phone("0612345678", ""));
  CHECK_FALSE(phone("0612345678", "France"));
  CHECK_FALSE(phone("33612345678", ""));
  CHECK_FALSE(phone("call me", ""));
  const auto email = [](std::string_view text) { return Address::email(text)->is_comparable(); };
  CHECK(email(" ada@Example.com "));
  CHECK_FALSE(email("ada"));
  CHECK_FALSE(email("@example.com"));
  CHECK_FALSE(email("Ada <ada@example.com>"));
  CHECK_FALSE(email("ada@example.com, bob@example.com"));
}

TEST_CASE("a number that cannot be read keeps its digits") {
  CHECK(phone("06 12 34 56 78", "") == "0612345678");
  CHECK(phone("06 12 34 56 78", "Narnia") == "0612345678");
  CHECK(phone("06 12 34 56 78", "XX") == "0612345678");
  CHECK(phone("+999 1 23", "FR") == "+999123");
  CHECK(phone("1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3", "FR") == "12345678901234567890123");
}

TEST_CASE("texts without a digit are different addresses") {
  CHECK(phone("n/a", "FR") == "n/a");
  CHECK(phone(" + ", "FR") == "+");
  CHECK(Address::phone("n/a", "FR") != Address::phone("unknown", "FR"));
}

TEST_CASE("normalising twice changes nothing") {
  for (const char* raw : {" Ada @Example.COM ", "@", "a@b@ C", "x"}) CHECK(email(email(raw)) == email(raw));
  for (const char* raw : {"06 12 34 56 78", "+999 1 23", "n/a", "+1 (415) 555-2671"}) {
    CHECK(phone(phone(raw, "FR"), "FR") == phone(raw, "FR"));
  }
}

TEST_CASE("a number that is E.164 already is read like one that is written with a blank") {
  struct Plan {
    std::string code;
    std::uint64_t lowest;
    std::uint64_t highest;
  };
  for (const Plan& plan : {Plan{"+33", 100'000'000, 999'999'999}, Plan{"+44", 1'000'000'000, 9'999'999'999},
                           Plan{"+1", 2'000'000'000, 9'999'999'999}, Plan{"+49", 10'000'000'000, 99'999'999'999}}) {
    const std::uint64_t step = (plan.highest - plan.lowest) / 2003;
    for (std::uint64_t number = plan.lowest; number <= plan.highest; number += step) {
      const std::string national = std::to_string(number);
      CHECK(phone(plan.code + national, "") == phone(plan.code + " " + national, ""));
    }
  }
}

TEST_CASE("an address prints redacted") {
  std::ostringstream out;
  out << *Address::email("ada@example.com") << *Address::phone("+33612345678", "");
  CHECK(out.str() == "<redacted><redacted>");
}

TEST_CASE("an email and a phone with the same text are different addresses") {
  CHECK(Address::stored(Address::Kind::email, "x") != Address::stored(Address::Kind::phone, "x"));
}

TEST_CASE("email needs an email address, call and sms a phone, the others none") {
  CHECK(address_kind(Channel::email) == Address::Kind::email);
  CHECK(address_kind(Channel::call) == Address::Kind::phone);
  CHECK(address_kind(Channel::sms) == Address::Kind::phone);
  CHECK_FALSE(address_kind(Channel::social));
  CHECK_FALSE(address_kind(Channel::task));
  CHECK_FALSE(address_kind(Channel::meeting));
}
