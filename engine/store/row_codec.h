#pragma once
// The store's other rows (engine/store/rows.proto). Pure functions; nullopt for bytes that are no such row.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ports/partition_store.h"
#include "rules/decide.h"

namespace relance::engine {

/// A row of the suppression list, without its address (which nobody can tell from the row).
struct SuppressionEntry {
  std::string key_id;
  std::string scope;
  std::string cause;
  std::string intake;
  rules::Instant at;
};
std::string encode_suppression(const SuppressionEntry& entry);
std::optional<SuppressionEntry> decode_suppression(std::string_view row);

std::string encode_account(const std::vector<rules::AccountTouch>& touches);
std::optional<std::vector<rules::AccountTouch>> decode_account(std::string_view row);

/// An outbox row as it stands on disk: `row.payload` is sealed with the key of `subject`, and `row.id` is the key.
struct SealedOutboxRow {
  OutboxRow row;
  rules::SubjectId subject;
};
std::string encode_outbox(const SealedOutboxRow& sealed);
std::optional<SealedOutboxRow> decode_outbox(std::string_view row);

std::string encode_operations(const rules::Operations& operations);
std::optional<rules::Operations> decode_operations(std::string_view row);

/// Personal data: must be sealed.
std::string encode_dead_letter(const DeadLetter& letter);
std::optional<DeadLetter> decode_dead_letter(std::string_view row);

}  // namespace relance::engine
