#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/store/ledger_block.h"

using namespace relance::engine;

namespace {

struct Entry {
  std::uint64_t previous = 0;
  std::uint32_t count = 0;
  std::string lines;
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct Read {
  std::vector<Entry> entries;
  bool readable = false;
};

Read read(std::string_view value) {
  Read result;
  result.readable = read_ledger_block(value, [&](const LedgerBlockEntry& entry) {
    result.entries.push_back({entry.previous, entry.count, std::string(entry.lines)});
    return true;
  });
  return result;
}

}  // namespace

TEST_CASE("a ledger block gives back its entries, smaller than they were") {
  const std::vector<Entry> entries{
      {0, 1, std::string(500, 'a')}, {0x0102030405060708, 3, std::string(900, 'b') + "\n\xFF\n{}"}, {7, 1, ""}};
  LedgerBlock block;
  for (const Entry& entry : entries) block.add({entry.previous, entry.count, entry.lines});
  const std::size_t plain = block.size();
  const std::string value = block.take();
  CHECK(value.size() < plain / 4);
  CHECK(block.empty());
  const Read back = read(value);
  CHECK(back.readable);
  CHECK(back.entries == entries);
}

TEST_CASE("a ledger block that was written once is read for ever") {
  // Literals only: what LZ4 makes of a text may differ between its versions, what it reads may not.
  const std::string plain("\0\0\0\0\0\0\0\x09\0\0\0\x01\0\0\0\x02{}", 18);
  const std::string value = std::string("\x01\0\0\0\x12\xF0\x03", 7) + plain;
  const Read back = read(value);
  CHECK(back.readable);
  CHECK(back.entries == std::vector<Entry>{{9, 1, "{}"}});
}

TEST_CASE("a damaged ledger block is refused") {
  LedgerBlock block;
  for (int i = 0; i < 20; ++i) block.add({1, 1, "{\"seq\":" + std::to_string(i) + "}"});
  const std::string value = block.take();
  for (std::size_t size = 0; size < value.size(); ++size) CHECK_FALSE(read(value.substr(0, size)).readable);
  std::string unknown = value;
  unknown[0] = '\x02';
  CHECK_FALSE(read(unknown).readable);
  std::string huge = value;
  huge[1] = '\x7F';
  CHECK_FALSE(read(huge).readable);
}
