#pragma once
// Legal policy packs: what a country's law says about touches, as dated values. Built only by the loader
// (rules/loader_policy.h), immutable once loaded, so it may be read from any thread. What they come to for one touch:
// rules/policy_verdict.h. Source: compliance.md, "Policy packs". Units: Duration is milliseconds.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/channel.h"
#include "rules/contact_hours.h"
#include "rules/time.h"
#include "rules/zone.h"

namespace relance::rules {

/// Channels on which a touch speaks to the person. A task is the rep's, and a meeting was asked for.
constexpr std::array<Channel, 4> kDirectChannels{Channel::email, Channel::call, Channel::social, Channel::sms};

enum class SubjectKind : std::uint8_t { consumer, business };

/// What consent rests on. Numbers are stored on disk (ConsentMark): never reuse one.
enum class ConsentBasis : std::uint8_t {
  express = 0,   // the person said yes
  implied = 1,   // the law reads it from the circumstances: an inquiry, a published address
  customer = 2,  // the address came with a sale or a contract, for similar products
};
constexpr std::size_t kConsentBasisCount = 3;
std::string_view to_string(ConsentBasis basis);
std::optional<ConsentBasis> parse_consent_basis(std::string_view name);

/// Whom and what a rule is about.
struct PolicyMatch {
  std::vector<std::string> regions;  // "FL"; empty: all of the country
  ChannelSet channels;
  std::optional<SubjectKind> kind;  // absent: both

  friend bool operator==(const PolicyMatch&, const PolicyMatch&) = default;
};

/// `mode: opt_in`. Express consent always will do; the exceptions are what will do besides.
struct ConsentRule {
  struct Accepted {
    ConsentBasis basis = ConsentBasis::express;
    std::optional<Duration> max_age;  // since it was given
  };
  std::vector<Accepted> accepted;  // express first
};

/// When a touch may happen; read in the recipient's zone.
struct PolicyWindow {
  ContactHours hours;
  /// Where a recipient who names no zone may be: open is what is open in all of them. Empty: the playbook's guess.
  std::vector<Zone> unknown_zones;
};

struct AttemptLimit {
  int max = 0;  // >= 1
  Duration per;
  bool count_unanswered = true;
};

struct RefusalRule {
  Duration cool_off;
  bool every_channel = false;  // `scope: all`: a refused call also silences mail
};

struct RegisterCheck {
  std::string name;  // a key of the lead's `screened`
  Duration max_age;
};

/// Dates are the recipient's local ones, both included.
struct PolicyRule {
  std::string id;
  std::optional<LocalDate> effective_from;
  std::optional<LocalDate> effective_to;
  PolicyMatch match;
  std::optional<ConsentRule> consent;  // absent: nobody has to say yes
  std::optional<PolicyWindow> window;
  std::optional<AttemptLimit> attempts;
  std::optional<RefusalRule> refusal;
  std::vector<RegisterCheck> registers;
  std::vector<std::string> content;  // what a touch must carry; engine/check looks at templates
  std::vector<std::string> sources;
};

/// One file: the law of one country.
struct PolicyPack {
  std::string id;
  int rev = 1;
  std::string title;
  std::string jurisdiction;  // ISO 3166-1 alpha-2
  std::optional<LocalDate> effective_from;
  std::optional<LocalDate> effective_to;
  std::vector<std::string> sources;
  std::optional<Span> honour_max;  // how long an opt-out may take by law; ours is at once
  std::vector<PolicyRule> rules;
  /// The canonical form (JSON, one line): everything that a decision can depend on.
  std::string canonical;
  /// What records name: "fr@1+3f2a9c01d2e4", with the beginning of the SHA-256 of `canonical`.
  std::string name;
};

/// The longest period in which a rule counts touches; zero when none does.
Duration longest_attempt_period(const PolicyPack& pack);

}  // namespace relance::rules
