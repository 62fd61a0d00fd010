#include <doctest/doctest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <fstream>

#include "engine/store/id_octets.h"
#include "engine/store/row_keys.h"
#include "rules/sha256.h"
#include "tests/engine/lead_samples.h"
#include "tests/engine/store_fixture.h"

using namespace relance;
using namespace relance::engine;
using rules::Address;
using rules::Channel;
using rules::ChannelScope;
using rules::Instant;
using rules::LeadId;
using tests::add_lead;
using tests::contains;
using tests::describe;
using tests::kNow;
using tests::StoreFixture;

namespace fs = std::filesystem;

namespace {

rules::Record record(rules::RecordType type) {
  rules::Record made;
  made.type = type;
  made.at = kNow;
  return made;
}

}  // namespace

// ---- leads ----

TEST_CASE("a lead is as it was saved before and after the commit and in the next process") {
  StoreFixture store;
  std::mt19937 random(7);
  rules::LeadState sample = tests::random_lead(random, "L-1");
  rules::LeadState& lead = store->create_lead(LeadId("L-1"));
  CHECK(lead.subject.value.size() == 32);
  sample.subject = lead.subject;
  lead = sample;
  store->save_lead(lead, true);
  CHECK(store->find_lead(LeadId("L-1")) == &lead);
  store.commit();
  CHECK(describe(*store->find_lead(LeadId("L-1"))) == describe(sample));
  store.reopen();
  CHECK(describe(*store->find_lead(LeadId("L-1"))) == describe(sample));
  CHECK(store->find_lead(LeadId("L-2")) == nullptr);
}

TEST_CASE("what was not committed is gone after a crash") {
  StoreFixture store;
  add_lead(*store, "L-1", "ada@example.com");
  store.commit();
  add_lead(*store, "L-2", "bob@example.com").wake = kNow;
  store->find_lead(LeadId("L-1"))->non_replies = 9;
  store->save_lead(*store->find_lead(LeadId("L-1")), false);
  store->append({nullptr, "operator"}, {record(rules::RecordType::playbook_published)});
  store.reopen();
  CHECK(store->find_lead(LeadId("L-2")) == nullptr);
  CHECK(store->find_lead(LeadId("L-1"))->non_replies == 0);
  CHECK_FALSE(store->next_wake());
  CHECK(store->next_seq() == 0);
}

TEST_CASE("pointers to leads stay valid until the next commit, however many leads are touched") {
  StoreFixture store;
  std::vector<rules::LeadState*> leads;
  for (int i = 0; i < 50; ++i) leads.push_back(&add_lead(*store, "L-" + std::to_string(i), "x@example.com"));
  for (int i = 0; i < 50; ++i) {
    const auto index = static_cast<std::size_t>(i);
    CHECK(store->find_lead(LeadId("L-" + std::to_string(i))) == leads[index]);
  }
}

TEST_CASE("a state that the store did not hand out is refused") {
  StoreFixture store;
  add_lead(*store, "L-1", "ada@example.com");
  rules::LeadState copy = *store->find_lead(LeadId("L-1"));
  CHECK_THROWS_AS(store->save_lead(copy, false), std::logic_error);
}

TEST_CASE("every person gets a random subject of their own, or the one that the options make") {
  StoreFixture store;
  const auto first = store->create_lead(LeadId("L-1")).subject;
  const auto second = store->create_lead(LeadId("L-2")).subject;
  CHECK(first != second);
  auto options = tests::small_options();
  options.make_subject = [](const LeadId& lead) { return rules::SubjectId("s-" + lead.value); };
  StoreFixture made(options);
  CHECK(made->create_lead(LeadId("L-1")).subject.value == "s-L-1");
}

TEST_CASE("carriers of an address follow the attributes, staged or not") {
  StoreFixture store;
  const Address ada = *Address::email("ada@example.com");
  add_lead(*store, "L-2", "ada@example.com");
  add_lead(*store, "L-1", "ada@EXAMPLE.com");
  add_lead(*store, "L-3", "bob@example.com");
  const std::vector<LeadId> both{LeadId("L-1"), LeadId("L-2")};
  CHECK(store->carriers(ada) == both);
  store.commit();
  store.reopen();
  CHECK(store->carriers(ada) == both);
  rules::LeadState& lead = *store->find_lead(LeadId("L-1"));
  lead.attributes.set("email", "eve@example.com");
  rules::derive(lead);
  store->save_lead(lead, true);
  CHECK(store->carriers(ada) == std::vector{LeadId("L-2")});
  CHECK(store->carriers(*Address::email("eve@example.com")) == std::vector{LeadId("L-1")});
  store.commit();
  CHECK(store->carriers(ada) == std::vector{LeadId("L-2")});
  CHECK(store->carriers(Address::stored(Address::Kind::phone, "ada@example.com")).empty());
}

// ---- wakes ----

TEST_CASE("wakes come in order of instant and lead, across pages, commits and restarts") {
  StoreFixture store;
  for (int i = 0; i < 20; ++i) {
    rules::LeadState& lead = store->create_lead(LeadId("L-" + std::to_string(i)));
    lead.wake = Instant{(i * 7) % 10 - 5};  // before the epoch too, and pairs at one instant
    store->save_lead(lead, false);
    if (i % 6 == 5) store.commit();
    if (i == 11) store.reopen();
  }
  // 12 is where the crash dropped nothing: everything up to 11 was committed.
  std::vector<Wake> order;
  while (const auto wake = store->next_wake()) {
    order.push_back(*wake);
    rules::LeadState& lead = *store->find_lead(wake->lead);
    CHECK(lead.wake == wake->at);
    lead.wake = Instant::never();
    store->save_lead(lead, false);
    if (order.size() % 3 == 0) store.commit();
  }
  CHECK(order.size() == 20);
  CHECK(std::is_sorted(order.begin(), order.end()));
  store.commit();
  store.reopen();
  CHECK_FALSE(store->next_wake());
}

TEST_CASE("a wake that moves is asked for once, at its last instant") {
  StoreFixture store;
  rules::LeadState& lead = add_lead(*store, "L-1", "ada@example.com");
  for (const std::int64_t ms : {50, 10, 90, 30}) {
    lead.wake = Instant{ms};
    store->save_lead(lead, false);
    CHECK(store->next_wake() == Wake{Instant{ms}, LeadId("L-1")});
  }
  store.commit();
  store.reopen();
  CHECK(store->next_wake() == Wake{Instant{30}, LeadId("L-1")});
}

TEST_CASE("rows of wakes that leads have no more are passed over, and leave the disk when files are compacted") {
  StoreFixture store;
  for (int i = 0; i < 20; ++i) add_lead(*store, "L-" + std::to_string(i), "").wake = Instant{i * 10};
  for (int i = 0; i < 20; ++i) store->save_lead(*store->find_lead(LeadId("L-" + std::to_string(i))), false);
  store.commit();
  // Some are done, one moves ahead of all, another away.
  for (int i = 0; i < 15; ++i) {
    rules::LeadState& lead = *store->find_lead(LeadId("L-" + std::to_string(i)));
    lead.wake = i == 3 ? Instant{-7} : i == 4 ? Instant{400} : Instant::never();
    store->save_lead(lead, false);
  }
  store.commit();
  store.reopen();
  CHECK(store->next_wake() == Wake{Instant{-7}, LeadId("L-3")});
  rules::LeadState& first = *store->find_lead(LeadId("L-3"));
  first.wake = Instant::never();
  store->save_lead(first, false);
  store.commit();
  CHECK(store->next_wake() == Wake{Instant{150}, LeadId("L-15")});
  store.commit();
  store.reopen();
  CHECK(store->next_wake() == Wake{Instant{150}, LeadId("L-15")});
  store.close();

  auto cutoffs = std::make_shared<Cutoffs>();
  cutoffs->wakes = 150;
  auto database = RocksDatabase::open(store.path(), *tests::small_options().memory, cutoffs);
  REQUIRE(database);
  REQUIRE((*database)->rewrite(Family::wakes));
  int left = 0;
  (*database)->scan(Family::wakes, {}, [&](std::string_view, std::string_view) { return ++left > 0; });
  CHECK(left == 6);  // of L-15 to L-19, and the later one of L-4
}

// ---- suppression, deduplication, caps ----

TEST_CASE("a suppression holds for exactly its address and scope, for ever") {
  StoreFixture store;
  const Address ada = *Address::email("ada@example.com");
  CHECK_FALSE(store->is_suppressed(ada, ChannelScope::all()));
  store->suppress({ada, ChannelScope::only(Channel::email), "opt_out", "link", kNow});
  CHECK(store->is_suppressed(ada, ChannelScope::only(Channel::email)));
  store.commit();
  store.reopen();
  const auto cause = store->suppression_cause(ada, ChannelScope::only(Channel::email));
  REQUIRE(cause.has_value());
  CHECK(cause->cause == "opt_out");
  CHECK(cause->intake == "link");
  CHECK((cause->at == kNow));
  CHECK_FALSE(store->suppression_cause(ada, ChannelScope::all()).has_value());
  CHECK(store->is_suppressed(ada, ChannelScope::only(Channel::email)));
  CHECK_FALSE(store->is_suppressed(ada, ChannelScope::only(Channel::sms)));
  CHECK_FALSE(store->is_suppressed(ada, ChannelScope::all()));
  CHECK_FALSE(store->is_suppressed(*Address::email("bob@example.com"), ChannelScope::only(Channel::email)));
}

TEST_CASE("an event is new once within the horizon, and again after it") {
  auto options = tests::small_options();
  options.dedup_horizon = rules::Duration{1000};
  StoreFixture store(options);
  CHECK(store->first_sight("crm", "e-1", Instant{5000}));
  CHECK_FALSE(store->first_sight("crm", "e-1", Instant{5000}));
  CHECK(store->first_sight("crm", "e-2", Instant{5000}));
  CHECK(store->first_sight("crme", "-1", Instant{5000}));
  store.commit();
  store.reopen();
  CHECK_FALSE(store->first_sight("crm", "e-1", Instant{6000}));
  CHECK(store->first_sight("crm", "e-1", Instant{6001}));
  CHECK_FALSE(store->first_sight("crm", "e-1", Instant{6002}));
}

TEST_CASE("expired deduplication entries leave the disk when files are compacted") {
  auto options = tests::small_options();
  options.dedup_horizon = rules::Duration{1000};
  StoreFixture store(options);
  for (int i = 0; i < 100; ++i) store->first_sight("crm", std::to_string(i), Instant{i < 50 ? 0 : 5000});
  store.commit();
  store.close();
  // The raw database gets the cutoff that the store would have set at the instant 5500.
  auto cutoffs = std::make_shared<Cutoffs>();
  cutoffs->seen = 4500;
  auto database = RocksDatabase::open(store.path(), *options.memory, cutoffs);
  REQUIRE(database);
  REQUIRE((*database)->rewrite(Family::seen));
  int left = 0;
  (*database)->scan(Family::seen, {}, [&](std::string_view, std::string_view) { return ++left > 0; });
  CHECK(left == 50);
}

TEST_CASE("account touches are kept in order, pruned, taken back and remembered") {
  StoreFixture store;
  const rules::AccountId acme("acme");
  const auto touch = [](std::int64_t at, const char* action) {
    return rules::AccountTouch{Instant{at}, Channel::email, rules::ActionId(action)};
  };
  CHECK(store->account_touches(acme).empty());
  store->add_account_touch(acme, touch(10, "aa"), Instant{0});
  store->add_account_touch(acme, touch(20, "bb"), Instant{0});
  store->add_account_touch(acme, touch(30, "cc"), Instant{20});
  CHECK(store->account_touches(acme).size() == 2);
  store->remove_account_touch(acme, rules::ActionId("bb"));
  store.commit();
  store.reopen();
  REQUIRE(store->account_touches(acme).size() == 1);
  CHECK(store->account_touches(acme)[0].at == Instant{30});
  CHECK(store->account_touches(acme)[0].action.value == "cc");
  store->remove_account_touch(acme, rules::ActionId("cc"));
  store.commit();
  store.reopen();
  CHECK(store->account_touches(acme).empty());
}

// ---- ledger ----

TEST_CASE("the ledger numbers its lines without gaps and gives each lead its own timeline") {
  StoreFixture store;
  rules::LeadState& lead = add_lead(*store, "L-1", "ada@example.com");
  const std::string subject(lead.subject.value);
  lead.account = rules::AccountId("acme");
  const auto emitted = record(rules::RecordType::touch_emitted);
  const auto met = record(rules::RecordType::sla_met);
  store->append({&lead, "e-1"}, {record(rules::RecordType::lead_enrolled), emitted});
  store->append({nullptr, "operator"}, {record(rules::RecordType::playbook_published)});
  store->append({&lead, "e-2"}, {});
  store->append({&lead, "timer"}, {met});
  CHECK(store->ledger_lines(0, 10).empty());  // committed lines only
  CHECK(store->timeline(LeadId("L-1"), 10).size() == 3);
  store.commit();
  store.reopen();
  store->append({&add_lead(*store, "L-2", "bob@example.com"), "e-3"}, {emitted});
  store->append({store->find_lead(LeadId("L-1")), "e-4"}, {emitted, met, emitted});
  store.commit();

  const auto lines = store->ledger_lines(0, 100);
  REQUIRE(lines.size() == 8);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(lines[i].first == i);
    CHECK(contains(lines[i].second, "{\"seq\":" + std::to_string(i) + ","));
    CHECK_FALSE(contains(lines[i].second, "\"lead\":"));
  }
  CHECK(contains(lines[0].second, "\"subject\":\"" + subject + "\",\"account\":\"acme\""));
  CHECK(contains(lines[0].second, "\"cause\":\"e-1\""));
  CHECK_FALSE(contains(lines[2].second, "subject"));
  CHECK(store->ledger_lines(6, 1) == std::vector{lines[6]});  // inside an entry
  CHECK(store->ledger_lines(8, 10).empty());

  const std::vector<std::string> all{lines[0].second, lines[1].second, lines[3].second,
                                     lines[5].second, lines[6].second, lines[7].second};
  CHECK(store->timeline(LeadId("L-1"), 100) == all);
  CHECK(store->timeline(LeadId("L-1"), 2) == std::vector(all.end() - 2, all.end()));
  CHECK(store->timeline(LeadId("L-9"), 100).empty());
}

TEST_CASE("a subject is resolved to its lead until it is erased, and again when the person comes back") {
  StoreFixture store;
  const rules::SubjectId subject = add_lead(*store, "L-1", "ada@example.com").subject;
  CHECK(store->resolve_subject(subject) == LeadId("L-1"));
  store.commit();
  store.reopen();
  CHECK(store->resolve_subject(subject) == LeadId("L-1"));
  rules::LeadState& lead = *store->find_lead(LeadId("L-1"));
  lead.erased = true;
  lead.attributes.clear();
  rules::derive(lead);
  store->save_lead(lead, true);
  CHECK_FALSE(store->resolve_subject(subject));
  store.commit();
  store.reopen();
  CHECK_FALSE(store->resolve_subject(subject));
  CHECK(store->find_lead(LeadId("L-1"))->attributes.entries().empty());
  CHECK(store->carriers(*Address::email("ada@example.com")).empty());
  rules::LeadState& back = *store->find_lead(LeadId("L-1"));
  back.attributes.set("email", "ada@example.com");
  rules::derive(back);
  store->save_lead(back, true);
  store.commit();
  store.reopen();
  CHECK(store->resolve_subject(subject) == LeadId("L-1"));
  CHECK(store->find_lead(LeadId("L-1"))->email->reveal() == "ada@example.com");
}

// ---- outbox and small rows ----

TEST_CASE("an outbox row comes back with its payload until it is erased") {
  StoreFixture store;
  add_lead(*store, "L-1", "ada@example.com");
  OutboxRow row;
  row.id = rules::ActionId("00ff");
  row.lead = LeadId("L-1");
  row.payload = "mail for ada@example.com";
  store->put_outbox(row);
  row.id = rules::ActionId("11ff");
  row.lead = LeadId("nobody");
  store->put_outbox(row);
  CHECK(store->outbox_rows().size() == 2);
  store.commit();
  store.reopen();
  CHECK(store->find_outbox(rules::ActionId("00ff"))->payload == "mail for ada@example.com");
  CHECK(store->find_outbox(rules::ActionId("11ff"))->payload == "mail for ada@example.com");
  store->erase_outbox(rules::ActionId("11ff"));
  CHECK_FALSE(store->find_outbox(rules::ActionId("11ff")));
  REQUIRE(store->outbox_rows().size() == 1);
  CHECK(store->outbox_rows()[0].id.value == "00ff");
  CHECK(store->outbox_rows()[0].lead.value == "L-1");
  store.commit();
  store.reopen();
  CHECK(store->outbox_rows().size() == 1);
}

TEST_CASE("erasing a person makes what waits in the outbox for them unreadable") {
  StoreFixture store;
  add_lead(*store, "L-1", "ada@example.com");
  OutboxRow row;
  row.id = rules::ActionId("00ff");
  row.lead = LeadId("L-1");
  row.payload = "mail for ada@example.com";
  store->put_outbox(row);
  store.commit();
  rules::LeadState& lead = *store->find_lead(LeadId("L-1"));
  lead.erased = true;
  lead.attributes.clear();
  rules::derive(lead);
  store->save_lead(lead, true);
  store.commit();
  store.reopen();
  CHECK(store->find_outbox(rules::ActionId("00ff"))->payload.empty());
  CHECK_FALSE(store->failure());
}

TEST_CASE("positions, cursors and revisions are what was set last") {
  StoreFixture store;
  CHECK_FALSE(store->position("kafka:relance.events:3"));
  store->set_position({"kafka:relance.events:3", 17});
  store->set_position({"file:leads.jsonl", -1});
  store->set_cursor("clock", 1772439000000);
  store->put_revision(rules::Revision("bb"), "{\"b\":1}");
  store->put_revision(rules::Revision("aa"), "{\"a\":1}");
  CHECK(store->position("kafka:relance.events:3") == 17);
  CHECK(store->cursor("clock") == 1772439000000);
  CHECK(store->revisions().size() == 2);
  store.commit();
  store.reopen();
  CHECK(store->position("kafka:relance.events:3") == 17);
  CHECK(store->position("file:leads.jsonl") == -1);
  CHECK(store->cursor("clock") == 1772439000000);
  CHECK_FALSE(store->cursor("other"));
  CHECK(store->revisions() == std::vector<std::string>{"{\"a\":1}", "{\"b\":1}"});
}

TEST_CASE("dead letters are numbered, and the oldest give way at the bound") {
  auto options = tests::small_options();
  options.dead_letters_kept = 3;
  StoreFixture store(options);
  for (int i = 0; i < 5; ++i) {
    store->append_dead_letter({"not_json", "http", "{" + std::to_string(i), kNow});
    if (i % 2 == 1) store.commit();
  }
  store.commit();
  store.reopen();
  auto letters = store->dead_letters(0, 10);
  REQUIRE(letters.size() == 3);
  CHECK(letters[0].first == 2);
  CHECK(letters[0].second.bytes == "{2");
  CHECK(letters[2].second.reason == "not_json");
  CHECK(store->dead_letters(4, 10).size() == 1);
  CHECK(store->dead_letters(0, 1).size() == 1);
  store->append_dead_letter({"not_json", "http", "{5", kNow});
  store.commit();
  CHECK(store->dead_letters(5, 10).at(0).second.bytes == "{5");
}

// ---- failures ----

TEST_CASE("a second process is told who has the store") {
  StoreFixture store;
  const auto second = store.try_open();
  REQUIRE_FALSE(second);
  CHECK(contains(second.error().message, "another relance runs on the store"));
}

TEST_CASE("a row that cannot be read fails every later commit and suppresses everybody") {
  StoreFixture store;
  add_lead(*store, "L-1", "ada@example.com");
  store.commit();
  {
    const auto database = store.raw();
    rocksdb::WriteBatch batch;
    batch.Put(database->handle(Family::leads), "L-1", "\xFF\xFF");
    REQUIRE(database->write(batch));
  }
  store.reopen();
  CHECK_FALSE(store->is_suppressed(*Address::email("bob@example.com"), ChannelScope::all()));
  store->find_lead(LeadId("L-1"));
  CHECK(store->is_suppressed(*Address::email("bob@example.com"), ChannelScope::all()));
  add_lead(*store, "L-2", "bob@example.com");
  CHECK_FALSE(store->commit());
  const auto again = store->commit();
  REQUIRE_FALSE(again);
  CHECK(contains(again.error().message, "cannot be read"));
  store.reopen();
  CHECK(store->find_lead(LeadId("L-2")) == nullptr);
}

TEST_CASE("a vault row that was changed or moved to another person does not open") {
  StoreFixture store;
  const auto ada = add_lead(*store, "L-1", "ada@example.com").subject;
  const auto bob = add_lead(*store, "L-2", "bob@example.com").subject;
  store.commit();
  {
    const auto database = store.raw();
    const auto key = [](const rules::SubjectId& subject) { return to_id_octets(subject.value) + '\0'; };
    const auto row = database->get(Family::vault, key(bob));
    REQUIRE(row);
    rocksdb::WriteBatch batch;
    batch.Put(database->handle(Family::vault), key(ada), *row);
    REQUIRE(database->write(batch));
  }
  store.reopen();
  CHECK(store->find_lead(LeadId("L-2"))->email->reveal() == "bob@example.com");
  CHECK_FALSE(store->failure());
  store->find_lead(LeadId("L-1"));
  CHECK(store->failure());
}

TEST_CASE("a store of a newer format is refused") {
  StoreFixture store;
  {
    const auto database = store.raw();
    rocksdb::WriteBatch batch;
    batch.Put(database->handle(Family::meta), "format", number_key(2));
    REQUIRE(database->write(batch));
  }
  CHECK(contains(store.refusal(), "newer version"));
}

TEST_CASE("a store with a column family of a newer version is refused") {
  StoreFixture store;
  store.close();
  rocksdb::Options options;
  options.create_missing_column_families = true;
  std::vector<std::string> names;
  REQUIRE(rocksdb::DB::ListColumnFamilies(options, store.path().string(), &names).ok());
  CHECK(names.size() == kFamilies);
  names.emplace_back("from_the_future");
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  REQUIRE(rocksdb::DB::Open(options, store.path().string(), families, &handles, &database).ok());
  for (auto* handle : handles) database->DestroyColumnFamilyHandle(handle);
  delete database;
  CHECK(contains(store.refusal(), "from_the_future"));
}

TEST_CASE("a log that was cut anywhere gives back a prefix of the commits") {
  StoreFixture store;
  constexpr int kCommits = 30;
  for (int i = 1; i <= kCommits; ++i) {
    add_lead(*store, "L-" + std::to_string(i), "x" + std::to_string(i) + "@example.com").wake = Instant{i};
    store->save_lead(*store->find_lead(LeadId("L-" + std::to_string(i))), false);
    store->append({store->find_lead(LeadId("L-" + std::to_string(i))), "e"},
                  {record(rules::RecordType::lead_enrolled)});
    store->set_position({"file:x", i});
    store.commit();
  }
  store.close();
  const auto find_log = [](const fs::path& directory) {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    }
    return newest;
  };
  const std::uintmax_t size = fs::file_size(find_log(store.path()));
  REQUIRE(size > 1000);
  std::int64_t previous = 0;
  for (const int percent : {5, 23, 47, 66, 81, 99, 100}) {
    CAPTURE(percent);
    const fs::path copy = store.directory() / ("copy" + std::to_string(percent));
    fs::copy(store.path(), copy, fs::copy_options::recursive);
    fs::resize_file(find_log(copy), size * static_cast<std::uintmax_t>(percent) / 100);
    auto options = tests::small_options();
    options.key_dir = store.key_dir();
    auto opened = RocksStore::open(copy, options);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? std::string() : opened.error().message));
    RocksStore& cut = **opened;
    const std::int64_t commits = cut.position("file:x").value_or(0);
    CHECK(commits >= previous);
    CHECK(cut.next_seq() == static_cast<std::uint64_t>(commits));
    CHECK(cut.ledger_lines(0, 1000).size() == static_cast<std::size_t>(commits));
    for (int i = 1; i <= kCommits; ++i) {
      const rules::LeadState* lead = cut.find_lead(LeadId("L-" + std::to_string(i)));
      CHECK((lead != nullptr) == (i <= commits));
      if (lead != nullptr) CHECK(lead->email->reveal() == "x" + std::to_string(i) + "@example.com");
    }
    CHECK_FALSE(cut.failure());
    previous = commits;
  }
  CHECK(previous == kCommits);
}

TEST_CASE("a checkpoint opens with the same keys and holds what was committed") {
  StoreFixture store;
  add_lead(*store, "L-1", "ada@example.com");
  store.commit();
  REQUIRE(store->checkpoint(store.directory() / "checkpoint"));
  CHECK_FALSE(store->checkpoint(store.directory() / "checkpoint"));
  add_lead(*store, "L-2", "bob@example.com");
  store.commit();
  CHECK(store->verify());
  auto options = tests::small_options();
  options.key_dir = store.key_dir();
  auto copy = RocksStore::open(store.directory() / "checkpoint", options);
  REQUIRE(copy);
  CHECK((*copy)->find_lead(LeadId("L-1"))->email->reveal() == "ada@example.com");
  CHECK((*copy)->find_lead(LeadId("L-2")) == nullptr);
}
