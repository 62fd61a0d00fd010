#pragma once
// A secret (password, signing key) that cannot be printed by accident. A value; any thread.

#include <ostream>
#include <string>
#include <utility>

namespace relance::engine {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  bool empty() const { return value_.empty(); }
  /// The text itself, for the one call that needs it. Never into a log, a message or a file.
  const std::string& reveal() const { return value_; }

  /// How it looks wherever something prints it.
  static constexpr const char* kRedacted = "[redacted]";
  friend std::ostream& operator<<(std::ostream& out, const Secret& secret) {
    return out << (secret.empty() ? "" : kRedacted);
  }

 private:
  std::string value_;
};

}  // namespace relance::engine
