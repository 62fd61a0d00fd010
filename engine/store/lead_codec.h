#pragma once
// Lead states and attributes as rows on disk (engine/store/lead.proto, engine/store/FORMAT.md). Enumerations are stored
// as their numbers; a number this program does not know makes a row unreadable rather than misread. Threads: one codec
// per thread (it reuses its messages). Errors: values.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine/ports/partition_store.h"
#include "rules/lead_state.h"

namespace relance::engine {

/// A row of column family `leads`: the state without personal data, and what the store itself remembers of the lead.
struct StoredLead {
  rules::LeadState state;
  std::uint64_t last_ledger_entry = 0;      // sequence number of its latest ledger entry, plus 1; 0: none
  std::vector<std::string> address_hashes;  // its keys in column family `carriers`, without the lead id
  bool has_vault_row = false;
};

class LeadCodec {
 public:
  LeadCodec();
  ~LeadCodec();
  LeadCodec(LeadCodec&&) noexcept;
  LeadCodec& operator=(LeadCodec&&) noexcept;

  /// Replaces `row`. Leaves out the id (it is the key), the attributes and what is derived from them.
  void encode(const StoredLead& lead, std::string& row);
  /// Fills everything that encode() wrote; id, attributes and derived members of `lead.state` stay as they are.
  [[nodiscard]] tl::expected<void, StoreError> decode(std::string_view row, StoredLead& lead);

  /// The attributes and the two addresses. Personal data: the result must be sealed before it reaches the disk.
  void encode_attributes(const rules::LeadState& lead, std::string& row);
  /// Fills attributes, addresses and zone.
  [[nodiscard]] tl::expected<void, StoreError> decode_attributes(std::string_view row, rules::LeadState& lead);

 private:
  struct Messages;
  std::unique_ptr<Messages> messages_;
};

}  // namespace relance::engine
