#include "engine/store/ledger_rows.h"

#include <algorithm>
#include <iterator>

#include <rocksdb/write_batch.h>

#include "engine/ledger/ledger_line.h"
#include "engine/store/row_keys.h"

namespace relance::engine {
namespace {

constexpr std::size_t kHeaderOctets = 8;  // number_key() of Entry::previous

/// Calls `visit(line)` for each line of an entry's value.
template <class Visitor>
void for_each_line(std::string_view value, Visitor visit) {
  std::string_view rest = value.substr(std::min(value.size(), kHeaderOctets));
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    visit(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
}

}  // namespace

std::uint64_t LedgerRows::append(const Entry& entry, const std::vector<rules::Record>& records) {
  Staged& staged = staged_.emplace_back(Staged{next_seq_, number_key(entry.previous)});
  for (const rules::Record& record : records) {
    if (staged.value.size() > kHeaderOctets) staged.value += '\n';
    append_ledger_line(
        staged.value, record,
        {.seq = next_seq_++, .subject = entry.subject, .lead = {}, .account = entry.account, .cause = entry.cause});
  }
  return staged.seq;
}

std::string LedgerRows::find_entry(std::uint64_t seq) {
  const auto staged = std::lower_bound(staged_.begin(), staged_.end(), seq,
                                       [](const Staged& entry, std::uint64_t wanted) { return entry.seq < wanted; });
  if (staged != staged_.end() && staged->seq == seq) return staged->value;
  return database_.get(Family::ledger, number_key(seq)).value_or(std::string());
}

std::vector<std::string> LedgerRows::timeline(std::uint64_t last, std::size_t limit) {
  std::vector<std::string> newest_first;
  while (last != 0 && newest_first.size() < limit) {
    const std::string value = find_entry(last - 1);
    const auto previous = parse_number_key(std::string_view(value).substr(0, std::min(value.size(), kHeaderOctets)));
    if (!previous || *previous >= last) break;  // retention dropped it
    std::vector<std::string> lines;
    for_each_line(value, [&](std::string_view line) { lines.emplace_back(line); });
    std::move(lines.rbegin(), lines.rend(), std::back_inserter(newest_first));
    last = *previous;
  }
  if (newest_first.size() > limit) newest_first.resize(limit);
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

std::vector<std::pair<std::uint64_t, std::string>> LedgerRows::lines(std::uint64_t from, std::size_t limit) {
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  if (limit == 0) return lines;
  // The line `from` may stand inside an entry that begins earlier.
  database_.scan(Family::ledger, {.first = number_key(from), .end = {}, .from_before = true},
                 [&](std::string_view key, std::string_view value) {
                   std::uint64_t seq = parse_number_key(key).value_or(0);
                   for_each_line(value, [&](std::string_view line) {
                     if (seq >= from && lines.size() < limit) lines.emplace_back(seq, line);
                     ++seq;
                   });
                   return lines.size() < limit;
                 });
  return lines;
}

void LedgerRows::stage(rocksdb::WriteBatch& batch) const {
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::ledger);
  for (const Staged& entry : staged_) batch.Put(family, number_key(entry.seq), entry.value);
}

}  // namespace relance::engine
