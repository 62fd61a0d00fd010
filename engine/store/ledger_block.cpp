#include "engine/store/ledger_block.h"

#include <lz4.h>

#include <stdexcept>

namespace relance::engine {
namespace {

constexpr char kLz4 = '\x01';
constexpr std::size_t kValueHeader = 5;   // kind, plain size
constexpr std::size_t kEntryHeader = 16;  // previous, count, size of the lines
/// LZ4 compresses no better, so a value that claims more is damaged.
constexpr std::size_t kBestRatio = 255;

void put_number(std::string& out, std::uint64_t number, std::size_t octets) {
  for (std::size_t i = octets; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xFFU);
}

std::uint64_t number_at(std::string_view text, std::size_t from, std::size_t octets) {
  std::uint64_t number = 0;
  for (const char octet : text.substr(from, octets)) number = number << 8U | static_cast<unsigned char>(octet);
  return number;
}

}  // namespace

void LedgerBlock::add(const LedgerBlockEntry& entry) {
  put_number(plain_, entry.previous, 8);
  put_number(plain_, entry.count, 4);
  put_number(plain_, entry.lines.size(), 4);
  plain_ += entry.lines;
}

std::string LedgerBlock::take() {
  const int size = static_cast<int>(plain_.size());  // LZ4 refuses what is over 2 GB
  const int bound = LZ4_compressBound(size);
  std::string value(1, kLz4);
  put_number(value, plain_.size(), 4);
  value.resize(kValueHeader + static_cast<std::size_t>(bound));
  const int compressed = LZ4_compress_default(plain_.data(), value.data() + kValueHeader, size, bound);
  if (compressed <= 0) throw std::length_error("a ledger entry is too large");
  value.resize(kValueHeader + static_cast<std::size_t>(compressed));
  plain_.clear();
  return value;
}

bool read_ledger_block(std::string_view value, const std::function<bool(const LedgerBlockEntry&)>& visit) {
  if (value.size() < kValueHeader || value.front() != kLz4) return false;
  const std::uint64_t size = number_at(value, 1, 4);
  const std::string_view body = value.substr(kValueHeader);
  if (size > kBestRatio * body.size()) return false;
  std::string plain(size, '\0');
  const int read =
      LZ4_decompress_safe(body.data(), plain.data(), static_cast<int>(body.size()), static_cast<int>(size));
  if (read < 0 || static_cast<std::uint64_t>(read) != size) return false;
  std::string_view rest(plain);
  while (!rest.empty()) {
    if (rest.size() < kEntryHeader) return false;
    const std::uint64_t lines = number_at(rest, 12, 4);
    if (rest.size() - kEntryHeader < lines) return false;
    LedgerBlockEntry entry;
    entry.previous = number_at(rest, 0, 8);
    entry.count = static_cast<std::uint32_t>(number_at(rest, 8, 4));
    entry.lines = rest.substr(kEntryHeader, lines);
    if (!visit(entry)) return true;
    rest.remove_prefix(kEntryHeader + lines);
  }
  return true;
}

}  // namespace relance::engine
