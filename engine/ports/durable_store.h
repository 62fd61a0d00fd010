#pragma once
// What a daemon needs of its store beyond deciding: reading back after a restart, and answering questions.
// Threads: the processor's thread only.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports/partition_store.h"

namespace relance::engine {

class DurableStore : public PartitionStore {
 public:
  /// Where an input goes on; nullopt at its first sight.
  virtual std::optional<std::int64_t> position(std::string_view input) = 0;
  /// Every action that has not ended, in no particular order. `payload` may be left empty (find_outbox has it).
  virtual std::vector<OutboxRow> outbox_rows() = 0;
  /// The canonical forms of playbook revisions that were ever published here.
  virtual std::vector<std::string> revisions() = 0;
  virtual void put_revision(const rules::Revision& revision, std::string_view canonical) = 0;

  /// The committed leads after `after` (null: from the first) in the order of their ids, at most `limit`: what their
  /// enrollments are, without attributes and addresses, which stay in the vault.
  virtual std::vector<rules::LeadState> leads_after(const rules::LeadId* after, std::size_t limit) = 0;

  /// The newest `limit` ledger lines about the lead, oldest first, as stored (no `lead`).
  virtual std::vector<std::string> timeline(const rules::LeadId& lead, std::size_t limit) = 0;
  /// Committed ledger lines from sequence number `from`, oldest first: (seq, line as stored).
  virtual std::vector<std::pair<std::uint64_t, std::string>> ledger_lines(std::uint64_t from, std::size_t limit) = 0;
  /// Who a subject is; nullopt when unknown or erased.
  virtual std::optional<rules::LeadId> resolve_subject(const rules::SubjectId& subject) = 0;
  /// Committed dead letters from number `from`: (number, letter).
  virtual std::vector<std::pair<std::uint64_t, DeadLetter>> dead_letters(std::uint64_t from, std::size_t limit) = 0;
  /// Key of the opt-out tokens, 32 octets.
  virtual std::string token_key() = 0;
};

}  // namespace relance::engine
