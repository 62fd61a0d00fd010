#include "engine/store/lead_pages.h"

#include <utility>

#include "engine/store/id_octets.h"
#include "engine/store/store_meta.h"

namespace relance::engine {

namespace {

constexpr std::size_t kReaderMemory = std::size_t{16} << 20U;

}  // namespace

std::vector<rules::LeadState> read_leads_after(RocksDatabase& database, LeadCodec& codec, const rules::LeadId* after,
                                               std::size_t limit) {
  std::vector<rules::LeadState> page;
  const std::string first = after ? after->value + std::string_view("\0", 1) : std::string();
  database.scan(Family::leads, {.first = first, .end = {}}, [&](std::string_view key, std::string_view value) {
    if (page.size() == limit) return false;
    StoredLead lead;
    lead.state.id = rules::LeadId(std::string(key));
    if (auto decoded = codec.decode(value, lead); !decoded) {
      database.fail(decoded.error().message);
      return false;
    }
    page.push_back(std::move(lead.state));
    return true;
  });
  return page;
}

std::map<rules::Revision, std::string> read_revisions(RocksDatabase& database) {
  std::map<rules::Revision, std::string> all;
  database.scan(Family::revisions, {}, [&](std::string_view key, std::string_view value) {
    all.emplace(rules::Revision(from_id_octets(key)), value);
    return true;
  });
  return all;
}

tl::expected<std::unique_ptr<StoreReader>, StoreError> StoreReader::open(const std::filesystem::path& path) {
  auto database = RocksDatabase::open_to_read(path, StoreMemory(kReaderMemory, kReaderMemory));
  if (!database) return tl::unexpected(database.error());
  const std::uint64_t format = meta_number(**database, kFormat);
  if (format != kStoreFormat) {
    return tl::unexpected(StoreError{"the store " + path.string() + " has format " + std::to_string(format) +
                                     ", which this version of relance does not read"});
  }
  return std::unique_ptr<StoreReader>(new StoreReader(std::move(*database)));
}

std::vector<rules::LeadState> StoreReader::leads_after(const rules::LeadId* after, std::size_t limit) {
  return read_leads_after(*database_, codec_, after, limit);
}

std::vector<std::string> StoreReader::revisions() {
  std::vector<std::string> forms;
  for (auto& [revision, form] : read_revisions(*database_)) forms.push_back(std::move(form));
  return forms;
}

}  // namespace relance::engine
