#pragma once
// Reading ledger records that came as JSON, as the explanation and the command line do. Pure; any thread.

#include <string>

#include <nlohmann/json.hpp>

namespace relance::engine {

/// Empty when there is no such member, or it is no string.
template <class Json>
std::string text_of(const Json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->template get<std::string>() : std::string();
}

}  // namespace relance::engine
