#pragma once
// What a report reads from ledger records: the few fields that it needs, names once each. Owner: the caller; threads:
// one at a time. Memory: about 50 octets per record of an enrollment, touch or opt-out, and each name once; other
// records leave nothing behind.
// Source: events-and-ledger.md, "The ledger".

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include "engine/intake/json_data.h"
#include "rules/time.h"

namespace relance::engine {

/// A name of the ledger as a number; 0 is the absent one.
using Name = std::uint32_t;

struct LedgerFact {
  enum class Kind : std::uint8_t { assigned, exited, touched, untouched, opted_out, complained };
  std::uint64_t seq = 0;
  rules::Instant at;
  Kind kind = Kind::assigned;
  Name person = 0;  // the subject, else the lead
  Name account = 0;
  Name enrollment = 0;
  Name playbook = 0;
  Name revision = 0;
  Name word = 0;  // assigned: the arm; exited: the reason
  friend bool operator==(const LedgerFact&, const LedgerFact&) = default;
};

class LedgerFacts {
 public:
  LedgerFacts();
  LedgerFacts(const LedgerFacts&) = delete;
  LedgerFacts& operator=(const LedgerFacts&) = delete;

  /// One line of JSON. The error says what is wrong with a line that is no record; it leaves nothing behind.
  [[nodiscard]] tl::expected<void, std::string> add(std::string_view line);

  /// Of one sequence, in order of the numbers, each once. The error names a number that two different records have:
  /// then these are the records of more than one ledger, or somebody changed them.
  [[nodiscard]] tl::expected<std::vector<LedgerFact>, std::string> in_order() const;

  std::string_view text(Name name) const { return names_[name]; }
  /// 0 for a name that no record has.
  Name find(std::string_view text) const;
  /// Of all records that were read, also of those that leave no fact; earliest() when there is none.
  rules::Instant last() const { return last_; }

 private:
  Name name(std::string_view text);

  JsonParser parser_;
  std::vector<LedgerFact> facts_;
  std::deque<std::string> names_;                     // its elements never move
  std::unordered_map<std::string_view, Name> known_;  // keys are in names_
  rules::Instant last_ = rules::Instant::earliest();
};

}  // namespace relance::engine
