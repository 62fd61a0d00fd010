#include "rules/lead_state.h"

#include <doctest/doctest.h>

using namespace relance::rules;

TEST_CASE("attributes keep the order in which they came and replace in place") {
  LeadAttributes attributes;
  attributes.set("name", "Ada");
  attributes.set("score", std::int64_t{20});
  attributes.set("name", "Ada Martin");
  REQUIRE(attributes.entries().size() == 2);
  CHECK(attributes.entries()[0].first == "name");
  CHECK(attributes.text("name") == "Ada Martin");
  CHECK(*attributes.find("score")->get<std::int64_t>() == 20);
}

TEST_CASE("a null removes an attribute and an absent one reads as empty text") {
  LeadAttributes attributes;
  attributes.set("name", "Ada");
  attributes.set("name", cel::Value());
  attributes.set("never", cel::Value());
  CHECK(attributes.entries().empty());
  CHECK(attributes.find("name") == nullptr);
  CHECK(attributes.text("name").empty());
  attributes.set("score", 1.5);
  CHECK(attributes.text("score").empty());
}

TEST_CASE("derived members follow the attributes") {
  LeadState lead;
  lead.attributes.set("email", " Ada@Example.com");
  lead.attributes.set("phone", "06 12 34 56 78");
  lead.attributes.set("country", "FR");
  lead.attributes.set("timezone", "Europe/Paris");
  derive(lead);
  CHECK(lead.email->reveal() == "Ada@example.com");
  CHECK(lead.phone->reveal() == "+33612345678");
  CHECK(lead.zone->name() == "Europe/Paris");

  lead.attributes.set("email", std::int64_t{7});
  lead.attributes.set("phone", cel::Value());
  lead.attributes.set("timezone", "Mars/Olympus");
  derive(lead);
  CHECK_FALSE(lead.email);
  CHECK_FALSE(lead.phone);
  CHECK_FALSE(lead.zone);
}
