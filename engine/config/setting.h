#pragma once
// The table of settings: each declared once, with name, description, default, unit and validation. The reader, the
// printer, the example file and the operator's documentation all come from it. Values; immutable, any thread.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"

namespace relance::engine {

struct Setting {
  enum class Kind {
    scalar,
    list,    // of scalars
    map,     // of names to scalars
    secret,  // stands in the file as `<name>_file` or `<name>_env`
  };
  Kind kind = Kind::scalar;
  std::string name;          // "http.port"
  std::string description;   // one line
  std::string default_text;  // as in the file; empty: none
  std::string expected;      // "a port, 0 to 65535": what a message asks for
  /// Takes one text into the configuration: the scalar, one more item of the list, one more entry (`key`) of the map,
  /// or the secret itself. False when it is not what is `expected`.
  std::function<bool(std::string_view key, std::string_view text, Config& config)> read;
  /// The value in YAML's flow style. Empty for "none" and for secrets.
  std::function<std::string(const Config& config)> print;
};

/// All of them, in the order in which a file should have them.
const std::vector<Setting>& settings();

/// A scalar as YAML that is read back as the same text: plain where that is safe, else in double quotes.
std::string yaml_scalar(std::string_view text);

}  // namespace relance::engine
