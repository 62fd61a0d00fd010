#include "engine/store/ledger_rows.h"

#include <algorithm>
#include <iterator>

#include <rocksdb/write_batch.h>

#include "engine/ledger/ledger_line.h"
#include "engine/store/ledger_block.h"
#include "engine/store/row_keys.h"

namespace relance::engine {
namespace {

/// Larger ones compress little better, and a timeline reads a whole one for each of its entries.
constexpr std::size_t kBlockOctets = 16 << 10U;

constexpr const char* kUnreadable = "a row of the store (ledger) cannot be read";

/// Calls `visit(line)` for each line of an entry.
template <class Visitor>
void for_each_line(std::string_view rest, Visitor visit) {
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    visit(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
}

}  // namespace

std::uint64_t LedgerRows::append(const Entry& entry, const std::vector<rules::Record>& records) {
  Staged& staged = staged_.emplace_back();
  staged.seq = next_seq_;
  staged.previous = entry.previous;
  staged.count = static_cast<std::uint32_t>(records.size());
  for (const rules::Record& record : records) {
    if (!staged.lines.empty()) staged.lines += '\n';
    append_ledger_line(
        staged.lines, record,
        {.seq = next_seq_++, .subject = entry.subject, .lead = {}, .account = entry.account, .cause = entry.cause});
  }
  return staged.seq;
}

std::optional<LedgerRows::Staged> LedgerRows::find_entry(std::uint64_t seq) {
  const auto staged = std::lower_bound(staged_.begin(), staged_.end(), seq,
                                       [](const Staged& entry, std::uint64_t wanted) { return entry.seq < wanted; });
  if (staged != staged_.end() && staged->seq == seq) return *staged;
  std::optional<Staged> found;
  database_.scan(Family::ledger, {.first = number_key(seq), .end = {}, .from_before = true},
                 [&](std::string_view key, std::string_view value) {
                   std::uint64_t at = parse_number_key(key).value_or(0);
                   const bool readable = read_ledger_block(value, [&](const LedgerBlockEntry& entry) {
                     if (at == seq) found = Staged{at, entry.previous, entry.count, std::string(entry.lines)};
                     at += entry.count;
                     return at <= seq;
                   });
                   if (!readable) database_.fail(kUnreadable);
                   return false;
                 });
  return found;
}

std::vector<std::string> LedgerRows::timeline(std::uint64_t last, std::size_t limit) {
  std::vector<std::string> newest_first;
  while (last != 0 && newest_first.size() < limit) {
    const auto entry = find_entry(last - 1);
    if (!entry || entry->previous >= last) break;  // retention dropped it
    std::vector<std::string> lines;
    for_each_line(entry->lines, [&](std::string_view line) { lines.emplace_back(line); });
    std::move(lines.rbegin(), lines.rend(), std::back_inserter(newest_first));
    last = entry->previous;
  }
  if (newest_first.size() > limit) newest_first.resize(limit);
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

std::vector<std::pair<std::uint64_t, std::string>> LedgerRows::lines(std::uint64_t from, std::size_t limit) {
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  if (limit == 0) return lines;
  // The line `from` may stand inside a row that begins earlier.
  database_.scan(Family::ledger, {.first = number_key(from), .end = {}, .from_before = true},
                 [&](std::string_view key, std::string_view value) {
                   std::uint64_t seq = parse_number_key(key).value_or(0);
                   const bool readable = read_ledger_block(value, [&](const LedgerBlockEntry& entry) {
                     for_each_line(entry.lines, [&](std::string_view line) {
                       if (seq >= from && lines.size() < limit) lines.emplace_back(seq, line);
                       ++seq;
                     });
                     return lines.size() < limit;
                   });
                   if (!readable) database_.fail(kUnreadable);
                   return readable && lines.size() < limit;
                 });
  return lines;
}

void LedgerRows::stage(rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::ledger);
  LedgerBlock block;
  std::uint64_t first = 0;
  for (const Staged& entry : staged_) {
    if (block.empty()) first = entry.seq;
    block.add({entry.previous, entry.count, entry.lines});
    if (block.size() < kBlockOctets && &entry != &staged_.back()) continue;
    batch.Put(family, number_key(first), block.take());
  }
}

}  // namespace relance::engine
