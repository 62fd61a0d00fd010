#pragma once
// Several ledger entries as the value of one row, compressed (FORMAT.md). Values; threads: any.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace relance::engine {

struct LedgerBlockEntry {
  std::uint64_t previous = 0;  // sequence number of the lead's previous entry, plus 1; 0: none
  std::uint32_t count = 0;     // of lines
  std::string_view lines;      // separated by '\n'
};

class LedgerBlock {
 public:
  void add(const LedgerBlockEntry& entry);
  bool empty() const { return plain_.empty(); }
  /// Octets before compression.
  std::size_t size() const { return plain_.size(); }
  /// The row's value; the block is empty then.
  std::string take();

 private:
  std::string plain_;
};

/// Calls `visit` for the entries in order until it returns false. False when this is no such value.
[[nodiscard]] bool read_ledger_block(std::string_view value, const std::function<bool(const LedgerBlockEntry&)>& visit);

}  // namespace relance::engine
