// POST /v1/halt and /v1/resume: engine/http/halt_endpoints.cpp.

#include <doctest/doctest.h>

#include "engine/http/problem.h"

namespace relance::tests {

TEST_CASE("a reason with a mail address or a phone number is seen, one with a date or a ticket is not") {
  for (const char* text : {"ada@example.com complained", "called from +33 6 12 34 56 78", "+33612345678",
                           "06.12.34.56.78", "(+1) 212-555-0100 rang"}) {
    CAPTURE(text);
    CHECK(engine::names_contact_point(text));
  }
  for (const char* text : {"wrong price in the template", "ticket 48213, since 2026-11-22",
                           "3 complaints of 812 touches", "rev 7 and 9"}) {
    CAPTURE(text);
    CHECK_FALSE(engine::names_contact_point(text));
  }
}

}  // namespace relance::tests
