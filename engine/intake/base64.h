#pragma once
// Base64 of RFC 4648, section 4: standard alphabet, padded, nothing else in the text. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

namespace relance::engine {

std::optional<std::string> decode_base64(std::string_view text);

}  // namespace relance::engine
