#include "rules/record.h"

#include <doctest/doctest.h>

#include <set>

using namespace relance::rules;

namespace {

constexpr std::size_t kRecordTypes = static_cast<std::size_t>(RecordType::playbook_rejected) + 1;

Record touch(RecordType type, std::string rule) {
  Record record;
  record.type = type;
  record.step = StepId("intro-call");
  record.channel = Channel::call;
  record.rule = std::move(rule);
  return record;
}

}  // namespace

TEST_CASE("every record type has a name of its own and a sentence without any field") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRecordTypes; ++i) {
    Record record;
    record.type = static_cast<RecordType>(i);
    names.insert(to_string(record.type));
    const std::string text = sentence(record);
    CAPTURE(text);
    REQUIRE(text.size() > 5);
    CHECK(text.back() == '.');
    CHECK(text.find("  ") == std::string::npos);
  }
  CHECK(names.size() == kRecordTypes);
  CHECK(to_string(RecordType::opt_out_effective) == "opt_out.effective");
  CHECK(to_string(RecordType::suppression_added) == "suppression.added");
}

TEST_CASE("a deferral says why and when the step is asked again") {
  Record record = touch(RecordType::touch_deferred, "contact_hours");
  record.until = Instant{1772438400000};
  CHECK(sentence(record) ==
        "Step intro-call was deferred: outside contact hours; asked again at 2026-03-02T08:00:00.000Z.");
  record.rule = "escalation";
  record.until.reset();
  CHECK(sentence(record) ==
        "Step intro-call was deferred: an exception holds the enrollment; asked again when that ends.");
}

TEST_CASE("rules with a parameter are told in words and unknown ones by their id") {
  CHECK(sentence(touch(RecordType::touch_withheld, "cap:account:any")) ==
        "Step intro-call was withheld: the cap of the account on any channel is full.");
  CHECK(sentence(touch(RecordType::touch_withheld, "cap:lead:email")) ==
        "Step intro-call was withheld: the cap of the lead on email is full.");
  CHECK(sentence(touch(RecordType::touch_withheld, "policy:fr")) ==
        "Step intro-call was withheld: the policy pack fr says so.");
  Record attempts = touch(RecordType::touch_withheld, "policy:fr");
  attempts.reason = "attempts";
  CHECK(sentence(attempts) ==
        "Step intro-call was withheld: by the policy pack fr the permitted attempts are used up.");
  CHECK(sentence(touch(RecordType::touch_skipped, "moon")) == "Step intro-call was skipped: rule moon.");
}

TEST_CASE("a touch without a step is told by its channel") {
  Record record = touch(RecordType::touch_completed, "");
  record.outcome = "voicemail";
  CHECK(sentence(record) == "Step intro-call was completed: voicemail.");
  record.step.reset();
  CHECK(sentence(record) == "A call touch was completed: voicemail.");
  record.channel = Channel::email;
  CHECK(sentence(record) == "An email touch was completed: voicemail.");
}

TEST_CASE("an exit tells its reason and an event type stands for itself") {
  Record record;
  record.type = RecordType::lead_exited;
  record.playbook = PlaybookId("smb-inbound");
  record.reason = "goal";
  CHECK(sentence(record) == "Left playbook smb-inbound: the goal is reached.");
  record.reason = "lead.lost";
  CHECK(sentence(record) == "Left playbook smb-inbound: lead.lost.");
  record.reason = "released";
  CHECK(sentence(record) == "Left playbook smb-inbound: the time that the lead had to decide has ended.");
  record.reason = "disqualified";
  record.rule = "qualification:budget";
  CHECK(sentence(record) == "Left playbook smb-inbound: the lead does not qualify: budget.");
}

TEST_CASE("an attempt names its connector and result but not the person who acted") {
  Record record = touch(RecordType::attempt_finished, "");
  record.attempt = 2;
  record.connector = "smtp";
  record.outcome = "failed";
  record.reason = "smtp 451 4.7.1";
  record.actor = "Ada Martin";
  CHECK(sentence(record) == "Attempt 2 of step intro-call of connector smtp finished: failed, smtp 451 4.7.1.");
  record.type = RecordType::attempt_started;
  record.outcome = {};
  record.reason = {};
  CHECK(sentence(record) == "Attempt 2 of step intro-call was handed to connector smtp.");
}

TEST_CASE("an opt-out names what it covers") {
  Record record;
  record.type = RecordType::opt_out_received;
  record.scope = ChannelScope::all();
  record.intake = "link";
  CHECK(sentence(record) == "An opt-out from all channels was received by link.");
  record.scope = ChannelScope::only(Channel::sms);
  record.type = RecordType::suppression_added;
  record.intake = {};
  CHECK(sentence(record) == "Added to the suppression list for sms.");
}

TEST_CASE("appending leaves what is there") {
  std::string out = "> ";
  append_sentence(out, touch(RecordType::touch_emitted, ""));
  CHECK(out == "> Step intro-call was emitted: call.");
}
