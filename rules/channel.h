#pragma once
// The channels of the domain (domain.md: touch) and small sets of them. Numbers are stored on disk: never reuse one.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace relance::rules {

enum class Channel : std::uint8_t { email = 0, call = 1, social = 2, sms = 3, task = 4, meeting = 5 };
constexpr std::array<Channel, 6> kChannels{Channel::email, Channel::call, Channel::social,
                                           Channel::sms,   Channel::task, Channel::meeting};

std::string_view to_string(Channel channel);
std::optional<Channel> parse_channel(std::string_view name);

/// What an opt-out or a suppression row covers: one channel, or all of them.
struct ChannelScope {
  std::optional<Channel> channel;  // absent: all
  static constexpr ChannelScope all() { return {}; }
  static constexpr ChannelScope only(Channel c) { return {c}; }
  constexpr bool is_all() const { return !channel.has_value(); }
  constexpr bool covers(Channel c) const { return is_all() || *channel == c; }
  friend constexpr bool operator==(const ChannelScope&, const ChannelScope&) = default;
};
std::string_view to_string(ChannelScope scope);  // "all" or the channel's name
std::optional<ChannelScope> parse_channel_scope(std::string_view name);

class ChannelSet {
 public:
  constexpr ChannelSet() = default;
  constexpr explicit ChannelSet(std::uint8_t bits) : bits_(bits) {}
  static constexpr ChannelSet every() { return ChannelSet{0x3F}; }
  constexpr bool contains(Channel c) const { return (bits_ >> static_cast<unsigned>(c)) & 1U; }
  constexpr void insert(Channel c) { bits_ = static_cast<std::uint8_t>(bits_ | (1U << static_cast<unsigned>(c))); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  friend constexpr bool operator==(ChannelSet, ChannelSet) = default;

 private:
  std::uint8_t bits_ = 0;
};

}  // namespace relance::rules
