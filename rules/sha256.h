#pragma once
// SHA-256 (FIPS 180-4) through OpenSSL's libcrypto. Pure; any thread.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace relance::rules {

std::array<std::uint8_t, 32> sha256(std::string_view octets);

/// Lower-case hexadecimal, two characters an octet.
std::string to_hex(std::span<const std::uint8_t> octets);

}  // namespace relance::rules
