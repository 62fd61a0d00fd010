// The store in memory answers the same, however many leads it keeps at hand.

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/simulate/memory_store.h"
#include "tests/engine/lead_samples.h"

using namespace relance;
using namespace relance::engine;

namespace {

/// One store that keeps everything at hand, one that keeps next to nothing.
class TwoStores {
 public:
  explicit TwoStores(std::size_t at_hand) : few_(nullptr, at_hand) {}

  void step() {
    now_.ms += static_cast<std::int64_t>(pick(100));
    const std::size_t what = pick(10);
    if (what < 4) change_lead();
    if (what == 4) take_wake();
    if (what == 5) touch_account();
    if (what > 6) REQUIRE(few_.commit().has_value());
    compare();
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  rules::LeadId some_lead() { return rules::LeadId("lead-" + std::to_string(pick(30))); }
  rules::AccountId some_account() { return rules::AccountId("account-" + std::to_string(pick(5))); }
  rules::Address some_address() {
    const std::string digit = std::to_string(pick(4));
    return pick(2) == 0 ? *rules::Address::email("ada" + digit + "@example.com")
                        : *rules::Address::phone("+3361234567" + digit, "");
  }

  static rules::LeadState& lead_of(PartitionStore& store, const rules::LeadId& id) {
    rules::LeadState* known = store.find_lead(id);
    return known != nullptr ? *known : store.create_lead(id);
  }

  void change_lead() {
    const rules::LeadId id = some_lead();
    rules::LeadState sample = tests::random_lead(random_, std::string(id.value));
    sample.attributes.set("email", rules::cel::Value("ada" + std::to_string(pick(4)) + "@example.com"));
    rules::derive(sample);
    sample.wake = pick(4) == 0 ? rules::Instant::never() : now_ + rules::Duration{static_cast<std::int64_t>(pick(500))};
    for (MemoryStore* store : {&all_, &few_}) {
      rules::LeadState& lead = lead_of(*store, id);
      sample.subject = lead.subject;
      lead = sample;
      store->save_lead(lead, true);
    }
  }

  void take_wake() {
    const auto wake = all_.next_wake();
    REQUIRE(few_.next_wake() == wake);
    if (!wake) return;
    for (MemoryStore* store : {&all_, &few_}) {
      rules::LeadState& lead = *store->find_lead(wake->lead);
      lead.wake = rules::Instant::never();
      store->save_lead(lead, false);
      lead.non_replies += 7;  // after it was saved, as the simulator marks a touch as handed off
    }
  }

  void touch_account() {
    const rules::AccountId account = some_account();
    const rules::ActionId action("00f" + std::to_string(pick(6)));
    const bool removes = pick(3) == 0;
    for (MemoryStore* store : {&all_, &few_}) {
      if (removes) {
        store->remove_account_touch(account, action);
      } else {
        store->add_account_touch(account, {now_, rules::Channel::call, action}, now_ - rules::Duration{1000});
      }
    }
  }

  void compare() {
    const rules::LeadId id = some_lead();
    const rules::LeadState* one = all_.find_lead(id);
    const rules::LeadState* other = few_.find_lead(id);
    REQUIRE((one == nullptr) == (other == nullptr));
    if (one != nullptr) REQUIRE(tests::describe(*one) == tests::describe(*other));
    const rules::Address address = some_address();
    REQUIRE(all_.carriers(address) == few_.carriers(address));
    REQUIRE(all_.next_wake() == few_.next_wake());
    REQUIRE(all_.any_scheduled() == few_.any_scheduled());
    const rules::AccountId account = some_account();
    const auto& touches = all_.account_touches(account);
    const auto& again = few_.account_touches(account);
    REQUIRE(touches.size() == again.size());
    for (std::size_t i = 0; i < touches.size(); ++i) {
      REQUIRE(touches[i].at == again[i].at);
      REQUIRE(touches[i].action == again[i].action);
    }
  }

  std::mt19937 random_{3};
  MemoryStore all_{nullptr};
  MemoryStore few_;
  rules::Instant now_{1'772'439'000'000};
};

}  // namespace

TEST_CASE("a store in memory answers the same, however many leads it keeps at hand") {
  for (const std::size_t at_hand : {0U, 1U, 7U}) {
    TwoStores stores(at_hand);
    for (int i = 0; i < 3000; ++i) stores.step();
  }
}

TEST_CASE("an address names all who carry it, whoever of them takes another one or comes back") {
  MemoryStore store(nullptr);
  const auto shared = *rules::Address::email("desk@example.org");
  const auto own = *rules::Address::email("own@example.org");
  const auto carry = [&](const std::string& id, const rules::Address& address) {
    rules::LeadState* known = store.find_lead(rules::LeadId(id));
    rules::LeadState& lead = known != nullptr ? *known : store.create_lead(rules::LeadId(id));
    lead.email = address;
    store.save_lead(lead, true);
  };
  const auto carriers = [&](const rules::Address& address) {
    std::string ids;
    for (const rules::LeadId& id : store.carriers(address)) ids += id.value.view();
    return ids;
  };
  for (const std::string id : {"a", "b", "c", "d"}) carry(id, shared);
  CHECK(carriers(shared) == "abcd");
  carry("a", own);  // the first
  CHECK(carriers(shared) == "bcd");
  carry("c", own);
  carry("b", own);
  CHECK(carriers(shared) == "d");
  CHECK(carriers(own) == "abc");
  carry("d", own);
  CHECK(carriers(shared).empty());
  for (const std::string id : {"b", "a", "d"}) carry(id, shared);
  CHECK(carriers(shared) == "abd");
  CHECK(carriers(own) == "c");
}
