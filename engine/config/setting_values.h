#pragma once
// How the values of settings are written: one `SettingForm` per kind of value, text to value and back. Pure; any
// thread.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/time.h"

namespace relance::engine {

template <class T>
struct SettingForm {
  std::string expected;
  std::function<std::optional<T>(std::string_view)> parse;
  std::function<std::string(const T&)> print;
};

SettingForm<std::string> text_form(std::string expected = "a text on one line");
SettingForm<std::string> host_form();
/// `host:port`, several with commas.
SettingForm<std::string> brokers_form();
SettingForm<std::string> topic_form();
/// http or https, a host, no credentials.
SettingForm<std::string> url_form();
SettingForm<std::string> email_form();
SettingForm<std::string> language_form();
SettingForm<std::filesystem::path> path_form();
SettingForm<int> integer_form(std::string what, int least, int most);
SettingForm<double> decimal_form(std::string what, double least, double most);
SettingForm<rules::Duration> duration_form(std::string_view least, std::string_view most);
/// Sizes with a unit: 64MiB.
SettingForm<std::uint64_t> bytes_form(std::string_view least, std::string_view most);
SettingForm<rules::Instant> instant_form();

std::optional<std::uint64_t> parse_bytes(std::string_view text);
std::string print_bytes(std::uint64_t bytes);

/// One of some names.
template <class E>
SettingForm<E> choice_form(std::initializer_list<std::pair<std::string_view, E>> choices) {
  const std::vector<std::pair<std::string_view, E>> all(choices);
  std::string expected;
  for (const auto& [name, value] : all) {
    expected += (expected.empty() ? "" : ", ");
    expected += name;
  }
  return {"one of " + expected,
          [all](std::string_view text) -> std::optional<E> {
            for (const auto& [name, value] : all) {
              if (name == text) return value;
            }
            return std::nullopt;
          },
          [all](const E& wanted) -> std::string {
            for (const auto& [name, value] : all) {
              if (value == wanted) return std::string(name);
            }
            return {};
          }};
}

}  // namespace relance::engine
