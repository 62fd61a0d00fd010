#pragma once
// The ledger on disk: entries in order of their sequence numbers, each knowing the one before it of the same lead, so
// that a lead's timeline is read back entry by entry without an index of its own. The entries of a commit share rows:
// few rows, and lines that resemble each other compress to a fourth.
// Threads: the store's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/store/rocks_database.h"
#include "rules/record.h"

namespace relance::engine {

class LedgerRows {
 public:
  LedgerRows(RocksDatabase& database, std::uint64_t next_seq) : database_(database), next_seq_(next_seq) {}

  struct Entry {
    std::uint64_t previous = 0;  // sequence number of the lead's previous entry, plus 1; 0: none
    std::string_view subject;
    std::string_view account;
    std::string_view cause;
  };
  /// Stages the records, of which there must be some, as one entry. Returns its sequence number.
  std::uint64_t append(const Entry& entry, const std::vector<rules::Record>& records);

  /// The newest `limit` lines of a lead whose last entry is `last - 1`, oldest first; staged ones included.
  std::vector<std::string> timeline(std::uint64_t last, std::size_t limit);
  /// Committed lines from `from`, oldest first.
  std::vector<std::pair<std::uint64_t, std::string>> lines(std::uint64_t from, std::size_t limit);

  std::uint64_t next_seq() const { return next_seq_; }
  bool changed() const { return !staged_.empty(); }
  void stage(rocksdb::WriteBatch& batch);
  void committed() { staged_.clear(); }

 private:
  struct Staged {
    std::uint64_t seq = 0;  // of its first line
    std::uint64_t previous = 0;
    std::uint32_t count = 0;  // of lines
    std::string lines;        // separated by '\n'
  };
  std::optional<Staged> find_entry(std::uint64_t seq);

  RocksDatabase& database_;
  std::uint64_t next_seq_;
  std::vector<Staged> staged_;  // in order
};

}  // namespace relance::engine
