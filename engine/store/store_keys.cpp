#include "engine/store/store_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "engine/store/id_octets.h"
#include "rules/sha256.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0600;

tl::unexpected<StoreError> failure(const std::string& what, const fs::path& path, int code) {
  return tl::unexpected(StoreError{what + " " + path.string() + ": " + std::strerror(code)});
}

/// A file descriptor that closes itself.
class File {
 public:
  File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, kOwnerOnly)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool opened() const { return descriptor_ >= 0; }
  bool write(const std::string& text) {
    return ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  bool sync() { return ::fsync(descriptor_) == 0; }

 private:
  int descriptor_;
};

/// Under its final name only when it is complete: a crash in between leaves no half of a key.
tl::expected<void, StoreError> write_key(const fs::path& path, const SecretKey& key) {
  const fs::path draft = path.string() + ".new";
  ::unlink(draft.c_str());
  {
    File file(draft, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.opened() || !file.write(rules::to_hex(key.octets()) + "\n") || !file.sync()) {
      return failure("cannot write the key file", draft, errno);
    }
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return failure("cannot write the key file", path, errno);
  File directory(path.parent_path(), O_RDONLY | O_DIRECTORY);
  if (!directory.opened() || !directory.sync()) return failure("cannot sync", path.parent_path(), errno);
  return {};
}

tl::expected<SecretKey, StoreError> read_key(const fs::path& path) {
  std::ifstream file(path);
  std::string digits;
  if (!file || !(file >> digits)) return failure("cannot read the key file", path, file.is_open() ? EIO : errno);
  const std::string octets = to_id_octets(digits);  // 0x00 and the octets, unless they are no hexadecimal digits
  const auto key = octets.empty() || octets[0] != '\0' ? std::nullopt : SecretKey::from(octets.substr(1));
  if (!key) return tl::unexpected(StoreError{"the key file " + path.string() + " is not 64 hexadecimal digits"});
  return *key;
}

tl::expected<SecretKey, StoreError> read_or_create(const fs::path& path, bool create) {
  if (fs::exists(path)) return read_key(path);
  if (!create) {
    return tl::unexpected(StoreError{"the key file " + path.string() +
                                     " is missing: restore it from its backup. Without its keys the store cannot "
                                     "tell who opted out"});
  }
  const SecretKey key = SecretKey::random();
  if (auto written = write_key(path, key); !written) return tl::unexpected(written.error());
  return key;
}

tl::expected<std::vector<SecretKey>, StoreError> read_earlier(const fs::path& directory) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("suppression-") && name.ends_with(".key")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SecretKey> keys;
  for (const fs::path& path : paths) {
    auto key = read_key(path);
    if (!key) return tl::unexpected(key.error());
    keys.push_back(*key);
  }
  return keys;
}

}  // namespace

StoreKeys random_keys() { return {SecretKey::random(), {}, SecretKey::random(), SecretKey::random()}; }

tl::expected<StoreKeys, StoreError> load_keys(const fs::path& directory, bool create) {
  try {
    if (create && fs::create_directories(directory)) fs::permissions(directory, fs::perms::owner_all);
    StoreKeys keys;
    struct Member {
      const char* file;
      SecretKey* key;
    };
    for (const Member& member : {Member{"suppression.key", &keys.suppression}, Member{"vault.key", &keys.vault},
                                 Member{"token.key", &keys.token}}) {
      auto key = read_or_create(directory / member.file, create);
      if (!key) return tl::unexpected(key.error());
      *member.key = *key;
    }
    auto earlier = read_earlier(directory);
    if (!earlier) return tl::unexpected(earlier.error());
    keys.earlier_suppression = std::move(*earlier);
    return keys;
  } catch (const std::exception& error) {  // the file system's and OpenSSL's
    return tl::unexpected(StoreError{"cannot read the keys in " + directory.string() + ": " + error.what()});
  }
}

}  // namespace relance::engine
