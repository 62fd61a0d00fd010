#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/store/id_octets.h"
#include "engine/store/lead_codec.h"
#include "engine/store/row_codec.h"
#include "rules/sha256.h"
#include "tests/engine/lead_samples.h"

using namespace relance;
using namespace relance::engine;
using tests::describe;

namespace {

std::string to_hex(std::string_view octets) {
  return rules::to_hex(std::span(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()));
}

/// The bytes that version 0.1 wrote, one row a file. RELANCE_GOLDEN=update adds files that are missing and
/// changes none: what is on disk somewhere does not change either.
std::string golden(const std::string& name, const std::string& fresh) {
  const std::string path = std::string(RELANCE_SOURCE_DIR) + "/tests/golden/store/" + name + ".hex";
  if (std::getenv("RELANCE_GOLDEN") != nullptr && !std::ifstream(path)) {
    std::ofstream(path) << to_hex(fresh) << '\n';
  }
  std::ifstream file(path);
  std::string hex;
  file >> hex;
  return to_id_octets(hex).substr(1);
}

/// A lead with every member present, written out so that the golden file never depends on a generator.
StoredLead full_lead() {
  using namespace rules;
  StoredLead stored;
  LeadState& lead = stored.state;
  lead.subject = SubjectId("00112233445566778899aabbccddeeff");
  lead.known = true;
  lead.account = AccountId("acme");
  lead.phone_unusable = true;
  lead.opted_out.insert(Channel::sms);
  lead.opted_out_of_all = true;
  lead.complained.insert(Channel::email);
  lead.complained_of_all = true;
  lead.erased = true;
  lead.non_replies = 4;
  lead.cool_down = CoolDownState{Instant{1773000000000}, PlaybookId("smb-inbound")};
  EmittedTouch& touch = lead.touches.emplace_back();
  touch.at = Instant{1772439000000};
  touch.channel = Channel::call;
  touch.playbook = PlaybookId("smb-inbound");
  touch.enrollment = 2;
  touch.step = StepId("intro-call");
  touch.action = ActionId("ffeeddccbbaa99887766554433221100");
  touch.due = Instant{1772438000000};
  touch.not_after = Instant::never();
  touch.handed_off = true;
  touch.unanswered = false;
  lead.enrollments = 2;
  lead.history.push_back({PlaybookId("no-show"), 1, Instant{1772000000000}});
  Enrollment& enrollment = lead.enrollment.emplace();
  enrollment.playbook = PlaybookId("smb-inbound");
  enrollment.revision = Revision(std::string(64, 'a'));
  enrollment.ordinal = 2;
  enrollment.enrolled_at = Instant{1772438000000};
  enrollment.triggered_at = Instant{1772437000000};
  enrollment.anchor = Instant{1772438400000};
  enrollment.window_end = Instant{1773302400000};
  enrollment.steps.push_back({StepId("intro-call"), StepStatus::emitted, 0, Instant{1772439000000}});
  enrollment.steps.push_back({StepId("value-email"), StepStatus::open, 2, std::nullopt});
  enrollment.wait_from = Instant{1772439000000};
  enrollment.ready_from = Instant{1772439000001};
  enrollment.asked = Asked{StepId("value-email"), Instant{1772611200000}, Asked::Waiting::held, Instant::never()};
  enrollment.touches = 1;
  enrollment.replies = 3;
  enrollment.sla = SlaState{Instant{1772437000000}, Instant{1772445600000}, Instant{1772443600000}};
  enrollment.exceptions = {{true}, {false}};
  enrollment.holding = 0;
  enrollment.validated_channel = Channel::task;
  enrollment.pause = Pause{true, Instant{1772500000000}, Instant{1772600000000}};
  lead.wake = Instant{1772445600000};
  stored.last_ledger_entry = 18;
  stored.address_hashes = {std::string("\x01\x02", 2), "b"};
  stored.has_vault_row = true;
  return stored;
}

rules::LeadState full_attributes() {
  using namespace rules::cel;
  rules::LeadState lead;
  rules::LeadAttributes& attributes = lead.attributes;
  attributes.set("name", "Ada Martin");
  attributes.set("score", std::int64_t{20});
  attributes.set("ratio", 20.0);
  attributes.set("debt", std::int64_t{-7});
  attributes.set("vip", true);
  attributes.set("huge", std::uint64_t{18446744073709551615U});
  attributes.set("tags", List{Value("a"), Value(), Value(List{})});
  attributes.set("company", Map{{Value("name"), Value("Acme")}, {Value("size"), Value(1.5)}});
  attributes.set("seen", Timestamp{1772439000, 5});
  attributes.set("span", TimeSpan{-3, -4});
  attributes.set("raw", Bytes{"\x01"});
  attributes.set("kind", Type{"int"});
  attributes.set("timezone", "Europe/Paris");
  lead.email = rules::Address::stored(rules::Address::Kind::email, "Ada@example.com");
  lead.phone = rules::Address::stored(rules::Address::Kind::phone, "+33612345678");
  lead.zone = rules::Zone::find("Europe/Paris");
  return lead;
}

SealedOutboxRow full_outbox_row() {
  SealedOutboxRow sealed;
  OutboxRow& row = sealed.row;
  row.kind = ActionKind::escalate;
  row.state = OutboxState::started;
  row.lead = rules::LeadId("L-1");
  row.playbook = rules::PlaybookId("smb-inbound");
  row.revision = rules::Revision(std::string(64, 'b'));
  row.step = rules::StepId("intro-call");
  row.channel = rules::Channel::call;
  row.template_name = "smb-inbound/context";
  row.reason = "the promised first touch is late";
  row.to = "manager";
  row.created = rules::Instant{1772439000000};
  row.due = rules::Instant{1772438000000};
  row.not_after = rules::Instant{1772538000000};
  row.not_before = rules::Instant{1772439500000};
  row.attempts = 2;
  row.payload = "sealed";
  sealed.subject = rules::SubjectId("00112233445566778899aabbccddeeff");
  return sealed;
}

}  // namespace

TEST_CASE("an id comes back from its octets whatever it holds") {
  CHECK(to_id_octets("00ff") == std::string("\x00\x00\xff", 3));
  CHECK(to_id_octets("00FF") ==
        "\x01"
        "00FF");
  CHECK(to_id_octets("") == "");
  CHECK(rc::check([](const std::string& id) { RC_ASSERT(from_id_octets(to_id_octets(id)) == id); }));
}

TEST_CASE("any lead state comes back from its row") {
  CHECK(rc::check([](unsigned seed) {
    std::mt19937 random(seed);
    StoredLead lead;
    lead.state = tests::random_lead(random, "L-1");
    lead.last_ledger_entry = random();
    lead.has_vault_row = random() % 2 == 0;
    lead.address_hashes.resize(random() % 3, "hash");
    LeadCodec codec;
    std::string row;
    codec.encode(lead, row);

    StoredLead read;
    read.state.id = lead.state.id;
    RC_ASSERT(codec.decode(row, read).has_value());
    std::string attributes;
    codec.encode_attributes(lead.state, attributes);
    RC_ASSERT(codec.decode_attributes(attributes, read.state).has_value());
    // A null is what removes an attribute, so no lead has one at the top level.
    RC_ASSERT(describe(read.state) == describe(lead.state));
    for (const auto& enrollment : {read.state.enrollment, read.state.interrupted}) {
      if (enrollment) RC_ASSERT(enrollment->id == rules::enrollment_id(read.state.subject, enrollment->ordinal));
    }
    RC_ASSERT(read.last_ledger_entry == lead.last_ledger_entry);
    RC_ASSERT(read.has_vault_row == lead.has_vault_row);
    RC_ASSERT(read.address_hashes == lead.address_hashes);
  }));
}

TEST_CASE("a state row holds no attribute and no address") {
  StoredLead lead = full_lead();
  lead.state.attributes.set("email", "ada@example.com");
  lead.state.attributes.set("phone", "+33612345678");
  lead.state.attributes.set("timezone", "Europe/Paris");
  rules::derive(lead.state);
  std::string with;
  LeadCodec codec;
  codec.encode(lead, with);
  std::string without;
  codec.encode(full_lead(), without);
  CHECK(with == without);
}

TEST_CASE("the row of a merged lead names the leads that live on") {
  StoredLead lead;
  lead.state.subject = rules::SubjectId("00112233445566778899aabbccddeeff");
  lead.state.merged_into = {rules::LeadId("L-2"), rules::LeadId("L-3")};
  LeadCodec codec;
  std::string row;
  codec.encode(lead, row);
  const std::string stored = golden("lead-merged-1", row);
  StoredLead read;
  REQUIRE(codec.decode(stored, read));
  CHECK(read.state.merged_into == lead.state.merged_into);
  CHECK(to_hex(row) == to_hex(stored));
}

TEST_CASE("rows that version 0.1 wrote read to the same lead, and are written as they were") {
  LeadCodec codec;
  std::string row;
  codec.encode(full_lead(), row);
  // In the first one every touch names its step itself, as those of ended enrollments still do.
  const std::string earlier = golden("lead-1", row);
  const std::string stored = golden("lead-2", row);
  for (const std::string& known : {earlier, stored}) {
    StoredLead read;
    REQUIRE(codec.decode(known, read));
    CHECK(describe(read.state) == describe(full_lead().state));
    CHECK(read.last_ledger_entry == 18);
    CHECK(read.address_hashes == full_lead().address_hashes);
    CHECK(read.has_vault_row);
  }
  CHECK(to_hex(row) == to_hex(stored));
}

TEST_CASE("touches of the running enrollment and of others are read as they were written") {
  StoredLead lead = full_lead();
  rules::EmittedTouch touch = lead.state.touches.front();
  for (const std::uint32_t enrollment : {1U, 2U, 3U}) {
    for (const char* step : {"value-email", "gone"}) {
      touch.enrollment = enrollment;
      touch.step = rules::StepId(step);
      lead.state.touches.push_back(touch);
    }
  }
  touch.enrollment = 2;
  touch.playbook = rules::PlaybookId("another");
  lead.state.touches.push_back(touch);
  LeadCodec codec;
  for (int i = 0; i < 2; ++i) {
    std::string row;
    codec.encode(lead, row);
    StoredLead read;
    REQUIRE(codec.decode(row, read));
    CHECK(describe(read.state) == describe(lead.state));
    lead.state.enrollment.reset();
  }
}

TEST_CASE("attributes that version 0.1 wrote read to the same values, and are written as they were") {
  LeadCodec codec;
  std::string row;
  codec.encode_attributes(full_attributes(), row);
  const std::string stored = golden("attributes-1", row);
  rules::LeadState read;
  REQUIRE(codec.decode_attributes(stored, read));
  CHECK(describe(read) == describe(full_attributes()));
  CHECK(to_hex(row) == to_hex(stored));
}

TEST_CASE("attributes nest as deep as intake lets them") {
  rules::cel::Value value(std::int64_t{1});
  for (int i = 0; i < 100; ++i) value = rules::cel::Value(rules::cel::Map{{rules::cel::Value("k"), value}});
  rules::LeadState lead;
  lead.attributes.set("deep", value);
  LeadCodec codec;
  std::string row;
  codec.encode_attributes(lead, row);
  rules::LeadState read;
  REQUIRE(codec.decode_attributes(row, read));
  CHECK(describe(read) == describe(lead));
}

TEST_CASE("a row of a newer encoding, an unknown number or cut bytes are refused") {
  LeadCodec codec;
  StoredLead lead;
  CHECK(codec.decode(std::string("\x08\x02", 2), lead).error().message.find("newer version") != std::string::npos);
  // encoding 1, state {touches {channel 9}}
  CHECK_FALSE(codec.decode(std::string("\x08\x01\x12\x04\x62\x02\x10\x09", 8), lead));
  CHECK(codec.decode(std::string("\x08\x01\x12\x04\x62\x02\x10\x03", 8), lead));
  CHECK_FALSE(codec.decode("", lead));
  std::string row;
  codec.encode(full_lead(), row);
  CHECK_FALSE(codec.decode(row.substr(0, row.size() - 3), lead));
}

TEST_CASE("a field that a later version added does not disturb") {
  LeadCodec codec;
  std::string row;
  codec.encode(full_lead(), row);
  row += std::string("\xC2\x3E\x01x", 4);  // field 1000, one octet
  StoredLead read;
  REQUIRE(codec.decode(row, read));
  CHECK(describe(read.state) == describe(full_lead().state));
}

TEST_CASE("an outbox row that version 0.1 wrote reads to the same row, and is written as it was") {
  const std::string row = encode_outbox(full_outbox_row());
  const std::string stored = golden("outbox-1", row);
  const auto read = decode_outbox(stored);
  REQUIRE(read);
  CHECK(to_hex(encode_outbox(*read)) == to_hex(stored));
  CHECK(to_hex(row) == to_hex(stored));
  CHECK(read->row.kind == ActionKind::escalate);
  CHECK(read->row.state == OutboxState::started);
  CHECK(read->row.lead.value == "L-1");
  CHECK(read->row.playbook.value == "smb-inbound");
  CHECK(read->row.revision.value == std::string(64, 'b'));
  CHECK(read->row.step.value == "intro-call");
  CHECK(read->row.channel == rules::Channel::call);
  CHECK(read->row.template_name == "smb-inbound/context");
  CHECK(read->row.reason == "the promised first touch is late");
  CHECK(read->row.to == "manager");
  CHECK(read->row.created == rules::Instant{1772439000000});
  CHECK(read->row.due == rules::Instant{1772438000000});
  CHECK(read->row.not_after == rules::Instant{1772538000000});
  CHECK(read->row.not_before == rules::Instant{1772439500000});
  CHECK(read->row.attempts == 2);
  CHECK(read->row.payload == "sealed");
  CHECK(read->subject.value == "00112233445566778899aabbccddeeff");
}

TEST_CASE("a parked outbox row reads to the same row") {
  SealedOutboxRow sealed = full_outbox_row();
  sealed.row.state = OutboxState::parked;
  sealed.row.may_have_happened = true;
  sealed.row.resend_on_unknown = true;
  sealed.row.parked_at = rules::Instant{1772439600000};
  sealed.row.parked_because = "smtp: no answer after the final dot";
  const std::string stored = golden("outbox-2", encode_outbox(sealed));
  const auto read = decode_outbox(stored);
  REQUIRE(read);
  CHECK(to_hex(encode_outbox(*read)) == to_hex(stored));
  CHECK(read->row.state == OutboxState::parked);
  CHECK(read->row.may_have_happened);
  CHECK(read->row.resend_on_unknown);
  CHECK(read->row.parked_at == rules::Instant{1772439600000});
  CHECK(read->row.parked_because == "smtp: no answer after the final dot");
}

TEST_CASE("an outbox row remembers that an outcome was unknown, also when somebody has decided about it") {
  SealedOutboxRow sealed = full_outbox_row();
  sealed.row.was_unknown = true;
  const auto read = decode_outbox(encode_outbox(sealed));
  REQUIRE(read);
  CHECK(read->row.was_unknown);
  CHECK_FALSE(read->row.may_have_happened);
}

TEST_CASE("an outbox row of defaults comes back") {
  const auto read = decode_outbox(encode_outbox({}));
  REQUIRE(read);
  CHECK(read->row.not_before == rules::Instant::earliest());
  CHECK(read->row.not_after == rules::Instant::never());
  CHECK(read->row.created == rules::Instant{0});
  CHECK_FALSE(read->row.channel);
  CHECK_FALSE(decode_outbox("\x08\x07"));
}

TEST_CASE("suppression, account and dead letter rows of version 0.1 read to what they were") {
  const std::string suppression =
      encode_suppression({"1a2b3c4d", "all", "opt_out", "link", rules::Instant{1772439000000}});
  const auto entry = decode_suppression(golden("suppression-1", suppression));
  REQUIRE(entry);
  CHECK(entry->key_id == "1a2b3c4d");
  CHECK(entry->scope == "all");
  CHECK(entry->cause == "opt_out");
  CHECK(entry->intake == "link");
  CHECK(entry->at == rules::Instant{1772439000000});

  const std::string account = encode_account(
      {{rules::Instant{1772439000000}, rules::Channel::social, rules::ActionId("00ff")}, {rules::Instant{0}, {}, {}}});
  const auto touches = decode_account(golden("account-1", account));
  REQUIRE(touches);
  REQUIRE(touches->size() == 2);
  CHECK(touches->at(0).at == rules::Instant{1772439000000});
  CHECK(touches->at(0).channel == rules::Channel::social);
  CHECK(touches->at(0).action.value == "00ff");
  CHECK(touches->at(1).action.empty());

  const std::string letter = encode_dead_letter({"unknown_type: x", "http", "{\xFF", rules::Instant{1772439000000}});
  const auto read = decode_dead_letter(golden("dead-letter-1", letter));
  REQUIRE(read);
  CHECK(read->reason == "unknown_type: x");
  CHECK(read->input == "http");
  CHECK(read->bytes == "{\xFF");
  CHECK(read->at == rules::Instant{1772439000000});
}
