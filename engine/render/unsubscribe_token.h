#pragma once
// The token of an opt-out link, `<public url>/u/<token>`: it names the lead and what the opt-out covers, and a keyed
// hash (HMAC-SHA-256) proves that we made it. It never expires: an old email must still be able to stop the next one.
// It holds the CRM's own lead id and partition key and no other data of the person. URL-safe characters only.
//
// Form, before base64url (RFC 4648, section 5, without padding): version 1; key id (4 bytes, a hash of the key); scope
// (255: all, else the channel's number); length of the partition key (2 bytes, big-endian); the partition key; the lead
// id; the first 16 bytes of the hash over all that. Numbers are never reused.
//
// Rotation: sign with the new key, open with all keys whose links are still in mailboxes. Threads: any; pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/channel.h"
#include "rules/ids.h"

namespace relance::engine {

/// Tokens beyond this are not ours. A link that is longer is refused by the email connector before it could go out.
constexpr std::size_t kMaxUnsubscribeToken = 1024;

struct UnsubscribeClaim {
  rules::LeadId lead;
  std::optional<std::string> partition_key;  // where the lead lives: `partitionkey` of its events
  rules::ChannelScope scope;
};

/// `key`: at least 16 secret octets. An empty `partition_key` stands for none.
std::string make_token(std::string_view key, const rules::LeadId& lead, rules::ChannelScope scope,
                       std::string_view partition_key = {});

/// nullopt for anything that make_token() did not write with one of `keys`. Hashes are compared in constant time.
std::optional<UnsubscribeClaim> open_token(const std::vector<std::string>& keys, std::string_view token);

}  // namespace relance::engine
