#pragma once
// Contact points in the one form in which suppression compares them. Personal data: prints redacted.
// Source: events-and-ledger.md, "Suppression": emails with lower-case domain and trimmed local part, phones E.164.

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "rules/channel.h"

namespace relance::rules {

class Address {
 public:
  enum class Kind : std::uint8_t { email = 0, phone = 1 };
  /// nullopt for blank text. Anything else has an address, also when it is no valid mailbox: what cannot be written to
  /// can still be suppressed.
  static std::optional<Address> email(std::string_view raw);
  /// `country` (ISO 3166 alpha-2, any case) is the region of a number without "+"; without a country that is known,
  /// "00" is read as "+". Text that libphonenumber cannot read keeps its digits (and a leading "+").
  static std::optional<Address> phone(std::string_view raw, std::string_view country);
  /// For the store: a normalised form that an earlier call produced.
  static Address stored(Kind kind, std::string normalised) { return Address(kind, std::move(normalised)); }

  Kind kind() const { return kind_; }
  /// In the form in which everybody else writes it as well: one mailbox, or E.164. Any other text can be suppressed,
  /// but comparing it with the list proves nothing: nobody is touched there.
  bool is_comparable() const;
  /// The text itself: only for the vault, the keyed hash and the connector.
  const std::string& reveal() const { return normalised_; }

  friend bool operator==(const Address&, const Address&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Address&) { return out << "<redacted>"; }

 private:
  Address(Kind kind, std::string normalised) : kind_(kind), normalised_(std::move(normalised)) {}
  Kind kind_;
  std::string normalised_;
};

/// ISO 3166-1 alpha-2 in capitals, `UK` (which the standard reserves) as GB; empty for text that names no country.
std::string known_country(std::string_view text);

/// The kind of address that a touch on `channel` needs: email an email address; call and sms a phone; others none.
std::optional<Address::Kind> address_kind(Channel channel);

}  // namespace relance::rules
