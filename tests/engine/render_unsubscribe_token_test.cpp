#include "engine/render/unsubscribe_token.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace relance::engine {
namespace {

using rules::ChannelScope;
using rules::LeadId;

const std::string kKey(32, 'k');

TEST_CASE("a token opens to the lead, the scope and the partition key that it was made for") {
  for (const ChannelScope scope :
       {ChannelScope::all(), ChannelScope::only(rules::Channel::email), ChannelScope::only(rules::Channel::meeting)}) {
    const std::string token = make_token(kKey, LeadId("L-1"), scope, "acme");
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    const auto claim = open_token({kKey}, token);
    REQUIRE(claim.has_value());
    CHECK(claim->lead == LeadId("L-1"));
    CHECK(claim->scope == scope);
    CHECK(claim->partition_key == "acme");
  }
  CHECK_FALSE(open_token({kKey}, make_token(kKey, LeadId("L-1"), ChannelScope::all()))->partition_key.has_value());
}

TEST_CASE("links that are already in mailboxes keep opening: the form of a token is fixed") {
  const auto claim = open_token({kKey}, "AVt8Sq3_AARhY21lTC0xRpJY3gEv0RMzgpAm6eYqMA");
  REQUIRE(claim.has_value());
  CHECK(claim->lead == LeadId("L-1"));
  CHECK(claim->partition_key == "acme");
  CHECK(claim->scope.is_all());
}

TEST_CASE("any lead id and partition key make a round trip") {
  CHECK(rc::check([] {
    const auto id = *rc::gen::nonEmpty<std::string>();
    const auto partition = *rc::gen::arbitrary<std::string>();
    RC_PRE(id.size() + partition.size() < 700);
    const auto claim = open_token({kKey}, make_token(kKey, LeadId(id), ChannelScope::all(), partition));
    RC_ASSERT(claim.has_value());
    RC_ASSERT(claim->lead == LeadId(id));
    RC_ASSERT(claim->partition_key.value_or("") == partition);
  }));
}

TEST_CASE("a token that differs in any character does not open") {
  const std::string token = make_token(kKey, LeadId("L-12"), ChannelScope::all(), "p");
  REQUIRE(open_token({kKey}, token));
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char other : std::string("ABab01-_=.%")) {
      std::string forged = token;
      if (forged[at] == other) continue;
      forged[at] = other;
      CHECK_FALSE(open_token({kKey}, forged));
    }
    CHECK_FALSE(open_token({kKey}, token.substr(0, at)));
  }
  CHECK_FALSE(open_token({kKey}, token + "A"));
  CHECK_FALSE(open_token({kKey}, token + "="));
  CHECK_FALSE(open_token({kKey}, std::string(1'000'000, 'A')));
}

TEST_CASE("after a rotation old links open until their key is gone") {
  const std::string old_key(32, 'o');
  const std::string old = make_token(old_key, LeadId("L-1"), ChannelScope::all());
  CHECK(open_token({kKey, old_key}, old));
  CHECK(open_token({kKey, old_key}, make_token(kKey, LeadId("L-1"), ChannelScope::all())));
  CHECK_FALSE(open_token({kKey}, old));
  CHECK_FALSE(open_token({}, old));
}

}  // namespace
}  // namespace relance::engine
