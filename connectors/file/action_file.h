#pragma once
// A JSON Lines file of actions: one CloudEvent a line, on disk before append() returns. It holds personal data and is
// created readable for its owner only. Owner: the connectors that share it. Threads: any; one append at a time.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include <tl/expected.hpp>

namespace relance::connectors {

class ActionFile {
 public:
  /// Opens or creates the file, repairs what a crash left (a last line without its end is cut off) and reads once which
  /// actions are there. Opening a path again while it is open gives the same object; another process that has it open
  /// is an error.
  [[nodiscard]] static tl::expected<std::shared_ptr<ActionFile>, std::string> open(const std::filesystem::path& path);
  ~ActionFile();
  ActionFile(const ActionFile&) = delete;
  ActionFile& operator=(const ActionFile&) = delete;

  /// Appends `line` (without its end), unless the action is there already. After an error the file is as it was.
  [[nodiscard]] tl::expected<void, std::string> append(std::string_view action_id, std::string_view line);

  std::size_t actions() const;
  /// How much open() had to cut off.
  std::uint64_t repaired_bytes() const { return repaired_bytes_; }

 private:
  /// 128 bits of an action id: what the set holds, however many actions there are.
  struct Digest {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const Digest&, const Digest&) = default;
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept { return static_cast<std::size_t>(digest.low); }
  };
  static Digest digest_of(std::string_view action_id);

  explicit ActionFile(int descriptor) : descriptor_(descriptor) {}
  tl::expected<void, std::string> read_and_repair();
  void remember(std::string_view line_begin);

  const int descriptor_;
  std::uint64_t repaired_bytes_ = 0;
  mutable std::mutex mutex_;
  std::uint64_t size_ = 0;  // of what was appended completely
  std::unordered_set<Digest, DigestHash> ids_;
};

}  // namespace relance::connectors
