#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "engine/store/id_octets.h"
#include "rules/sha256.h"
#include "tests/engine/store_fixture.h"

using namespace relance;
using namespace relance::engine;
using rules::Address;
using rules::ChannelScope;
using rules::LeadId;
using tests::add_lead;
using tests::contains;
using tests::files_with;
using tests::kNow;
using tests::StoreFixture;

namespace fs = std::filesystem;

namespace {

std::string hex_of(const SecretKey& key) { return rules::to_hex(key.octets()); }

}  // namespace

TEST_CASE("HMAC-SHA-256 gives the value of RFC 4231 however often it is asked") {
  // Test case 1 of the RFC has a key of 20 octets; HMAC pads keys with zeros, so 32 with zeros are the same key.
  const SecretKey key = *SecretKey::from(std::string(20, '\x0b') + std::string(12, '\0'));
  const KeyedHash hash(key);
  for (int i = 0; i < 3; ++i) {
    const std::string octets = hash("Hi There");
    CHECK(rules::to_hex(std::span(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size())) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hash("something else");
  }
}

TEST_CASE("what is sealed opens with the same key and context only, and unchanged only") {
  CHECK(rc::check([](const std::string& plain, const std::string& context, std::size_t position) {
    Sealer sealer;
    const SecretKey key = SecretKey::random();
    std::string sealed = sealer.seal(key, context, plain);
    RC_ASSERT(sealer.open(key, context, sealed) == plain);
    RC_ASSERT(sealer.seal(key, context, plain) != sealed);
    RC_ASSERT(!sealer.open(key, context + "x", sealed));
    RC_ASSERT(!sealer.open(SecretKey::random(), context, sealed));
    RC_ASSERT(!sealer.open(key, context, sealed.substr(1)));
    sealed[position % sealed.size()] = static_cast<char>(sealed[position % sealed.size()] ^ 1);
    RC_ASSERT(!sealer.open(key, context, sealed));
  }));
}

TEST_CASE("a key is told by its id and prints redacted") {
  std::ostringstream out;
  out << SecretKey::random();
  CHECK(out.str() == "<redacted>");
  CHECK(SecretKey().id() == "66687aad");  // SHA-256 of 32 zero octets
  CHECK_FALSE(SecretKey::from("short"));
}

TEST_CASE("the first opening makes the keys, for the owner alone, beside the store") {
  StoreFixture store;
  for (const char* name : {"suppression.key", "vault.key", "token.key"}) {
    struct stat status {};
    REQUIRE(::stat((store.key_dir() / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(tests::read_file(store.key_dir() / name).size() == 65);
  }
  struct stat status {};
  REQUIRE(::stat(store.key_dir().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(store->token_key().size() == 32);
  const std::string token = store->token_key();
  store.reopen();
  CHECK(store->token_key() == token);
}

TEST_CASE("a store without one of its key files is refused, and no new key is made") {
  for (const char* name : {"suppression.key", "vault.key", "token.key"}) {
    CAPTURE(name);
    StoreFixture store;
    store.close();
    fs::remove(store.key_dir() / name);
    const std::string refusal = store.refusal();
    CHECK(contains(refusal, name));
    CHECK(contains(refusal, "missing"));
    CHECK_FALSE(fs::exists(store.key_dir() / name));
  }
}

TEST_CASE("a store with another key than its own is refused by the key's id") {
  for (const char* name : {"suppression", "vault", "token"}) {
    CAPTURE(name);
    StoreFixture store;
    store.close();
    std::ofstream(store.key_dir() / (std::string(name) + ".key")) << hex_of(SecretKey::random()) << '\n';
    const std::string refusal = store.refusal();
    CHECK(contains(refusal, std::string("the ") + name + " key "));
    CHECK(contains(refusal, "restore it"));
  }
}

TEST_CASE("a key file that holds no key is refused") {
  StoreFixture store;
  store.close();
  std::ofstream(store.key_dir() / "vault.key") << "not a key\n";
  CHECK(contains(store.refusal(), "64 hexadecimal digits"));
}

TEST_CASE("after a change of the suppression key the rows of the earlier one are still found") {
  StoreFixture store;
  const Address ada = *Address::email("ada@example.com");
  store->suppress({ada, ChannelScope::all(), "opt_out", "link", kNow});
  store.commit();
  store.close();
  fs::rename(store.key_dir() / "suppression.key", store.key_dir() / "suppression-2026.key");
  std::ofstream(store.key_dir() / "suppression.key") << hex_of(SecretKey::random()) << '\n';
  store.reopen();
  CHECK(store->is_suppressed(ada, ChannelScope::all()));
  store->suppress({*Address::email("bob@example.com"), ChannelScope::all(), "opt_out", "link", kNow});
  store.commit();
  store.reopen();
  CHECK(store->is_suppressed(*Address::email("bob@example.com"), ChannelScope::all()));
  store.close();
  fs::remove(store.key_dir() / "suppression-2026.key");
  CHECK(contains(store.refusal(), "who opted out"));
}

TEST_CASE("keys may be given instead of read") {
  auto options = tests::small_options();
  options.keys = random_keys();
  StoreFixture store(options);
  add_lead(*store, "L-1", "ada@example.com");
  store.commit();
  store.reopen();
  CHECK(store->find_lead(LeadId("L-1"))->email->reveal() == "ada@example.com");
  CHECK_FALSE(fs::exists(store.key_dir()));
}

TEST_CASE("no file of the store holds an email address, a phone number or a name") {
  StoreFixture store;
  const auto fill = [&](int i) {
    const std::string id = "CRM-LEAD-" + std::to_string(i);
    rules::LeadState& lead = store->create_lead(LeadId(id));
    lead.known = true;
    lead.attributes.set("email", "ada.martin@Example.com");
    lead.attributes.set("phone", "06 12 34 56 78");
    lead.attributes.set("country", "FR");
    lead.attributes.set("name", "Ada Martin");
    lead.attributes.set("secretattribute", "street 7");
    rules::derive(lead);
    store->save_lead(lead, true);
    store->suppress({*lead.email, ChannelScope::all(), "opt_out", "link", kNow});
    store->suppress({*lead.phone, ChannelScope::all(), "opt_out", "link", kNow});
    rules::Record record;
    record.type = rules::RecordType::opt_out_effective;
    store->append({&lead, "e-1"}, {record});
    OutboxRow row;
    row.id = rules::ActionId("00ff" + std::to_string(i));
    row.lead = lead.id;
    row.payload = "To: Ada Martin <ada.martin@example.com>, +33612345678";
    store->put_outbox(row);
    store->append_dead_letter({"not_json", "http", "{\"email\":\"ada.martin@example.com\"", kNow});
    store.commit();
  };
  for (int i = 0; i < 20; ++i) fill(i);
  store.reopen();  // recovery writes table files; what follows is in the log again
  for (int i = 20; i < 40; ++i) fill(i);
  store.close();
  for (const char* needle :
       {"ada.martin", "Ada Martin", "Martin", "612345678", "12 34 56", "secretattribute", "street"}) {
    CAPTURE(needle);
    CHECK(files_with(store.directory(), needle) == 0);
  }
  CHECK(files_with(store.path(), "CRM-LEAD-3") > 0);  // the search would find something
}

TEST_CASE("after erasure and a purge neither the person's key nor their rows are left in any file") {
  StoreFixture store;
  const std::string subject = to_id_octets(add_lead(*store, "L-1", "ada@example.com").subject.value);
  store->suppress({*Address::email("ada@example.com"), ChannelScope::all(), "erasure", "agent", kNow});
  store.commit();
  std::string key;
  std::string row;
  {
    const auto database = store.raw();
    key = database->get(Family::subject_keys, subject).value_or("");
    row = database->get(Family::vault, subject + '\0').value_or("");
  }
  REQUIRE(key.size() == 61);
  REQUIRE(row.size() > 30);
  CHECK(files_with(store.path(), key) > 0);
  CHECK(files_with(store.path(), row) > 0);

  store.reopen();
  rules::LeadState& lead = *store->find_lead(LeadId("L-1"));
  lead.erased = true;
  lead.attributes.clear();
  rules::derive(lead);
  store->save_lead(lead, true);
  store.commit();
  REQUIRE(store->purge_erased());
  CHECK(store->is_suppressed(*Address::email("ada@example.com"), ChannelScope::all()));
  store.close();
  CHECK(files_with(store.path(), key) == 0);
  CHECK(files_with(store.path(), row) == 0);
  store.reopen();
  CHECK(store->is_suppressed(*Address::email("ada@example.com"), ChannelScope::all()));
}
