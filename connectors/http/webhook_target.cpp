#include "connectors/http/webhook_target.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

namespace relance::connectors {
namespace {

struct Network4 {
  std::uint32_t network;
  unsigned bits;
};
constexpr std::uint32_t ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24U | b << 16U | c << 8U | d;
}
constexpr std::array<Network4, 16> kNotPublic4{{
    {ipv4(0, 0, 0, 0), 8},        // this network
    {ipv4(10, 0, 0, 0), 8},       // private
    {ipv4(100, 64, 0, 0), 10},    // carrier's NAT
    {ipv4(127, 0, 0, 0), 8},      // loopback
    {ipv4(169, 254, 0, 0), 16},   // link-local, cloud metadata
    {ipv4(172, 16, 0, 0), 12},    // private
    {ipv4(192, 0, 0, 0), 24},     // IETF protocols
    {ipv4(192, 0, 2, 0), 24},     // documentation
    {ipv4(192, 31, 196, 0), 24},  // AS112
    {ipv4(192, 88, 99, 0), 24},   // 6to4 relays
    {ipv4(192, 168, 0, 0), 16},   // private
    {ipv4(198, 18, 0, 0), 15},    // benchmarks
    {ipv4(198, 51, 100, 0), 24},  // documentation
    {ipv4(203, 0, 113, 0), 24},   // documentation
    {ipv4(224, 0, 0, 0), 4},      // multicast
    {ipv4(240, 0, 0, 0), 4},      // reserved, broadcast
}};

bool is_public_ipv4(std::uint32_t address) {
  return std::none_of(kNotPublic4.begin(), kNotPublic4.end(),
                      [address](const Network4& one) { return (address ^ one.network) >> (32 - one.bits) == 0; });
}

bool is_public_ipv6(const std::uint8_t* octets) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), octets)) {
    return is_public_ipv4(ipv4(octets[12], octets[13], octets[14], octets[15]));
  }
  const unsigned first = static_cast<unsigned>(octets[0]) << 8U | octets[1];
  const unsigned second = static_cast<unsigned>(octets[2]) << 8U | octets[3];
  if ((first & 0xE000U) != 0x2000U) return false;           // only 2000::/3 is given out
  if (first == 0x2001U && second < 0x0200U) return false;   // 2001::/23: Teredo and other protocols
  if (first == 0x2001U && second == 0x0DB8U) return false;  // documentation
  if (first == 0x2002U) return false;                       // 6to4: an IPv4 address inside
  return first != 0x3FFFU || second >= 0x1000U;             // 3fff::/20: documentation
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

std::optional<std::string> part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
  return std::string(text);
}

bool is_literal_of_private_network(const std::string& host) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1)
    return !is_public_address(reinterpret_cast<const sockaddr&>(v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1)
    return !is_public_address(reinterpret_cast<const sockaddr&>(v6));
  return false;
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return is_public_ipv4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return is_public_ipv6(v6.sin6_addr.s6_addr);
  }
  return false;
}

tl::expected<WebhookTarget, std::string> parse_webhook_url(const std::string& url,
                                                           const std::vector<std::string>& allow_hosts) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return tl::unexpected(std::string("the webhook's url must be https://host[:port]/path, without user and password"));
  }
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME).value_or("");
  if (scheme != "https" && scheme != "http") return tl::unexpected(std::string("a webhook's url is https or http"));
  WebhookTarget target;
  target.url = url;
  target.host = lower_case(without_brackets(part_of(parsed.get(), CURLUPART_HOST).value_or("")));
  target.allows_private = std::any_of(allow_hosts.begin(), allow_hosts.end(), [&](const std::string& allowed) {
    return lower_case(without_brackets(allowed)) == target.host;
  });
  if (target.allows_private) return target;
  if (scheme == "http")
    return tl::unexpected("http to " + target.host + " is not encrypted: use https, or allow the host");
  if (is_literal_of_private_network(target.host)) {
    return tl::unexpected(target.host + " lies in a private network: allow the host");
  }
  return target;
}

}  // namespace relance::connectors
