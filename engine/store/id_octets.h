#pragma once
// Ids of hexadecimal digits at half their length. One tag octet says which form follows, so every text has exactly one
// encoding and comes back as it was: 0x00 then the octets of an even number of lower-case digits, 0x01 then the text.
// Pure functions.

#include <string>
#include <string_view>

namespace relance::engine {

std::string to_id_octets(std::string_view id);
/// The same, written to `out`, which has room for `id.size() + 1` octets; says how many they are.
std::size_t write_id_octets(char* out, std::string_view id);
/// Empty octets are the empty id.
std::string from_id_octets(std::string_view octets);

}  // namespace relance::engine
