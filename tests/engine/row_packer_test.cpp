#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/simulate/row_packer.h"
#include "tests/engine/lead_samples.h"

using namespace relance;
using namespace relance::engine;

TEST_CASE("a packed lead comes back as it was, before and after the packer knows what leads look like") {
  std::mt19937 random(5);
  RowPacker packer;
  std::vector<rules::LeadState> samples;
  std::vector<PackedRow> rows;
  std::size_t compressed = 0;
  for (int i = 0; i < 1500; ++i) {
    samples.push_back(tests::random_lead(random, "L-" + std::to_string(i)));
    rows.push_back(packer.pack(StoredLead{samples.back(), 0, {}, false}));
    if (rows.back().plain_size() != 0) ++compressed;
  }
  CHECK(rows.front().plain_size() == 0);
  CHECK(compressed > 100);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    StoredLead lead;
    lead.state.id = samples[i].id;
    packer.unpack(rows[i], lead);
    REQUIRE(tests::describe(lead.state) == tests::describe(samples[i]));
  }
}

TEST_CASE("an account's touches come back as they were") {
  const std::vector<rules::AccountTouch> touches{
      {rules::Instant{1}, rules::Channel::email, rules::ActionId("00ff00ff00ff00ff00ff00ff00ff00ff")},
      {rules::Instant{-2}, rules::Channel::meeting, rules::ActionId("no digits")}};
  const auto again = RowPacker::unpack_account(RowPacker::pack(touches));
  REQUIRE(again.size() == 2);
  for (std::size_t i = 0; i < again.size(); ++i) {
    CHECK(again[i].at == touches[i].at);
    CHECK(again[i].channel == touches[i].channel);
    CHECK(again[i].action == touches[i].action);
  }
  const PackedRow nothing = RowPacker::pack(std::vector<rules::AccountTouch>{});
  CHECK(nothing.holds());
  CHECK(RowPacker::unpack_account(nothing).empty());
}
