#pragma once
// Which leads may change what happens to each other. Leads have numbers (lead_table.h); the relation is kept as a
// forest of sets (Galler and Fischer 1964, with the path halving of Tarjan and van Leeuwen 1984).
// Owner and thread: the caller's.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace relance::engine {

class Coupling {
 public:
  /// Every lead below `count` is in the relation, those that are new coupled with none.
  void grow(std::size_t count);
  void couple(std::uint32_t one, std::uint32_t other);
  /// The same for all leads that are coupled, directly or through others.
  std::uint32_t group_of(std::uint32_t lead);
  std::size_t leads() const { return parents_.size(); }

 private:
  std::vector<std::uint32_t> parents_;
};

/// What couples those who share it: an address, an account, an owner whose touches are throttled, a playbook whose
/// rates are watched. A hash: two that are one by accident couple leads that need not be.
using Name = std::uint64_t;
enum class NameKind : char { account = 'a', email = 'e', phone = 'p', owner = 'o', guardrail = 'g' };
Name name_of(NameKind kind, std::string_view text);

/// The first lead that was met under each name.
class NamedLeads {
 public:
  /// That lead; it is this one when there was none.
  std::uint32_t first_under(Name name, std::uint32_t lead);

 private:
  struct Slot {
    Name name = 0;  // 0: free
    std::uint32_t lead = 0;
  };
  void grow();
  Slot& slot_of(Name name);

  std::vector<Slot> slots_;  // a power of two of them, at most three quarters in use
  std::size_t count_ = 0;
};

}  // namespace relance::engine
