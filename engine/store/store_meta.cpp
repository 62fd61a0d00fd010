#include "engine/store/store_meta.h"

#include <set>
#include <string>

#include <rocksdb/write_batch.h>

#include "engine/store/row_keys.h"

namespace relance::engine {
namespace {

constexpr std::string_view kKeyPrefix = "key/";

/// "key/suppression/1a2b3c4d" for every key at hand; earlier keys may have been noted as the current one then.
std::set<std::string> notes_of(const StoreKeys& keys) {
  std::set<std::string> notes;
  const auto note = [&](std::string_view role, const SecretKey& key) {
    notes.insert(std::string(kKeyPrefix).append(role).append(1, '/').append(key.id()));
  };
  note("suppression", keys.suppression);
  for (const SecretKey& key : keys.earlier_suppression) note("suppression", key);
  note("vault", keys.vault);
  note("token", keys.token);
  return notes;
}

StoreError missing_key(const std::string& note) {
  const std::size_t slash = note.rfind('/');
  const std::string role = note.substr(kKeyPrefix.size(), slash - kKeyPrefix.size());
  std::string message = "the store was written with the " + role + " key " + note.substr(slash + 1) +
                        ", which is not among the keys given: restore it from its backup.";
  if (role == "suppression") message += " Without it the store cannot tell who opted out";
  if (role == "vault") message += " Without it names and addresses cannot be read";
  if (role == "token") message += " Without it the opt-out links that were sent do not work";
  return {message};
}

}  // namespace

std::uint64_t meta_number(RocksDatabase& database, std::string_view name) {
  const auto row = database.get(Family::meta, name);
  return row ? parse_number_key(*row).value_or(0) : 0;
}

rules::Instant wake_floor(RocksDatabase& database) {
  const auto row = database.get(Family::meta, kWakeFloor);
  const auto number = row ? parse_number_key(*row) : std::nullopt;
  return number ? rules::Instant{static_cast<std::int64_t>(*number)} : rules::Instant::earliest();
}

tl::expected<void, StoreError> check_meta(RocksDatabase& database, const StoreKeys& keys) {
  const std::uint64_t format = meta_number(database, kFormat);
  if (format > kStoreFormat) {
    return tl::unexpected(StoreError{"the store has format " + std::to_string(format) +
                                     ", written by a newer version " + "of relance; this one reads format " +
                                     std::to_string(kStoreFormat)});
  }
  const std::set<std::string> at_hand = notes_of(keys);
  std::set<std::string> noted;
  database.scan(Family::meta, {.first = std::string(kKeyPrefix), .end = after_prefix(kKeyPrefix)},
                [&](std::string_view key, std::string_view) {
                  noted.emplace(key);
                  return true;
                });
  for (const std::string& note : noted) {
    if (!at_hand.contains(note)) return tl::unexpected(missing_key(note));
  }
  if (format == kStoreFormat && noted == at_hand) return {};
  if (database.failure()) return tl::unexpected(*database.failure());
  rocksdb::WriteBatch batch;
  batch.Put(database.handle(Family::meta), rocksdb::Slice(kFormat.data(), kFormat.size()), number_key(kStoreFormat));
  for (const std::string& note : at_hand) batch.Put(database.handle(Family::meta), note, rocksdb::Slice());
  return database.write(batch);
}

}  // namespace relance::engine
