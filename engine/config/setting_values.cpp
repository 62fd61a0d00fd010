#include "engine/config/setting_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace relance::engine {

namespace {

constexpr std::uint64_t kKibi = 1024;
struct ByteUnit {
  std::string_view name;
  std::uint64_t size;
};
constexpr std::array<ByteUnit, 4> kByteUnits{
    {{"GiB", kKibi* kKibi* kKibi}, {"MiB", kKibi* kKibi}, {"KiB", kKibi}, {"B", 1}}};

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_word(std::string_view text) { return !text.empty() && is_one_line(text) && text.find(' ') == text.npos; }

/// All of the text as a number, or nothing.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

SettingForm<std::string> checked_text(std::string expected, bool (*valid)(std::string_view)) {
  return {std::move(expected),
          [valid](std::string_view text) { return valid(text) ? std::optional<std::string>(text) : std::nullopt; },
          [](const std::string& value) { return value; }};
}

bool is_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return false;
  const auto port = parse_number<int>(text.substr(colon + 1));
  return port && *port > 0 && *port < 65536 && is_word(text.substr(0, colon));
}

bool is_broker_list(std::string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    if (!is_host_and_port(text.substr(begin, comma - begin))) return false;
    begin = comma + 1;
  }
  return true;
}

bool is_url(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || !is_word(text)) return false;
  const std::string_view authority = text.substr(scheme, text.find_first_of("/?#", scheme) - scheme);
  return !authority.empty() && authority.find('@') == authority.npos;
}

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  return is_word(text) && at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         text.find_first_of("<>,;\"") == text.npos;
}

bool is_topic(std::string_view text) {
  constexpr std::size_t kLongest = 249;  // Kafka's own limit
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_language(std::string_view text) {
  return text.size() >= 2 && text.size() <= 35 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

SettingForm<std::string> text_form(std::string expected) {
  return checked_text(std::move(expected), [](std::string_view text) { return !text.empty() && is_one_line(text); });
}
SettingForm<std::string> host_form() { return checked_text("a host name or address", is_word); }
SettingForm<std::string> brokers_form() { return checked_text("host:port, several with commas", is_broker_list); }
SettingForm<std::string> topic_form() { return checked_text("a topic: letters, digits, `.`, `_` and `-`", is_topic); }
SettingForm<std::string> url_form() { return checked_text("an http or https URL without user and password", is_url); }
SettingForm<std::string> email_form() { return checked_text("one email address, without a name", is_email); }
SettingForm<std::string> language_form() { return checked_text("a language, such as en or pt-BR", is_language); }

SettingForm<std::filesystem::path> path_form() {
  return {"a path",
          [](std::string_view text) {
            return is_one_line(text) && !text.empty() ? std::optional<std::filesystem::path>(text) : std::nullopt;
          },
          [](const std::filesystem::path& value) { return value.string(); }};
}

SettingForm<int> integer_form(std::string what, int least, int most) {
  return {fmt::format("{}, {} to {}", what, least, most),
          [least, most](std::string_view text) {
            const auto value = parse_number<int>(text);
            return value && *value >= least && *value <= most ? value : std::nullopt;
          },
          [](const int& value) { return std::to_string(value); }};
}

SettingForm<double> decimal_form(std::string what, double least, double most) {
  return {fmt::format("{}, {} to {}", what, least, most),
          [least, most](std::string_view text) {
            const auto value = parse_number<double>(text);
            return value && std::isfinite(*value) && *value >= least && *value <= most ? value : std::nullopt;
          },
          [](const double& value) { return fmt::format("{}", value); }};
}

SettingForm<rules::Duration> duration_form(std::string_view least, std::string_view most) {
  const auto from = rules::parse_duration(least).value();
  const auto to = rules::parse_duration(most).value();
  return {fmt::format("a duration with its unit (s, m, h, d, w), {} to {}", least, most),
          [from, to](std::string_view text) {
            const auto value = rules::parse_duration(text);
            return value && *value >= from && *value <= to ? value : std::nullopt;
          },
          [](const rules::Duration& value) { return rules::to_string(value); }};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  for (const ByteUnit& unit : kByteUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = parse_number<std::uint64_t>(text.substr(0, text.size() - unit.name.size()));
    if (!count || *count > std::numeric_limits<std::uint64_t>::max() / unit.size) return std::nullopt;
    return *count * unit.size;
  }
  return std::nullopt;
}

std::string print_bytes(std::uint64_t bytes) {
  for (const ByteUnit& unit : kByteUnits) {
    if (bytes >= unit.size && bytes % unit.size == 0) return fmt::format("{}{}", bytes / unit.size, unit.name);
  }
  return "0B";
}

SettingForm<std::uint64_t> bytes_form(std::string_view least, std::string_view most) {
  const auto from = parse_bytes(least).value();
  const auto to = parse_bytes(most).value();
  return {fmt::format("a size with its unit (B, KiB, MiB, GiB), {} to {}", least, most),
          [from, to](std::string_view text) {
            const auto value = parse_bytes(text);
            return value && *value >= from && *value <= to ? value : std::nullopt;
          },
          [](const std::uint64_t& value) { return print_bytes(value); }};
}

SettingForm<rules::Instant> instant_form() {
  return {"a time such as 2026-03-02T07:30:00Z", [](std::string_view text) { return rules::parse_rfc3339(text); },
          [](const rules::Instant& value) { return rules::to_string(value); }};
}

}  // namespace relance::engine
