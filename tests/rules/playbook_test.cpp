#include "rules/playbook.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/rules/rules_support.h"

namespace relance::rules {
namespace {

using tests::load;

/// A playbook of one step; `more` are further lines at the top.
Playbook small(const std::string& id, const std::string& more = "") {
  return load("playbook: " + id + "\n" + more + "steps: [{ id: hello, day: 0, channel: email }]\n");
}

std::vector<std::string> ids(const std::vector<const Playbook*>& playbooks) {
  std::vector<std::string> found;
  for (const Playbook* playbook : playbooks) found.emplace_back(playbook->id.value);
  return found;
}

TEST_CASE("a cap names itself as records do") {
  CHECK(rule_id(Cap{}) == "cap:lead:any");
  CHECK(rule_id(Cap{.scope = Cap::Scope::account, .channel = Channel::email, .max = 1, .per = Cap::Calendar::day}) ==
        "cap:account:email");
  CHECK(rule_id(Cap{.scope = Cap::Scope::playbook, .channel = Channel::sms, .max = 1, .per = kDay}) ==
        "cap:playbook:sms");
}

TEST_CASE("the variables of a condition are numbered as the enumeration says") {
  const auto& variables = condition_variables();
  REQUIRE(variables.size() == 5);
  CHECK(variables[static_cast<std::size_t>(ConditionVariable::lead)].name == "lead");
  CHECK(variables[static_cast<std::size_t>(ConditionVariable::account)].name == "account");
  CHECK(variables[static_cast<std::size_t>(ConditionVariable::event)].name == "event");
  CHECK(variables[static_cast<std::size_t>(ConditionVariable::now)].type == cel::VariableType::timestamp);
  CHECK(variables[static_cast<std::size_t>(ConditionVariable::enrollment)].name == "enrollment");
}

TEST_CASE("candidates come by priority, then by id") {
  std::vector<Playbook> playbooks;
  playbooks.push_back(small("b", "enroll: { on: lead.created }\n"));
  playbooks.push_back(small("low", "priority: 1\nenroll: { on: [lead.created, lead.updated] }\n"));
  playbooks.push_back(small("high", "priority: 99\nenroll: { on: lead.created }\n"));
  playbooks.push_back(small("a", "enroll: { on: lead.created }\n"));
  playbooks.push_back(small("by-hand"));
  const Rulebook rulebook(House{}, std::move(playbooks));
  CHECK(ids(rulebook.candidates(EventType::lead_created)) == std::vector<std::string>{"high", "a", "b", "low"});
  CHECK(ids(rulebook.candidates(EventType::lead_updated)) == std::vector<std::string>{"low"});
  CHECK(rulebook.candidates(EventType::page_viewed).empty());
  std::vector<std::string> all;
  for (const auto& playbook : rulebook.current()) all.emplace_back(playbook->id.value);
  CHECK(all == std::vector<std::string>{"high", "a", "b", "by-hand", "low"});
}

TEST_CASE("a playbook is found by its id, and by its id and revision") {
  std::vector<Playbook> playbooks;
  playbooks.push_back(small("a"));
  playbooks.push_back(small("b"));
  const Revision a = playbooks[0].revision;
  Rulebook rulebook(House{}, std::move(playbooks));
  REQUIRE(rulebook.find(PlaybookId("a")) != nullptr);
  CHECK(rulebook.find(PlaybookId("a"))->revision == a);
  CHECK(rulebook.find(PlaybookId("a"), a) == rulebook.find(PlaybookId("a")));
  CHECK(rulebook.find(PlaybookId("b"), a) == nullptr);
  CHECK(rulebook.find(PlaybookId("c")) == nullptr);
  CHECK(rulebook.find(PlaybookId("a"), Revision("none")) == nullptr);
}

TEST_CASE("a pinned revision is found by its revision only and enrolls nobody") {
  std::vector<Playbook> playbooks;
  playbooks.push_back(small("a", "enroll: { on: lead.created }\n"));
  Rulebook rulebook(House{}, std::move(playbooks));
  const Playbook old = small("a", "title: The old one\nenroll: { on: page.viewed }\n");
  rulebook.add_pinned(old);
  rulebook.add_pinned(old);
  REQUIRE(rulebook.find(PlaybookId("a"), old.revision) != nullptr);
  CHECK(rulebook.find(PlaybookId("a"), old.revision)->title == "The old one");
  CHECK(rulebook.find(PlaybookId("a"))->title == "a");
  CHECK(rulebook.candidates(EventType::page_viewed).empty());
  CHECK(rulebook.current().size() == 1);
}

TEST_CASE("a copy of a rulebook stays whole when the original is gone") {
  std::vector<Playbook> playbooks;
  playbooks.push_back(small("a", "enroll: { on: lead.created }\n"));
  auto original = std::make_unique<Rulebook>(House{}, std::move(playbooks));
  const Rulebook copy = *original;
  original.reset();
  REQUIRE(copy.candidates(EventType::lead_created).size() == 1);
  CHECK(copy.candidates(EventType::lead_created)[0]->id.value == "a");
  CHECK(copy.find(PlaybookId("a"))->steps[0].id.value == "hello");
}

TEST_CASE("touches are remembered for the longest rolling cap, and for eight days at least") {
  CHECK(Rulebook().longest_cap_period() == kDay * 8);
  std::vector<Playbook> playbooks;
  playbooks.push_back(small("a", "caps: [{ max: 1, per: week }, { max: 1, per: 48h }]\n"));
  Rulebook rulebook(House{}, std::move(playbooks));
  CHECK(rulebook.longest_cap_period() == kDay * 8);
  rulebook.add_pinned(small("a", "caps: [{ max: 1, per: 30d }]\n"));
  CHECK(rulebook.longest_cap_period() == kDay * 30);
}

TEST_CASE("a step is found by its id") {
  const Playbook playbook = small("a");
  REQUIRE(playbook.find_step(StepId("hello")) != nullptr);
  CHECK(playbook.find_step(StepId("hello"))->channel == Channel::email);
  CHECK(playbook.find_step(StepId("bye")) == nullptr);
}

}  // namespace
}  // namespace relance::rules
