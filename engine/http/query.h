#pragma once
// Parameters of a query. Threads: any.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include <httplib.h>

namespace relance::engine {

/// The number in a query parameter, `fallback` when it is absent, nullopt when it is none.
inline std::optional<std::uint64_t> number_of(const httplib::Request& request, const char* name,
                                              std::uint64_t fallback) {
  if (!request.has_param(name)) return fallback;
  const std::string text = request.get_param_value(name);
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace relance::engine
