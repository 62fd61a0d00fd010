#pragma once
// Where a webhook may go. Sources: compliance.md 25; IANA's special-purpose address registries (RFC 6890).

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace relance::connectors {

/// False for loopback, private, link-local, multicast, documentation and all other addresses that are no hosts of the
/// public internet, also inside IPv4-mapped IPv6 addresses.
bool is_public_address(const sockaddr& address);

struct WebhookTarget {
  std::string url;
  std::string host;             // without brackets, in lower case
  bool allows_private = false;  // the host is allowed by name
};

/// https, or http to a host that is allowed by name; no user, no password; an address of a private network only when it
/// is allowed by name. Names that resolve to one are refused when the connection is made.
[[nodiscard]] tl::expected<WebhookTarget, std::string> parse_webhook_url(const std::string& url,
                                                                         const std::vector<std::string>& allow_hosts);

}  // namespace relance::connectors
