#include "rules/channel.h"

namespace relance::rules {

namespace {
constexpr std::array<std::string_view, 6> kChannelNames{"email", "call", "social", "sms", "task", "meeting"};
}  // namespace

std::string_view to_string(Channel channel) { return kChannelNames[static_cast<std::size_t>(channel)]; }

std::optional<Channel> parse_channel(std::string_view name) {
  for (const Channel channel : kChannels) {
    if (to_string(channel) == name) return channel;
  }
  return std::nullopt;
}

std::string_view to_string(ChannelScope scope) { return scope.channel ? to_string(*scope.channel) : "all"; }

std::optional<ChannelScope> parse_channel_scope(std::string_view name) {
  if (name == "all") return ChannelScope::all();
  if (const auto channel = parse_channel(name)) return ChannelScope::only(*channel);
  return std::nullopt;
}

}  // namespace relance::rules
