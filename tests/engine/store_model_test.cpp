// The durable store against a model in memory, over random sequences of everything that a processor may do, with
// commits, restarts and crashes in between.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/ledger/ledger_line.h"
#include "tests/engine/lead_samples.h"
#include "tests/engine/store_fixture.h"

using namespace relance;
using namespace relance::engine;
using rules::Address;
using rules::ChannelScope;
using rules::Instant;
using rules::LeadId;
using tests::describe;

namespace {

constexpr rules::Duration kHorizon{500};

/// What a store must answer: values, copied whole at every commit.
struct Model {
  std::map<LeadId, rules::LeadState> leads;
  std::map<LeadId, std::vector<std::string>> timelines;
  std::vector<std::string> ledger;
  std::set<std::string> suppressed;
  std::map<std::string, std::vector<rules::AccountTouch>> accounts;
  std::map<std::string, Instant> seen;
  std::map<std::string, std::string> outbox;  // action -> payload
  std::map<std::string, std::int64_t> positions;
  std::vector<std::string> dead_letters;
  std::map<std::string, std::string> revisions;

  std::optional<Wake> next_wake() const {
    std::optional<Wake> first;
    for (const auto& [id, lead] : leads) {
      if (lead.wake == Instant::never()) continue;
      if (const Wake wake{lead.wake, id}; !first || wake < *first) first = wake;
    }
    return first;
  }
  std::vector<LeadId> carriers(const Address& address) const {
    std::vector<LeadId> found;
    for (const auto& [id, lead] : leads) {
      if (lead.email == address || lead.phone == address) found.push_back(id);
    }
    return found;
  }
};

std::string suppression_name(const Address& address, ChannelScope scope) {
  return std::string(to_string(scope)) + '|' + address.reveal();
}

class Run {
 public:
  explicit Run(unsigned seed) : random_(seed), store_(options()) {}

  void step() {
    now_.ms += pick(100);
    const std::size_t what = pick(60);
    if (what < 10) return change_lead();
    if (what < 16) return move_wake();
    if (what < 24) return take_wake();
    if (what < 29) return append();
    if (what < 34) return see_event();
    if (what < 38) return suppress();
    if (what < 43) return touch_account();
    if (what < 48) return change_outbox();
    if (what < 50) return change_small_rows();
    if (what < 58) return commit();
    if (what < 59) commit();
    reopen();  // without a commit: a crash
  }

  void check() {
    REQUIRE(store_->next_wake() == model_.next_wake());
    const LeadId id = some_lead();
    check_lead(id);
    const auto known = model_.timelines.find(id);
    const auto timeline = known == model_.timelines.end() ? std::vector<std::string>() : known->second;
    REQUIRE(store_->timeline(id, 1000) == timeline);
    const std::size_t limit = pick(4);
    REQUIRE(
        store_->timeline(id, limit) ==
        std::vector(timeline.end() - static_cast<std::ptrdiff_t>(std::min(limit, timeline.size())), timeline.end()));
    const Address address = some_address();
    REQUIRE(store_->carriers(address) == model_.carriers(address));
    const ChannelScope scope = some_scope();
    REQUIRE(store_->is_suppressed(address, scope) == model_.suppressed.contains(suppression_name(address, scope)));
    check_account(some_account());
    REQUIRE(store_->next_seq() == model_.ledger.size());
    const std::string action = some_action();
    const auto row = store_->find_outbox(rules::ActionId(action));
    const auto expected = model_.outbox.find(action);
    REQUIRE(row.has_value() == (expected != model_.outbox.end()));
    if (row) REQUIRE(row->payload == expected->second);
    REQUIRE(store_->outbox_rows().size() == model_.outbox.size());
  }

  void check_everything() {
    for (int i = 0; i < kLeads; ++i) check_lead(LeadId(lead_name(i)));
    const auto lines = store_->ledger_lines(0, 100000);
    REQUIRE(lines.size() == committed_.ledger.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      REQUIRE(lines[i].first == i);
      REQUIRE(lines[i].second == committed_.ledger[i]);
    }
    const auto letters = store_->dead_letters(0, 100000);
    REQUIRE(letters.size() == committed_.dead_letters.size());
    for (std::size_t i = 0; i < letters.size(); ++i) REQUIRE(letters[i].second.bytes == committed_.dead_letters[i]);
    for (const auto& [input, next] : model_.positions) REQUIRE(store_->position(input) == next);
    REQUIRE(store_->revisions().size() == model_.revisions.size());
    for (const auto& [id, lead] : model_.leads) {
      const bool forgotten = lead.erased && lead.attributes.entries().empty();
      REQUIRE(store_->resolve_subject(lead.subject) == (forgotten ? std::nullopt : std::optional(id)));
    }
    REQUIRE(!store_->failure());
  }

  void reopen() {
    store_.reopen();
    model_ = committed_;
    check_everything();
  }

 private:
  static constexpr int kLeads = 8;

  static RocksStoreOptions options() {
    auto options = tests::small_options();
    options.dedup_horizon = kHorizon;
    return options;
  }

  std::size_t pick(std::size_t count) { return random_() % count; }
  static std::string lead_name(int number) { return std::string(static_cast<std::size_t>(number), '\xFF') + "L"; }
  LeadId some_lead() { return LeadId(lead_name(static_cast<int>(pick(kLeads)))); }
  Address some_address() {
    const std::string digit = std::to_string(pick(4));
    return pick(2) == 0 ? *Address::email("ada" + digit + "@example.com") : *Address::phone("+3361234567" + digit, "");
  }
  ChannelScope some_scope() {
    return pick(3) == 0 ? ChannelScope::all() : ChannelScope::only(rules::kChannels[pick(rules::kChannels.size())]);
  }
  rules::AccountId some_account() { return rules::AccountId("account" + std::to_string(pick(3))); }
  std::string some_action() { return "00f" + std::to_string(pick(6)); }

  void check_lead(const LeadId& id) {
    const rules::LeadState* lead = store_->find_lead(id);
    const auto expected = model_.leads.find(id);
    REQUIRE((lead != nullptr) == (expected != model_.leads.end()));
    if (lead != nullptr) REQUIRE(describe(*lead) == describe(expected->second));
  }

  void check_account(const rules::AccountId& account) {
    const auto& touches = store_->account_touches(account);
    const auto& expected = model_.accounts[std::string(account.value)];
    REQUIRE(touches.size() == expected.size());
    for (std::size_t i = 0; i < touches.size(); ++i) {
      REQUIRE(touches[i].at == expected[i].at);
      REQUIRE(touches[i].channel == expected[i].channel);
      REQUIRE(touches[i].action == expected[i].action);
    }
  }

  rules::LeadState& lead_of(const LeadId& id) {
    if (rules::LeadState* lead = store_->find_lead(id)) return *lead;
    return store_->create_lead(id);
  }

  void change_lead() {
    const LeadId id = some_lead();
    rules::LeadState& lead = lead_of(id);
    rules::LeadState sample = tests::random_lead(random_, std::string(id.value));
    sample.subject = lead.subject;
    if (pick(4) == 0) {
      sample.attributes.clear();
      rules::derive(sample);
    }
    const bool attributes_changed = pick(3) > 0 || !model_.leads.contains(id);
    if (!attributes_changed) {
      sample.attributes = lead.attributes;
      rules::derive(sample);
    }
    // An erasure clears the attributes; a lead whose attributes were cleared without being saved does not exist.
    if (!attributes_changed) sample.erased = lead.erased;
    lead = sample;
    store_->save_lead(lead, attributes_changed);
    model_.leads[id] = sample;
  }

  void move_wake() {
    const auto known = model_.leads.find(some_lead());
    if (known == model_.leads.end()) return;
    rules::LeadState& lead = *store_->find_lead(known->first);
    lead.wake = pick(4) == 0 ? Instant::never() : Instant{now_.ms + static_cast<std::int64_t>(pick(50)) - 25};
    store_->save_lead(lead, false);
    known->second.wake = lead.wake;
  }

  void take_wake() {
    const auto wake = store_->next_wake();
    if (!wake) return;
    rules::LeadState& lead = *store_->find_lead(wake->lead);
    REQUIRE(lead.wake == wake->at);
    lead.wake = pick(2) == 0 ? Instant::never() : Instant{wake->at.ms + 10};
    store_->save_lead(lead, false);
    model_.leads[wake->lead].wake = lead.wake;
  }

  void append() {
    const LeadId id = some_lead();
    const auto known = model_.leads.find(id);
    std::vector<rules::Record> records(pick(4));
    for (rules::Record& record : records) {
      record.type = static_cast<rules::RecordType>(pick(29));
      record.at = now_;
      record.reason = "line\nbreak";
    }
    LineContext line;
    line.cause = "e-1";
    const bool about_lead = known != model_.leads.end();
    if (about_lead) {
      line.subject = known->second.subject.value;
      if (known->second.account) line.account = known->second.account->value;
    }
    for (const rules::Record& record : records) {
      line.seq = model_.ledger.size();
      append_ledger_line(model_.ledger.emplace_back(), record, line);
      if (about_lead) model_.timelines[id].push_back(model_.ledger.back());
    }
    store_->append({about_lead ? store_->find_lead(id) : nullptr, "e-1"}, records);
  }

  void see_event() {
    const std::string id = std::to_string(pick(20));
    const auto seen = model_.seen.find(id);
    const bool expected = seen == model_.seen.end() || now_ - seen->second > kHorizon;
    REQUIRE(store_->first_sight("crm", id, now_) == expected);
    if (expected) model_.seen[id] = now_;
  }

  void suppress() {
    const Address address = some_address();
    const ChannelScope scope = some_scope();
    store_->suppress({address, scope, "opt_out", "link", now_});
    model_.suppressed.insert(suppression_name(address, scope));
  }

  void touch_account() {
    const rules::AccountId account = some_account();
    auto& expected = model_.accounts[std::string(account.value)];
    if (pick(3) == 0) {
      const rules::ActionId action(some_action());
      store_->remove_account_touch(account, action);
      std::erase_if(expected, [&](const auto& touch) { return touch.action == action; });
      return;
    }
    const rules::AccountTouch touch{now_, rules::kChannels[pick(6)], rules::ActionId(some_action())};
    const Instant keep_since{now_.ms - static_cast<std::int64_t>(pick(1000))};
    store_->add_account_touch(account, touch, keep_since);
    expected.erase(expected.begin(), std::find_if(expected.begin(), expected.end(),
                                                  [&](const auto& earlier) { return earlier.at >= keep_since; }));
    expected.push_back(touch);
  }

  void change_outbox() {
    const std::string action = some_action();
    if (pick(3) == 0) {
      store_->erase_outbox(rules::ActionId(action));
      model_.outbox.erase(action);
      return;
    }
    OutboxRow row;
    row.id = rules::ActionId(action);
    row.lead = LeadId("nobody");  // a person's key may go while the row stands: that has a test of its own
    row.payload = pick(2) == 0 ? "" : "payload " + std::to_string(pick(1000));
    store_->put_outbox(row);
    model_.outbox[action] = row.payload;
  }

  void change_small_rows() {
    const auto number = static_cast<std::int64_t>(pick(1000)) - 500;
    const std::string name = "input" + std::to_string(pick(3));
    store_->set_position({name, number});
    model_.positions[name] = number;
    store_->append_dead_letter({"not_json", name, std::to_string(number), now_});
    model_.dead_letters.push_back(std::to_string(number));
    const std::string revision = "ab" + std::to_string(pick(20));
    store_->put_revision(rules::Revision(revision), name);
    model_.revisions[revision] = name;
  }

  void commit() {
    REQUIRE(store_->commit().has_value());
    committed_ = model_;
  }

  std::mt19937 random_;
  tests::StoreFixture store_;
  Model model_;
  Model committed_;
  Instant now_{1772439000000};
};

}  // namespace

TEST_CASE("the durable store answers as a model in memory does, also after restarts and crashes") {
  // A few long histories: what takes time is opening stores, and what finds mistakes is what came before.
  constexpr int kHistories = 16;
  constexpr int kSteps = 150;
  const char* replayed = std::getenv("RELANCE_SEED");
  std::random_device entropy;
  for (int history = 0; history < (replayed != nullptr ? 1 : kHistories); ++history) {
    const auto seed = replayed != nullptr ? static_cast<unsigned>(std::strtoul(replayed, nullptr, 10)) : entropy();
    INFO("again: RELANCE_SEED=", seed, " relance_engine_tests -tc='the durable store answers*'");
    Run run(seed);
    for (int i = 0; i < kSteps; ++i) {
      run.step();
      run.check();
    }
    run.reopen();
  }
}
