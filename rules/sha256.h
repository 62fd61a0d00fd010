#pragma once
// SHA-256 (FIPS 180-4) through OpenSSL's libcrypto. Pure; any thread.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace relance::rules {

std::array<std::uint8_t, 32> sha256(std::string_view octets);

/// The first eight octets as a big-endian number.
std::uint64_t first_eight_octets(const std::array<std::uint8_t, 32>& digest);

/// Lower-case hexadecimal, two characters an octet.
std::string to_hex(std::span<const std::uint8_t> octets);

}  // namespace relance::rules
