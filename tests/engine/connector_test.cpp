#include "engine/ports/connector.h"

#include <doctest/doctest.h>

namespace relance::engine {
namespace {

Action example() {
  Action action;
  action.id = rules::ActionId("00112233445566778899aabbccddeeff");
  action.kind = ActionKind::email;
  action.lead = rules::LeadId("L-1");
  action.account = rules::AccountId("acme");
  action.owner = "rep-7";
  action.playbook = rules::PlaybookId("smb-inbound");
  action.revision = rules::Revision("abc");
  action.step = rules::StepId("context-email");
  action.channel = rules::Channel::email;
  action.created = *rules::parse_rfc3339("2026-03-02T08:10:00Z");
  action.due = *rules::parse_rfc3339("2026-03-02T08:00:00Z");
  action.not_after = *rules::parse_rfc3339("2026-03-12T08:10:00Z");
  action.contact_point = "ada@example.com";
  action.name = "Ada \"Zoë\" Martin";
  action.email = {"Votre question", "Bonjour\n", "<p>Bonjour</p>", "fr", "https://example.com/u/t"};
  return action;
}

TEST_CASE("an email action is a CloudEvent of one line with its keys in a fixed order") {
  CHECK(
      to_cloud_event(example()) ==
      R"({"specversion":"1.0","id":"00112233445566778899aabbccddeeff","source":"relance","type":"relance.action.email",)"
      R"("subject":"L-1","partitionkey":"acme","time":"2026-03-02T08:10:00.000Z","datacontenttype":"application/json",)"
      R"("data":{"lead":"L-1","account":"acme","owner":"rep-7","playbook":"smb-inbound","revision":"abc",)"
      R"("step":"context-email","attempt":1,"channel":"email","due":"2026-03-02T08:00:00.000Z",)"
      R"("not_after":"2026-03-12T08:10:00.000Z","contact_point":"ada@example.com","name":"Ada \"Zoë\" Martin",)"
      R"("subject":"Votre question","body":"Bonjour\n","html":"<p>Bonjour</p>","language":"fr",)"
      R"("unsubscribe_url":"https://example.com/u/t"}})");
}

TEST_CASE("an action read back from its CloudEvent prints the same bytes") {
  Action escalation;
  escalation.id = rules::ActionId("ff");
  escalation.kind = ActionKind::escalate;
  escalation.lead = rules::LeadId("L-2");
  escalation.not_after = rules::Instant::never();
  escalation.reason = "a \xff byte that is not UTF-8";
  escalation.to = "manager";
  escalation.cancels = rules::ActionId("ee");
  escalation.attempt = 3;
  for (const Action& action : {example(), escalation}) {
    const std::string text = to_cloud_event(action);
    CHECK(text.find('\n') == std::string::npos);
    const auto back = action_from_cloud_event(text);
    REQUIRE(back.has_value());
    CHECK(to_cloud_event(*back) == text);
    CHECK(back->kind == action.kind);
    CHECK(back->not_after == action.not_after);
    CHECK(back->attempt == action.attempt);
    CHECK(back->account == action.account);
  }
}

TEST_CASE("text that is no action is an error that does not quote it") {
  for (
      const char* text :
      {"", "[]", "{", R"({"id":"a"})",
       R"({"id":"a","type":"relance.action.fax","time":"2026-03-02T08:10:00Z","data":{}})",
       R"({"id":7,"type":"relance.action.call","time":"2026-03-02T08:10:00Z","data":{"lead":"secret"}})",
       R"({"id":"a","type":"relance.action.call","time":"yesterday","data":{"lead":"secret","attempt":1}})",
       R"({"id":"a","type":"relance.action.call","time":"2026-03-02T08:10:00Z","data":{"lead":"secret","attempt":"1"}})"}) {
    const auto action = action_from_cloud_event(text);
    REQUIRE_FALSE(action.has_value());
    CHECK(action.error().find("secret") == std::string::npos);
  }
}

TEST_CASE("every kind has a name and an event type") {
  CHECK(to_string(ActionKind::email) == "email");
  CHECK(to_string(ActionKind::cancel) == "cancel");
  CHECK(event_type(ActionKind::reschedule) == "relance.action.reschedule");
}

}  // namespace
}  // namespace relance::engine
