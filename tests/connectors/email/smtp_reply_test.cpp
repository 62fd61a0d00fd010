#include "connectors/email/smtp_reply.h"

#include <doctest/doctest.h>

namespace relance::connectors {
namespace {

using Kind = engine::AttemptResult::Kind;

engine::AttemptResult answer(SmtpPhase phase, std::string_view line) {
  const auto reply = parse_last_line(line);
  REQUIRE(reply.has_value());
  return attempt_result(phase, *reply, "connection lost");
}

TEST_CASE("only the last line of a reply counts") {
  CHECK_FALSE(parse_last_line("250-SIZE 1000\r\n"));
  CHECK_FALSE(parse_last_line("hello"));
  CHECK_FALSE(parse_last_line(""));
  CHECK(parse_last_line("250\r\n")->code == 250);
  CHECK(parse_last_line("250 OK id=1\r\n")->text == "OK id=1");
}

TEST_CASE("enhanced codes are read only where they are") {
  CHECK(enhanced_code("5.1.1 No such user") == "5.1.1");
  CHECK(enhanced_code("5.1.10") == "5.1.10");
  for (const char* text :
       {"No such user", "5.1", "5.1.1.1 x", "5..1 x", "7.1.1 x", "5.1111.1 x", "127.0.0.1 is listed"}) {
    CHECK(enhanced_code(text).empty());
  }
}

TEST_CASE("2yz after the final dot is accepted, with the id of the queue") {
  const auto exim = answer(SmtpPhase::end_of_data, "250 OK id=1tq8Xy-0001-AB\r\n");
  CHECK(exim.kind == Kind::accepted);
  CHECK(exim.outcome == "sent");
  CHECK(exim.provider_id == "1tq8Xy-0001-AB");
  CHECK(answer(SmtpPhase::end_of_data, "250 2.0.0 Ok: queued as 4F3aB").provider_id == "4F3aB");
  CHECK(answer(SmtpPhase::end_of_data, "250 Ok 0102018f-7e-000000").provider_id == "0102018f-7e-000000");
  CHECK(answer(SmtpPhase::end_of_data, "250 Ok thanks").provider_id.empty());
  CHECK(answer(SmtpPhase::end_of_data, "250 id=ada@example.com").provider_id.empty());
}

TEST_CASE("4yz means again later, in every phase") {
  for (const SmtpPhase phase :
       {SmtpPhase::connect, SmtpPhase::mail, SmtpPhase::recipient, SmtpPhase::data, SmtpPhase::end_of_data}) {
    const auto result = answer(phase, "451 4.7.1 Greylisted ada@example.com");
    CHECK(result.kind == Kind::retry);
    CHECK(result.reason == "smtp 451 4.7.1 at " + std::string(to_string(phase)));
    CHECK_FALSE(result.hard_bounce);
  }
}

TEST_CASE("5yz is final, and a hard bounce only when the recipient's address is at fault") {
  struct Case {
    SmtpPhase phase;
    const char* line;
    bool hard;
    bool soft;
  };
  for (const Case& one :
       {Case{SmtpPhase::recipient, "550 5.1.1 No such user", true, false},
        Case{SmtpPhase::recipient, "550 5.1.10 Null MX", true, false},
        Case{SmtpPhase::recipient, "550 no such user", true, false},
        Case{SmtpPhase::recipient, "553 5.1.2 bad host", true, false},
        Case{SmtpPhase::recipient, "550 5.1.8 bad sender host", false, false},
        Case{SmtpPhase::recipient, "553 5.1.7 bad sender", false, false},
        Case{SmtpPhase::recipient, "550 5.7.1 policy", false, false},
        Case{SmtpPhase::recipient, "554 no", false, false}, Case{SmtpPhase::recipient, "552 5.2.2 full", false, true},
        Case{SmtpPhase::recipient, "552 mailbox full", false, true},
        Case{SmtpPhase::mail, "550 5.1.1 no", false, false}, Case{SmtpPhase::mail, "550 no", false, false},
        Case{SmtpPhase::data, "554 no valid recipients", false, false},
        Case{SmtpPhase::end_of_data, "550 5.1.1 No such user", true, false},
        Case{SmtpPhase::end_of_data, "550 spam", false, false},
        Case{SmtpPhase::end_of_data, "552 too large", false, false}}) {
    CAPTURE(one.line);
    const auto result = answer(one.phase, one.line);
    CHECK(result.kind == Kind::rejected);
    CHECK(result.hard_bounce == one.hard);
    CHECK(result.soft_bounce == one.soft);
  }
}

TEST_CASE("what an operator repairs never costs a touch") {
  CHECK(answer(SmtpPhase::connect, "554 no service").kind == Kind::retry);
  CHECK(answer(SmtpPhase::connect, "535 5.7.8 bad credentials").kind == Kind::retry);
  CHECK(answer(SmtpPhase::mail, "530 5.7.0 authentication required").kind == Kind::retry);
}

TEST_CASE("no answer after the final dot leaves the outcome unknown, before it nothing happened") {
  CHECK(attempt_result(SmtpPhase::end_of_data, {}, "timeout").kind == Kind::outcome_unknown);
  CHECK(attempt_result(SmtpPhase::end_of_data, {}, "timeout").reason == "smtp timeout at end of data");
  for (const SmtpPhase phase : {SmtpPhase::connect, SmtpPhase::mail, SmtpPhase::recipient, SmtpPhase::data}) {
    CHECK(attempt_result(phase, {}, "connection lost").kind == Kind::retry);
  }
}

}  // namespace
}  // namespace relance::connectors
