#include "engine/store/id_octets.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "rules/sha256.h"

namespace relance::engine {
namespace {

constexpr char kHexadecimal = '\x00';
constexpr char kText = '\x01';

/// Value of a digit by its character; -1 for everything else. Ids are read and written with every row.
constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) values[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
  return values;
}
constexpr std::array<std::int8_t, 256> kValues = make_values();

/// The value of two digits; negative when one of them is none.
int pair_at(std::string_view id, std::size_t at) {
  const int high = kValues[static_cast<unsigned char>(id[at])];
  const int low = kValues[static_cast<unsigned char>(id[at + 1])];
  return high * 16 | low;
}

}  // namespace

std::size_t write_id_octets(char* out, std::string_view id) {
  if (id.empty()) return 0;
  if (id.size() % 2 == 0) {
    char* octet = out;
    *octet++ = kHexadecimal;
    int all = 0;
    for (std::size_t i = 0; i < id.size(); i += 2) {
      const int pair = pair_at(id, i);
      all |= pair;
      *octet++ = static_cast<char>(pair);
    }
    if (all >= 0) return id.size() / 2 + 1;
  }
  *out = kText;
  std::memcpy(out + 1, id.data(), id.size());
  return id.size() + 1;
}

std::string to_id_octets(std::string_view id) {
  std::string octets(id.size() + 1, '\0');
  octets.resize(write_id_octets(octets.data(), id));
  return octets;
}

std::string from_id_octets(std::string_view octets) {
  if (octets.empty()) return {};
  const std::string_view rest = octets.substr(1);
  if (octets.front() != kHexadecimal) return std::string(rest);
  return rules::to_hex(std::span(reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size()));
}

}  // namespace relance::engine
