#include "engine/store/vault.h"

#include <rocksdb/write_batch.h>

#include "engine/store/id_octets.h"

namespace relance::engine {
namespace {

constexpr std::size_t kKnownKeys = 16384;

/// What the bytes are and whose: rows of different kinds or persons never open as one another.
std::string context_of(std::string_view what, std::string_view whose) {
  std::string context("relance.");
  context.append(what).append(1, '\0').append(whose);
  return context;
}

std::string_view text_of(const SecretKey& key) {
  return {reinterpret_cast<const char*>(key.octets().data()), SecretKey::kOctets};
}

}  // namespace

std::optional<SecretKey> Vault::find_key(const rules::SubjectId& subject) {
  if (const auto staged = staged_.find(subject); staged != staged_.end()) return staged->second;
  if (const auto known = known_.find(subject); known != known_.end()) return known->second;
  rocksdb::PinnableSlice row;
  if (!database_.get(Family::subject_keys, to_id_octets(subject.value), row)) return std::nullopt;
  const auto octets = sealer_.open(master_, context_of("subject_key", subject.value), {row.data(), row.size()});
  const auto key = octets ? SecretKey::from(*octets) : std::nullopt;
  if (!key) {
    database_.fail("the key of a person cannot be unwrapped: the store was damaged, or its vault key is another");
    return std::nullopt;
  }
  if (known_.size() >= kKnownKeys) known_.clear();
  known_.emplace(subject, *key);
  return key;
}

std::string Vault::seal(const rules::SubjectId& subject, std::string_view what, std::string_view plain) {
  auto key = find_key(subject);
  if (!key) {
    key = SecretKey::random();
    staged_[subject] = *key;
  }
  return sealer_.seal(*key, context_of(what, subject.value), plain);
}

std::optional<std::string> Vault::open(const rules::SubjectId& subject, std::string_view what,
                                       std::string_view sealed) {
  const auto key = find_key(subject);
  if (!key) return std::nullopt;
  return sealer_.open(*key, context_of(what, subject.value), sealed);
}

void Vault::forget(const rules::SubjectId& subject) {
  known_.erase(subject);
  staged_[subject] = std::nullopt;
}

std::string Vault::seal_for_store(std::string_view what, std::string_view plain) {
  return sealer_.seal(master_, context_of(what, {}), plain);
}

std::optional<std::string> Vault::open_for_store(std::string_view what, std::string_view sealed) {
  return sealer_.open(master_, context_of(what, {}), sealed);
}

void Vault::stage(rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::subject_keys);
  for (const auto& [subject, key] : staged_) {
    if (key) {
      batch.Put(family, to_id_octets(subject.value),
                sealer_.seal(master_, context_of("subject_key", subject.value), text_of(*key)));
    } else {
      batch.Delete(family, to_id_octets(subject.value));
    }
  }
}

void Vault::committed() {
  if (known_.size() + staged_.size() > kKnownKeys) known_.clear();
  for (const auto& [subject, key] : staged_) {
    if (key) known_.insert_or_assign(subject, *key);
  }
  staged_.clear();
}

}  // namespace relance::engine
