#include "engine/store/suppression_list.h"

#include <rocksdb/write_batch.h>

namespace relance::engine {
namespace {

std::string message_of(const rules::Address& address, rules::ChannelScope scope) {
  std::string message(to_string(scope));
  message.append(1, '\0').append(address.reveal());
  return message;
}

}  // namespace

SuppressionList::SuppressionList(RocksDatabase& database, const StoreKeys& keys)
    : key_id_(keys.suppression.id()), database_(database) {
  hashes_.emplace_back(keys.suppression);
  for (const SecretKey& key : keys.earlier_suppression) hashes_.emplace_back(key);
}

bool SuppressionList::contains(const rules::Address& address, rules::ChannelScope scope) {
  const std::string message = message_of(address, scope);
  for (const KeyedHash& hash : hashes_) {
    const std::string key = hash(message);
    if (staged_.contains(key) || database_.contains(Family::suppression, key)) return true;
  }
  return database_.failure().has_value();
}

std::optional<SuppressionEntry> SuppressionList::find(const rules::Address& address, rules::ChannelScope scope) {
  const std::string message = message_of(address, scope);
  for (const KeyedHash& hash : hashes_) {
    const std::string key = hash(message);
    if (const auto staged = staged_.find(key); staged != staged_.end()) return staged->second;
    if (const auto row = database_.get(Family::suppression, key)) return decode_suppression(*row);
  }
  return std::nullopt;
}

void SuppressionList::add(const rules::Suppression& suppression) {
  if (contains(suppression.address, suppression.scope)) return;
  staged_.emplace(hashes_.front()(message_of(suppression.address, suppression.scope)),
                  SuppressionEntry{key_id_, std::string(to_string(suppression.scope)), std::string(suppression.cause),
                                   std::string(suppression.intake), suppression.at});
}

void SuppressionList::stage(rocksdb::WriteBatch& batch) const {
  for (const auto& [key, entry] : staged_) {
    batch.Put(database_.handle(Family::suppression), key, encode_suppression(entry));
  }
}

}  // namespace relance::engine
