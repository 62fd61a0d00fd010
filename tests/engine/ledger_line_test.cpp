#include "engine/ledger/ledger_line.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "rules/cel/utf8.h"

using namespace relance;
using namespace relance::engine;

namespace {

constexpr rules::Instant kAt{1772439000000};

rules::Record full_record() {
  rules::Record record;
  record.type = rules::RecordType::touch_deferred;
  record.at = kAt;
  record.playbook = rules::PlaybookId("smb-inbound");
  record.revision = rules::Revision("ab12");
  record.enrollment = rules::EnrollmentId("cd34");
  record.step = rules::StepId("intro-call");
  record.channel = rules::Channel::call;
  record.action = rules::ActionId("ef56");
  record.rule = "contact_hours";
  record.until = rules::Instant{1772440000001};
  record.reason = "later";
  record.outcome = "none";
  record.intake = "link";
  record.steps_left = {rules::StepId("a"), rules::StepId("b")};
  record.local_time = "2026-03-02T09:10 Europe/Paris";
  record.attempt = 1;
  record.connector = "smtp";
  record.provider_id = "q-1";
  record.actor = "rep-7";
  return record;
}

std::string line(const rules::Record& record, const LineContext& context) {
  std::string out;
  append_ledger_line(out, record, context);
  return out;
}

}  // namespace

TEST_CASE("a full record prints every field in the contract's order") {
  CHECK(
      line(full_record(), {17, "5ub", "L-1", "acme", "e-17"}) ==
      R"({"seq":17,"at":"2026-03-02T08:10:00.000Z","type":"touch.deferred","lead":"L-1","subject":"5ub",)"
      R"("account":"acme","playbook":"smb-inbound","revision":"ab12","enrollment":"cd34","step":"intro-call",)"
      R"("channel":"call","action":"ef56","rule":"contact_hours","until":"2026-03-02T08:26:40.001Z","reason":"later",)"
      R"("text":"Step intro-call was deferred: outside contact hours; asked again at 2026-03-02T08:26:40.001Z.",)"
      R"("cause":"e-17","outcome":"none","intake":"link","steps_left":["a","b"],)"
      R"("local_time":"2026-03-02T09:10 Europe/Paris","attempt":1,"connector":"smtp","provider_id":"q-1",)"
      R"("actor":"rep-7"})");
}

TEST_CASE("absent is absent: a bare record has four fields") {
  rules::Record record;
  record.type = rules::RecordType::cool_down_ended;
  record.at = kAt;
  CHECK(line(record, {}) ==
        R"({"seq":0,"at":"2026-03-02T08:10:00.000Z","type":"cool_down.ended","text":"The cool-down has ended."})");
}

TEST_CASE("the scope of an opt-out prints as its channel") {
  rules::Record record;
  record.type = rules::RecordType::opt_out_effective;
  record.scope = rules::ChannelScope::all();
  CHECK(nlohmann::json::parse(line(record, {}))["channel"] == "all");
  record.scope = rules::ChannelScope::only(rules::Channel::sms);
  CHECK(nlohmann::json::parse(line(record, {}))["channel"] == "sms");
}

TEST_CASE("steps left print as soon as they are set, also when there are none") {
  rules::Record record;
  record.type = rules::RecordType::lead_exited;
  CHECK_FALSE(nlohmann::json::parse(line(record, {})).contains("steps_left"));
  record.steps_left.emplace();
  CHECK(nlohmann::json::parse(line(record, {}))["steps_left"] == nlohmann::json::array());
}

TEST_CASE("texts are escaped wherever they stand, in the sentence too") {
  rules::Record record;
  record.type = rules::RecordType::touch_emitted;
  record.step = rules::StepId("a\"b\\c\n\t\r\x01\x7F é 😀");
  const auto parsed = nlohmann::json::parse(line(record, {0, "", "L\"1", "", "\xFF"}));
  CHECK(parsed["step"] == record.step->value.view());
  CHECK(parsed["text"] == "Step " + record.step->value + " was emitted.");
  CHECK(parsed["lead"] == "L\"1");
  CHECK(parsed["cause"] == "\xEF\xBF\xBD");
}

TEST_CASE("any octets make one line of valid JSON, and UTF-8 comes back as it was") {
  CHECK(rc::check([](const std::string& text) {
    rules::Record record;
    record.type = rules::RecordType::lead_exited;
    record.steps_left = {rules::StepId(text)};
    record.reason = text;
    const std::string printed = line(record, {1, "s", text, text, text});
    RC_ASSERT(printed.find('\n') == std::string::npos);
    const auto parsed = nlohmann::json::parse(printed);
    if (rules::cel::find_invalid_utf8(text) != std::string::npos) return;
    RC_ASSERT(parsed["steps_left"][0].get<std::string>() == text);
    if (!text.empty()) RC_ASSERT(parsed["reason"].get<std::string>() == text);
    if (!text.empty()) RC_ASSERT(parsed["lead"].get<std::string>() == text);
  }));
}

TEST_CASE("a stored line takes the lead where a fresh one would have it") {
  CHECK(rc::check([](const std::string& lead, const std::string& account) {
    const rules::Record record = full_record();
    RC_ASSERT(with_lead(line(record, {7, "5ub", "", account, "e"}), lead) ==
              line(record, {7, "5ub", lead, account, "e"}));
    RC_ASSERT(with_lead(line(record, {7, "", "", account, "e"}), lead) == line(record, {7, "", lead, account, "e"}));
  }));
}

TEST_CASE("a line tells its subject") {
  CHECK(subject_of(line(full_record(), {7, "5ub", "", "acme", "e"})) == "5ub");
  CHECK(subject_of(line(full_record(), {7, "5ub", "L-1", "acme", "e"})).empty());  // only stored lines are asked
  CHECK(subject_of(line(full_record(), {7, "", "", "acme", "e"})).empty());
  CHECK(subject_of("") == "");
  CHECK(subject_of("{\"type\":\"").empty());
}
